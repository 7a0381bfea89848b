"""Rules of customers: who owns them since when, and which contact stands for them.

A customer without an owner is in the pool (公海).
"""

from collections.abc import Mapping

from lowcode.api import Context, Record, _, hookimpl


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold the primary contact to the customer's own contacts; with contacts there must be one."""
    if original is None:
        refused = record.primary_contact is not None
        return {"primary_contact": _("新客户还没有联系人。请先保存客户，再新增联系人。")} if refused else None
    cleared = record.primary_contact is None and original.primary_contact is not None
    if cleared and ctx.forms.contact.exists(id=original.primary_contact):
        return {"primary_contact": _("客户有联系人时必须指定主联系人。请选择一位联系人。")}
    return None


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep the dates of ownership equal to the owner, whichever action changes it."""
    owner_before = original.owner if original is not None else None
    if original is not None and record.owner == owner_before:
        return
    if record.owner is None:
        record.prev_owner = owner_before
        record.owner_at = None
        record.pool_at = ctx.now
    else:
        record.owner_at = ctx.now
        record.pool_at = None
        record.pool_reason = None


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Mark the chosen contact as primary; the contact's own rule unmarks the one before."""
    contact_before = original.primary_contact if original is not None else None
    if record.primary_contact is None or record.primary_contact == contact_before:
        return
    contact = ctx.forms.contact.get(record.primary_contact)
    if not contact.is_primary:
        ctx.forms.contact.update(contact, {"is_primary": True})


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a customer that other records point to, and say which."""
    linked = []
    if ctx.forms.contact.exists(customer=record.id):
        linked.append(_("联系人"))
    if ctx.forms.quotation.exists(customer=record.id):
        linked.append(_("报价单"))
    if not linked:
        return None
    return _("删除客户失败，有关联{what}。请先删除这些记录。", what="、".join(linked))
