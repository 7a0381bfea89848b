"""Rules of invoices."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_plugin import invoicing
from crm_plugin.rules import invoice
from lowcode.api import Record, Refused
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
ZERO = Decimal("0.00")
FULL = {
    "invoice_title": "上海宏图自动化有限公司",
    "tax_number": "91310000MA1K35XX0X",
    "bank_name": "招商银行上海分行",
    "bank_account": "1219 0000 1111",
    "invoice_address": "上海市张江路 1 号",
    "invoice_phone": "021-50801234",
}


def contract(crm: Plugin, **values: Any) -> Record:
    base = {"id": 5, "name": "网关合同", "owner": 7, "customer": 3, "status": "effective", "invoice_type": "general"}
    figures = {"total_amount": Decimal("1000.00"), "received_amount": ZERO} | dict.fromkeys(
        ("invoiced_amount", "applied_amount"), ZERO
    )
    return make_record(crm.forms["contract"], **{**base, **figures, **values})


def bill(crm: Plugin, **values: Any) -> Record:
    base = {"contract": 5, "amount": Decimal("400.00"), "tax_rate": Decimal(13), "invoice_type": "general"}
    base |= {"status": "draft", "red_amount": ZERO, "title_type": "company"}
    return make_record(crm.forms["invoice"], **{**base, **values})


def context(crm: Plugin, *invoices: Record, of: Record | None = None, **settings: Any) -> FakeContext:
    return FakeContext(
        now=NOW,
        plugin=crm,
        records={"contract": [of or contract(crm)], "invoice": list(invoices)},
        settings=settings,
    )


@given(
    cents=st.integers(1, 10**14),
    rate=st.sampled_from([Decimal(each) for each in ("0", "1", "3", "6", "7.3", "9", "13", "100")]),
)
def test_net_and_tax_add_up_and_are_right_to_the_cent(cents: int, rate: Decimal) -> None:
    amount = Decimal(cents) / 100
    record = make_record(CRM.forms["invoice"], amount=amount, tax_rate=rate)
    invoice.compute(record, FakeContext())
    assert record.net_amount + record.tax_amount == amount
    assert abs(record.net_amount * (100 + rate) - amount * 100) <= Decimal("0.005") * (100 + rate)
    red = make_record(CRM.forms["invoice"], amount=-amount, tax_rate=rate)
    invoice.compute(red, FakeContext())
    assert (red.net_amount, red.tax_amount) == (-record.net_amount, -record.tax_amount)


@pytest.fixture(autouse=True, scope="module")
def _crm(crm: Plugin) -> None:
    global CRM
    CRM = crm


CRM: Plugin


def test_what_is_left_counts_issued_and_applied_and_not_itself(crm: Plugin) -> None:
    ctx = context(crm)
    standing = contract(crm, invoiced_amount=Decimal("300.00"), applied_amount=Decimal("250.00"))
    assert invoicing.left_to_invoice(standing, ctx) == Decimal("450.00")
    mine = bill(crm, amount=Decimal("250.00"))
    assert invoicing.left_to_invoice(standing, ctx, invoicing.counted(mine)) == Decimal("700.00")
    assert invoicing.counted(bill(crm, status="voided")) == ZERO


def test_the_cap_is_the_total_or_what_came_in(crm: Plugin) -> None:
    record = bill(crm, amount=Decimal("600.01"))
    standing = contract(crm, received_amount=Decimal("500.00"), invoiced_amount=Decimal("400.00"))
    with pytest.raises(Refused) as refused:
        invoicing.require_cap(record, None, context(crm, of=standing))
    assert refused.value.code == "over_contract_total"
    assert "600.00" in str(refused.value)
    invoicing.require_cap(bill(crm, amount=Decimal("600.00")), None, context(crm, of=standing))
    by_receipts = context(crm, of=standing, invoice_cap="receipts")
    with pytest.raises(Refused) as refused:
        invoicing.require_cap(bill(crm, amount=Decimal("100.01")), None, by_receipts)
    assert refused.value.code == "over_received"
    invoicing.require_cap(bill(crm, amount=Decimal("100.00")), None, by_receipts)
    own_word = contract(crm, invoice_cap="contract")
    invoicing.require_cap(bill(crm, amount=Decimal("1000.00")), None, context(crm, of=own_word, invoice_cap="receipts"))


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_only_a_red_invoice_is_negative(crm: Plugin, amount: str) -> None:
    assert set(invoice.validate(bill(crm, amount=Decimal(amount)), None, context(crm)) or {}) == {"amount"}
    assert invoice.validate(bill(crm, amount=Decimal("-1.00"), red_of=9), None, context(crm)) is None


@pytest.mark.parametrize(
    ("kind", "title_type", "lacking"),
    [
        ("special", "company", set(FULL)),
        ("e_special", "company", set(FULL)),
        ("d_special", "person", set(FULL)),
        ("general", "company", {"invoice_title", "tax_number"}),
        ("e_general", "person", {"invoice_title"}),
        ("receipt", "company", {"invoice_title"}),
    ],
)
def test_each_kind_needs_its_part_of_the_title(crm: Plugin, kind: str, title_type: str, lacking: set[str]) -> None:
    ctx = context(crm)
    assert set(invoicing.title_faults(bill(crm, invoice_type=kind, title_type=title_type), ctx)) == lacking
    assert invoicing.title_faults(bill(crm, invoice_type=kind, title_type=title_type, **FULL), ctx) == {}


def test_paper_needs_a_courier_and_an_electronic_invoice_an_address(crm: Plugin) -> None:
    ctx = context(crm)
    for kind, lacking in (("special", {"courier", "tracking_no"}), ("e_general", {"email"})):
        with pytest.raises(Refused) as refused:
            invoice.after_move(bill(crm, invoice_type=kind), "mail", {}, ctx)
        assert set(refused.value.errors) == lacking
    invoice.after_move(bill(crm, invoice_type="e_general", email="a@example.com"), "mail", {}, ctx)
    invoice.after_move(bill(crm, courier="shunfeng", tracking_no="SF1"), "mail", {}, ctx)


def test_an_invoice_is_voided_in_the_month_of_its_issue(crm: Plugin) -> None:
    ctx = context(crm)
    invoice.after_move(bill(crm, issued_at=date(2026, 11, 1)), "void", {}, ctx)
    invoice.after_move(bill(crm, issued_at=None), "void", {}, ctx)
    for record in (bill(crm, issued_at=date(2026, 10, 31)), bill(crm, red_of=1, issued_at=date(2026, 11, 1))):
        with pytest.raises(Refused):
            invoice.after_move(record, "void", {}, ctx)


def test_red_invoices_take_back_what_is_left_and_no_more(crm: Plugin) -> None:
    issued = bill(crm, id=11, status="issued", owner=7, invoice_no="001")
    ctx = context(crm, issued)
    invoicing.reverse(issued, {"amount": Decimal("150.00"), "reason": "退货"}, ctx)
    assert [each.amount for each in ctx.forms.invoice.find(red_of=11)] == [Decimal("-150.00")]
    assert ctx.forms.invoice.get(11).status == "part_red"
    partly = bill(crm, id=11, status="part_red", owner=7, red_amount=Decimal("-150.00"))
    with pytest.raises(Refused) as refused:
        invoicing.reverse(partly, {"amount": Decimal("250.01"), "reason": "退货"}, ctx)
    assert refused.value.code == "over_invoice_amount"
    invoicing.reverse(partly, {"amount": Decimal("250.00"), "reason": "退货"}, ctx)
    assert ctx.forms.invoice.get(11).status == "red"
    assert {each.status for each in ctx.forms.invoice.find(red_of=11)} == {"issued"}


def test_the_dialog_offers_what_is_left_at_the_rate_of_most_of_the_money(crm: Plugin) -> None:
    lines = [
        {"tax_rate": Decimal(rate), "subtotal": Decimal(share)} for rate, share in (("13", 100), ("6", 150), ("13", 40))
    ]
    standing = contract(crm, lines=lines, invoiced_amount=Decimal("900.00"))
    assert invoicing.propose_invoice(standing, context(crm)) == {
        "amount": Decimal("100.00"),
        "invoice_type": "general",
        "tax_rate": Decimal(6),
    }
    wants_none = contract(crm, invoice_type="none")
    assert invoicing.propose_invoice(wants_none, context(crm))["invoice_type"] is None
    params = {"amount": Decimal(1), "invoice_type": None, "tax_rate": None, "remark": None}
    with pytest.raises(Refused):
        invoicing.add_invoice(wants_none, params, context(crm))
