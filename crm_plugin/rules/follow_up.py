"""Rules of follow-ups: when people talked and will talk again, and who may still correct what was said."""

from collections.abc import Mapping

from crm_plugin.following import CLOCKS_DIFFER, refresh
from lowcode.api import Context, Form, Record, Where, _, hookimpl

SHOWN = ("contact_at", "content")
"""What the object of a follow-up shows of its latest one."""

MANAGING = frozenset({"manager", "admin"})


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the times against the clock and each other, and the contact against the customer."""
    faults = {}
    if record.contact_at and record.contact_at > ctx.now + CLOCKS_DIFFER:
        faults["contact_at"] = _("联系日期不能晚于现在。还没有发生的联系请填写“下次联系时间”。")
    if record.end_at and record.contact_at and record.end_at < record.contact_at:
        faults["end_at"] = _("结束日期不能早于联系日期。")
    planned_anew = original is None or record.next_contact_at != original.next_contact_at
    is_copy = record.origin is not None
    if planned_anew and not is_copy and record.next_contact_at and record.next_contact_at <= ctx.now:
        faults["next_contact_at"] = _("下次联系时间必须晚于现在。")
    is_foreign = record.contact is not None and not ctx.forms.contact.exists(
        id=record.contact, customer=record.customer
    )
    if is_foreign and original is None:
        faults["contact"] = _("联系人不属于这个客户。请选择这个客户的联系人。")
    return faults


@hookimpl
def row_scope(form: Form, access: str, ctx: Context) -> Where | None:
    """Let people correct a follow-up on the day they wrote it, administrators any time."""
    return {"created_at__gte": "$today"} if access == "edit" and not ctx.user.is_admin else None


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Let only the owner of what was followed delete, beside managers and administrators."""
    if not ctx.user.id or ctx.user.roles & MANAGING:
        return None
    found = getattr(ctx.forms, record.object_type).find(id=record.object_id, limit=1) if record.object_type else []
    if any(each.owner == ctx.user.id for each in found):
        return None
    return _("只有跟进对象的负责人可以删除跟进记录。请联系负责人。")


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let the object show a corrected follow-up, or one that came back from the recycle bin."""
    if original is None:
        return
    restored = original.deleted_at is not None
    if restored or any(getattr(record, name) != getattr(original, name) for name in SHOWN):
        refresh(record, ctx)


@hookimpl
def after_delete(record: Record, ctx: Context) -> None:
    """Let the object show the follow-up before."""
    refresh(record, ctx)
