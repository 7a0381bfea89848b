"""Rules of members."""

from lowcode.api import Context, Record, _, hookimpl


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a member with loans."""
    if ctx.forms.loan.exists(member=record.id):
        return _("“{name}”还有借阅单，不能删除。请改为停用。", name=record.name)
    return None
