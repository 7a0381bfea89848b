"""Looking through another's eyes: everything he may see, nothing to change."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from lowcode.database.schema import audit
from lowcode.identity.tables import sessions
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import PASSWORD

ALLOWED = {
    ("DELETE", "/api/v1/me/view_as"),
    ("POST", "/api/v1/logout"),
    ("POST", "/api/v1/forms/<name>/duplicates"),
    ("POST", "/api/v1/forms/<name>/duplicates"),
    ("POST", "/api/v1/forms/<name>/preview"),
    ("POST", "/f/<form>/duplicates/<field>"),
    ("POST", "/f/<form>/duplicates/<field>"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("POST", "/viewing/stop"),
}


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return ("tests.workflow.errands",)


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="销售部", name="安")


def make(person: Api, name: str) -> int:
    return int(person.post("/forms/errand/records", {"name": name, "amount": "1"}).expect(201)["id"])


def test_he_sees_what_the_other_sees(api: Api, clerk: Api) -> None:
    mine, his = make(api, "管理员的"), make(clerk, "安的")
    assert api.get("/forms/errand/records").expect(200)["total"] == 2
    told = api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    assert (told["id"], told["name"]) == (clerk.user_id, "安")
    me = api.get("/me").expect(200)
    assert (me["id"], me["viewed_by"]) == (clerk.user_id, {"id": 1, "title": "管理员"})
    assert [row["id"] for row in api.get("/forms/errand/records").expect(200)["items"]] == [his]
    assert api.get(f"/forms/errand/records/{mine}").status == 404
    assert api.get("/users").status == 403
    assert clerk.get("/me").expect(200)["viewed_by"] is None
    api.delete("/me/view_as").expect(204)
    assert api.get("/forms/errand/records").expect(200)["total"] == 2
    assert api.get("/me").expect(200)["viewed_by"] is None


def test_he_can_change_nothing(api: Api, clerk: Api) -> None:
    """Every route of the host is asked, so that a new one cannot be forgotten."""
    record = make(clerk, "安的")
    api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    places = {"name": "errand", "record": str(record), "user_id": str(clerk.user_id)}
    allowed = set()
    for rule in api.app.url_map.iter_rules():
        path = re.sub(r"<any\((\w+).*?\):\w+>", r"\1", rule.rule)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: places.get(found[1], "1"), path)
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            if api.app.view_functions[rule.endpoint].__dict__["while_viewing"]:
                allowed.add((method, rule.rule))
            elif rule.rule != "/api/v1/login" and api.app.view_functions[rule.endpoint].__dict__["policy"] != "signed":
                answer = api.open(method, path, api._headers)
                assert answer.status == 403, (method, rule.rule, answer)
                assert answer.json is None or answer.json["code"] == "view_only"
    assert allowed == ALLOWED
    api.post("/forms/errand/preview", {"name": "x"}).expect(200)
    assert clerk.get(f"/forms/errand/records/{record}").expect(200)["version"] == 1


def test_only_administrators_may_and_not_twice(api: Api, clerk: Api) -> None:
    other = api.as_user()
    assert clerk.post("/me/view_as", {"user": other.user_id}).status == 403
    bad: list[Any] = [{}, {"user": 1}, {"user": "x"}, {"user": other.user_id, "more": 1}]
    for body in bad:
        assert list(api.post("/me/view_as", body).errors) == ["user"]
    assert api.post("/me/view_as", {"user": 999}).status == 404
    api.post("/me/view_as", {"user": other.user_id}).expect(200)
    assert api.post("/me/view_as", {"user": clerk.user_id}).json["code"] == "view_only"


def test_the_view_is_that_of_one_session(api: Api, clerk: Api) -> None:
    elsewhere = Api(api.platform, 1, api.app)
    api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    assert elsewhere.get("/me").expect(200)["id"] == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": ["clerk"]}, {"password": "another-password-2"}])
def test_it_ends_with_the_session_of_the_administrator(api: Api, clerk: Api, change: dict[str, Any]) -> None:
    second = api.as_user("admin")
    second.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    api.patch(f"/users/{second.user_id}", change).expect(200)
    assert second.get("/me").status == 401
    assert clerk.get("/me").status == 200


def test_what_happens_to_the_other_does_not_end_it(api: Api, clerk: Api) -> None:
    second = api.as_user("admin")
    second.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    api.patch(f"/users/{clerk.user_id}", {"is_active": False}).expect(200)
    assert second.get("/me").expect(200)["id"] == clerk.user_id
    second.delete("/me/view_as").expect(204)
    assert second.post("/me/view_as", {"user": clerk.user_id}).status == 404


def test_a_password_that_is_due_for_the_other_is_no_matter(api: Api, clerk: Api) -> None:
    api.patch(f"/users/{clerk.user_id}", {"must_change_password": True}).expect(200)
    api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    api.get("/forms").expect(200)


def test_signing_out_ends_both(api: Api, clerk: Api, platform: Platform) -> None:
    api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    api.post("/logout").expect(204)
    assert api.get("/me").status == 401
    with platform.db.read() as connection:
        assert connection.scalars(select(sessions.c.user_id)).all() == [clerk.user_id]


def test_it_is_in_the_audit(api: Api, clerk: Api, platform: Platform) -> None:
    api.post("/me/view_as", {"user": clerk.user_id}).expect(200)
    with platform.db.read() as connection:
        row = connection.execute(select(audit).where(audit.c.action == "view_as")).one()
    assert (row.form, row.record, row.user) == ("$user", clerk.user_id, 1)


def test_in_a_browser_too(api: Api, clerk: Api) -> None:
    client = api.app.test_client()
    page = client.get("/login").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"username": "admin", "password": PASSWORD, "csrf_token": found[1]}
    assert client.post("/login", data=form).status_code == 303
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/store").text)
    assert found
    headers = {"X-CSRF-Token": found[1]}
    assert client.post("/api/v1/me/view_as", json={"user": clerk.user_id}, headers=headers).status_code == 200
    assert client.get("/api/v1/me").json["viewed_by"]["id"] == 1  # type: ignore[index]
    assert client.post("/language", data={"language": "en", "csrf_token": found[1]}).status_code == 403
    assert client.delete("/api/v1/me/view_as", headers=headers).status_code == 204
    assert client.get("/store").status_code == 200
