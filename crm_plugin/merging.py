"""Merging duplicate customers, contacts and leads: the host moves what points at them, this keeps the rules true."""

from collections.abc import Mapping
from typing import Any

from crm_plugin import lead_history, lead_states
from crm_plugin.following import MARKS
from lowcode.api import Context, Record, Refused, Result, _

CHUNK = 500
MOST_CONTACTS = 100_000
DEAL = ("deal_status", "deal_at")
WORKED_ON = ("pending", "in_progress")
"""The states of leads in which their owner stays with a merge."""


def merge_customers(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge a customer into another; its contacts go to the owner of that one, which keeps its primary contact."""
    target = _target("customer", params, ctx)
    contacts = ctx.forms.contact.find(customer=record.id, limit=MOST_CONTACTS)
    result = _merge("customer", record, target, ctx)
    for contact in contacts:
        changes: dict[str, Any] = {}
        if contact.is_primary and target.primary_contact is not None:
            changes["is_primary"] = False
        if contact.owner == record.owner != target.owner:
            changes["owner"] = target.owner
        if changes:
            ctx.forms.contact.update(contact.id, changes)
    _follow_object("customer", record, target, ctx)
    if record.deal_status and not target.deal_status:
        ctx.forms.customer.update(target.id, {name: getattr(record, name) for name in DEAL})
    return result


def merge_contacts(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge two contacts of one customer; the one that stays is the primary contact if either was."""
    target = _target("contact", params, ctx)
    if target.customer != record.customer:
        raise Refused(_("只能合并同一个客户的联系人，请选择这个客户的另一位联系人。"), code="other_customer")
    if record.is_primary and target.id != record.id:
        ctx.forms.contact.update(target, {"is_primary": True})
    return _merge("contact", record, target, ctx)


def merge_leads(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge a lead into another that is open, with its follow-ups; a target of nobody gets its owner and state."""
    target = _target("lead", params, ctx)
    result = _merge("lead", record, target, ctx)
    left = ctx.forms.lead.get(target.id)  # as it is under the locks of the merge
    if left.status not in lead_states.OPEN:
        sentence = _("线索“{name}”已转化或作废，不能合并到它。请选择另一条线索。", name=left.customer_name)
        raise Refused(sentence, code="target_closed", errors={"into": [sentence]})
    _follow_object("lead", record, left, ctx)
    if left.owner is None and record.status in WORKED_ON:
        lead_history.note(left, "transfer", None, record.owner, ctx)
        ctx.forms.lead.update(left.id, {"owner": record.owner, "status": record.status})
    return result


def _target(form: str, params: Mapping[str, Any], ctx: Context) -> Record:
    """Read the record to merge into, which the person has to be allowed to change too."""
    forms = getattr(ctx.forms, form)
    target: Record = forms.get(params["into"])
    if not forms.may_edit(target):
        raise Refused(_("您没有权限修改要合并到的记录，请选择另一条。"), code="out_of_scope")
    return target


def _merge(form: str, record: Record, target: Record, ctx: Context) -> Result:
    plan = getattr(ctx.forms, form).merge(record, target)
    names = (each.customer_name if form == "lead" else each.name for each in (record, target))
    source_name, target_name = names
    message = _("已把“{source}”合并到“{target}”。", source=source_name, target=target_name)
    return Result(message, open=(form, target.id), plan=plan)


def _follow_object(kind: str, record: Record, target: Record, ctx: Context) -> None:
    """Let follow-ups name the record they were made from by the one that is left, which shows the latest of both."""
    while found := ctx.forms.follow_up.find(object_type=kind, object_id=record.id, limit=CHUNK):
        for follow_up in found:
            ctx.forms.follow_up.update(follow_up, {"object_id": target.id})
    latest, target = record.last_follow_at, getattr(ctx.forms, kind).get(target.id, lock=True)
    if latest is not None and (target.last_follow_at is None or target.last_follow_at < latest):
        values = {name: getattr(record, name) for name in MARKS}
        getattr(ctx.forms, kind).update(target.id, values)
