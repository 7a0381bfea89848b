"""What rules tell people: `ctx.notify` and `ctx.mail` of the demo plugin, with a database and without."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from lowcode.database.schema import mails, notifications
from lowcode.errors import Invalid
from lowcode.platform import Platform
from lowcode.testing import FakeContext
from lowcode.testing.client import Api
from tests import library


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES


def told(platform: Platform) -> list[str]:
    with platform.db.read() as connection:
        return list(connection.scalars(select(notifications.c.event).order_by(notifications.c.id)))


def test_a_rule_tells_people(api: Api, platform: Platform) -> None:
    made = library.item(api)
    for number in ("1", "1", "2"):

        def work(ctx, number=number):  # type: ignore[no-untyped-def]
            record = ctx.forms.item.get(made["id"])
            ctx.notify([api.user_id], "late", "借阅单 {number} 已逾期。", record, number=number)

        platform.as_system(work)
    found = api.get("/notifications").expect(200)
    assert [each["text"] for each in found["items"]] == ["借阅单 2 已逾期。", "借阅单 1 已逾期。"]
    assert {each["url"] for each in found["items"]} == {f"/f/item/{made['id']}"}
    assert all(event.startswith(f"late:item:{made['id']}:") for event in told(platform))
    kinds = {each["kind"]: each["label"] for each in api.get("/me/notifications").expect(200)["kinds"]}
    assert kinds["late"] == "借出的藏品逾期"


def test_an_event_is_told_once_for_each_record(api: Api, platform: Platform) -> None:
    made = [library.item(api)["id"] for _number in range(2)]

    def work(ctx):  # type: ignore[no-untyped-def]
        for item, word in ((made[0], "a"), (made[0], "b"), (made[1], "c")):
            ctx.notify([api.user_id], "late", word, ctx.forms.item.get(item), event="due")
        ctx.notify([api.user_id], "late", "d", event="due")

    platform.as_system(work)
    assert told(platform) == [f"late:item:{made[0]}:due", f"late:item:{made[1]}:due", "late:-:due"]


@pytest.mark.parametrize("kind", ["later", "approval_asked"])
def test_undeclared_kinds_are_refused(platform: Platform, kind: str) -> None:
    with pytest.raises(ValueError, match="Add it to `notifications:`"):
        platform.as_system(lambda ctx: ctx.notify([1], kind, "好"))
    assert told(platform) == []


def test_a_rule_mails_anybody(platform: Platform) -> None:
    def work(ctx):  # type: ignore[no-untyped-def]
        for event in ("one", "one", None, None):
            ctx.mail("guest@example.com", "主题", "正文", "<p>正文</p>", event=event)

    platform.as_system(work)
    with platform.db.read() as connection:
        rows = connection.execute(select(mails)).all()
    assert len(rows) == 3
    assert {(row.recipient, row.html) for row in rows} == {("guest@example.com", "<p>正文</p>")}


def test_a_fake_context_keeps_what_rules_send(platform: Platform) -> None:
    ctx = FakeContext(plugin=platform.active_plugins[0].declared)
    ctx.notify([7], "late", "借阅单 {number} 已逾期。", event="x", number="1")
    ctx.mail("guest@example.com", "主题", "正文")
    assert ctx.notified == [
        {
            "users": [7],
            "kind": "late",
            "text": "借阅单 {number} 已逾期。",
            "record": None,
            "event": "x",
            "values": {"number": "1"},
        }
    ]
    assert ctx.mailed == [{"to": "guest@example.com", "subject": "主题", "text": "正文", "html": None, "event": None}]
    with pytest.raises(ValueError):
        ctx.notify([7], "later", "好")
    with pytest.raises(KeyError):
        ctx.notify([7], "late", "{lacks}")
    with pytest.raises(Invalid):
        ctx.mail("guest", "主题", "正文")
