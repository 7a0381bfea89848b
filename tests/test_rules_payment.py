"""Rules of payments: the cap, what is paid off, who confirms, and reversals."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import planning, receivables
from crm_plugin.rules import payment, payment_plan
from lowcode.api import Record, Refused
from lowcode.declare.model import Plugin
from lowcode.errors import Invalid
from lowcode.testing import make_record
from tests.ledger import SELLER, START, Ledger
from tests.test_planning import allocated, pay


@pytest.fixture
def ledger(crm: Plugin) -> Ledger:
    return Ledger(crm)


@pytest.fixture
def contract(ledger: Ledger) -> Record:
    """100,000.00 in force, due 30,000.00 today, 65,000.00 in 30 days and 5,000.00 in a year."""
    made = ledger.contract()
    planning.activate(made, ledger)
    return made


def standing(ledger: Ledger, contract: Record) -> Record:
    found = ledger.forms.contract.get(contract.id)
    receivables.derive_contracts([found], ledger)
    return found


def draft(ledger: Ledger, contract: Record, **values: Any) -> Record:
    base = {"contract": contract.id, "amount": "100.00", "paid_at": ledger.today, "method": "transfer"}
    return ledger.forms.payment.create(base | values)


def faults(ledger: Ledger, contract: Record, **values: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        draft(ledger, contract, **values)
    return refused.value.errors


@pytest.mark.parametrize("amount", ["0", "-5.00"])
def test_a_payment_is_more_than_nothing(ledger: Ledger, contract: Record, amount: str) -> None:
    assert list(faults(ledger, contract, amount=amount)) == ["amount"]


def test_money_comes_in_today_at_the_latest(ledger: Ledger, contract: Record) -> None:
    assert list(faults(ledger, contract, paid_at=ledger.today + timedelta(days=1))) == ["paid_at"]


def test_the_cap_counts_what_waits_and_names_what_is_left(ledger: Ledger, contract: Record) -> None:
    draft(ledger, contract, amount="99900.00")
    told = faults(ledger, contract, amount="100.01")["amount"][0]
    assert "100.00" in told
    assert "99,900.00" in told
    last = draft(ledger, contract, amount="100.00")
    assert standing(ledger, contract).pending_amount == Decimal("100000.00")
    ledger.forms.payment.update(last, {"amount": "50.00"})
    ledger.forms.payment.update(last, {"amount": "100.00"})
    with pytest.raises(Invalid):
        ledger.forms.payment.update(last, {"amount": "100.01"})


def test_the_cap_is_asked_again_under_the_lock(ledger: Ledger, contract: Record) -> None:
    """What `validate` let pass is refused in `before_save` when somebody was faster."""
    record = make_record(
        ledger.plugin_form("payment"), contract=contract.id, amount=Decimal("60000.00"), status="pending"
    )
    assert not payment.validate(record, None, ledger)
    draft(ledger, contract, amount="60000.00")
    with pytest.raises(Refused) as refused:
        payment.before_save(record, None, ledger)
    assert refused.value.code == "over_contract_total"
    assert "40,000.00" in refused.value.errors["amount"][0]


@pytest.mark.parametrize("status", ["draft", "in_review", "pending_sign", "voided"])
def test_a_contract_not_in_force_takes_no_money(ledger: Ledger, contract: Record, status: str) -> None:
    ledger.forms.contract.update(contract, {"status": status})
    with pytest.raises(Refused) as refused:
        draft(ledger, contract)
    assert refused.value.code == "contract_not_effective"


def test_what_is_due_first_is_paid_off_first(ledger: Ledger, contract: Record) -> None:
    paid = pay(ledger, contract, "31000.00")
    assert allocated(ledger, paid) == {1: "30000.00", 2: "1000.00"}
    assert [row.status for row in planning.live_rows(contract.id, ledger)] == ["paid", "partial", "open"]
    assert (paid.status, paid.confirmed_by, paid.allocated_amount) == ("confirmed", ledger.user.id, paid.amount)
    assert (paid.customer, paid.owner, paid.stage) == (3, SELLER, "prepay")


def test_the_chosen_row_comes_first_and_the_rest_flows_on(ledger: Ledger, contract: Record) -> None:
    last = planning.live_rows(contract.id, ledger)[-1]
    paid = pay(ledger, contract, "40000.00", plan=last.id)
    assert allocated(ledger, paid) == {3: "5000.00", 1: "30000.00", 2: "5000.00"}
    assert paid.stage == "retention"


def test_a_payment_is_divided_by_hand(ledger: Ledger, contract: Record) -> None:
    first, second, third = (row.id for row in planning.live_rows(contract.id, ledger))
    split = [{"plan": second, "amount": "700.00"}, {"plan": third, "amount": "300.00"}]
    assert allocated(ledger, pay(ledger, contract, "1000.00", split=split)) == {2: "700.00", 3: "300.00"}
    assert list(faults(ledger, contract, amount="999.00", split=split)) == ["split"]
    twice = [{"plan": first, "amount": "1.00"}, {"plan": first, "amount": "1.00"}]
    assert list(faults(ledger, contract, amount="2.00", split=twice)) == ["split.1.plan"]
    much = [{"plan": third, "amount": "4700.01"}]
    assert list(faults(ledger, contract, amount="4700.01", split=much)) == ["split.0.amount"]
    other = ledger.contract()
    planning.activate(other, ledger)
    foreign = [{"plan": planning.live_rows(other.id, ledger)[0].id, "amount": "1.00"}]
    assert list(faults(ledger, contract, amount="1.00", split=foreign)) == ["split.0.plan"]


def test_a_division_that_does_not_fit_any_more_is_not_confirmed(ledger: Ledger, contract: Record) -> None:
    third = planning.live_rows(contract.id, ledger)[-1]
    waits = draft(ledger, contract, amount="5000.00", split=[{"plan": third.id, "amount": "5000.00"}])
    pay(ledger, contract, "1.00", plan=third.id)
    with pytest.raises(Refused) as refused:
        ledger.forms.payment.move(waits, "confirm")
    assert refused.value.code == "split_outdated"


def test_nobody_confirms_money_of_contracts_of_their_own(ledger: Ledger, contract: Record) -> None:
    waits = draft(ledger, contract)
    ledger.forms.contract.update(contract, {"owner": ledger.user.id})
    with pytest.raises(Refused) as refused:
        ledger.forms.payment.move(waits, "confirm")
    assert refused.value.code == "own_receipt"


def test_a_lower_total_is_noticed_at_the_confirmation(ledger: Ledger, contract: Record) -> None:
    waits = draft(ledger, contract, amount="100000.00")
    planning.replan(ledger.forms.contract.update(contract, {"total_amount": Decimal("90000.00")}), ledger)
    with pytest.raises(Refused) as refused:
        ledger.forms.payment.move(waits, "confirm")
    assert refused.value.code == "over_contract_total"
    assert "90,000.00" in refused.value.detail


def test_a_reversal_gives_everything_back(ledger: Ledger, contract: Record) -> None:
    paid = pay(ledger, contract, "31000.00")
    pay(ledger, contract, "500.00")
    ledger.pass_days(3)
    result = payment.action_reverse(paid, {"reason": "退款"}, ledger)
    assert result.open is not None
    mirror, original = ledger.forms.payment.get(result.open[1]), ledger.forms.payment.get(paid.id)
    assert (mirror.amount, mirror.status, mirror.paid_at) == (Decimal("-31000.00"), "confirmed", ledger.today)
    assert (original.status, original.reversal, original.reverse_reason) == ("reversed", mirror.id, "退款")
    assert mirror.reverses == original.id
    assert allocated(ledger, mirror) == {1: "-30000.00", 2: "-1000.00"}
    assert [row.status for row in planning.live_rows(contract.id, ledger)] == ["open", "partial", "open"]
    assert standing(ledger, contract).received_amount == Decimal("500.00")
    assert allocated(ledger, pay(ledger, contract, "99500.00")) == {1: "30000.00", 2: "64500.00", 3: "5000.00"}


def test_the_owner_hears_of_money_and_the_contract_is_carried_out(ledger: Ledger, contract: Record) -> None:
    pay(ledger, contract, "31000.00")
    assert [(each["users"], each["kind"]) for each in ledger.notified] == [([SELLER], "payment_confirmed")]
    assert standing(ledger, contract).status == "executing"


def test_the_dialog_offers_what_is_due_first(ledger: Ledger, contract: Record) -> None:
    offered = receivables.propose_payment(standing(ledger, contract), ledger)
    assert (offered["amount"], offered["stage"], offered["method"]) == (Decimal("30000.00"), "prepay", "transfer")
    draft(ledger, contract, amount="99990.00")
    assert receivables.propose_payment(standing(ledger, contract), ledger)["amount"] == Decimal("10.00")
    draft(ledger, contract, amount="10.00")
    assert "amount" not in receivables.propose_payment(standing(ledger, contract), ledger)


def test_the_dialog_registers_a_payment(ledger: Ledger, contract: Record) -> None:
    params = {"amount": Decimal("30000.00"), "paid_at": ledger.today, "method": None, "plan": None, "remark": None}
    result = receivables.add_payment(standing(ledger, contract), params, ledger)
    assert result.open is not None
    made = ledger.forms.payment.get(result.open[1])
    assert (made.status, made.method, made.stage) == ("pending", "transfer", "prepay")


def states(ledger: Ledger, contract: Record) -> tuple[str, str]:
    found = standing(ledger, contract)
    return found.prepay_state, found.retention_state


def test_the_states_of_prepayment_and_retention(ledger: Ledger, contract: Record) -> None:
    """The retention is due on 2027-04-01, a year after the delivery, and never overdue before."""
    retention = planning.live_rows(contract.id, ledger)[-1]
    assert states(ledger, contract) == ("pending", "not_due")
    pay(ledger, contract, "10000.00")
    assert states(ledger, contract) == ("partial", "not_due")
    ledger.pass_days(1)
    assert states(ledger, contract) == ("overdue", "not_due")
    pay(ledger, contract, "20000.00")
    assert states(ledger, contract) == ("received", "not_due")
    ledger.pass_days((retention.due_date - ledger.today).days)
    assert states(ledger, contract) == ("received", "due")
    pay(ledger, contract, "1.00", plan=retention.id)
    assert states(ledger, contract) == ("received", "partial")
    ledger.pass_days(1)
    assert states(ledger, contract) == ("received", "overdue")
    pay(ledger, contract, "4999.00", plan=retention.id)
    assert states(ledger, contract) == ("received", "received")


def test_a_contract_without_them_has_neither(ledger: Ledger) -> None:
    plain = ledger.contract(prepay_ratio=Decimal(0), retention_ratio=Decimal(0))
    planning.activate(plain, ledger)
    assert states(ledger, plain) == ("none", "none")


def test_what_is_overdue_begins_on_the_day_after(ledger: Ledger, contract: Record) -> None:
    found = standing(ledger, contract)
    assert (found.overdue_amount, found.overdue_days, found.collection_rate) == (Decimal(0), 0, Decimal(0))
    ledger.pass_days(1)
    found = standing(ledger, contract)
    assert (found.overdue_amount, found.overdue_days) == (Decimal("30000.00"), 1)
    ledger.pass_days(32)
    pay(ledger, contract, "12345.67")
    found = standing(ledger, contract)
    assert (found.overdue_amount, found.overdue_days) == (Decimal("82654.33"), 33)
    assert found.collection_rate == Decimal("12.35")


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "not_due"), (1, "d1_30"), (30, "d1_30"), (31, "d31_60"), (60, "d31_60"), (61, "d61_90"), (90, "d61_90"),
     (91, "over_90"), (4000, "over_90")],
)  # fmt: skip
def test_a_row_ages(ledger: Ledger, contract: Record, days: int, bucket: str) -> None:
    ledger.pass_days(days)
    row = planning.live_rows(contract.id, ledger)[0]
    assert row.due_date == START
    payment_plan.derive([row], ledger)
    assert (row.overdue_days, row.ageing) == (days, bucket)
    pay(ledger, contract, "30000.00")
    row = planning.live_rows(contract.id, ledger)[0]
    payment_plan.derive([row], ledger)
    assert (row.overdue_days, row.ageing) == (None, None)
