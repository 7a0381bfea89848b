"""What is overdue, as of any day: by customer, by salesperson and by row of the plan.

On a day count the rows that were in force then, less what had been allocated to them by then. Rows that a change or
an end of the contract voids leave on that day and take their allocations along, so that the past stays as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin.allocating import NAMED, OPEN_STATES, ZERO, by_ids
from lowcode.api import Context, Record, Total, _, hookimpl

NOT_DUE = "not_due"
GROUPED = ("customer", "owner")
MOST_GROUPS = 200
MOST_ROWS = 200

Params = Mapping[str, Any]
Key = tuple[int, int]
Amounts = dict[str, Decimal]


@hookimpl
def panel_ageing(params: Params, ctx: Context) -> Mapping[str, Any]:
    """Add up what was open on a day by how long it had been overdue."""
    on = params.get("on") or ctx.today
    whose = _whose(params, ctx)
    groups = outstanding(on, whose, ctx)
    rows, is_whole = _rows(on, whose, ctx)
    customers, owners = (_added(groups, position) for position in (0, 1))
    names = _titles("customer", _largest(customers), ctx)
    people = ctx.users.names(owners)
    labels = ctx.dictionary("ageing")
    total = _sum(groups.values())
    return {
        "on": on.isoformat(),
        "total": _shown(total, ctx),
        "buckets": [{"label": _(item.label), "amount": f"{total[code]:.2f}"} for code, item in labels.items()],
        "by_customer": [{"customer": names[key]} | _shown(customers[key], ctx) for key in _largest(customers)],
        "by_owner": [
            {"owner": {"id": key, "title": people.get(key, "")}} | _shown(owners[key], ctx) for key in _largest(owners)
        ],
        "rows": [_row(row, amount, on, ctx) for row, amount in _with_titles(rows, ctx)],
        "customers": len(customers),
        "truncated": not is_whole,
    }


def bucket_of(days: int, ctx: Context) -> str:
    """Give the bucket of a row so many days after its due date; the first overdue day is the one after it."""
    for code, item in ctx.dictionary("ageing").items():
        first, last = item.attributes.get("first"), item.attributes.get("last")
        if first is not None and first <= days and (last is None or days <= last):
            return code
    return NOT_DUE


def outstanding(on: date, whose: Params, ctx: Context) -> dict[Key, Amounts]:
    """Add up what was open on a day, in yuan, by customer, owner and bucket; one query of sums for each bucket."""
    found: dict[Key, Amounts] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for code, days in _ranges(on, ctx).items():
        for total, sign in _totals(on, {**whose, **days}, ctx):
            (amount,) = total.sums.values()
            if amount:
                found[total.keys["customer"], total.keys["owner"]][code] += sign * amount
    return {key: amounts for key, amounts in found.items() if any(amounts.values())}


def _totals(on: date, condition: Params, ctx: Context) -> Iterable[tuple[Total, int]]:
    """Give sums of what was planned and what had come in. As things stand, the stored differences say it."""
    in_force = {"effective_on__lte": on, **condition}
    plan, paid = ctx.forms.payment_plan, ctx.forms.payment_allocation
    if on >= ctx.today:
        states = list(OPEN_STATES)
        yield from ((each, 1) for each in plan.totals(by=GROUPED, sum=("outstanding",), status__in=states, **in_force))
        return
    for left in ({"voided_on__isnull": True}, {"voided_on__gt": on}):
        yield from ((each, 1) for each in plan.totals(by=GROUPED, sum=("plan_amount",), **in_force, **left))
    yield from ((each, -1) for each in paid.totals(by=GROUPED, sum=("amount",), allocated_on__lte=on, **condition))


def _ranges(on: date, ctx: Context) -> dict[str, dict[str, date]]:
    """Give the due dates of each bucket."""
    ranges = {}
    for code, item in ctx.dictionary("ageing").items():
        first, last = item.attributes.get("first"), item.attributes.get("last")
        ranges[code] = {"due_date__lte": on - timedelta(days=first)} if first is not None else {"due_date__gte": on}
        if last is not None:
            ranges[code]["due_date__gte"] = on - timedelta(days=last)
    return ranges


def _whose(params: Params, ctx: Context) -> dict[str, Any]:
    """Narrow to a customer, a salesperson, and a department with those below it."""
    condition = {name: params[name] for name in ("customer", "owner") if params.get(name) is not None}
    if params.get("department") is not None:
        condition["department__in"] = ctx.users.departments_below(params["department"])
    return condition


def _rows(on: date, whose: Params, ctx: Context) -> tuple[list[tuple[Record, Decimal]], bool]:
    """Give the rows that were open on a day, whatever was due first in front, and whether these are all."""
    in_force = {"effective_on__lte": on, "order_by": "due_date", **whose}
    if on >= ctx.today:
        rows = ctx.forms.payment_plan.find(status__in=list(OPEN_STATES), limit=MOST_ROWS + 1, **in_force)
        return [(row, row.outstanding) for row in rows[:MOST_ROWS]], len(rows) <= MOST_ROWS
    found, horizon = _candidates(on, whose, ctx)
    rows_then = sorted(_open_on(on, found, ctx), key=lambda each: (each[0].due_date, each[0].id))
    shown = [each for each in rows_then if horizon is None or each[0].due_date <= horizon]
    return shown[:MOST_ROWS], horizon is None and len(shown) <= MOST_ROWS


def _candidates(on: date, whose: Params, ctx: Context) -> tuple[list[Record], date | None]:
    """Give the rows that may have been open on a day in the past, and up to which due date these are all.

    What was open then is open still, has been paid since, or has been voided since.
    """
    first: dict[str, Any] = {"order_by": "due_date", "limit": NAMED, **whose}
    plan = ctx.forms.payment_plan
    still = plan.find(status__in=list(OPEN_STATES), effective_on__lte=on, **first)
    voided = plan.find(voided_on__gt=on, effective_on__lte=on, **first)
    booked = ctx.forms.payment_allocation.find(allocated_on__gt=on, **first)
    paid = by_ids(plan, (each.plan for each in booked), effective_on__lte=on)
    ends = [found[-1].due_date for found in (still, voided, booked) if len(found) == NAMED]
    rows = {row.id: row for row in (*still, *voided, *paid.values())}
    return list(rows.values()), min(ends, default=None)


def _open_on(on: date, rows: Iterable[Record], ctx: Context) -> Iterable[tuple[Record, Decimal]]:
    live = [row for row in rows if row.voided_on is None or row.voided_on > on]
    amounts: dict[int, Decimal] = {}
    for start in range(0, len(live), NAMED):
        ids = [row.id for row in live[start : start + NAMED]]
        paid = ctx.forms.payment_allocation.totals(by=("plan",), sum=("amount",), plan__in=ids, allocated_on__lte=on)
        amounts |= {each.keys["plan"]: each.sums["amount"] for each in paid}
    for row in live:
        if (amount := row.plan_amount - amounts.get(row.id, ZERO)) > 0:
            yield row, amount


def _with_titles(rows: list[tuple[Record, Decimal]], ctx: Context) -> list[tuple[Mapping[str, Any], Decimal]]:
    contracts = _titles("contract", {row.contract for row, _amount in rows}, ctx)
    customers = _titles("customer", {row.customer for row, _amount in rows}, ctx)
    people = ctx.users.names({row.owner for row, _amount in rows if row.owner})
    return [
        (
            {
                "contract": contracts[row.contract],
                "customer": customers[row.customer],
                "owner": {"id": row.owner, "title": people.get(row.owner, "")},
                "period_no": row.period_no,
                "stage": row.stage,
                "plan_amount": row.plan_amount,
                "due_date": row.due_date,
            },
            amount,
        )
        for row, amount in rows
    ]


def _row(row: Mapping[str, Any], amount: Decimal, on: date, ctx: Context) -> dict[str, Any]:
    days = (on - row["due_date"]).days
    stage, bucket = ctx.dictionary("payment_stage").get(row["stage"]), ctx.dictionary("ageing")[bucket_of(days, ctx)]
    return {
        **row,
        "stage": _(stage.label) if stage else row["stage"],
        "plan_amount": f"{row['plan_amount']:.2f}",
        "due_date": row["due_date"].isoformat(),
        "outstanding": f"{amount:.2f}",
        "overdue_days": max(days, 0),
        "ageing": _(bucket.label),
    }


def _titles(form: str, ids: Iterable[int], ctx: Context) -> dict[int, dict[str, Any]]:
    """Name records of a form, as far as the person may see them."""
    wanted = sorted(set(ids))
    found = by_ids(getattr(ctx.forms, form), wanted)
    names = {key: record.name for key, record in found.items()}
    return {key: {"form": form, "id": key, "title": names.get(key, f"#{key}")} for key in wanted}


def _added(groups: Mapping[Key, Amounts], position: int) -> dict[int, Amounts]:
    parts: dict[int, list[Amounts]] = defaultdict(list)
    for key, amounts in groups.items():
        parts[key[position]].append(amounts)
    return {key: _sum(found) for key, found in parts.items()}


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    total: Amounts = defaultdict(lambda: ZERO)
    for each in amounts:
        for code, amount in each.items():
            total[code] += amount
    return total


def _largest(groups: Mapping[int, Amounts]) -> list[int]:
    """Give whoever owes most overdue in front."""
    overdue = {key: sum(amounts.values()) - amounts[NOT_DUE] for key, amounts in groups.items()}
    order = sorted(groups, key=lambda key: (-overdue[key], -groups[key][NOT_DUE], key))
    return order[:MOST_GROUPS]


def _shown(amounts: Amounts, ctx: Context) -> dict[str, str]:
    """Write the buckets, what is overdue and the sum as the API writes amounts."""
    whole = sum(amounts.values(), ZERO)
    buckets = {code: f"{amounts[code]:.2f}" for code in ctx.dictionary("ageing")}
    return buckets | {"overdue": f"{whole - amounts[NOT_DUE]:.2f}", "outstanding": f"{whole:.2f}"}
