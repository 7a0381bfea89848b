"""Pages of figures."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin.stages import LOST, OPEN, WON
from lowcode.api import Context, _, hookimpl, round_half_up

MONTHS = 12
ZERO = Decimal(0)
MONTH = "expected_close_date:month"
Params = Mapping[str, Any]


@hookimpl
def panel_funnel(params: Params, ctx: Context) -> Mapping[str, Any]:
    """Count and add up opportunities by stage, and tell how many of those decided were won."""
    condition = _whose(params, ctx) | _created(params, ctx)
    sums = ("expected_amount", "weighted_amount")
    found = {each.keys["stage"]: each for each in ctx.forms.opportunity.totals(by=("stage",), sum=sums, **condition)}
    rows, ongoing = [], []
    for code, item in ctx.dictionary("opp_stage").items():
        total = found.get(code)
        count, amount, weighted = (total.count, *(total.sums[name] for name in sums)) if total else (0, ZERO, ZERO)
        row = {"stage": code, "label": _(item.label), "count": count, "amount": amount, "weighted": weighted}
        rows.append(row)
        if item.attributes.get("kind") == OPEN:
            ongoing.append(row)
    won, lost = ([row for row in rows if row["stage"] == code] for code in (WON, LOST))
    return {
        "stages": [_shown(row) for row in rows],
        "open": _added(ongoing, "amount", "weighted"),
        "won": _added(won, "amount"),
        "lost": _added(lost, "amount"),
        "total": _added(rows, "amount"),
        "win_rate": _rate(_count(won), _count(won) + _count(lost)),
    }


@hookimpl
def panel_forecast(params: Params, ctx: Context) -> Mapping[str, Any]:
    """Add up what twelve months should bring, by the expected day of closing and by salesperson.

    What is won counts whole, what is lost or was none is left out, the rest counts by its probability.
    """
    months = _months(params.get("month_from") or ctx.today)
    period = {
        "expected_close_date__gte": _first_day(months[0]),
        "expected_close_date__lt": _first_day(_next(months[-1])),
    }
    sums = ("expected_amount", "weighted_amount")
    found = ctx.forms.opportunity.totals(
        by=(MONTH, "owner", "stage"), sum=sums, **_whose(params, ctx), **period, stage__in=_expected(ctx)
    )
    rows = [
        {
            "month": each.keys[MONTH],
            "owner": each.keys["owner"],
            "count": each.count,
            "amount": each.sums["expected_amount"],
            "weighted": each.sums["weighted_amount"],
            "won": each.sums["expected_amount"] if each.keys["stage"] == WON else ZERO,
        }
        for each in found
    ]
    figures = ("amount", "weighted", "won")
    owners = ctx.users.names(row["owner"] for row in rows)
    by_owner = [
        {"owner": {"id": key, "title": name}} | _added([row for row in rows if row["owner"] == key], *figures)
        for key, name in sorted(owners.items(), key=lambda each: (each[1], each[0]))
    ]
    by_month = [{"month": month} | _added([row for row in rows if row["month"] == month], *figures) for month in months]
    return {"months": by_month, "total": _added(rows, *figures), "by_owner": by_owner}


def _whose(params: Params, ctx: Context) -> dict[str, Any]:
    """Narrow to one salesperson, and to a department with those below it."""
    condition: dict[str, Any] = {}
    if params.get("owner") is not None:
        condition["owner"] = params["owner"]
    if params.get("department") is not None:
        condition["owner_department__in"] = ctx.users.departments_below(params["department"])
    return condition


def _created(params: Params, ctx: Context) -> dict[str, datetime]:
    """Narrow to the business days between which opportunities were created, both included."""
    first, last = params.get("created_from"), params.get("created_to")
    condition = {}
    if first is not None:
        condition["created_at__gte"] = datetime.combine(first, time(), ctx.time_zone)
    if last is not None:
        condition["created_at__lt"] = datetime.combine(last + timedelta(days=1), time(), ctx.time_zone)
    return condition


def _expected(ctx: Context) -> list[str]:
    """Name the stages that a forecast counts."""
    items = ctx.dictionary("opp_stage").items()
    return [code for code, item in items if code == WON or item.attributes.get("kind") == OPEN]


def _months(start: date) -> list[str]:
    """Name the twelve months from that of a day on, as `2026-11`."""
    months = [f"{start:%Y-%m}"]
    while len(months) < MONTHS:
        months.append(_next(months[-1]))
    return months


def _next(month: str) -> str:
    """Name the month after."""
    return f"{_first_day(month) + timedelta(days=31):%Y-%m}"


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _count(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(row["count"] for row in rows)


def _added(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[str, Any]:
    """Add up rows: how many, and each of the amounts with two places."""
    kept = list(rows)
    return _shown({"count": _count(kept), **{name: sum((row[name] for row in kept), ZERO) for name in names}})


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write amounts as the API does."""
    return {name: f"{value:.2f}" if isinstance(value, Decimal) else value for name, value in row.items()}


def _rate(part: int, whole: int) -> str | None:
    """Give a percentage with two places; of nothing there is none."""
    return f"{round_half_up(Decimal(100 * part) / whole):.2f}" if whole else None
