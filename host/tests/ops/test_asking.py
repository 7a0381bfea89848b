"""Asking other systems: which records, one worker at a time, a partner that is away, rules that fail."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import library
import pytest
from demo_plugin import ROOT, partners
from partner import Partner, say, serving, wait
from sqlalchemy import select

from lowcode.api import Answer, Call
from lowcode.connections import calling
from lowcode.connections.tables import breakers, calls
from lowcode.declare.load import load_plugin
from lowcode.platform import Platform
from lowcode.running import asking
from lowcode.testing import FakeContext, ask, make_record
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases

SECRET = 's&cret " k'
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def platform(
    databases: Databases, database_kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    monkeypatch.setattr(calling, "BACK_OFF", (0.01, 0.02))
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def service(api: Api) -> Iterator[Partner]:
    with serving() as partner:
        api.put("/apps/library/settings", {"sms_url": partner.url, "sms_secret": SECRET}).expect(200)
        yield partner


def remind(api: Api, words: str = "短信：请归还", at: datetime = NOW, **values: Any) -> dict[str, Any]:
    loan = library.loan(api, phone="13800138000", **values)
    made: dict[str, Any] = api.post(
        "/forms/call/records", {"loan": loan["id"], "words": words, "at": at.isoformat()}
    ).expect(201)
    return made


def words(api: Api, record: dict[str, Any]) -> str:
    text: str = library.read(api, "call", record["id"])["words"]
    return text


def logged(platform: Platform) -> list[Any]:
    with platform.db.read() as connection:
        return list(connection.execute(select(calls).order_by(calls.c.id)).all())


def test_answer_name(api: Api, service: Partner) -> None:
    record, other = remind(api), remind(api, "电话")
    assert ask(api.platform, "library", "sms", now=NOW) == 1
    assert (words(api, record), words(api, other)) == ("已发送（7）：短信：请归还", "电话")
    assert ask(api.platform, "library", "sms", now=NOW) == 0
    ((path, headers, body),) = service.asked
    assert (path, headers["Authorization"]) == ("/send", f"Bearer {SECRET}")
    assert json.loads(body) == {"to": "13800138000", "text": "短信：请归还"}
    (entry,) = logged(api.platform)
    assert (entry.direction, entry.status, entry.outcome, entry.tries) == ("out", 200, "answered", 1)


def test_request_name() -> None:
    forms = load_plugin(ROOT).plugin.forms
    record = make_record(forms["call"], loan=1, words="短信：请归还")
    loans = {"loan": [make_record(forms["loan"], id=1, phone="13800138000")]}
    settings = {"sms_url": "https://sms.example", "sms_secret": SECRET}
    call = partners.request_sms(record, FakeContext(records=loans, settings=settings))
    assert call is not None
    assert (call.method, call.url) == ("POST", "https://sms.example/send")
    assert call.json == {"to": "13800138000", "text": "短信：请归还"}
    assert partners.request_sms(record, FakeContext(records=loans, settings={"sms_url": None})) is None


def test_a_failure_reaches_the_rule_which_sets_the_next_time(api: Api, service: Partner) -> None:
    record = remind(api)
    service.will(say(500))
    assert ask(api.platform, "library", "sms", now=NOW) == 1
    assert ask(api.platform, "library", "sms", now=NOW) == 0
    assert words(api, record) == "短信：请归还"
    service.will(say(200))
    assert ask(api.platform, "library", "sms", now=NOW + partners.LATER) == 1
    assert words(api, record).startswith("已发送")
    assert [(each.status, each.outcome) for each in logged(api.platform)] == [(500, "failed"), (200, "answered")]


def test_what_is_due_longest_is_asked_first_and_a_round_is_bounded(
    api: Api, service: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_CALLS", 2)
    made = [remind(api, at=NOW - timedelta(hours=hours)) for hours in (1, 3, 2)]
    assert ask(api.platform, "library", "sms", now=NOW) == 2
    assert [words(api, each).startswith("已发送") for each in made] == [False, True, True]
    assert ask(api.platform, "library", "sms", now=NOW) == 1


def test_a_rule_that_asks_nothing_keeps_nobody_waiting(
    api: Api, service: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_CALLS", 1)
    first, second = remind(api, at=NOW - timedelta(days=1)), remind(api)
    api.platform.as_system(lambda ctx: ctx.forms.loan.update(first["loan"]["id"], {"phone": None}))
    assert ask(api.platform, "library", "sms", now=NOW) == 1
    assert words(api, second).startswith("已发送")


@pytest.mark.parametrize("hook", ["request_sms", "answer_sms"])
def test_a_record_whose_rule_raises_is_left_out_for_a_while(
    api: Api, service: Partner, hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = remind(api, "短信：坏", at=NOW - timedelta(days=1)), remind(api)
    rule = api.platform.hooks.named

    def named(name: str, plugin: str, /, **arguments: Any) -> Any:
        if name == hook and arguments["record"].id == bad["id"]:
            raise RuntimeError(f"No {SECRET}")
        return rule(name, plugin, **arguments)

    monkeypatch.setattr(api.platform.hooks, "named", named)
    ask(api.platform, "library", "sms", now=NOW)
    assert words(api, good).startswith("已发送")
    asked = len(service.asked)
    assert ask(api.platform, "library", "sms", now=NOW + timedelta(minutes=59)) == 0
    assert len(service.asked) == asked
    (entry,) = [each for each in logged(api.platform) if each.outcome == "rule_failed"]
    assert (entry.record, entry.values) == (bad["id"], {"hook": hook, "kind": "RuntimeError"})
    monkeypatch.undo()
    assert ask(api.platform, "library", "sms", now=NOW + timedelta(hours=1)) == 1
    assert words(api, bad).startswith("已发送")


def test_two_workers_never_ask_about_the_same_record(api: Api, service: Partner) -> None:
    for _number in range(3):
        remind(api)
    service.will(wait(0.05))
    with ThreadPoolExecutor(2) as pool:
        rounds = list(pool.map(lambda _n: ask(api.platform, "library", "sms", now=NOW), range(2)))
    assert sum(rounds) == 3
    assert len(service.asked) == 3
    assert service.most_at_once == 1


def test_no_transaction_is_open_while_a_call_is_made(api: Api, service: Partner) -> None:
    """Somebody else writes the record meanwhile, and both changes stay."""
    record = remind(api)

    def answer(handler: Any) -> None:
        api.platform.as_system(lambda ctx: ctx.forms.call.update(record["id"], {"at": NOW - timedelta(days=9)}))
        say()(handler)

    service.will(answer)
    assert ask(api.platform, "library", "sms", now=NOW) == 1
    after = library.read(api, "call", record["id"])
    assert (after["words"][:3], after["at"]) == ("已发送", "2026-11-15T09:00:00Z")


def test_a_record_that_is_deleted_meanwhile_is_only_logged(api: Api, service: Partner) -> None:
    record = remind(api)

    def answer(handler: Any) -> None:
        api.platform.as_system(lambda ctx: ctx.forms.call.delete(record["id"]))
        say()(handler)

    service.will(answer)
    assert ask(api.platform, "library", "sms", now=NOW) == 1
    assert [each.outcome for each in logged(api.platform)] == ["answered"]


def test_a_partner_that_fails_is_left_alone_until_it_is_tried_once(api: Api, service: Partner) -> None:
    for _number in range(8):
        remind(api)
    service.will(say(500))
    assert ask(api.platform, "library", "sms", now=NOW) == 5
    later = NOW + timedelta(seconds=59)
    assert ask(api.platform, "library", "sms", now=later) == 0
    half_open = NOW + timedelta(seconds=60)
    assert ask(api.platform, "library", "sms", now=half_open) == 1  # which fails, so it rests again
    assert ask(api.platform, "library", "sms", now=half_open + timedelta(seconds=59)) == 0
    service.will(say())
    assert ask(api.platform, "library", "sms", now=half_open + timedelta(seconds=60)) == 2
    with api.platform.db.read() as connection:
        assert connection.execute(select(breakers.c.failures, breakers.c.opened_at)).all() == [(0, None)]


def test_the_worker_asks_every_connection(api: Api, service: Partner) -> None:
    record = remind(api)
    asking.tick(api.platform)
    assert words(api, record).startswith("已发送")
    asking.tick(api.platform, is_stopping=lambda: True)


def test_the_log_holds_no_secret(api: Api, service: Partner) -> None:
    echo = f"{SECRET} 13800138000"
    service.will(say(200, {"id": 7, "token": "abc", "echo": echo, "sign": {"a": 1}}))
    remind(api, f"短信：{SECRET}")
    ask(api.platform, "library", "sms", now=NOW)
    (entry,) = logged(api.platform)
    assert "13800138000" in entry.answer
    assert "***" in entry.request
    for text in (entry.request, entry.answer, entry.address, entry.message):
        assert SECRET not in text
        assert "abc" not in text
        assert "s&cret" not in text


def test_what_is_answered_is_one_call_whatever_it_is(api: Api, service: Partner) -> None:
    record = remind(api)
    service.will(say(200, b"no JSON"))
    ask(api.platform, "library", "sms", now=NOW)  # the rule reads JSON and raises
    assert [each.outcome for each in logged(api.platform)] == ["answered", "rule_failed"]
    assert words(api, record) == "短信：请归还"


def test_answers_and_calls_are_plain_values() -> None:
    assert Answer(200, b'{"a": 1}').json() == {"a": 1}
    assert (Answer(204).ok, Answer(302).ok, Answer(None, error="x").ok) == (True, False, False)
    assert Call("GET", "https://example.com").timeout == 10
