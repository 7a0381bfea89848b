"""Payment plans: the default one, changes of it, and its end."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import planning, receivables
from crm_plugin.rules import payment_plan
from lowcode.api import Record, Refused
from lowcode.declare.model import Plugin
from lowcode.errors import Invalid
from tests.ledger import START, Ledger


def rows(ledger: Ledger, contract: Record, **condition: Any) -> list[tuple[str, str, str]]:
    """Give stage, amount and state of the rows that are not voided."""
    found = planning.live_rows(contract.id, ledger)
    return [(row.stage, f"{row.plan_amount:.2f}", row.status) for row in found]


def pay(ledger: Ledger, contract: Record, amount: str, **values: Any) -> Record:
    """Register and confirm a payment."""
    base = {"contract": contract.id, "amount": amount, "paid_at": ledger.today, "method": "transfer"}
    made = ledger.forms.payment.create(base | values)
    ledger.forms.payment.move(made, "confirm")
    return ledger.forms.payment.get(made.id)


def allocated(ledger: Ledger, payment: Record) -> dict[int, str]:
    """Give what a payment pays off by the number of the period."""
    totals = ledger.forms.payment_allocation.totals(by=("plan",), sum=("amount",), payment=payment.id)
    numbers = {row.id: row.period_no for row in ledger.forms.payment_plan.find()}
    return {numbers[each.keys["plan"]]: f"{each.sums['amount']:.2f}" for each in totals if each.sums["amount"]}


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        ("99999.99", ("30000.00", "64999.99", "5000.00")),
        ("100000.01", ("30000.00", "65000.01", "5000.00")),
        ("88888.88", ("26666.66", "57777.78", "4444.44")),
    ],
)
def test_the_balance_takes_the_remainder(crm: Plugin, total: str, parts: tuple[str, ...]) -> None:
    assert planning.shares(Decimal(total), Decimal(30), Decimal(5)) == tuple(map(Decimal, parts))
    ledger = Ledger(crm)
    contract = ledger.contract(total)
    planning.activate(contract, ledger)
    stages = ("prepay", "delivery", "retention")
    assert rows(ledger, contract) == [(stage, part, "open") for stage, part in zip(stages, parts, strict=True)]
    assert [row.period_no for row in planning.live_rows(contract.id, ledger)] == [1, 2, 3]


def test_no_share_falls_below_nothing() -> None:
    """100.01 half and half would be 50.01 twice."""
    assert planning.shares(Decimal("100.01"), Decimal(50), Decimal(50)) == (
        Decimal("50.01"),
        Decimal("0.00"),
        Decimal("50.00"),
    )


def test_the_default_plan_is_due_by_the_terms(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract(delivery_date=date(2026, 4, 30), credit_days=15, warranty_months=10)
    planning.activate(contract, ledger)
    found = planning.live_rows(contract.id, ledger)
    assert [row.due_date for row in found] == [START, date(2026, 5, 15), date(2027, 2, 28)]
    assert [row.percent for row in found] == [Decimal(30), Decimal(65), Decimal(5)]
    assert {row.effective_on for row in found} == {START}
    assert found[1].remind_at == date(2026, 5, 8)


@pytest.mark.parametrize(
    ("prepay", "retention", "stages"),
    [(0, 0, ["delivery"]), (100, 0, ["prepay"]), (0, 10, ["delivery", "retention"]), (30, 0, ["prepay", "delivery"])],
)
def test_rows_of_nothing_are_left_out(crm: Plugin, prepay: int, retention: int, stages: list[str]) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract(prepay_ratio=Decimal(prepay), retention_ratio=Decimal(retention))
    planning.activate(contract, ledger)
    assert [stage for stage, _amount, _state in rows(ledger, contract)] == stages


def test_a_plan_that_people_made_is_kept_and_must_add_up(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("1000.00", status="draft")
    make = ledger.forms.payment_plan.create
    assert planning.sum_fault(contract, ledger) is None
    first = make({"contract": contract.id, "stage": "progress", "percent": 40, "due_date": START})
    assert (first.plan_amount, first.status, first.name) == (Decimal("400.00"), "waiting", "网关合同 第1期")
    assert planning.sum_fault(contract, ledger)
    second = make({"contract": contract.id, "stage": "final", "plan_amount": "600.00", "due_date": START})
    assert (second.percent, second.period_no, second.owner) == (Decimal(60), 2, contract.owner)
    assert planning.sum_fault(contract, ledger) is None
    planning.activate(contract, ledger)
    assert rows(ledger, contract) == [("progress", "400.00", "open"), ("final", "600.00", "open")]


def test_the_amount_follows_the_percentage_and_the_other_way_round(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("1000.00", status="draft")
    form = ledger.forms.payment_plan
    row = form.create({"contract": contract.id, "stage": "progress", "percent": 40, "due_date": START})
    assert form.update(row, {"percent": "12.34"}).plan_amount == Decimal("123.40")
    changed = form.update(row, {"plan_amount": "500.00"})
    assert (changed.percent, changed.outstanding) == (Decimal(50), Decimal("500.00"))
    with pytest.raises(Invalid):
        form.update(row, {"plan_amount": "1000.01"})


def test_people_change_a_plan_only_before_the_contract_is_submitted(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("1000.00", status="draft")
    form = ledger.forms.payment_plan
    row = form.create({"contract": contract.id, "stage": "progress", "percent": 100, "due_date": START})
    ledger.forms.contract.update(contract, {"status": "in_review"})
    for values in ({"plan_amount": "999.00"}, {"due_date": START + timedelta(days=1)}, {"remark": "晚一点"}):
        with pytest.raises(Refused) as refused:
            form.update(row, values)
        assert refused.value.code == "plan_in_force"
    assert payment_plan.before_delete(row, ledger)


def test_a_changed_total_keeps_what_stays_and_what_was_paid(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("100000.00")
    planning.activate(contract, ledger)
    first, second = pay(ledger, contract, "30000.00"), pay(ledger, contract, "20000.00")
    ledger.pass_days(10)
    changed = ledger.forms.contract.update(contract, {"total_amount": Decimal("120000.00")})
    planning.replan(changed, ledger)
    assert rows(ledger, contract) == [
        ("prepay", "36000.00", "paid"),
        ("delivery", "78000.00", "partial"),
        ("retention", "6000.00", "open"),
    ]
    assert (allocated(ledger, first), allocated(ledger, second)) == (
        {4: "30000.00"},
        {4: "6000.00", 5: "14000.00"},
    )
    assert planning.sum_fault(changed, ledger) is None
    voided = ledger.forms.payment_plan.find(status="voided")
    assert {row.voided_on for row in voided} == {ledger.today}
    assert {row.received_amount for row in voided} == {Decimal(0)}


def test_a_put_off_delivery_moves_the_balance_alone(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract(warranty_end_date=date(2027, 4, 1))
    planning.activate(contract, ledger)
    before = {row.id for row in planning.live_rows(contract.id, ledger)}
    planning.replan(ledger.forms.contract.update(contract, {"delivery_date": START + timedelta(days=90)}), ledger)
    after = planning.live_rows(contract.id, ledger)
    assert len(before & {row.id for row in after}) == 2
    assert [row.due_date for row in after if row.id not in before] == [START + timedelta(days=90)]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("1000.00", [("progress", "400.00"), ("final", "500.00"), ("retention", "100.00")]),
        ("1200.00", [("progress", "400.00"), ("final", "500.00"), ("retention", "100.00"), ("other", "200.00")]),
        ("700.00", [("progress", "400.00"), ("final", "200.00"), ("retention", "100.00")]),
        ("450.00", [("progress", "350.00"), ("retention", "100.00")]),
    ],
)
def test_a_plan_that_people_made_keeps_its_days(crm: Plugin, total: str, expected: list[tuple[str, str]]) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("1000.00", status="draft", delivery_date=START + timedelta(days=400))
    for index, (stage, amount) in enumerate((("progress", 400), ("final", 500), ("retention", 100))):
        values = {"stage": stage, "plan_amount": amount, "due_date": START + timedelta(days=30 * index)}
        ledger.forms.payment_plan.create(values | {"contract": contract.id})
    planning.activate(ledger.forms.contract.update(contract, {"status": "effective"}), ledger)
    payment = pay(ledger, contract, "100.00")
    planning.replan(ledger.forms.contract.update(contract, {"total_amount": Decimal(total)}), ledger)
    assert [(stage, amount) for stage, amount, _state in rows(ledger, contract)] == expected
    assert list(allocated(ledger, payment).values()) == ["100.00"]


def test_an_ended_contract_takes_money_for_what_was_begun_only(crm: Plugin) -> None:
    ledger = Ledger(crm)
    contract = ledger.contract("100000.00")
    planning.activate(contract, ledger)
    pay(ledger, contract, "40000.00")
    ended = ledger.forms.contract.update(contract, {"status": "terminated", "ended_on": ledger.today})
    planning.void_open(ended, ledger)
    assert rows(ledger, contract) == [("prepay", "30000.00", "paid"), ("delivery", "65000.00", "partial")]
    standing = ledger.forms.contract.get(contract.id)
    assert receivables.left_to_receive(standing, ledger) == Decimal("55000.00")
    pay(ledger, contract, "55000.00")
    with pytest.raises(Invalid) as refused:
        pay(ledger, contract, "0.01")
    assert "0.00" in refused.value.errors["amount"][0]
