"""Rules of items."""

from collections.abc import Mapping
from typing import Any

from lowcode.api import Context, Record, Refused, Result, _, hookimpl


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep what was ever lent; taking it off the shelf ends its lending."""
    if ctx.forms.loan.exists(lines__item=record.id):
        return _("“{title}”已有借阅记录，不能删除。请改为下架。", title=record.title)
    return None


@hookimpl
def action_take(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Let whoever acts keep the item."""
    ctx.forms.item.update(record, {"keeper": ctx.user.id})
    return Result(_("您现在是“{title}”的保管人。", title=record.title))


@hookimpl
def action_move(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Move an item to another open place; what is lent stands nowhere."""
    if record.is_lent:
        raise Refused(_("“{title}”已借出，归还后才能换位置。", title=record.title), code="lent")
    ctx.forms.item.update(record, {"place": params["place"]})
    return Result(_("已换位置。"))


@hookimpl
def action_lock_away(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Lock an item away."""
    ctx.forms.item.update(record, {"place": "vault"})
    return Result(_("已锁入保险库。"))
