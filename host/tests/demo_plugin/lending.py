"""The figures of lending, for what is chosen on their page."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Record, hookimpl


@hookimpl
def panel_lending(ctx: Context, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the loans that are due by a day, and what a month brings in."""
    narrowed = {"clerk": params["clerk"]} if params["clerk"] else {}
    narrowed |= {"status": "lent"} if params["is_out"] else {}
    loans = ctx.forms.loan.find(order_by="due_on", **narrowed)
    months = sorted({f"{loan.due_on:%Y-%m}" for loan in loans})
    limit = params["deposit_limit"]
    return {
        "loans": [_lent(loan, params["on"], limit) for loan in loans],
        "months": [
            {"month": month, "deposits": sum(_deposits(loans, month)), "count": len(_deposits(loans, month))}
            for month in months
        ],
        "longest": params["loan_days"],
    }


def _lent(loan: Record, on: date, limit: Decimal | None) -> dict[str, Any]:
    is_dear = limit is not None and loan.total_deposit > limit
    return {
        "loan": {"form": "loan", "id": loan.id, "title": loan.subject},
        "deposit": loan.total_deposit,
        "due_on": loan.due_on,
        "late": loan.due_on < on,
        "grade": "dear" if is_dear else "usual",
    }


def _deposits(loans: Iterable[Record], month: str) -> list[Decimal]:
    return [loan.total_deposit for loan in loans if f"{loan.due_on:%Y-%m}" == month]
