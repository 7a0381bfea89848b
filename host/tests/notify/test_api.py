"""The API of notifications: only one's own, ever."""

from typing import Any

import pytest

from lowcode import notify
from lowcode.platform import Platform
from lowcode.testing.client import Api
from tests.notify.conftest import add_reader

KIND = "password_expiring"


def ring(platform: Platform, user_id: int, *events: str) -> None:
    for event in events:
        platform.as_system(
            lambda ctx, e=event: notify.send(ctx, [user_id], KIND, "有人催办", url="/tasks", event=e)  # type: ignore[misc]
        )


@pytest.fixture
def anna(api: Api, platform: Platform) -> Api:
    return Api(platform, add_reader(platform, "anna"), api.app)


@pytest.fixture
def bert(api: Api, platform: Platform) -> Api:
    return Api(platform, add_reader(platform, "bert"), api.app)


def test_only_ones_own(api: Api, anna: Api, bert: Api) -> None:
    ring(api.platform, anna.user_id, "a1", "a2")
    ring(api.platform, bert.user_id, "b1")
    mine, his = (each.get("/notifications").expect(200) for each in (anna, bert))
    assert (mine["total"], mine["unread"], his["total"]) == (2, 2, 1)
    assert api.get("/notifications").expect(200)["items"] == []  # not even administrators
    ids = [each["id"] for each in mine["items"] + his["items"]]
    for body in ({"ids": ids}, {"all": True}):
        assert bert.post("/notifications/read", body).expect(200) == {"unread": 0}
        assert anna.get("/notifications").expect(200)["unread"] == 2
    assert anna.post("/notifications/read", {"ids": ids[:1]}).expect(200) == {"unread": 1}
    api.as_nobody().get("/notifications").expect(401)
    api.as_nobody().post("/notifications/read", {"all": True}).expect(401)


def test_unread_ones_come_first_then_the_newest(api: Api, anna: Api) -> None:
    ring(api.platform, anna.user_id, *"abcde")
    newest = [each["id"] for each in anna.get("/notifications").expect(200)["items"]]
    assert newest == sorted(newest, reverse=True)
    anna.post("/notifications/read", {"ids": [newest[0], newest[2]]}).expect(200)
    found = anna.get("/notifications", page=1, per_page=4).expect(200)
    assert [each["id"] for each in found["items"]] == [newest[1], newest[3], newest[4], newest[0]]
    assert (found["total"], found["unread"], found["page"], found["per_page"]) == (5, 3, 1, 4)
    assert [each["id"] for each in anna.get("/notifications", page=2, per_page=4).expect(200)["items"]] == [newest[2]]
    unread = anna.get("/notifications", unread=1).expect(200)
    assert (unread["total"], len(unread["items"])) == (3, 3)
    item = found["items"][-1]
    assert item.keys() == {"id", "kind", "at", "text", "url", "read_at"}
    assert (item["kind"], item["url"]) == (KIND, "/tasks")
    assert item["read_at"].endswith("Z")


def test_counting_ends_at_some_point(api: Api, anna: Api) -> None:
    ring(api.platform, anna.user_id, *(f"e{number}" for number in range(105)))
    assert anna.get("/notifications").expect(200)["unread"] == 100


@pytest.mark.parametrize(
    "body", [{}, {"ids": 5}, {"ids": ["1"]}, {"ids": [True]}, {"ids": [0]}, {"ids": [2**70]}, {"ids": [1], "all": True}]
)
def test_what_to_mark_is_said_clearly(anna: Api, body: Any) -> None:
    assert anna.post("/notifications/read", body).expect(422)["errors"].keys() == {"ids"}


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "x"}, {"unread": "yes"}, {"user": "1"}, {"per_page": "999"}])
def test_undeclared_conditions_are_refused(anna: Api, query: dict[str, str]) -> None:
    assert anna.get("/notifications", **query).expect(422)["errors"].keys() == query.keys()


def test_switches(api: Api, anna: Api, bert: Api) -> None:
    before = anna.get("/me/notifications").expect(200)
    assert before["has_mail"] is False
    assert all(each["bell"] and each["mail"] and each["label"] for each in before["kinds"])
    body = {"kinds": [{"kind": KIND, "bell": False, "mail": True}, {"kind": "handed_over", "mail": False}]}
    after = {each["kind"]: each for each in anna.put("/me/notifications", body).expect(200)["kinds"]}
    assert (after[KIND]["bell"], after[KIND]["mail"]) == (False, True)
    assert (after["handed_over"]["bell"], after["handed_over"]["mail"]) == (True, False)
    assert bert.get("/me/notifications").expect(200) == before
    ring(api.platform, anna.user_id, "silent")
    assert anna.get("/notifications").expect(200)["total"] == 0
    anna.put("/me/notifications", before).expect(200)  # what is read can be written
    assert anna.get("/me/notifications").expect(200) == before


@pytest.mark.parametrize(
    "kinds", [None, {}, ["x"], [{"kind": "unknown"}], [{"kind": KIND, "sms": True}], [{"kind": KIND, "bell": 1}], [{}]]
)
def test_wrong_switches_change_nothing(anna: Api, kinds: Any) -> None:
    before = anna.get("/me/notifications").expect(200)
    assert anna.put("/me/notifications", {"kinds": kinds}).expect(422)["errors"].keys() == {"kinds"}
    assert anna.get("/me/notifications").expect(200) == before
