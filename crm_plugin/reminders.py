"""Reminders of money and contracts: what is due, overdue, about to end, and retentions that become due.

The work is done in parts. Each message has an event of its own, so a part that is done again tells nobody twice, and
a day on which the job did not run is made up for on the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from crm_plugin.allocating import OPEN_STATES
from crm_plugin.planning import RETENTION
from lowcode.api import Context, More, Record, _

CHUNK = 200
RETENTION_DAYS = 30
EVERY = 3
"""What stays overdue is told on the first day and then every so many days."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the step, the last record looked at, and how many records were found."""

    step: int = 0
    last: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step looks for, and what it says of each record."""

    form: str
    condition: Callable[[Context], dict[str, Any]]
    tell: Callable[[Record, Mapping[int, str], Context], None]


def remind(ctx: Context, state: Progress | None) -> str | More:
    """Do the next part of a run."""
    progress = state or Progress()
    step = STEPS[progress.step]
    form = getattr(ctx.forms, step.form)
    records = form.find(id__gt=progress.last, limit=CHUNK, **step.condition(ctx))
    names = _names(records, ctx) if step.form == "payment_plan" else {}
    for record in records:
        step.tell(record, names, ctx)
    counted = replace(progress, found=progress.found + len(records))
    if len(records) == CHUNK:
        return More(_message(counted), replace(counted, last=records[-1].id))
    if progress.step + 1 < len(STEPS):
        return More(_message(counted), replace(counted, step=progress.step + 1, last=0))
    return _message(counted)


def _message(progress: Progress) -> str:
    return _("{count} 项回款、质保金或合同需要提醒。", count=progress.found)


def _names(rows: Sequence[Record], ctx: Context) -> dict[int, str]:
    ids = sorted({row.contract for row in rows})
    return {each.id: each.name for each in ctx.forms.contract.find(id__in=ids, limit=len(ids))} if ids else {}


def _due(ctx: Context) -> dict[str, Any]:
    return {"status__in": list(OPEN_STATES), "remind_at__lte": ctx.today, "due_date__gte": ctx.today}


def _overdue(ctx: Context) -> dict[str, Any]:
    return {"status__in": list(OPEN_STATES), "due_date__lt": ctx.today}


def _retention(ctx: Context) -> dict[str, Any]:
    last = ctx.today + timedelta(days=RETENTION_DAYS)
    period = {"due_date__gte": ctx.today, "due_date__lte": last}
    return {"status__in": list(OPEN_STATES), "stage": RETENTION, **period}


def _expiring(ctx: Context) -> dict[str, Any]:
    last = ctx.today + timedelta(days=ctx.settings["contract_remind_days"] or 0)
    return {"status__in": ["effective", "executing"], "end_date__gte": ctx.today, "end_date__lte": last}


def _tell_due(row: Record, names: Mapping[int, str], ctx: Context) -> None:
    ctx.notify(
        _owner(row),
        "payment_due",
        "{contract} 第{number}期回款 {amount} 元将于 {day} 到期。",
        record=row,
        event=f"due:{row.due_date}",
        **_values(row, names),
    )


def _tell_overdue(row: Record, names: Mapping[int, str], ctx: Context) -> None:
    days = (ctx.today - row.due_date).days
    ctx.notify(
        _everybody(row, ctx),
        "payment_overdue",
        "{contract} 第{number}期回款 {amount} 元已于 {day} 到期，已逾期 {days} 天。",
        record=row,
        event=f"overdue:{row.due_date}:{(days - 1) // EVERY}",
        days=days,
        **_values(row, names),
    )


def _tell_retention(row: Record, names: Mapping[int, str], ctx: Context) -> None:
    ctx.notify(
        [*_owner(row), *ctx.users.with_role("finance")],
        "retention_due",
        "{contract} 的质保金 {amount} 元将于 {day} 到期。",
        record=row,
        event=f"retention:{row.due_date}",
        **_values(row, names),
    )


def _tell_expiring(contract: Record, names: Mapping[int, str], ctx: Context) -> None:
    ctx.notify(
        _owner(contract),
        "contract_expiring",
        "合同 {number}（{contract}）将于 {day} 到期。",
        record=contract,
        event=f"expiring:{contract.end_date}",
        contract=contract.name,
        number=contract.number,
        day=_day(contract.end_date),
    )


def _everybody(row: Record, ctx: Context) -> list[int]:
    """Give the salesperson, the nearest head over them, and finance, each once."""
    heads = ctx.users.heads_over(row.owner)[:1] if row.owner else []
    return list(dict.fromkeys([*_owner(row), *heads, *ctx.users.with_role("finance")]))


def _owner(record: Record) -> list[int]:
    return [record.owner] if record.owner else []


def _values(row: Record, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "contract": names.get(row.contract, ""),
        "number": row.period_no,
        "amount": f"{row.outstanding:,.2f}",
        "day": _day(row.due_date),
    }


def _day(day: date) -> str:
    return day.isoformat()


STEPS = (
    Step("payment_plan", _due, _tell_due),
    Step("payment_plan", _overdue, _tell_overdue),
    Step("payment_plan", _retention, _tell_retention),
    Step("contract", _expiring, _tell_expiring),
)
