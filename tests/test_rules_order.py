"""Rules of orders: what is carried over, what it comes to, what is refused and what is only told."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import ordering
from crm_plugin.rules import order
from lowcode.api import Record, Refused
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record
from tests.orders import LINE, PLAIN, context, contract_of, order_of, row, saved


def faults(record: Record, ctx: FakeContext, original: Record | None = None) -> dict[str, str]:
    order.compute(record, ctx)
    return dict(order.validate(record, original, ctx) or {})


def test_a_new_order_starts_with_what_has_not_been_ordered(crm: Plugin) -> None:
    ctx = context(crm, saved(crm, 1, row(quantity="1")), contract=contract_of(crm, LINE, PLAIN, rounding_policy=None))
    record = order_of(crm, rounding_policy=None)
    order.prefill(record, ctx)
    assert [(each["source"], each["quantity"], each["unit"]) for each in record.lines] == [
        (11, 2, "set"),
        (12, 10, "set"),
    ]
    assert record.lines[0]["discount_rate"] == 5
    assert record.rounding_policy == "line"


def test_a_line_of_which_only_the_source_is_known_is_completed(crm: Plugin) -> None:
    record = order_of(crm, {"source": 11, "quantity": Decimal(1)}, {"source": 99, "quantity": Decimal(1)})
    order.prefill(record, context(crm))
    assert (record.lines[0].product_name, record.lines[0].unit_price) == ("网关", Decimal("999.99"))
    assert record.lines[1].product_name is None


def test_an_order_without_contract_only_gets_the_way_to_round(crm: Plugin) -> None:
    record = order_of(crm, contract=None, rounding_policy=None)
    order.prefill(record, context(crm, settings={"rounding_policy": "unit_price"}))
    assert (record.rounding_policy, record.lines) == ("unit_price", [])


def test_a_product_that_is_not_sold_any_more_stays_as_text(crm: Plugin) -> None:
    gone = make_record(crm.forms["product"], id=7, name="网关", status="off_sale")
    ctx = context(crm, contract=contract_of(crm, LINE | {"product": 7}), product=[gone])
    record = order_of(crm)
    order.prefill(record, ctx)
    assert record.lines[0]["product"] is None


def test_the_order_that_completes_a_line_takes_the_remainder(crm: Plugin) -> None:
    first = order_of(crm, row(quantity="1"))
    order.compute(first, context(crm))
    second = order_of(crm, row(quantity="2"))
    order.compute(second, context(crm, saved(crm, 1, row(quantity="1"))))
    assert (first.total_amount, second.total_amount) == (Decimal("949.99"), Decimal("1899.98"))
    line = second.lines[0]
    assert line.net_amount + line.tax_amount == line.subtotal
    assert line.gross_amount - line.discount_amount == line.subtotal
    assert second.net_total + second.tax_total == second.total_amount


def test_one_order_may_take_a_line_in_parts(crm: Plugin) -> None:
    record = order_of(crm, row(quantity="1"), row(quantity="1"), row(quantity="1"))
    order.compute(record, context(crm))
    assert [line.subtotal for line in record.lines] == [Decimal("949.99"), Decimal("949.99"), Decimal("949.99")]
    assert record.total_amount == Decimal("2849.97")


@pytest.mark.parametrize(
    "changed", [{"unit_price": Decimal(1000)}, {"discount_rate": Decimal(4)}, {"tax_rate": Decimal(6)}]
)
def test_a_line_whose_price_was_changed_is_priced_by_itself(crm: Plugin, changed: dict[str, Any]) -> None:
    third = LINE | {"quantity": Decimal(3), "unit_price": Decimal("0.333"), "discount_rate": Decimal(0)}
    ctx = context(crm, saved(crm, 1, row(unit_price=Decimal("0.333")) | changed), contract=contract_of(crm, third))
    record = order_of(crm, row(quantity="2", unit_price=Decimal("0.333"), discount_rate=Decimal(0)))
    order.compute(record, ctx)
    assert record.total_amount == Decimal("0.67")


def test_what_has_been_confirmed_stays_as_it_was_agreed(crm: Plugin) -> None:
    record = order_of(crm, row(quantity="2"), id=2, status="confirmed", total_amount=Decimal("7.00"))
    order.compute(record, context(crm))
    assert record.total_amount == Decimal("7.00")


def test_a_cancelled_order_takes_nothing(crm: Plugin) -> None:
    ctx = context(crm, saved(crm, 1, row(quantity="3"), status="cancelled"))
    assert faults(order_of(crm, row(quantity="3")), ctx) == {}


def test_more_than_is_left_is_refused_at_its_line(crm: Plugin) -> None:
    ctx = context(crm, saved(crm, 1, row(quantity="2")))
    found = faults(order_of(crm, row(quantity="1"), row(quantity="0.001")), ctx)
    assert set(found) == {"lines.1.quantity"}
    assert "只剩 0 " in found["lines.1.quantity"]
    with pytest.raises(Refused) as refused:
        order.before_save(order_of(crm, row(quantity="1.5")), None, ctx)
    assert (refused.value.code, list(refused.value.errors)) == ("over_contract_quantity", ["lines.0.quantity"])


def test_a_line_of_another_contract_is_refused(crm: Plugin) -> None:
    assert set(faults(order_of(crm, row(source=99)), context(crm))) == {"lines.0.source"}


def test_an_order_is_delivered_on_its_own_day_at_the_earliest(crm: Plugin) -> None:
    assert faults(order_of(crm, row(), delivery_date=date(2026, 11, 23)), context(crm)) == {}
    assert set(faults(order_of(crm, row(), delivery_date=date(2026, 11, 22)), context(crm))) == {"delivery_date"}


def test_a_contract_that_is_ordered_in_full_says_so(crm: Plugin) -> None:
    ctx = context(crm, saved(crm, 1, row(quantity="3")))
    assert "都已下单" in faults(order_of(crm), ctx)["lines"]


def test_a_total_that_cannot_be_stored_is_refused(crm: Plugin) -> None:
    huge = row(source=None, quantity="99999999.999", unit_price=Decimal("9999999999.9999"))
    assert set(faults(order_of(crm, huge), context(crm))) == {"lines"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (row(unit_price=Decimal(900)), "“网关”折后单价 855 低于合同的 949.9905。"),
        (row(discount_rate=Decimal(6)), "“网关”折后单价 939.9906 低于合同的 949.9905。"),
        (row(source=None, product_name="支架"), "“支架”不在合同明细中。"),
        (row(product_name="支架"), "“支架”不在合同明细中。"),
        (row(quantity="3", unit_price=Decimal(1000)), "订单总金额 2,850.00 超出合同未下单的金额 2,849.97。"),
    ],
)
def test_a_deviation_is_told_and_with_the_setting_refused(crm: Plugin, line: dict[str, Any], told: str) -> None:
    record = order_of(crm, line)
    assert faults(record, context(crm)) == {}
    assert (record.deviates, record.deviation) == (True, told)
    blocking = context(crm, settings={"order_deviation_blocks": True})
    assert list(faults(record, blocking).values()) == [told]
    with pytest.raises(Refused) as refused:
        order.before_save(record, None, blocking)
    assert refused.value.code == "order_deviates"


def test_an_order_like_its_contract_does_not_deviate(crm: Plugin) -> None:
    record = order_of(crm, row(quantity="3"))
    order.compute(record, context(crm))
    assert (record.deviates, record.deviation) == (False, None)


def test_what_is_short_in_stock_is_told_but_no_deviation(crm: Plugin) -> None:
    product = make_record(crm.forms["product"], id=7, name="网关", stock_qty=Decimal("1.500"))
    ctx = context(crm, product=[product], settings={"order_deviation_blocks": True})
    record = order_of(crm, row(quantity="2", product=7))
    assert faults(record, ctx) == {}
    assert (record.deviates, record.deviation) == (False, "“网关”库存 1.5，本单需要 2。")
    enough = order_of(crm, row(quantity="1", product=7))
    order.compute(enough, ctx)
    assert enough.deviation is None


def test_many_deviations_fit_the_field(crm: Plugin) -> None:
    record = order_of(crm, *[row(source=None, product_name="外" * 100) for _ in range(500)])
    order.compute(record, context(crm))
    assert len(record.deviation) < 4096
    assert "另有 481 处差异。" in record.deviation


def test_every_computed_field_is_filled_but_for_a_text_without_deviation(crm: Plugin) -> None:
    record = order_of(crm, row())
    order.compute(record, context(crm))
    fields = crm.forms["order"].fields
    assert {name for name, field in fields.items() if field.computed and getattr(record, name) is None} == {"deviation"}


def test_only_a_contract_in_effect_can_be_ordered_from(crm: Plugin) -> None:
    ctx = context(crm, contract=contract_of(crm, status="terminated"))
    with pytest.raises(Refused) as refused:
        order.before_save(order_of(crm, row()), None, ctx)
    assert refused.value.code == "contract_not_effective"


def test_an_order_of_an_ended_contract_can_still_be_handed_over_and_cancelled(crm: Plugin) -> None:
    original = saved(crm, 1, row())
    ctx = context(crm, original, contract=contract_of(crm, status="terminated"))
    for change in ({"owner": 2}, {"status": "cancelled"}):
        order.before_save(saved(crm, 1, row(), **change), original, ctx)
    with pytest.raises(Refused):
        order.before_save(saved(crm, 1, row(), status="confirmed"), original, ctx)


def test_confirming_by_hand_is_refused_where_orders_are_approved(crm: Plugin) -> None:
    original, ctx = saved(crm, 1, row()), context(crm, settings={"order_approval": True})
    with pytest.raises(Refused) as refused:
        order.before_save(saved(crm, 1, row(), status="confirmed"), original, ctx)
    assert refused.value.code == "approval_required"
    approved = saved(crm, 1, row(), status="in_review")
    order.before_save(saved(crm, 1, row(), status="confirmed"), approved, ctx)


def test_an_order_that_comes_back_is_counted_again(crm: Plugin) -> None:
    gone = saved(crm, 1, row(quantity="2"), deleted_at=FakeContext().now)
    back = saved(crm, 1, row(quantity="2"))
    order.before_save(back, gone, context(crm))
    with pytest.raises(Refused):
        order.before_save(back, gone, context(crm, saved(crm, 2, row(quantity="2"))))


def test_a_contract_shows_what_has_been_ordered(crm: Plugin) -> None:
    contract = contract_of(crm, LINE, PLAIN)
    orders = [
        saved(crm, 1, row(quantity="1")),
        saved(crm, 2, row(quantity="0.5")),
        saved(crm, 3, row(), status="cancelled"),
    ]
    ordering.derive_contracts([contract], context(crm, *orders, contract=contract))
    assert [line.ordered_quantity for line in contract.lines] == [Decimal("1.5"), Decimal(0)]


def test_the_dialog_proposes_what_is_left(crm: Plugin) -> None:
    contract = contract_of(crm, LINE, PLAIN)
    ctx = context(crm, saved(crm, 1, row(quantity="3")), contract=contract)
    rows = [{"source": 12, "product_name": "模块", "quantity": Decimal(10)}]
    assert ordering.propose_order(contract, ctx) == {"lines": rows}
