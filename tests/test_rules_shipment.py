"""Rules of shipments: what they carry, whom they follow, and how an order follows them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import shipping
from crm_plugin.rules import shipment
from lowcode.api import Fault, Record, Refused
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record
from lowcode.testing.fakes import NOW

LINES = [
    {"id": 21, "product_name": "网关", "unit": "set", "quantity": Decimal(3), "product": 7},
    {"id": 22, "product_name": "模块", "unit": "piece", "quantity": Decimal(10)},
]
KEYS = {"kuaidi100_customer": "abc", "kuaidi100_key": "def"}
EARLIER = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)


def order_of(crm: Plugin, **values: Any) -> Record:
    base = {"id": 4, "number": "DD20261123-0001", "contract": 5, "status": "confirmed", "shipping_status": "none"}
    return make_record(crm.forms["order"], **base | {"lines": LINES} | values)


def parcel(crm: Plugin, *rows: tuple[int | None, str], **values: Any) -> Record:
    base = {
        "order": 4,
        "courier": "shunfeng",
        "tracking_no": "SF1",
        "ship_date": date(2026, 11, 23),
        "status": "pending",
    }
    lines = [{"source": source, "quantity": Decimal(quantity), "product_name": "网关"} for source, quantity in rows]
    return make_record(crm.forms["shipment"], **base | {"lines": lines} | values)


def context(crm: Plugin, *parcels: Record, order: Record | None = None, **more: Any) -> FakeContext:
    records = {"order": [order or order_of(crm)], "shipment": [*parcels], **more.pop("records", {})}
    return FakeContext(plugin=crm, records=records, **more)


def test_a_new_shipment_carries_what_is_left(crm: Plugin) -> None:
    record = parcel(crm)
    shipment.prefill(record, context(crm, parcel(crm, (21, "3"), (22, "1"), id=1)))
    assert record.lines == [{"source": 22, "product_name": "模块", "unit": "piece", "quantity": Decimal(9)}]


def test_lines_are_called_as_the_order_calls_them(crm: Plugin) -> None:
    record = parcel(crm, (22, "1"), (None, "1"))
    shipment.prefill(record, context(crm))
    assert [(line.source, line.product_name, line.unit) for line in record.lines] == [
        (22, "模块", "piece"),
        (21, "网关", "set"),
    ]


def test_what_came_back_can_be_shipped_again(crm: Plugin) -> None:
    record = parcel(crm)
    shipment.prefill(record, context(crm, parcel(crm, (21, "3"), (22, "10"), id=1, status="returned")))
    assert [each["quantity"] for each in record.lines] == [3, 10]


def test_more_than_is_left_is_refused_at_its_line(crm: Plugin) -> None:
    ctx = context(crm, parcel(crm, (21, "2"), id=1, tracking_no="SF0"))
    record = parcel(crm, (21, "1"), (21, "0.001"))
    assert set(shipment.validate(record, None, ctx) or {}) == {"lines.1.quantity"}
    with pytest.raises(Refused) as refused:
        shipment.before_save(record, None, ctx)
    assert (refused.value.code, list(refused.value.errors)) == ("over_order_quantity", ["lines.1.quantity"])


def test_what_is_not_of_the_order_is_refused(crm: Plugin) -> None:
    record = parcel(crm, (99, "1"), (None, "1"))
    record.lines[1].product_name = "支架"
    assert set(shipment.validate(record, None, context(crm)) or {}) == {"lines.0.source", "lines.1.product_name"}


def test_validate_changes_nothing(crm: Plugin) -> None:
    record = parcel(crm, (None, "1"))
    assert not shipment.validate(record, None, context(crm))
    assert record.lines[0].source is None


def test_an_order_without_anything_left_is_not_shipped_again(crm: Plugin) -> None:
    ctx = context(crm, parcel(crm, (21, "3"), (22, "10"), id=1, tracking_no="SF0"))
    with pytest.raises(Refused) as refused:
        shipment.before_save(parcel(crm), None, ctx)
    assert refused.value.code == "nothing_left"


def test_a_shipment_keeps_a_line(crm: Plugin) -> None:
    original = parcel(crm, (21, "1"), id=1)
    assert set(shipment.validate(parcel(crm, id=1), original, context(crm, original)) or {}) == {"lines"}


@pytest.mark.parametrize("status", ["pending", "in_review", "completed", "cancelled"])
def test_only_a_confirmed_order_is_shipped(crm: Plugin, status: str) -> None:
    with pytest.raises(Refused) as refused:
        shipment.before_save(parcel(crm, (21, "1")), None, context(crm, order=order_of(crm, status=status)))
    assert refused.value.code == "order_not_open"


def test_a_tracking_number_belongs_to_one_shipment_of_a_courier(crm: Plugin) -> None:
    standing = parcel(crm, (21, "1"), id=1, number="WL1")
    with pytest.raises(Fault) as refused:
        shipment.before_save(parcel(crm, (21, "1")), None, context(crm, standing))
    assert (refused.value.status, refused.value.code, list(refused.value.errors)) == (409, "duplicate", ["tracking_no"])
    shipment.before_save(parcel(crm, (21, "1"), courier="ems"), None, context(crm, standing))
    shipment.before_save(parcel(crm, (21, "2"), id=1), standing, context(crm, standing))


def test_it_cannot_be_signed_for_tomorrow(crm: Plugin) -> None:
    record = parcel(crm, (21, "1"), signed_at=NOW + timedelta(hours=1))
    assert set(shipment.validate(record, None, context(crm)) or {}) == {"signed_at"}


def test_who_signed_is_known_only_while_it_is_signed(crm: Plugin) -> None:
    original = parcel(crm, (21, "1"), id=1, status="in_transit")
    ctx = context(crm, original)
    signed = parcel(crm, (21, "1"), id=1, status="signed", signer="陈工")
    shipment.before_save(signed, original, ctx)
    assert (signed.signed_at, signed.signer) == (NOW, "陈工")
    lost = parcel(crm, (21, "1"), id=1, status="exception", signed_at=EARLIER, signer="陈工")
    shipment.before_save(lost, signed, ctx)
    assert (lost.signed_at, lost.signer) == (None, None)


def test_what_completed_an_order_stays_signed(crm: Plugin) -> None:
    signed = parcel(crm, (21, "1"), id=1, status="signed", signed_at=EARLIER)
    ctx = context(crm, signed, order=order_of(crm, status="completed"))
    for status, code in (("in_transit", "order_completed"), ("returned", "order_not_open")):
        with pytest.raises(Refused) as refused:
            shipment.before_save(parcel(crm, (21, "1"), id=1, status=status), signed, ctx)
        assert refused.value.code == code
    assert "不能删除" in (shipment.before_delete(signed, ctx) or "")


def test_the_state_follows_the_newest_track_that_is_added(crm: Plugin) -> None:
    standing = {"id": 1, "at": EARLIER, "description": "已揽收", "status": "picked"}
    original = parcel(crm, (21, "1"), id=1, tracks=[standing])
    newer = {"at": NOW, "description": "派送中", "status": "delivering"}
    record = parcel(crm, (21, "1"), id=1, tracks=[newer, standing])
    shipment.before_save(record, original, context(crm, original))
    assert record.status == "delivering"
    older = newer | {"at": EARLIER - timedelta(days=1)}
    record = parcel(crm, (21, "1"), id=1, tracks=[standing, older])
    shipment.before_save(record, original, context(crm, original))
    assert record.status == "pending"
    record = parcel(crm, (21, "1"), id=1, tracks=[standing, newer], status="exception")
    shipment.before_save(record, original, context(crm, original))
    assert record.status == "exception"


@pytest.mark.parametrize(
    ("before", "parcels", "status", "shipping_status"),
    [
        ("confirmed", [], "confirmed", "none"),
        ("in_production", [], "in_production", "none"),
        ("part_shipped", [], "confirmed", "none"),
        ("shipped", [], "confirmed", "none"),
        ("in_production", [("3", "1", "pending")], "part_shipped", "partial"),
        ("shipped", [("3", "9.999", "signed")], "part_shipped", "partial"),
        ("confirmed", [("3", "10", "pending")], "shipped", "shipped"),
        ("part_shipped", [("1", "1", "signed"), ("2", "9", "delivering")], "shipped", "shipped"),
        ("part_shipped", [("1", "1", "signed"), ("2", "9", "signed")], "completed", "signed"),
        ("shipped", [("1", "1", "signed"), ("2", "9", "returned")], "part_shipped", "partial"),
        ("cancelled", [("3", "10", "pending")], "cancelled", "none"),
    ],
)
def test_an_order_follows_its_shipments(
    crm: Plugin, before: str, parcels: list[tuple[str, str, str]], status: str, shipping_status: str
) -> None:
    made = [
        parcel(crm, (21, first), (22, second), id=number, status=state)
        for number, (first, second, state) in enumerate(parcels, 1)
    ]
    ctx = context(crm, *made, order=order_of(crm, status=before))
    shipping.follow(4, ctx)
    order = ctx.forms.order.get(4)
    assert (order.status, order.shipping_status) == (status, shipping_status)


def test_an_order_shows_what_is_shipped_and_what_is_in_stock(crm: Plugin) -> None:
    product = make_record(crm.forms["product"], id=7, name="网关", stock_qty=Decimal("1.500"))
    order = order_of(crm)
    ctx = context(crm, parcel(crm, (21, "2"), id=1), order=order, records={"product": [product]})
    shipping.derive_orders([order], ctx)
    assert [(line.shipped_quantity, line.stock) for line in order.lines] == [(2, Decimal("1.500")), (0, None)]


def test_the_dialog_proposes_what_is_left(crm: Plugin) -> None:
    proposed = shipping.propose(order_of(crm), context(crm, parcel(crm, (21, "1"), id=1)))
    assert [(each["source"], each["quantity"]) for each in proposed["lines"]] == [(21, 2), (22, 10)]
    assert proposed["shipper"] == "User 1"


def test_the_way_is_asked_for_where_it_can_be(crm: Plugin) -> None:
    standing = parcel(crm, (21, "1"), id=1)
    ctx = context(crm, standing, settings=KEYS)
    assert "一分钟" in shipment.action_track(standing, {}, ctx).message
    assert ctx.forms.shipment.get(1).next_track_at == NOW


@pytest.mark.parametrize(
    ("courier", "settings", "code"),
    [("shunfeng", {}, "tracking_not_set_up"), ("other", KEYS, "courier_not_tracked")],
)
def test_the_way_is_not_asked_for_where_it_cannot_be(
    crm: Plugin, courier: str, settings: dict[str, str], code: str
) -> None:
    standing = parcel(crm, (21, "1"), id=1, courier=courier)
    with pytest.raises(Refused) as refused:
        shipment.action_track(standing, {}, context(crm, standing, settings=settings))
    assert refused.value.code == code


def test_a_new_parcel_is_asked_for_by_itself(crm: Plugin) -> None:
    for settings, expected in ((KEYS, NOW), ({}, None)):
        record = parcel(crm, (21, "1"))
        shipment.before_save(record, None, context(crm, settings=settings))
        assert (record.next_track_at, record.name) == (expected, "DD20261123-0001 SF1")


def test_signing_is_noted(crm: Plugin) -> None:
    standing = parcel(crm, (21, "1"), id=1, number="WL1")
    ctx = context(crm, standing)
    shipment.action_sign(standing, {"signed_at": EARLIER, "signer": "陈工"}, ctx)
    found = ctx.forms.shipment.get(1)
    assert (found.status, found.signed_at, found.signer) == ("signed", EARLIER, "陈工")


@pytest.mark.parametrize("status", ["signed", "returned"])
def test_nobody_asks_about_a_parcel_that_has_come_to_its_end(crm: Plugin, status: str) -> None:
    original = parcel(crm, (21, "1"), id=1, next_track_at=NOW)
    record = parcel(crm, (21, "1"), id=1, next_track_at=NOW, status=status)
    shipment.before_save(record, original, context(crm, original))
    assert record.next_track_at is None
