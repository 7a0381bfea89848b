"""Messages that other systems push: who is let in, what counts once, and what is taken back."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import library
import pytest
from sqlalchemy import func, insert, select, update

from lowcode import testing
from lowcode.connections import log
from lowcode.connections.signing import MOST_SECONDS, SIGNATURE, TIMESTAMP, sign
from lowcode.connections.tables import calls, received
from lowcode.identity import throttle
from lowcode.platform import Platform
from lowcode.running import housekeeping
from lowcode.testing.client import Answer, Api
from lowcode.testing.databases import Databases

PATH = "/api/v1/apps/library/receive/box"
SECRET = "box & 密钥 1"
CLIENTS = int(os.environ.get("CLIENTS", "8"))


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def item(api: Api) -> dict[str, Any]:
    api.put("/apps/library/settings", {"box_secret": SECRET}).expect(200)
    return library.item(api, code="I-1", place="hall")


def push(
    api: Api,
    number: int,
    place: str = "shelf",
    *,
    secret: str = SECRET,
    late: float = 0,
    body: bytes | None = None,
    signature: str | None = None,
    **headers: str,
) -> Answer:
    """Send a message as the box does."""
    sent = body if body is not None else json.dumps({"code": "I-1", "number": number, "place": place}).encode()
    stamp = str(int(time.time() - late))
    signed = sign(secret, stamp, PATH, sent) if signature is None else signature
    known = {TIMESTAMP: stamp, SIGNATURE: signed, "Content-Type": "application/json", **headers}
    return api.as_nobody().open("POST", PATH, known, data=sent)


def place_of(api: Api, item: dict[str, Any]) -> str:
    place: str = library.read(api, "item", item["id"])["place"]
    return place


def logged(platform: Platform) -> list[Any]:
    with platform.db.read() as connection:
        return list(connection.execute(select(calls).order_by(calls.c.id)).all())


def test_receive_name(api: Api, item: dict[str, Any]) -> None:
    message = {"code": "I-1", "number": 1, "place": "shelf"}
    assert testing.push(api, "library", "box", SECRET, message).expect(200) == {
        "status": "applied",
        "message": "已换位置。",
    }
    assert place_of(api, item) == "shelf"
    assert [(each.outcome, each.status, each.subject) for each in logged(api.platform)] == [("applied", 200, "I-1")]


def test_the_same_message_again_changes_nothing(api: Api, item: dict[str, Any]) -> None:
    push(api, 1).expect(200)
    api.platform.as_system(lambda ctx: ctx.forms.item.update(item["id"], {"place": "vault"}))
    again = json.dumps({"place": "shelf", "number": 1, "code": "I-1"}, indent=1).encode()
    for body in (None, again):
        assert push(api, 1, body=body).expect(200) == {"status": "repeated", "message": "已换位置。"}
    assert place_of(api, item) == "vault"


def test_another_content_under_the_same_number_is_refused(api: Api, item: dict[str, Any]) -> None:
    push(api, 1).expect(200)
    answer = push(api, 1, "hall")
    assert answer.expect(409)["code"] == "duplicate"
    assert answer.errors == {"number": ["序号 1 已经用于内容不同的消息。"]}
    assert place_of(api, item) == "shelf"


def test_what_comes_too_late_changes_nothing(api: Api, item: dict[str, Any]) -> None:
    push(api, 5).expect(200)
    assert push(api, 4, "hall").expect(200)["status"] == "outdated"
    assert place_of(api, item) == "shelf"
    assert push(api, 5).expect(200)["status"] == "repeated"
    assert push(api, 6, "hall").expect(200)["status"] == "applied"
    assert place_of(api, item) == "hall"
    assert push(api, 5).expect(200)["status"] == "repeated"


def test_numbers_count_for_each_thing_alone(api: Api, item: dict[str, Any]) -> None:
    other = library.item(api, code="I-2", place="hall")
    push(api, 5).expect(200)
    body = json.dumps({"code": "I-2", "number": 1, "place": "shelf"}).encode()
    assert push(api, 1, body=body).expect(200)["status"] == "applied"
    assert place_of(api, other) == "shelf"


def test_clients_that_send_the_same_at_once_apply_it_once(api: Api, item: dict[str, Any]) -> None:
    before = library.read(api, "item", item["id"])["version"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [each.expect(200) for each in pool.map(lambda _n: push(api, 1), range(CLIENTS))]
    assert sorted(each["status"] for each in answers) == ["applied", *["repeated"] * (CLIENTS - 1)]
    assert {each["message"] for each in answers} == {"已换位置。"}
    assert library.read(api, "item", item["id"])["version"] == before + 1


def refused(answer: Answer, status: int, code: str) -> None:
    assert answer.expect(status)["code"] == code


def test_who_is_not_let_in(api: Api, item: dict[str, Any]) -> None:
    stamp = str(int(time.time()))
    body = b'{"code": "I-1", "number": 1, "place": "shelf"}'
    other = "/api/v1/apps/library/receive/other"
    for answer in (
        push(api, 1, secret="another"),
        push(api, 1, signature=""),
        push(api, 1, signature="sha256="),
        push(api, 1, signature="sha256=" + "0" * 64),
        push(api, 1, signature=sign(SECRET, stamp, other, body), body=body),
        push(api, 1, signature=sign(SECRET, stamp, PATH, body + b" "), body=body),
        push(api, 1, signature=sign(SECRET, stamp, PATH, body)[7:], body=body),
        push(api, 1, signature=sign("", stamp, PATH, body), body=body),
        push(api, 1, **{TIMESTAMP: str(int(time.time()) - 1)}),
        push(api, 1, signature="sha256=\xff"),
    ):
        refused(answer, 401, "bad_signature")
    assert place_of(api, item) == "hall"
    assert {(each.outcome, each.status, each.request) for each in logged(api.platform)} == {("refused", 401, "")}


def test_signing_in_does_not_replace_the_signature(api: Api, item: dict[str, Any]) -> None:
    refused(api.post("/apps/library/receive/box", {"code": "I-1", "number": 1, "place": "shelf"}), 401, "bad_signature")


def test_without_a_secret_nobody_is_let_in_and_the_log_says_why(api: Api, item: dict[str, Any]) -> None:
    wrong = push(api, 1, secret="x")
    api.put("/apps/library/settings", {"box_secret": None}).expect(200)
    for secret in (SECRET, ""):
        answer = push(api, 1, secret=secret)
        assert (answer.status, answer.json) == (wrong.status, wrong.json)
    assert "密钥" in logged(api.platform)[-1].message
    assert logged(api.platform)[0].message != logged(api.platform)[-1].message


@pytest.mark.parametrize("late", [MOST_SECONDS + 2, -MOST_SECONDS - 2])
def test_a_clock_that_differs_too_much(api: Api, item: dict[str, Any], late: float) -> None:
    refused(push(api, 1, late=late), 401, "stale_request")
    push(api, 1, late=late * 0.9).expect(200)


def test_a_time_that_is_none(api: Api, item: dict[str, Any]) -> None:
    for stamp in ("", "now", "-5", "1e9", "9" * 40, "１７"):
        raw = stamp.encode().decode("latin-1")
        signature = sign(SECRET, raw, PATH, b"{}")
        refused(push(api, 1, body=b"{}", signature=signature, **{TIMESTAMP: raw}), 401, "stale_request")


def test_wrong_signatures_are_limited_for_each_address_and_right_ones_are_not(
    api: Api, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_PUSHER", 3)
    for _number in range(3):
        refused(push(api, 1, secret="x"), 401, "bad_signature")
    answer = push(api, 1, secret="x")
    refused(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 901
    assert len(logged(api.platform)) == 3
    push(api, 1).expect(200)


WRONG = [
    (b"", 422, "invalid"),
    (b"[]", 400, "malformed"),
    (b"\xff", 400, "malformed"),
    (b'{"code": "I-1", "number": 1, "place": "moon"}', 422, "invalid"),
    (b'{"code": "I-1", "number": 0, "place": "shelf"}', 422, "invalid"),
    (b'{"code": "I-1", "number": "x", "place": "shelf"}', 422, "invalid"),
    (b'{"code": "I-1", "number": 99999999999999999999, "place": "shelf"}', 422, "invalid"),
    (b'{"code": null, "number": 1, "place": "shelf"}', 422, "invalid"),
    (b'{"code": "I-1", "number": 1, "place": "shelf", "more": 1}', 422, "invalid"),
    (b'{"code": "I-9", "number": 1, "place": "shelf"}', 404, "not_found"),
]


def test_what_a_signed_message_may_not_say(api: Api, item: dict[str, Any]) -> None:
    for body, status, code in WRONG:
        refused(push(api, 1, body=body), status, code)
    assert [(each.outcome, each.status) for each in logged(api.platform)] == [("refused", each[1]) for each in WRONG]
    assert place_of(api, item) == "hall"
    assert count(api.platform) == 0


def test_another_kind_of_content(api: Api, item: dict[str, Any]) -> None:
    refused(push(api, 1, **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")


def test_what_is_too_large_is_not_read(api: Api, item: dict[str, Any]) -> None:
    refused(push(api, 1, body=b" " * (1024 * 1024 + 1)), 413, "too_large")
    assert [(each.status, each.request) for each in logged(api.platform)] == [(413, "")]


@pytest.mark.parametrize("path", ["library/receive/bax", "museum/receive/box"])
def test_an_endpoint_that_is_not_there(api: Api, path: str) -> None:
    refused(api.as_nobody().post(f"/apps/{path}", {}), 404, "not_found")


def count(platform: Platform) -> int:
    with platform.db.read() as connection:
        return connection.scalar(select(func.count()).select_from(received)) or 0


def test_what_a_rule_refuses_may_come_again(api: Api, item: dict[str, Any]) -> None:
    api.platform.as_system(lambda ctx: ctx.forms.item.update(item["id"], {"is_lent": True}))
    refused(push(api, 1), 422, "lent")
    assert count(api.platform) == 0
    api.platform.as_system(lambda ctx: ctx.forms.item.update(item["id"], {"is_lent": False}))
    assert push(api, 1).expect(200)["status"] == "applied"
    assert [each.outcome for each in logged(api.platform)] == ["refused", "applied"]


def test_a_rule_that_breaks_leaves_nothing_and_is_logged(
    api: Api, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = api.platform.hooks.named

    def break_after(name: str, plugin: str, /, **arguments: Any) -> Any:
        rule(name, plugin, **arguments)
        raise RuntimeError(f"No {SECRET}")

    monkeypatch.setattr(api.platform.hooks, "named", break_after)
    refused(push(api, 1), 500, "internal")
    monkeypatch.undo()
    assert place_of(api, item) == "hall"
    (entry,) = logged(api.platform)
    assert (entry.outcome, entry.answer) == ("failed", "RuntimeError")
    assert push(api, 1).expect(200)["status"] == "applied"


def test_the_log_holds_neither_secrets_nor_signatures(api: Api, item: dict[str, Any]) -> None:
    push(api, 1).expect(200)
    push(api, 2, signature="sha256=abcdef").expect(401)
    with api.platform.db.read() as connection:
        text = str(connection.execute(select(calls)).all())
    assert "shelf" in text
    assert "sha256" not in text
    assert "abcdef" not in text
    assert SECRET not in text


def test_old_calls_and_settled_messages_go(api: Api, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_KEPT", 2)
    for number in range(1, 5):
        push(api, number, "shelf" if number % 2 else "hall").expect(200)
    old = datetime.now(UTC) - timedelta(days=31)
    with api.platform.db.write() as connection:
        connection.execute(update(received).values(at=old))
        row = {"direction": "out", "plugin": "library", "name": "sms", "subject": "", "address": "", "tries": 1}
        row |= {"duration": 1, "outcome": "failed", "message": "", "values": {}, "request": "", "answer": "", "at": old}
        connection.execute(insert(calls).values(row))
    api.platform.as_system(housekeeping.clean_up)
    assert [each.subject for each in logged(api.platform)] == ["I-1", "I-1"]
    assert count(api.platform) == 1
    assert push(api, 4, "hall").expect(200)["status"] == "repeated"
    assert push(api, 3).expect(200)["status"] == "outdated"
