"""Notifications: in the transaction, once for each person and event, by the ways a person left open."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lowcode import notify
from lowcode.context import Context
from lowcode.database.schema import mails, notifications
from lowcode.identity import policy
from lowcode.identity.tables import users
from lowcode.notify import outbox
from lowcode.notify import queue as queues
from lowcode.platform import Platform
from lowcode.running import housekeeping
from lowcode.testing.client import Api
from tests.notify.conftest import add_reader

TEXT = "您的密码将于 {day} 到期，请在此之前修改密码。"
KIND = "password_expiring"


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note who calls the worker."""
    calls: list[Any] = []
    monkeypatch.setattr(queues, "wake", calls.append)
    return calls


def tell(platform: Platform, *people: int, event: str = "once", day: str = "2026-12-01", **more: Any) -> None:
    platform.as_system(lambda ctx: notify.send(ctx, people, KIND, TEXT, {"day": day}, "/password", event=event, **more))


def rows(platform: Platform, table: Any) -> list[Any]:
    with platform.db.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def test_once_for_each_person_and_event(mailing: Platform, calls: list[Any]) -> None:
    anna, bert = (add_reader(mailing, name, f"{name}@example.com") for name in ("anna", "bert"))
    tell(mailing, anna)
    tell(mailing, anna, bert, anna)
    assert [row.user for row in rows(mailing, notifications)] == [anna, bert]
    assert [row.recipient for row in rows(mailing, mails)] == ["anna@example.com", "bert@example.com"]
    tell(mailing, anna, event="twice")
    assert len(rows(mailing, notifications)) == len(rows(mailing, mails)) == 3
    assert len(calls) == 3  # once for each transaction


def test_a_rolled_back_transaction_tells_nobody(mailing: Platform, calls: list[Any]) -> None:
    anna = add_reader(mailing, "anna", "anna@example.com")

    def work(ctx: Context) -> None:
        notify.send(ctx, [anna], KIND, TEXT, {"day": "x"}, event="lost")
        notify.mail(ctx, "lost", "guest@example.com", "主题", "正文")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mailing.as_system(work)
    assert rows(mailing, notifications) == rows(mailing, mails) == calls == []
    mailing.as_system(lambda ctx: None)
    assert calls == []


@pytest.mark.parametrize(
    ("email", "is_active", "muted", "bells", "letters"),
    [
        ("anna@example.com", True, None, 1, 1),
        ("anna@example.com", True, ["approval_asked:mail"], 1, 1),
        ("anna@example.com", True, [f"{KIND}:mail"], 1, 0),
        ("anna@example.com", True, [f"{KIND}:bell"], 0, 1),
        ("anna@example.com", True, [f"{KIND}:bell", f"{KIND}:mail"], 0, 0),
        ("anna@example.com", False, None, 0, 0),
        (None, True, None, 1, 0),
        ("", True, None, 1, 0),
        ("anna@example.com\nBcc: all@example.com", True, None, 1, 0),
    ],
)
def test_the_ways_a_person_left_open(
    mailing: Platform, email: str | None, is_active: bool, muted: list[str] | None, bells: int, letters: int
) -> None:
    anna = add_reader(mailing, "anna", email, is_active=is_active)
    mailing.db.run(lambda each: each.execute(update(users).where(users.c.id == anna).values(muted=muted)))
    tell(mailing, anna)
    assert (len(rows(mailing, notifications)), len(rows(mailing, mails))) == (bells, letters)


def test_without_a_server_no_mail_is_written(platform: Platform, calls: list[Any]) -> None:
    anna = add_reader(platform, "anna", "anna@example.com")
    tell(platform, anna)
    assert (len(rows(platform, notifications)), rows(platform, mails), calls) == (1, [], [])
    platform.as_system(lambda ctx: notify.mail(ctx, "document", "guest@example.com", "主题", "正文"))
    assert [row.state for row in rows(platform, mails)] == ["due"]  # it waits for a server
    assert calls == []


def test_each_reads_his_own_language(mailing: Platform) -> None:
    people = [add_reader(mailing, name, f"{name}@example.com", name) for name in ("zh", "en")]
    tell(mailing, *people)
    chinese, english = rows(mailing, mails)
    assert chinese.subject == "您的密码将于 2026-12-01 到期，请在此之前修改密码。"
    assert english.subject == "Your password expires on 2026-12-01. Change it before then."
    assert english.text.splitlines()[:3] == [english.subject, "", "https://crm.example.com/password"]
    assert '<html lang="en">' in english.html
    assert '<a href="https://crm.example.com/password">' in english.html
    app = Api(mailing).app
    told = [Api(mailing, each, app).get("/notifications").expect(200)["items"][0]["text"] for each in people]
    assert told == [chinese.subject, english.subject]


def test_values_are_data(mailing: Platform) -> None:
    """Neither markup nor braces in what people typed mean anything."""
    anna = add_reader(mailing, "anna", "anna@example.com")
    tell(mailing, anna, day="<script>{0}{day}\r\nBcc: x@example.com</script>")
    (mail,) = rows(mailing, mails)
    assert "\n" not in mail.subject
    assert "<script>" not in mail.html
    assert "&lt;script&gt;{0}{day} Bcc" in mail.html
    (item,) = Api(mailing, anna).get("/notifications").expect(200)["items"]
    assert "<script>{0}{day}" in item["text"]


def test_long_names_of_events_are_told_apart(platform: Platform) -> None:
    anna = add_reader(platform, "anna")
    for ending in ("a", "b", "a"):
        tell(platform, anna, event="e" * 300 + ending)
    assert len(rows(platform, notifications)) == 2


@pytest.mark.parametrize(
    ("kind", "text", "url"),
    [("undeclared", "好", None), (KIND, "{day}", None), (KIND, "好", "https://evil.example"), (KIND, "好", "//evil")],
)
def test_what_no_reader_could_read_is_refused(platform: Platform, kind: str, text: str, url: str | None) -> None:
    with pytest.raises(ValueError):
        platform.as_system(lambda ctx: notify.send(ctx, [1], kind, text, {}, url, event="x"))
    assert rows(platform, notifications) == []


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("", "主题"),
        ("guest", "主题"),
        ("guest@example", "主题"),
        ("guest@example.com, other@example.com", "主题"),
        ("Guest <guest@example.com>", "主题"),
        ("guest@example.com\nBcc: all@example.com", "主题"),
        ("guest@example.com\r\n", "主题"),
        ("客人@example.com", "主题"),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com", "主题"),
        ("guest@example.com", ""),
        ("guest@example.com", "主题\nBcc: all@example.com"),
        ("guest@example.com", "主题\u2028X"),
        ("guest@example.com", "主" * 201),
    ],
)
def test_no_mail_has_a_wrong_head(platform: Platform, to: str, subject: str) -> None:
    with pytest.raises(Exception, match=r".+。") as refused:
        platform.as_system(lambda ctx: notify.mail(ctx, "x", to, subject, "正文"))
    assert refused.value.errors.keys() <= {"to", "subject"}  # type: ignore[attr-defined]
    assert rows(platform, mails) == []


def test_reminders_of_passwords(platform: Platform) -> None:
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)
    ages = {"fresh": 10, "near": 84, "last_day": 89, "expired": 91}
    for name, days in ages.items():
        user_id = add_reader(platform, name)
        row = {"password_changed_at": now - timedelta(days=days)}
        platform.db.run(lambda each, u=user_id, r=row: each.execute(update(users).where(users.c.id == u).values(r)))
    platform.as_system(housekeeping.remind_of_passwords, now=now)
    assert rows(platform, notifications) == []  # passwords do not expire unless administrators say so
    platform.as_system(lambda ctx: policy.write(ctx, {"expiry_days": 90, "remind_days": 7}))
    with platform.db.read() as connection:
        names = {row.id: row.username for row in connection.execute(select(users.c.id, users.c.username))}
    for hours in (0, 1, 12):
        platform.as_system(housekeeping.remind_of_passwords, now=now + timedelta(hours=hours))
    told = [(names[row.user], row._mapping["values"]["day"]) for row in rows(platform, notifications)]
    assert told == [("near", "2026-11-30"), ("last_day", "2026-11-25")]


def test_old_rows_are_dropped(mailing: Platform) -> None:
    anna = add_reader(mailing, "anna", "anna@example.com")
    for event in ("read", "unread"):
        tell(mailing, anna, event=event)
    now = datetime.now(UTC)
    old, older = now - timedelta(days=91), now - timedelta(days=181)

    def work(ctx: Context) -> None:
        read = notifications.c.event == "read"
        ctx.connection.execute(update(notifications).where(read).values(read_at=older, at=older))
        sent = mails.c.event.startswith("read")
        ctx.connection.execute(update(mails).where(sent).values(state="sent", sent_at=old))
        ctx.connection.execute(update(mails).where(~sent).values(state="failed", created_at=older))

    mailing.as_system(work)
    housekeeping.every_hour(mailing)
    assert [row.event for row in rows(mailing, notifications)] == ["unread"]
    assert [row.state for row in rows(mailing, mails)] == ["failed"]


def test_one_thing_that_fails_does_not_stop_the_others(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail(ctx: Context) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(housekeeping, "remind_of_passwords", fail)
    monkeypatch.setattr(housekeeping, "clean_up", lambda ctx: done.append("cleaned"))
    housekeeping.every_hour(platform)
    assert done == ["cleaned"]
    assert "fail failed" in caplog.text


def test_stored_values_are_json(platform: Platform) -> None:
    anna = add_reader(platform, "anna")
    day = datetime(2026, 12, 1, tzinfo=UTC).date()
    platform.as_system(lambda ctx: notify.send(ctx, [anna], KIND, TEXT, {"day": day}, event="x"))
    (row,) = rows(platform, notifications)
    assert json.dumps(row._mapping["values"]) == '{"day": "2026-12-01"}'
    assert outbox.short("x" * 200) == "x" * 200
