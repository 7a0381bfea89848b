"""What concerns the library as a whole: the desk's figures and the daily round."""

from collections.abc import Mapping
from typing import Any

from lowcode.api import Context, More, _, hookimpl


@hookimpl
def panel_desk(ctx: Context) -> Mapping[str, Any]:
    """Count what is out and what is late."""
    return {
        "lent": ctx.forms.loan.count(status="lent"),
        "late": ctx.forms.loan.count(status="lent", due_on__lt="$today"),
        "deposits": sum(loan.total_deposit for loan in ctx.forms.loan.find(status="lent")),
    }


@hookimpl
def job_remind(ctx: Context, state: int | None) -> str | More:
    """Mark what is late and was not marked before, and tell whoever lent it, a hundred loans at a time."""
    late = ctx.forms.loan.find(status="lent", due_on__lt="$today", is_late=False, limit=100)
    for loan in late:
        ctx.forms.loan.update(loan, {"is_late": True})
        if loan.created_by:
            ctx.notify([loan.created_by], "late", "借阅单 {number} 已逾期。", loan, number=loan.number)
    count = (state or 0) + len(late)
    return More(_("{count} 张借阅单逾期。", count=count), count) if late else _("{count} 张借阅单逾期。", count=count)
