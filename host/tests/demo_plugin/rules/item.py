"""Rules of items."""

from lowcode.api import Context, Record, _, hookimpl


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep what was ever lent; taking it off the shelf ends its lending."""
    if ctx.forms.loan.exists(lines__item=record.id):
        return _("“{title}”已有借阅记录，不能删除。请改为下架。", title=record.title)
    return None
