"""The bell, the list, the switches and the mail log, in a browser's words."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lowcode import notify
from lowcode.database.schema import mails, notifications
from lowcode.identity.tables import users
from lowcode.notify import delivery
from lowcode.notify import queue as queues
from lowcode.notify.outbox import CUT_SHORT
from lowcode.platform import Platform
from lowcode.testing.databases import PASSWORD
from lowcode.web.app import create_app
from tests.notify.conftest import add_reader
from tests.notify.postoffice import Postoffice

TEXT = "您的密码将于 {day} 到期，请在此之前修改密码。"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "wake", lambda config: None)


class Browser:
    """One person with a cookie and the token of the last page."""

    def __init__(self, platform: Platform, username: str) -> None:
        self.client: FlaskClient = create_app(platform).test_client()
        self.get("/login")
        answer = self.post("/login", username=username, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        self.get("/notifications")

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, headers={"Accept-Language": "zh-CN"} | headers)
        assert answer.status_code == status, answer.text
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer.text

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        return self.client.post(path, data={**form, "csrf_token": self.token}, headers=headers or {})


def ring(platform: Platform, user_id: int, *days: str, url: str | None = "/password") -> None:
    for day in days:
        platform.as_system(
            lambda ctx, d=day: notify.send(  # type: ignore[misc]
                ctx, [user_id], "password_expiring", TEXT, {"day": d}, url, event=d
            )
        )


def unread(platform: Platform) -> set[str]:
    with platform.db.read() as connection:
        return set(connection.scalars(select(notifications.c.event).where(notifications.c.read_at.is_(None))))


def ids(platform: Platform) -> dict[str, int]:
    with platform.db.read() as connection:
        return {row.event: row.id for row in connection.execute(select(notifications.c.event, notifications.c.id))}


def test_the_bell_counts_and_lists(platform: Platform) -> None:
    anna, bert = (add_reader(platform, name) for name in ("anna", "bert"))
    browser = Browser(platform, "anna")
    assert 'aria-label="通知"' in browser.get("/notifications")
    ring(platform, anna, "<b>1</b>", "2")
    ring(platform, bert, "3")
    page = browser.get("/notifications")
    assert 'aria-label="通知，2 条未读"' in page
    assert 'hx-get="/notifications/recent"' in page
    recent = browser.get("/notifications/recent", **{"HX-Request": "true"})
    for text in (page, recent):
        assert "您的密码将于 &lt;b&gt;1&lt;/b&gt; 到期" in text
        assert "3 到期" not in text
    assert "<html" not in recent


def test_many_unread_ones_are_not_counted_to_the_end(platform: Platform) -> None:
    ring(platform, add_reader(platform, "anna"), *map(str, range(101)))
    page = Browser(platform, "anna").get("/notifications?page=6")
    assert "通知，99+ 条未读" in page
    assert "共 101 条" in page
    assert 'href="/notifications?page=5"' in page


def test_opening_marks_read_and_leads_there(platform: Platform) -> None:
    anna = add_reader(platform, "anna")
    bert = add_reader(platform, "bert")
    ring(platform, anna, "1", "2")
    ring(platform, bert, "3")
    browser, known = Browser(platform, "anna"), ids(platform)
    answer = browser.post(f"/notifications/{known['1']}/open")
    assert (answer.status_code, answer.location) == (303, "/password")
    assert unread(platform) == {"2", "3"}
    foreign = browser.post(f"/notifications/{known['3']}/open")
    assert (foreign.status_code, foreign.location) == (303, "/notifications")
    ring(platform, anna, "4", url=None)
    assert browser.post(f"/notifications/{ids(platform)['4']}/open").location == "/notifications"
    assert unread(platform) == {"2", "3"}


def test_marking_one_and_all(platform: Platform) -> None:
    anna, bert = (add_reader(platform, name) for name in ("anna", "bert"))
    ring(platform, anna, "1", "2", "3")
    ring(platform, bert, "4")
    browser, known = Browser(platform, "anna"), ids(platform)
    assert browser.post("/notifications/read", id=str(known["1"])).status_code == 204
    assert unread(platform) == {"2", "3", "4"}
    for wrong in (str(known["4"]), "x", "", "9" * 30):
        assert browser.post("/notifications/read", id=wrong).status_code == 204
    assert unread(platform) == {"2", "3", "4"}
    assert browser.post("/notifications/read").status_code == 204
    assert unread(platform) == {"4"}
    assert "全部标记为已读" not in browser.get("/notifications")


def test_the_switches_of_a_form(platform: Platform) -> None:
    anna = add_reader(platform, "anna")
    browser = Browser(platform, "anna")
    offered = ["password_expiring", "handed_over"]
    answer = browser.post("/notifications/switches", kind=offered, on=["password_expiring:mail", "handed_over:bell"])
    assert answer.status_code == 204
    assert "saved" in answer.headers["HX-Trigger"]
    with platform.db.read() as connection:
        muted = connection.scalar(select(users.c.muted).where(users.c.id == anna))
    assert muted == ["handed_over:mail", "password_expiring:bell"]


def test_the_mail_log_is_for_administrators(platform: Platform) -> None:
    add_reader(platform, "anna")
    browser = Browser(platform, "anna")
    browser.get("/mails", 403)
    for path in ("/mails/test", "/mails/1/again"):
        assert browser.post(path, to="x@example.com").status_code == 403
    assert "/mails" not in browser.get("/notifications")


def test_without_a_server_the_log_says_so(platform: Platform) -> None:
    page = Browser(platform, "admin").get("/mails")
    assert "LOWCODE_SMTP_URL" in page
    assert "发送测试邮件" not in page
    assert "还没有发送过邮件" in page


def test_a_failed_mail_is_seen_and_sent_again(mailing: Platform, office: Postoffice) -> None:
    office.refusals["guest@example.com"] = "550 <b>unknown</b>"
    mailing.as_system(lambda ctx: notify.mail(ctx, "e", "guest@example.com", "<i>主题</i>", "正文"))
    delivery.deliver(mailing)
    browser = Browser(mailing, "admin")
    page = browser.get("/mails")
    assert "550 &lt;b&gt;unknown&lt;/b&gt;" in page
    assert "&lt;i&gt;主题" in page
    assert "发送失败" in page
    (again,) = re.findall(r'hx-post="(/mails/\d+/again)"', page)
    office.refusals.clear()
    assert browser.post(again).status_code == 204
    assert "等待发送" in browser.get("/mails")
    assert browser.post(again).status_code == 404  # it waits already
    assert delivery.deliver(mailing) == 1
    page = browser.get("/mails")
    assert "已发送" in page
    assert "/again" not in page
    assert browser.post(again).status_code == 404
    assert office.recipients() == ["guest@example.com"]


def test_a_test_mail(mailing: Platform, office: Postoffice) -> None:
    browser = Browser(mailing, "admin")
    assert "发送测试邮件" in browser.get("/mails")
    for _time in range(2):
        assert browser.post("/mails/test", to="me@example.com").status_code == 204
    refused = browser.post("/mails/test", {"HX-Request": "true"}, to="me@example.com\r\nBcc: all@example.com")
    assert refused.status_code == 422
    assert "请填写正确的邮箱地址" in refused.text
    assert delivery.deliver(mailing) == 2
    assert office.taken[0][1]["Subject"] == "测试邮件"


def test_what_happened_to_a_worker_is_told_in_the_readers_language(mailing: Platform) -> None:
    mailing.as_system(lambda ctx: notify.mail(ctx, "e", "guest@example.com", "主题", "正文"))
    mailing.db.run(lambda each: each.execute(update(mails).values(state="failed", error=CUT_SHORT)))
    browser = Browser(mailing, "admin")
    assert "given up" in browser.get("/mails", **{"Accept-Language": "en"})
