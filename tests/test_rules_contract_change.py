"""Rules of contract changes: what they start with, what they say, and what they must not take away."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm_plugin import changing, comparing
from crm_plugin.rules import contract_change
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record
from tests.contracts import GATEWAY, MODULE, OWNER, TODAY, context, kept
from tests.customers import refusal

FIRST, SECOND = {**GATEWAY, "source": 21}, {**MODULE, "source": 22}


def world(crm: Plugin, agreed: dict[str, Any] | None = None, **records: list[Record]) -> FakeContext:
    standing = kept(crm, **{"status": "effective", **(agreed or {})})
    return context(crm, **{"contract": [standing], **records})


def change(crm: Plugin, ctx: FakeContext, **values: Any) -> Record:
    """A draft with what the contract says, but for some values."""
    record = make_record(crm.forms["contract_change"], contract=9, status="draft", reason="追加", **values)
    contract_change.prefill(record, ctx)
    lines = record.lines if values.get("lines") else [make_line(crm, row) for row in record.lines]
    record.lines = lines
    contract_change.compute(record, ctx)
    return record


def make_line(crm: Plugin, row: dict[str, Any]) -> Any:
    return make_record(crm.forms["contract_change"], lines=[row]).lines[0]


def faults(crm: Plugin, ctx: FakeContext, **values: Any) -> set[str]:
    record = change(crm, ctx, **values)
    return set(contract_change.validate(record, record, ctx) or {})


def test_a_change_starts_with_what_the_contract_says(crm: Plugin) -> None:
    ctx = world(crm)
    record = change(crm, ctx)
    assert (record.name, record.customer, record.owner) == ("网关合同 变更", 3, OWNER)
    assert (record.payment_method, record.prepay_ratio) == ("transfer", Decimal(30))
    assert [(line.source, line.quantity) for line in record.lines] == [(21, Decimal(3)), (22, Decimal(10))]
    assert (record.old_total, record.total_amount) == (Decimal("3624.37"), Decimal("3624.37"))
    assert (record.differences, faults(crm, ctx)) == (None, set())


def test_a_new_form_without_a_contract_is_computed(crm: Plugin) -> None:
    record = make_record(crm.forms["contract_change"])
    contract_change.prefill(record, world(crm))
    contract_change.compute(record, world(crm))
    assert contract_change.validate(record, None, world(crm)) is None


def test_the_end_of_the_warranty_moves_with_the_delivery(crm: Plugin) -> None:
    ctx = world(crm, {"warranty_end_date": TODAY.replace(year=2027, month=12, day=23)})
    record = change(crm, ctx, delivery_date=TODAY + timedelta(days=60))
    assert record.warranty_end_date == TODAY.replace(year=2028, month=1, day=22)


def test_a_change_says_old_and_new_of_every_term_and_line(crm: Plugin) -> None:
    ctx = world(crm)
    extra = {"product_name": "培训", "quantity": Decimal(1), "unit_price": Decimal(500), "tax_rate": Decimal(6)}
    record = change(
        crm, ctx, payment_method="cheque", prepay_ratio=Decimal("40.50"), credit_days=30,
        lines=[{**FIRST, "quantity": Decimal(4), "remark": "加急"}, extra],
    )  # fmt: skip
    assert (record.differences or "").split("\n") == [
        "付款方式 转账 → 支票",
        "预付比例 30% → 40.5%",
        "账期(天) 0 → 30",
        "总金额 3,624.37 → 4,299.96",
        "“网关”：数量 3 → 4，备注 — → 加急",
        "新增“培训”：数量 1，含税单价 500，小计 500",
        "删去“模块”：数量 10，含税单价 88，小计 774.4",
    ]


def test_an_applied_change_keeps_what_it_said(crm: Plugin) -> None:
    ctx = world(crm)
    record = change(crm, ctx, credit_days=30)
    record.status, record.differences, record.old_total = "approved", "账期(天) 5 → 30", Decimal(1)
    contract_change.compute(record, ctx)
    assert (record.differences, record.old_total) == ("账期(天) 5 → 30", Decimal(1))
    assert contract_change.validate(record, record, ctx) is None


def test_the_total_stays_above_what_was_received_and_invoiced(crm: Plugin) -> None:
    money = {"received_amount": Decimal("2000.00"), "pending_amount": Decimal("849.97")}
    for agreed in (money, {"invoiced_amount": Decimal("2000.00"), "applied_amount": Decimal("849.97")}):
        assert faults(crm, world(crm, agreed), lines=[FIRST]) == set()
        one_less = [{**FIRST, "unit_price": Decimal("999.98")}]
        assert faults(crm, world(crm, agreed), lines=one_less) == {"lines"}


def test_terms_fit_each_other_and_the_days_of_the_contract(crm: Plugin) -> None:
    ctx, early = world(crm), TODAY - timedelta(days=1)
    assert faults(crm, ctx, delivery_date=TODAY, end_date=TODAY) == set()
    assert faults(crm, ctx, delivery_date=early) == {"delivery_date"}
    assert faults(crm, ctx, end_date=early) == {"end_date"}
    assert faults(crm, ctx, prepay_ratio=Decimal("95.01")) == {"retention_ratio"}


def test_ordered_lines_stay(crm: Plugin) -> None:
    order = make_record(crm.forms["order"], id=1, contract=9, status="confirmed",
                        lines=[{"id": 31, **GATEWAY, "source": 21, "quantity": Decimal(2)}])  # fmt: skip
    ctx = world(crm, order=[order])
    assert faults(crm, ctx, lines=[{**FIRST, "quantity": Decimal(2)}, SECOND]) == set()
    assert faults(crm, ctx, lines=[{**FIRST, "quantity": Decimal("1.999")}, SECOND]) == {"lines.0.quantity"}
    assert faults(crm, ctx, lines=[{**FIRST, "product_name": "别的"}, SECOND]) == {"lines.0.product_name"}
    assert faults(crm, ctx, lines=[SECOND]) == {"lines"}


def test_any_other_term_or_line_changes_the_fingerprint(crm: Plugin) -> None:
    before = changing.fingerprint(kept(crm))
    assert changing.fingerprint(kept(crm, status="executing", received_amount=Decimal(5), remark="x")) == before
    others = [
        kept(crm, credit_days=1),
        kept(crm, delivery_date=TODAY),
        kept(crm, lines=[{"id": 21, **GATEWAY}]),
        kept(crm, lines=[{"id": 21, "source": 11, **GATEWAY}, {"id": 22, "source": 12, **MODULE, "remark": "x"}]),
    ]
    assert before not in {changing.fingerprint(each) for each in others}


def test_an_approved_change_goes_into_the_contract(crm: Plugin) -> None:
    gone = make_record(crm.forms["product"], id=8, name="培训", status="off_sale")
    ctx = world(crm, product=[gone])
    extra = {
        "product": 8,
        "product_name": "培训",
        "quantity": Decimal(1),
        "unit_price": Decimal(500),
        "tax_rate": Decimal(6),
    }
    record = change(crm, ctx, credit_days=30, lines=[FIRST, extra])
    record.basis = changing.fingerprint(ctx.forms.contract.get(9))
    record.id, record.version, record.status = 1, 1, "approved"
    ctx._store.records["contract_change"][1] = record
    contract_change.after_move(record, "review.approved", {}, ctx)
    now = ctx.forms.contract.get(9)
    assert now.credit_days == 30
    assert [(line.id, line.product, line.product_name) for line in now.lines] == [
        (21, None, "网关"),
        (None, None, "培训"),
    ]
    assert ctx.forms.contract_change.get(1).effective_at == ctx.now


def test_a_contract_that_has_ended_is_not_changed(crm: Plugin) -> None:
    ctx = world(crm, {"status": "terminated"})
    record = change(crm, ctx, credit_days=30)
    for move in ("submit", "review.approved"):
        code, sentence = refusal(lambda move=move: contract_change.after_move(record, move, {}, ctx))  # type: ignore[misc]
        assert (code, "HT1" in sentence) == ("contract_ended", True)


def test_long_texts_are_cut() -> None:
    assert comparing.cut(["abcdef", "gh"], 9) == "abcdef\ngh"
    assert comparing.cut(["abcdef", "gh"], 8) == "abcdef\n…"
    assert comparing.cut([], 8) is None
