"""Work by the clock."""

from datetime import datetime

from crm_plugin.recycling import Progress, recycle
from crm_plugin.reminders import Progress as Reminded
from crm_plugin.reminders import remind
from lowcode.api import Context, More, Refused, _, hookimpl

CHUNK = 200


@hookimpl
def job_expire_quotations(ctx: Context) -> str:
    """Move what nobody has answered before its last day to expired; whoever is faster than the job wins."""
    count = last = 0
    while found := ctx.forms.quotation.find(
        status__in=["approved", "sent"], valid_until__lt="$today", id__gt=last, limit=CHUNK
    ):
        for quotation in found:
            last = quotation.id
            try:
                ctx.forms.quotation.move(quotation, "expire")
            except Refused:
                continue
            count += 1
    return _("{count} 张报价单已到期失效。", count=count)


@hookimpl
def job_recycle_customers(ctx: Context, state: Progress | None, due_at: datetime) -> str | More:
    """Work on the pool, some hundred customers at a time."""
    return recycle(ctx, state, due_at)


@hookimpl
def job_remind_of_payments(ctx: Context, state: Reminded | None) -> str | More:
    """Remind of what is due, overdue or about to end, some hundred records at a time."""
    return remind(ctx, state)
