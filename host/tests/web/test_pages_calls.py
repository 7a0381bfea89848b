"""Settings that are secret, and the administrators' page of calls."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import library
import pytest
from sqlalchemy import select

from lowcode import printing
from lowcode.connections import breaker, log
from lowcode.database.schema import settings
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from tests.web.lists import page, press

SETTINGS = "/apps/library/settings"
HERE = "/admin/calls"


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


def stored(platform: Platform, name: str = "box_secret") -> Any:
    with platform.db.read() as connection:
        return connection.scalar(select(settings.c.value).where(settings.c.name == name))


def test_a_secret_is_written_and_never_answered(api: Api) -> None:
    assert api.get(SETTINGS).expect(200)["box_secret"] is None
    assert api.put(SETTINGS, {"box_secret": "hush"}).expect(200)["box_secret"] == {"is_set": True}
    assert "hush" not in str(api.get(SETTINGS).json)
    for kept in ("", {"is_set": True}):
        api.put(SETTINGS, {"box_secret": kept, "loan_days": 50}).expect(200)
        assert stored(api.platform) == "hush"
    assert api.put(SETTINGS, {"box_secret": None}).expect(200)["box_secret"] is None
    assert stored(api.platform) is None
    assert api.put(SETTINGS, {"box_secret": 5}).errors == {"box_secret": ["请填写文字。"]}


def test_the_page_never_shows_a_secret(api: Api) -> None:
    assert "未设置" in page(api, "/settings/library")
    api.put(SETTINGS, {"box_secret": "hush"}).expect(200)
    shown = page(api, "/settings/library")
    assert "hush" not in shown
    assert "已设置" in shown
    assert 'name="box_secret" value="" type="password"' in shown
    typed = {"loan_days": "50", "deposit_limit": "5"}
    press(api, "/settings/library", **typed, box_secret="")
    assert stored(api.platform) == "hush"
    press(api, "/settings/library", **typed, box_secret="louder")
    assert stored(api.platform) == "louder"
    press(api, "/settings/library", **typed, **{"box_secret": "", "box_secret.remove": "1"})
    assert stored(api.platform) is None


def test_templates_get_no_secret(api: Api) -> None:
    api.put(SETTINGS, {"box_secret": "hush"}).expect(200)
    with api.platform.reading(api.user_or_fail) as ctx:
        shown = printing._common(ctx, "library")["settings"]
        assert ctx.settings["box_secret"] == "hush"
    assert shown["loan_days"] == 60
    assert "box_secret" not in shown


def note(platform: Platform, **values: Any) -> None:
    base = {"at": datetime.now(UTC), "direction": "out", "plugin": "library", "name": "sms", "address": "GET http://x"}
    entry = log.Entry(**{**base, "outcome": "answered", "message": "对方已答复。", "subject": "短信", **values})
    platform.db.run(lambda connection: log.note(connection, entry))


def test_the_page_shows_calls_and_their_details(api: Api) -> None:
    assert "没有符合条件的调用。" in page(api, HERE)
    note(api.platform, status=200, duration=37, request="<b>sent</b>", answer="got", form="call", record=1)
    note(
        api.platform,
        direction="in",
        name="box",
        subject="I-1",
        status=401,
        outcome="refused",
        message="签名不正确，请检查密钥、时间和签名的算法。",
    )
    note(api.platform, outcome="failed", message="无法连接对方：{fault}", values={"fault": "refused {x}"})
    shown = page(api, HERE)
    for text in ("短信催还", "还书箱", "37 毫秒", "got", "签名不正确", "无法连接对方：refused {x}"):
        assert text in shown, text
    assert 'href="/f/call/1"' in shown
    assert "&lt;b&gt;sent&lt;/b&gt;" in api._client.get(HERE, headers=api.credentials).text
    refused = page(api, f"{HERE}?name=library.box&outcome=refused")
    assert "I-1" in refused
    assert "37 毫秒" not in refused
    assert "I-1" not in page(api, f"{HERE}?outcome=failed")
    assert "I-1" not in page(api, f"{HERE}?name=library.sms")


def test_a_connection_that_rests_can_be_used_again_at_once(api: Api) -> None:
    now = datetime.now(UTC)
    for _number in range(breaker.MOST_FAILURES):
        api.platform.db.run(lambda connection: breaker.count(connection, "library", "sms", now, has_failed=True))
    assert "“短信催还”连续 5 次调用失败" in page(api, HERE)
    press(api, f"{HERE}/library/sms/again")
    assert "连续" not in page(api, HERE)
    with api.platform.db.read() as connection:
        assert breaker.may_call(connection, "library", "sms", now)
    assert api.open("POST", f"{HERE}/library/smt/again", api.credentials).status == 404


def test_only_administrators_see_calls(api: Api) -> None:
    clerk = api.as_user("clerk")
    assert clerk.open("GET", HERE, clerk.credentials).status == 403
    assert clerk.open("POST", f"{HERE}/library/sms/again", clerk.credentials).status == 403


def test_the_page_of_a_full_log_is_quick(api: Api) -> None:
    for _number in range(120):
        note(api.platform)
    started = time.monotonic()
    shown = page(api, f"{HERE}?page=3")
    assert shown.count("<details>") == 20
    assert time.monotonic() - started < 2
