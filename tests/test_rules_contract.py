"""Rules of contracts: what they start with, what has to fit, how they differ from the quotation, and how they end."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import contracting
from crm_plugin.rules import contract, quotation
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import make_record
from tests.contracts import GATEWAY, MODULE, OWNER, TODAY, agreement, computed, context, kept
from tests.contracts import quotation as offer
from tests.customers import refusal

EARLIER, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def faults(crm: Plugin, **values: Any) -> set[str]:
    record = computed(crm, agreement(crm, **values))
    return set(contract.validate(record, None, context(crm)) or {})


def test_a_contract_starts_with_what_the_quotation_and_the_customer_say(crm: Plugin) -> None:
    person = make_record(crm.forms["contact"], id=4, customer=3, name="陈工", mobile="13812345678", owner=OWNER)
    buyer = {"invoice_title": "宏图", "tax_number": "91310115MA1K3ABC4D", "bank": "工行", "phone": "02150001000"}
    title = make_record(crm.forms["invoice_title"], id=1, customer=3, is_default=True, **buyer)
    other = make_record(crm.forms["invoice_title"], id=2, customer=3, is_default=False, invoice_title="另一个")
    sold_out = make_record(crm.forms["product"], id=8, name="模块", status="off_sale")
    sold = make_record(crm.forms["product"], id=9, name="网关", status="on_sale")
    lines = [{"id": 11, **GATEWAY, "product": 9}, {"id": 12, **MODULE, "product": 8}]
    ctx = context(
        crm, contact=[person], invoice_title=[other, title], product=[sold, sold_out],
        quotation=[offer(crm, lines=lines, rounding_policy="unit_price")],
    )  # fmt: skip
    record = make_record(crm.forms["contract"], quotation=5, customer=3, sign_contact=4)
    contract.prefill(record, ctx)
    assert [(row["source"], row["product"], row["product_name"]) for row in record.lines] == [
        (11, 9, "网关"),
        (12, None, "模块"),
    ]
    assert (record.receiver_name, record.receiver_phone) == ("陈工", "13812345678")
    assert record.receiver_address == "上海市张江路 1 号"
    assert (record.invoice_title, record.bank_name, record.invoice_phone) == ("宏图", "工行", "02150001000")
    assert record.rounding_policy == "unit_price"


def test_what_somebody_has_typed_of_an_invoice_title_is_not_mixed_with_another(crm: Plugin) -> None:
    title = make_record(
        crm.forms["invoice_title"], id=1, customer=3, is_default=True, invoice_title="宏图", bank="工行"
    )
    record = make_record(crm.forms["contract"], customer=3, invoice_title="集团公司")
    contract.prefill(record, context(crm, invoice_title=[title]))
    assert (record.invoice_title, record.bank_name) == ("集团公司", None)


def test_a_contract_without_a_quotation_rounds_as_the_setting_says(crm: Plugin) -> None:
    ctx = context(crm)
    ctx._settings["rounding_policy"] = "unit_price"
    for form, rules in (("contract", contract), ("quotation", quotation)):
        record = make_record(crm.forms[form])
        rules.prefill(record, ctx)
        assert record.rounding_policy == "unit_price"


def test_a_new_contract_form_is_computed_before_anything_is_typed(crm: Plugin) -> None:
    record = make_record(crm.forms["contract"])
    contract.prefill(record, context(crm))
    contract.compute(record, context(crm))
    assert not contract.validate(record, None, context(crm))


@pytest.mark.parametrize(
    ("total", "prepaid", "retained"),
    [("99999.99", "30000.00", "5000.00"), ("100000.01", "30000.00", "5000.00"), ("88888.88", "26666.66", "4444.44")],
)
def test_prepayment_and_retention_are_parts_of_the_total(crm: Plugin, total: str, prepaid: str, retained: str) -> None:
    line = {"product_name": "系统", "quantity": Decimal(1), "unit_price": Decimal(total), "tax_rate": Decimal(13)}
    record = computed(crm, agreement(crm, quotation=None, lines=[line]))
    assert [str(value) for value in (record.total_amount, record.prepay_amount, record.retention_amount)] == [
        total,
        prepaid,
        retained,
    ]


def test_every_computed_field_is_filled(crm: Plugin) -> None:
    lines = [{"id": 21, "source": 11, **GATEWAY, "unit_price": Decimal(900)}]
    record = computed(crm, agreement(crm, lines=lines))
    fields = crm.forms["contract"].fields
    assert [name for name, field in fields.items() if field.computed and getattr(record, name) is None] == []


def test_terms_fit_each_other(crm: Plugin) -> None:
    assert faults(crm) == set()
    assert faults(crm, delivery_date=TODAY) == set()
    assert faults(crm, delivery_date=EARLIER) == {"delivery_date"}
    assert faults(crm, start_date=TODAY, end_date=TODAY) == set()
    assert faults(crm, start_date=LATER, end_date=TODAY) == {"end_date"}
    assert faults(crm, end_date=EARLIER) == {"end_date"}
    assert faults(crm, prepay_ratio=Decimal(95)) == set()
    assert faults(crm, prepay_ratio=Decimal("95.01")) == {"retention_ratio"}
    assert faults(crm, warranty_months=None) == {"warranty_months"}
    assert faults(crm, warranty_months=None, warranty_end_date=LATER) == set()
    assert faults(crm, warranty_months=None, retention_ratio=Decimal(0)) == set()


def test_lines_come_from_the_quotation_once(crm: Plugin) -> None:
    first, second = {**GATEWAY, "source": 11}, {**MODULE, "source": 11}
    assert faults(crm, lines=[first, second]) == {"lines.1.source"}
    assert faults(crm, lines=[{**GATEWAY, "source": 99}]) == {"lines.0.source"}
    assert faults(crm, quotation=None, lines=[first]) == {"lines.0.source"}


def test_a_total_that_cannot_be_stored_is_refused(crm: Plugin) -> None:
    largest = {**GATEWAY, "quantity": Decimal("99999999.999"), "unit_price": Decimal("9999999999.9999")}
    assert faults(crm, quotation=None, lines=[largest]) == {"lines"}


def deviation(crm: Plugin, *lines: dict[str, Any]) -> str | None:
    record = computed(crm, agreement(crm, lines=list(lines)))
    assert record.deviates is (record.deviation is not None)
    said: str | None = record.deviation
    return said


def test_a_contract_tells_what_it_differs_from_its_quotation_in(crm: Plugin) -> None:
    first, second = {"source": 11, **GATEWAY}, {"source": 12, **MODULE}
    assert deviation(crm, first, second) is None
    assert deviation(crm, second, first) is None
    cheaper = deviation(crm, first, {**second, "unit_price": Decimal(80)})
    assert cheaper == "“模块”：含税单价 88 → 80\n总金额 3,624.37 → 3,553.97"
    assert "删去“模块”" in (deviation(crm, first) or "")
    assert "新增“培训”" in (deviation(crm, first, second, {**GATEWAY, "product_name": "培训"}) or "")
    record = computed(crm, agreement(crm, quotation=None))
    assert (record.deviates, record.deviation) == (False, None)


def test_the_warranty_ends_so_many_months_after_the_delivery_unless_agreed(crm: Plugin) -> None:
    ctx = context(crm)
    record = agreement(crm, delivery_date=date(2027, 1, 31), warranty_months=13)
    contract.before_save(record, None, ctx)
    assert record.warranty_end_date == date(2028, 2, 29)

    put_off = agreement(crm, delivery_date=date(2027, 3, 1), warranty_months=13, warranty_end_date=date(2028, 2, 29))
    contract.before_save(put_off, record, ctx)
    assert put_off.warranty_end_date == date(2028, 4, 1)

    agreed = agreement(crm, warranty_end_date=date(2030, 1, 1))
    contract.before_save(agreed, agreement(crm, delivery_date=LATER, warranty_end_date=date(2030, 1, 1)), ctx)
    assert agreed.warranty_end_date == date(2030, 1, 1)


def test_lines_forget_a_quotation_that_is_taken_off(crm: Plugin) -> None:
    record = agreement(crm, quotation=None)
    contract.before_save(record, agreement(crm), context(crm))
    assert [line.source for line in record.lines] == [None, None]


def test_another_quotation_releases_the_one_before(crm: Plugin) -> None:
    ctx = context(crm, quotation=[offer(crm, status="converted"), offer(crm, id=6, number="BJ2")])
    contract.after_save(agreement(crm, quotation=6), agreement(crm), ctx)
    assert [each.status for each in ctx.forms.quotation.find()] == ["accepted", "converted"]
    contract.after_delete(agreement(crm, quotation=6), ctx)
    assert ctx.forms.quotation.get(6).status == "accepted"


def test_a_quotation_that_is_taken_is_refused_with_its_number(crm: Plugin) -> None:
    ctx = context(crm, quotation=[offer(crm, status="converted")])
    code, sentence = refusal(lambda: contract.before_save(agreement(crm), None, ctx))
    assert (code, "BJ1" in sentence) == ("quotation_taken", True)


def moved(crm: Plugin, record: Record, move: str, **records: list[Record]) -> Any:
    ctx = context(crm, contract=[record], **records)
    contract.after_move(record, move, {}, ctx)
    return ctx


def test_a_customer_in_the_pool_gets_no_contract(crm: Plugin) -> None:
    pooled = make_record(crm.forms["customer"], id=3, name="宏图自动化")
    assert refusal(lambda: moved(crm, kept(crm), "submit", customer=[pooled]))[0] == "customer_in_pool"
    ctx = context(crm, customer=[pooled])
    assert refusal(lambda: contracting.make_contract(offer(crm), {}, ctx))[0] == "customer_in_pool"


def test_taking_effect_marks_the_customer_and_tells_the_owner(crm: Plugin) -> None:
    record = kept(crm, status="effective", effective_on=TODAY)
    ctx = moved(crm, record, "sign")
    customer = ctx.forms.customer.get(3)
    assert (customer.deal_status, customer.status, customer.deal_at) == (True, "deal", ctx.now)
    assert [(each["users"], each["kind"]) for each in ctx.notified] == [([OWNER], "contract_effective")]
    assert sum(row.plan_amount for row in ctx.forms.payment_plan.find()) == record.total_amount


def test_only_an_effective_contract_moves_on_to_being_carried_out(crm: Plugin) -> None:
    for state in ("pending_sign", "effective", "executing", "terminated"):
        ctx = context(crm, contract=[kept(crm, status=state)])
        contracting.execute(9, ctx)
        assert ctx.forms.contract.get(9).status == ("executing" if state == "effective" else state)


def ordered(crm: Plugin, quantity: int, status: str = "shipped") -> Record:
    lines = [{"id": 31, **GATEWAY, "source": 21, "quantity": Decimal(quantity)}]
    return make_record(crm.forms["order"], id=1, contract=9, status=status, lines=lines)


@pytest.mark.parametrize(
    ("quantity", "state", "received", "outcome"),
    [
        (3, "shipped", "2849.97", "completed"),
        (3, "completed", "2849.97", "completed"),
        (3, "part_shipped", "2849.97", "executing"),
        (2, "shipped", "2849.97", "executing"),
        (3, "cancelled", "2849.97", "executing"),
        (3, "shipped", "2849.96", "executing"),
    ],
)
def test_a_contract_is_done_when_all_is_ordered_shipped_and_paid(
    crm: Plugin, quantity: int, state: str, received: str, outcome: str
) -> None:
    lines = [{"id": 21, "source": 11, **GATEWAY}]
    record = kept(crm, status="executing", lines=lines, received_amount=Decimal(received))
    ctx = context(crm, contract=[record], order=[ordered(crm, quantity, state)])
    contracting.complete_if_done(9, ctx)
    assert ctx.forms.contract.get(9).status == outcome


@pytest.mark.parametrize(("form", "what"), [("payment", "收款单"), ("invoice", "发票"), ("order", "销售订单")])
def test_what_belongs_to_a_contract_keeps_it(crm: Plugin, form: str, what: str) -> None:
    linked = make_record(crm.forms[form], id=1, contract=9, status="confirmed" if form != "invoice" else "issued")
    code, sentence = refusal(lambda: moved(crm, kept(crm, status="voided"), "void", **{form: [linked]}))
    assert (code, sentence) == ("contract_in_use", f"合同已有{what}，不能作废。请用“终止”。")
    assert what in (contract.before_delete(kept(crm), context(crm, **{form: [linked]})) or "")


def test_a_contract_nothing_belongs_to_goes(crm: Plugin) -> None:
    assert contract.before_delete(kept(crm), context(crm)) is None


def test_what_ends_is_dated(crm: Plugin) -> None:
    for state in ("terminated", "voided"):
        record = agreement(crm, status=state)
        contract.before_save(record, agreement(crm, status="effective"), context(crm))
        assert record.ended_on == TODAY
