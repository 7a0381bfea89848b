"""Payment plans: when which part of a contract is due.

Where nobody has made a plan, a contract gets one when it takes effect: the prepayment, the balance and the retention.
Prepayment and retention are percentages of the total, rounded half-up; the balance takes the remainder, so that the
plan adds up to the total. 99,999.99 at 30/65/5 is 30,000.00 + 64,999.99 + 5,000.00.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin import allocating
from crm_plugin.allocating import MANY, ZERO
from lowcode.api import Context, Record, _, round_half_up

HUNDRED = Decimal(100)
PREPAYMENT, BALANCE, RETENTION = "prepay", "delivery", "retention"
DRAFT_STATES = ("draft", "rejected", "withdrawn")
"""The states of a contract in which people may change its plan."""

Values = Mapping[str, Any]


def live_rows(contract_id: int, ctx: Context) -> list[Record]:
    """Give the rows of a contract's plan that are not voided, whatever is due first in front."""
    found = ctx.forms.payment_plan.find(contract=contract_id, status__ne="voided", limit=MANY)
    return sorted(found, key=lambda row: (row.due_date, row.id))


def sum_fault(contract: Record, ctx: Context) -> str | None:
    """Tell what is wrong when the plan does not add up to the total of the contract; no plan at all is fine."""
    rows = live_rows(contract.id, ctx)
    total = _sum(rows)
    if not rows or total == contract.total_amount:
        return None
    return _(
        "回款计划合计 {planned} 元，与合同总金额 {total} 元不符。请修改，或全部删除，由系统按预付和质保比例生成。",
        planned=f"{total:,.2f}",
        total=f"{contract.total_amount:,.2f}",
    )


def activate(contract: Record, ctx: Context) -> None:
    """Make the default plan where there is none, and let its rows wait for money."""
    day = contract.effective_on or contract.sign_date or ctx.today
    rows = live_rows(contract.id, ctx)
    for row in rows:
        ctx.forms.payment_plan.update(row, {"status": "open", "effective_on": day})
    if not rows:
        for values in default_rows(contract, ctx):
            _make(contract, values, day, ctx)


def replan(contract: Record, ctx: Context) -> None:
    """Bring the plan into line with a changed contract, without losing what was allocated.

    Rows that stay as they are are kept; the others are voided today and new ones made, so that what was open on any
    day before stays true. A plan that people made keeps its days: more money is a row of its own, less is taken off
    what is due last, the retention at the very end.
    """
    rows = live_rows(contract.id, ctx)
    wanted = default_rows(contract, ctx) if all(row.automatic for row in rows) else _adjusted(contract, rows, ctx)
    gone = []
    for row in rows:
        match = next((each for each in wanted if _is_same(row, each)), None)
        if match is None:
            gone.append(row)
        else:
            wanted.remove(match)
    freed = [part for row in gone for part in _void(row, ctx)]
    for values in wanted:
        _make(contract, values, max(ctx.today, contract.effective_on or ctx.today), ctx)
    allocating.allocate_anew(freed, contract.id, ctx)


def void_open(contract: Record, ctx: Context) -> None:
    """Void the rows that no money has come in for, when a contract ends; the others may still be paid."""
    for row in ctx.forms.payment_plan.find(contract=contract.id, status__in=["waiting", "open"], limit=MANY):
        _void(row, ctx)


def shares(total: Decimal, prepay_ratio: Decimal, retention_ratio: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Divide a total into prepayment, balance and retention, in yuan; together they are the total to the cent.

    Where both percentages make up all of it, the retention gives way for a cent rather than the balance fall below 0.
    """
    prepayment = round_half_up(total * prepay_ratio / HUNDRED)
    retention = min(round_half_up(total * retention_ratio / HUNDRED), total - prepayment)
    return prepayment, total - prepayment - retention, retention


def default_rows(contract: Record, ctx: Context) -> list[Values]:
    """Give the rows of a plan that nobody has made; those of nothing are left out."""
    ratios = contract.prepay_ratio or ZERO, contract.retention_ratio or ZERO
    prepayment, balance, retention = shares(contract.total_amount, *ratios)
    signed = contract.sign_date or contract.effective_on or ctx.today
    paid = (contract.delivery_date or signed) + timedelta(days=contract.credit_days or 0)
    rows = (
        (PREPAYMENT, "signed", ratios[0], prepayment, signed),
        (BALANCE, "delivered", HUNDRED - ratios[0] - ratios[1], balance, paid),
        (RETENTION, "warranty", ratios[1], retention, warranty_end(contract) or paid),
    )
    return [
        {
            "stage": stage,
            "due_rule": rule,
            "percent": percent,
            "plan_amount": amount,
            "due_date": day,
            "automatic": True,
        }
        for stage, rule, percent, amount, day in rows
        if amount > 0
    ]


def warranty_end(contract: Record) -> date | None:
    """Give the day on which the warranty ends: as agreed, or so many months after the delivery."""
    agreed: date | None = contract.warranty_end_date
    return agreed or warranty_by_months(contract)


def warranty_by_months(contract: Record) -> date | None:
    """Give the day that lies as many months after the delivery as the warranty lasts."""
    if contract.delivery_date is None or not contract.warranty_months:
        return None
    day: date = contract.delivery_date
    years, month = divmod(day.month - 1 + contract.warranty_months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def percent_of(amount: Decimal, total: Decimal | None) -> Decimal | None:
    """Give how many percent of a contract an amount is, with two places."""
    return round_half_up(amount * HUNDRED / total) if total else None


def follow_owner(contract: Record, ctx: Context) -> None:
    """Let the plan and what was paid off of it belong to the contract's owner, for figures by salesperson."""
    values = {"owner": contract.owner, "department": contract.owner_department}
    for form in (ctx.forms.payment_plan, ctx.forms.payment_allocation):
        for record in form.find(contract=contract.id, limit=MANY):
            form.update(record, values)


def _adjusted(contract: Record, rows: Sequence[Record], ctx: Context) -> list[Values]:
    """Give the rows of a plan that people made, with more or less money in all."""
    amounts = {row.id: row.plan_amount for row in rows}
    difference = contract.total_amount - _sum(rows)
    for row in sorted(rows, key=lambda each: (each.stage != RETENTION, each.due_date, each.id), reverse=True):
        taken = min(amounts[row.id], max(-difference, ZERO))
        amounts[row.id] -= taken
        difference += taken
    kept = ("stage", "due_rule", "due_date", "method", "remind_days", "remark")
    wanted: list[Values] = [
        {name: getattr(row, name) for name in kept}
        | {"plan_amount": amounts[row.id], "percent": percent_of(amounts[row.id], contract.total_amount)}
        for row in rows
        if amounts[row.id] > 0
    ]
    if difference > 0:
        day = max((contract.delivery_date or ctx.today) + timedelta(days=contract.credit_days or 0), ctx.today)
        percent = percent_of(difference, contract.total_amount)
        wanted.append({"stage": "other", "plan_amount": difference, "percent": percent, "due_date": day})
    return wanted


def _is_same(row: Record, values: Values) -> bool:
    return all(getattr(row, name) == values[name] for name in ("stage", "plan_amount", "due_date"))


def _void(row: Record, ctx: Context) -> list[allocating.Part]:
    """Void a row from today on, or from its first day; give the payments that had paid off some of it."""
    row.status = "voided"
    voided_on = max(ctx.today, row.effective_on or ctx.today)
    ctx.forms.payment_plan.update(row.id, {"status": "voided", "voided_on": voided_on})
    return allocating.take_back(row, ctx)


def _make(contract: Record, values: Values, day: date, ctx: Context) -> None:
    in_force = {"contract": contract.id, "status": "open", "effective_on": day}
    ctx.forms.payment_plan.create({"method": contract.payment_method, **values, **in_force})


def _sum(rows: Sequence[Record]) -> Decimal:
    return sum((row.plan_amount for row in rows), ZERO)
