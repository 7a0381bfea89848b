"""Rules of contacts: every customer with contacts has exactly one primary contact."""

from collections.abc import Mapping
from typing import Any

from crm_plugin import merging
from lowcode.api import Context, Record, Result, _, hookimpl


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Refuse to unmark the primary contact unless another one is marked already, and to mark one of a foreign customer.

    The primary contact is the customer's, so only who may change the customer chooses it.
    """
    marked = original is not None and record.is_primary and not original.is_primary
    if marked and not ctx.forms.customer.may_edit(record.customer):
        return {"is_primary": _("您不能修改这个客户，所以不能更换它的主联系人。")}
    unmarked = original is not None and original.is_primary and not record.is_primary
    if unmarked and not _others(record, ctx):
        return {"is_primary": _("每个客户必须有一位主联系人。请改为把另一位联系人设为主联系人。")}
    return None


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Make a customer's first contact the primary one; one that comes back from the recycle bin displaces nobody."""
    if not _others(record, ctx):
        record.is_primary = True
    elif original is not None and original.deleted_at is not None:
        record.is_primary = False


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Unmark the primary contact before this one, and let the customer follow."""
    if not record.is_primary:
        return
    for other in _others(record, ctx):
        ctx.forms.contact.update(other, {"is_primary": False})
    customer = ctx.forms.customer.get(record.customer)
    changes: dict[str, object] = {}
    if customer.primary_contact != record.id:
        changes["primary_contact"] = record.id
    if not customer.mobile and record.mobile:
        changes["mobile"] = record.mobile
    if changes:
        ctx.forms.customer.update(customer, changes)


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a contact that other records point to, and the primary one while there are others."""
    if ctx.forms.quotation.exists(contact=record.id):
        return _("联系人“{name}”已用在报价单中，不能删除。请把状态改为“离职”。", name=record.name)
    if ctx.forms.contract.exists(sign_contact=record.id):
        return _("联系人“{name}”已用在合同中，不能删除。请把状态改为“离职”。", name=record.name)
    if ctx.forms.contact.exists(parent_contact=record.id):
        return _("联系人“{name}”是其他联系人的直属上级，不能删除。请先修改那些联系人的直属上级。", name=record.name)
    if record.is_primary and ctx.forms.contact.exists(customer=record.customer, id__ne=record.id):
        return _("“{name}”是主联系人，不能删除。请先把另一位联系人设为主联系人。", name=record.name)
    return None


@hookimpl
def after_delete(record: Record, ctx: Context) -> None:
    """Let the customer forget a primary contact that is gone."""
    for customer in ctx.forms.customer.find(primary_contact=record.id, limit=1):
        ctx.forms.customer.update(customer, {"primary_contact": None})


def _others(record: Record, ctx: Context) -> list[Record]:
    """Find the customer's primary contacts beside this one."""
    found = ctx.forms.contact.find(customer=record.customer, is_primary=True, limit=10)
    return [contact for contact in found if contact.id != record.id]


@hookimpl
def action_merge(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge a duplicate into another contact of the customer."""
    return merging.merge_contacts(record, params, ctx)
