"""What a payment pays off: rows of the plan, by hand or whatever is due first, and back again.

Allocations are only ever added: a reversal, and a row that a change of the contract voids, are booked as negative
amounts on the day they happen, so that what stood open on any day before stays as it was.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Record, Refused, _

ZERO = Decimal("0.00")
OPEN_STATES = ("open", "partial")
MANY = 10_000
NAMED = 500
"""So many values a condition may name at once."""

Part = tuple[Record, Decimal]
"""A row of the plan and how much of it is paid off, in yuan."""


def by_ids(form: Any, ids: Iterable[int], **condition: Any) -> dict[int, Record]:
    """Give the records of a form with these ids, as far as they satisfy a condition, however many there are."""
    wanted = sorted(set(ids))
    parts = (wanted[start : start + NAMED] for start in range(0, len(wanted), NAMED))
    return {each.id: each for part in parts for each in form.find(id__in=part, limit=NAMED, **condition)}


def open_rows(contract_id: int, ctx: Context) -> list[Record]:
    """Give the rows of a contract's plan that money may come in for, whatever is due first in front."""
    found = ctx.forms.payment_plan.find(contract=contract_id, status__in=list(OPEN_STATES), limit=MANY)
    return sorted(found, key=lambda row: (row.due_date, row.id))


def state_of(planned: Decimal, received: Decimal) -> str:
    """Give the state of a row in force."""
    if received >= planned:
        return "paid"
    return "partial" if received > 0 else "open"


def distribute(amount: Decimal, rows: Iterable[Record], first: int | None = None) -> tuple[list[Part], Decimal]:
    """Pay off the chosen row, then whatever is due first; give the parts, and what is left when nothing is open."""
    parts, left = [], amount
    for row in sorted(rows, key=lambda each: (each.id != first, each.due_date, each.id)):
        part = min(left, row.outstanding)
        if part > 0:
            parts.append((row, part))
            left -= part
    return parts, left


def split_faults(payment: Record, rows: Sequence[Record]) -> dict[str, str]:
    """Say what is wrong with an allocation by hand, at its lines: the rows, what is open of them, and the sum."""
    faults: dict[str, str] = {}
    known, seen = {row.id: row for row in rows}, set()
    for index, line in enumerate(payment.split or ()):
        if line.plan is None or line.amount is None:
            continue
        if line.plan not in known:
            faults[f"split.{index}.plan"] = _("这一期不属于这份合同，或者已经收清、作废。请选择另一期。")
        elif line.plan in seen:
            faults[f"split.{index}.plan"] = _("这一期已经选过了，请合并成一行。")
        elif line.amount > known[line.plan].outstanding:
            left = f"{known[line.plan].outstanding:,.2f}"
            faults[f"split.{index}.amount"] = _("超过了这一期未收的 {left} 元，请减少核销金额。", left=left)
        seen.add(line.plan)
    total = sum((line.amount or ZERO for line in payment.split or ()), ZERO)
    if payment.split and payment.amount is not None and total != payment.amount:
        faults["split"] = _("核销金额合计 {total} 元，应等于收款金额。请修改核销明细。", total=f"{total:,.2f}")
    return faults


def allocate(payment: Record, ctx: Context) -> None:
    """Book what a confirmed payment pays off. Raises Refused when it does not fit any more."""
    rows = open_rows(payment.contract, ctx)
    if payment.split:
        if faults := split_faults(payment, rows):
            errors = {path: [sentence] for path, sentence in faults.items()}
            raise Refused(_("核销明细与回款计划不符，请修改后再确认。"), code="split_outdated", errors=errors)
        known = {row.id: row for row in rows}
        parts = [(known[line.plan], line.amount) for line in payment.split]
    else:
        parts, left = distribute(payment.amount, rows, payment.plan)
        if left > 0:
            raise Refused(
                _("回款计划中没有这么多未收金额，还差 {left} 元。请先核对回款计划。", left=f"{left:,.2f}"),
                code="over_contract_total",
            )
    for row, amount in parts:
        book(payment, row, amount, payment.paid_at, ctx)


def mirror(payment: Record, original: Record, ctx: Context) -> None:
    """Book back, for the payment that reverses another, whatever that one paid off."""
    for total in ctx.forms.payment_allocation.totals(by=("plan",), sum=("amount",), payment=original.id):
        if amount := total.sums["amount"]:
            row = ctx.forms.payment_plan.get(total.keys["plan"])
            book(payment, row, -amount, payment.paid_at, ctx)


def take_back(row: Record, ctx: Context) -> list[Part]:
    """Book back what payments in force paid off of a row that is voided; give them with what they may pay off anew."""
    nets = ctx.forms.payment_allocation.totals(by=("payment",), sum=("amount",), plan=row.id)
    amounts = {each.keys["payment"]: each.sums["amount"] for each in nets if each.sums["amount"]}
    found = by_ids(ctx.forms.payment, amounts, status="confirmed", reverses__isnull=True).values()
    freed = [(payment, amounts[payment.id]) for payment in sorted(found, key=lambda each: (each.paid_at, each.id))]
    for payment, amount in freed:
        book(payment, row, -amount, ctx.today, ctx)
    return freed


def allocate_anew(freed: Iterable[Part], contract_id: int, ctx: Context) -> None:
    """Let payments whose rows were voided pay off what is open now, as of today."""
    rows = open_rows(contract_id, ctx)
    for payment, amount in freed:
        parts, left = distribute(amount, rows)
        if left > 0:
            raise Refused(
                _("变更后的回款计划容不下已收的款项，还差 {left} 元。请提高合同金额。", left=f"{left:,.2f}"),
                code="below_received",
            )
        for row, part in parts:
            book(payment, row, part, ctx.today, ctx)


def book(payment: Record, row: Record, amount: Decimal, day: date, ctx: Context) -> None:
    """Add an allocation, no earlier than its row is in force, and bring the row's state into line."""
    ctx.forms.payment_allocation.create(
        {
            "name": _("{payment} 核销 {plan}", payment=payment.number or payment.id, plan=row.name)[:200],
            "payment": payment.id,
            "plan": row.id,
            "contract": row.contract,
            "customer": row.customer,
            "owner": row.owner,
            "department": row.department,
            "amount": amount,
            "allocated_on": max(day, row.effective_on),
            "due_date": row.due_date,
        }
    )
    row.received_amount = (row.received_amount or ZERO) + amount
    row.outstanding = row.plan_amount - row.received_amount
    status = state_of(row.plan_amount, row.received_amount)
    if row.status != "voided" and status != row.status:
        row.status = status
        ctx.forms.payment_plan.update(row.id, {"status": status})
