"""The query protocol of kuaidi100 and what is kept of its answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_plugin import integrations, kuaidi100
from lowcode.api import Answer, Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
SETTINGS = {"kuaidi100_customer": "CUSTOMER", "kuaidi100_key": "KEY", "kuaidi100_url": "https://example.com/query.do"}
ANSWER: dict[str, Any] = {
    "message": "ok",
    "nu": "SF1234567890",
    "com": "shunfeng",
    "status": "200",
    "state": "0",
    "data": [
        {
            "time": "2026-11-22 20:10:05",
            "ftime": "2026-11-22 20:10:05",
            "context": "已到达上海转运中心",
            "location": "上海",
        },
        {"time": "2026-11-22 09:00:00", "ftime": "2026-11-22 09:00:00", "context": "已揽收"},
    ],
}


def parcel(crm: Plugin, **values: Any) -> Record:
    base = {"id": 4, "courier": "shunfeng", "tracking_no": "SF1234567890", "receiver_phone": "13800001111"}
    return make_record(crm.forms["shipment"], **{**base, "status": "pending", "next_track_at": NOW, **values})


def context(crm: Plugin, record: Record, **settings: Any) -> FakeContext:
    return FakeContext(now=NOW, plugin=crm, records={"shipment": [record]}, settings=SETTINGS | settings)


def answered(crm: Plugin, body: Any, **values: Any) -> Record:
    record = parcel(crm, **values)
    ctx = context(crm, record)
    integrations.answer_kuaidi100(record, Answer(200, json.dumps(body).encode()), ctx)
    return ctx.forms.shipment.get(4)


def test_a_question_is_signed_as_the_provider_demands(crm: Plugin) -> None:
    record = parcel(crm)
    call = integrations.request_kuaidi100(record, context(crm, record))
    assert call is not None
    assert (call.method, call.url) == ("POST", "https://example.com/query.do")
    assert isinstance(call.data, dict)
    asked = json.loads(call.data["param"])
    assert (asked["com"], asked["num"], asked["phone"]) == ("shunfeng", "SF1234567890", "13800001111")
    assert call.data["customer"] == "CUSTOMER"
    assert call.data["sign"] == kuaidi100.signature(call.data["param"], "KEY", "CUSTOMER")


def test_the_signature_is_the_md5_of_question_key_and_customer_in_capitals() -> None:
    # printf '%s' '{"com":"yuantong","num":"1"}KEYCUSTOMER' | md5sum
    assert kuaidi100.signature('{"com":"yuantong","num":"1"}', "KEY", "CUSTOMER") == "715F4585DE67DDE86689FF4089DD5739"


@pytest.mark.parametrize("lacking", [{"kuaidi100_key": None}, {"kuaidi100_customer": None}, {"kuaidi100_url": None}])
def test_without_an_account_nothing_is_asked(crm: Plugin, lacking: dict[str, None]) -> None:
    record = parcel(crm)
    assert integrations.request_kuaidi100(record, context(crm, record, **lacking)) is None


def test_a_courier_that_the_provider_does_not_know_is_not_asked_about(crm: Plugin) -> None:
    record = parcel(crm, courier="other")
    assert integrations.request_kuaidi100(record, context(crm, record)) is None


def test_steps_are_kept_in_order_once_and_the_state_follows(crm: Plugin) -> None:
    kept = answered(crm, ANSWER)
    assert [line.description for line in kept.tracks] == ["已揽收", "已到达上海转运中心"]
    assert kept.tracks[1].at == datetime(2026, 11, 22, 12, 10, 5, tzinfo=UTC)
    assert {line.track_source for line in kept.tracks} == {"api"}
    assert (kept.status, kept.track_failures, kept.next_track_at) == ("in_transit", 0, NOW + integrations.AGAIN)
    tracks = kuaidi100.read(ANSWER, ZONE)
    standing = parcel(crm, tracks=[{"id": 1, "at": tracks.steps[0].at, "description": "已揽收"}])
    assert len(integrations._with_new(standing, tracks)) == 2


def test_a_signed_parcel_is_not_asked_about_again(crm: Plugin) -> None:
    kept = answered(crm, ANSWER | {"state": "3"})
    assert (kept.status, kept.next_track_at) == ("signed", None)
    assert kept.signed_at == datetime(2026, 11, 22, 12, 10, 5, tzinfo=UTC)


def test_an_answer_that_lags_behind_leaves_a_parcel_signed(crm: Plugin) -> None:
    kept = answered(crm, ANSWER, status="signed", signed_at=NOW)
    assert (kept.status, kept.signed_at, kept.next_track_at) == ("signed", NOW, None)
    assert len(kept.tracks) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"result": False, "returnCode": "400", "message": "找不到对应公司"},
        ["no", "object"],
        ANSWER | {"data": [{"time": "yesterday", "context": "?"}]},
        ANSWER | {"data": ["text"]},
        {"status": "200"},
        None,
    ],
)
def test_what_is_no_answer_is_asked_again_later_and_later(crm: Plugin, body: Any) -> None:
    kept = answered(crm, body)
    assert (kept.track_failures, kept.next_track_at, kept.status) == (1, NOW + timedelta(minutes=15), "pending")
    assert kept.track_message
    later = answered(crm, body, track_failures=3)
    assert later.next_track_at == NOW + timedelta(minutes=120)
    assert answered(crm, body, track_failures=10).next_track_at == NOW + timedelta(days=1)
    assert answered(crm, body, track_failures=integrations.MOST_FAILURES - 1).next_track_at is None


def test_an_answer_that_did_not_come_is_told(crm: Plugin) -> None:
    record = parcel(crm)
    ctx = context(crm, record)
    integrations.answer_kuaidi100(record, Answer(None, b"", "对方没有在 10 秒内回答。"), ctx)
    assert "10 秒" in ctx.forms.shipment.get(4).track_message
