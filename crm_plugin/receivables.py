"""What customers owe: how much may still come in, payments from registration to reversal, and how a contract stands.

What has come in is the sum of confirmed payments, a reversal being a negative one. A registered payment that waits to
be confirmed counts against the cap already: two people never register the same money twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from crm_plugin import allocating, contracting
from crm_plugin.allocating import OPEN_STATES, ZERO
from crm_plugin.planning import PREPAYMENT, RETENTION
from lowcode.api import Context, Record, Refused, Result, Total, _, round_half_up

TERMINATED = "terminated"
PAYABLE_STATES = ("effective", "executing", "completed", "archived", TERMINATED)
"""The states of a contract in which money may come in."""

PENDING = "pending"


def left_to_receive(contract: Record, ctx: Context) -> Decimal:
    """Give what is open of a contract, in yuan, with what waits to be confirmed counted as open.

    That is its total less what has come in; of a contract that ended early only the rows of its plan that are left.
    """
    left: Decimal = contract.total_amount - contract.received_amount
    if contract.status == TERMINATED:
        rows = ctx.forms.payment_plan.totals(sum=("outstanding",), contract=contract.id, status__in=list(OPEN_STATES))
        left = min(left, sum((each.sums["outstanding"] for each in rows), ZERO))
    return max(left, ZERO)


def counted(payment: Record | None) -> Decimal:
    """Give what a payment takes up of the cap while it waits; one in the recycle bin nothing."""
    if payment is None or payment.deleted_at is not None or payment.status != PENDING:
        return ZERO
    amount: Decimal = payment.amount
    return amount


def cap_fault(payment: Record, original: Record | None, contract: Record, ctx: Context) -> str | None:
    """Say how much is left when a payment exceeds it."""
    left = left_to_receive(contract, ctx) - contract.pending_amount + counted(original)
    if payment.amount is None or payment.amount <= left:
        return None
    if contract.pending_amount - counted(original) > 0:
        return _(
            "收款金额超出合同未收金额，目前还可登记 {left} 元，另有 {pending} 元待确认。请减少金额。",
            left=f"{max(left, ZERO):,.2f}",
            pending=f"{contract.pending_amount - counted(original):,.2f}",
        )
    return _("收款金额超出合同未收金额，目前还可登记 {left} 元。请减少金额。", left=f"{max(left, ZERO):,.2f}")


def require_cap(payment: Record, original: Record | None, contract: Record, ctx: Context) -> None:
    """Refuse a payment over the cap, of a contract whose row is locked."""
    if contract.status not in PAYABLE_STATES:
        raise Refused(_("合同还没有生效，不能登记收款。请先完成审批和签署。"), code="contract_not_effective")
    if sentence := cap_fault(payment, original, contract, ctx):
        raise Refused(sentence, code="over_contract_total", errors={"amount": [sentence]})


def require_confirmable(payment: Record, contract: Record, ctx: Context) -> None:
    """Refuse the confirmation by the owner, and of more than is open now, whatever the cap was at registration."""
    if ctx.user.id in (payment.owner, contract.owner):
        raise Refused(_("不能确认自己负责的合同的收款，请由其他财务人员确认。"), code="own_receipt")
    if payment.reverses is None and payment.amount > (left := left_to_receive(contract, ctx)):
        sentence = _("收款金额超出合同未收的 {left} 元，不能确认。请修改金额。", left=f"{left:,.2f}")
        raise Refused(sentence, code="over_contract_total", errors={"amount": [sentence]})


def settle(payment: Record, ctx: Context) -> None:
    """Book what a confirmed payment pays off, tell the owner, and let the contract follow."""
    if payment.reverses is not None:
        allocating.mirror(payment, ctx.forms.payment.get(payment.reverses), ctx)
        return
    allocating.allocate(payment, ctx)
    ctx.notify(
        [payment.owner],
        "payment_confirmed",
        "{contract} 的收款 {number} 已确认到账，金额 {amount} 元。",
        record=payment,
        event="confirmed",
        contract=ctx.forms.contract.get(payment.contract).name,
        number=payment.number,
        amount=f"{payment.amount:,.2f}",
    )
    contracting.execute(payment.contract, ctx)
    contracting.complete_if_done(payment.contract, ctx)


def reverse(payment: Record, reason: str, ctx: Context) -> Result:
    """Reverse a confirmed payment by one of the negative amount, which gives back whatever it paid off."""
    ctx.forms.contract.get(payment.contract, lock=True)
    made = ctx.forms.payment.create(
        {
            "contract": payment.contract,
            "amount": -payment.amount,
            "paid_at": ctx.today,
            "method": payment.method,
            "stage": payment.stage,
            "payer": payment.payer,
            "account": payment.account,
            "reverses": payment.id,
            "reverse_reason": reason,
        }
    )
    ctx.forms.payment.move(made, "confirm")
    ctx.forms.payment.update(payment.id, {"reversal": made.id, "reverse_reason": reason})
    ctx.forms.payment.move(payment.id, "reversed")
    message = _("已红冲 {amount} 元，红冲单 {number}。", amount=f"{payment.amount:,.2f}", number=made.number)
    return Result(message, open=("payment", made.id))


def propose_payment(contract: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer the oldest open row of the plan, no more than may still be registered."""
    left = left_to_receive(contract, ctx) - contract.pending_amount
    rows = allocating.open_rows(contract.id, ctx)
    if not rows or left <= 0:
        return {"method": contract.payment_method}
    amount, row = min(rows[0].outstanding, left), rows[0]
    return {"amount": amount, "plan": row.id, "stage": row.stage, "method": contract.payment_method}


def add_payment(contract: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Register a payment that waits to be confirmed."""
    given = {name: value for name, value in params.items() if value is not None}
    made = ctx.forms.payment.create({"method": contract.payment_method} | given | {"contract": contract.id})
    message = _(
        "已登记收款 {number}，金额 {amount} 元，等待财务确认。", number=made.number, amount=f"{made.amount:,.2f}"
    )
    return Result(message, open=("payment", made.id))


def stage_of(payment: Record, ctx: Context) -> str | None:
    """Give what a payment is for: as its row of the plan says, or the one that is due first."""
    if payment.plan is not None:
        stage: str | None = ctx.forms.payment_plan.get(payment.plan).stage
        return stage
    return next((row.stage for row in allocating.open_rows(payment.contract, ctx)), None)


def derive_contracts(records: Sequence[Record], ctx: Context) -> None:
    """Fill what is overdue, the states of prepayment and retention, and the collection rate."""
    rows: dict[int, list[Total]] = defaultdict(list)
    for total in ctx.forms.payment_plan.totals(
        by=("contract", "stage", "due_date"),
        sum=("plan_amount", "received_amount"),
        contract__in=[record.id for record in records],
        status__in=[*OPEN_STATES, "paid"],
    ):
        rows[total.keys["contract"]].append(total)
    for record in records:
        _derive(record, rows[record.id], ctx.today)


def _derive(record: Record, rows: Sequence[Total], today: date) -> None:
    overdue = [row for row in rows if row.keys["due_date"] < today and _open(row) > 0]
    record.overdue_amount = sum((_open(row) for row in overdue), ZERO)
    record.overdue_days = max(((today - row.keys["due_date"]).days for row in overdue), default=0)
    received = Decimal(100) * (record.received_amount or ZERO)
    record.collection_rate = round_half_up(received / record.total_amount) if record.total_amount else None
    record.prepay_state = _prepayment(record, _of(rows, PREPAYMENT), today)
    record.retention_state = _retention(record, _of(rows, RETENTION), today)


def _prepayment(record: Record, rows: Sequence[Total], today: date) -> str:
    if not rows:
        return PENDING if record.status not in PAYABLE_STATES and record.prepay_amount else "none"
    received, left = _figures(rows)
    if left <= 0:
        return "received"
    if any(row.keys["due_date"] < today and _open(row) > 0 for row in rows):
        return "overdue"
    return "partial" if received > 0 else PENDING


def _retention(record: Record, rows: Sequence[Total], today: date) -> str:
    """Tell how the retention stands: before its day it is never due, let alone overdue."""
    if not rows:
        return "not_due" if record.status not in PAYABLE_STATES and record.retention_amount else "none"
    received, left = _figures(rows)
    if left <= 0:
        return "received"
    days = [row.keys["due_date"] for row in rows if _open(row) > 0]
    if min(days) < today:
        return "overdue"
    if received > 0:
        return "partial"
    return "due" if min(days) == today else "not_due"


def _of(rows: Iterable[Total], stage: str) -> list[Total]:
    return [row for row in rows if row.keys["stage"] == stage]


def _figures(rows: Iterable[Total]) -> tuple[Decimal, Decimal]:
    """Give what has come in for rows and what is open."""
    received = sum((row.sums["received_amount"] for row in rows), ZERO)
    return received, sum((_open(row) for row in rows), ZERO)


def _open(row: Total) -> Decimal:
    left: Decimal = row.sums["plan_amount"] - row.sums["received_amount"]
    return left
