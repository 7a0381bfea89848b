"""Taking a conversion back: what it made goes to the recycle bin, unless something has grown on it since."""

from collections.abc import Mapping

from crm_plugin import lead_states
from lowcode.api import Context, Record, Refused, Result, _

MOST = 100_000
CHUNK = 500
FORGOTTEN: Mapping[str, None] = dict.fromkeys(("customer", "contact", "opportunity", "converted_at"))


def undo(lead: Record, ctx: Context) -> Result:
    """Bring a converted lead back to work. Raises Refused and says what is in the way."""
    status = lead_states.after("undo_conversion", lead.status)
    if status is None:
        raise Refused(_("线索还没有转化，没有可以撤销的。"), code="not_allowed_now")
    customer, opportunity, contact = (_made(lead, name, ctx) for name in ("customer", "opportunity", "contact"))
    _refuse_moved_on(lead, customer, opportunity, ctx)
    _refuse_children(lead, customer, contact, opportunity, ctx)
    ctx.forms.lead.update(lead, {"status": status, "is_converted": False, **FORGOTTEN})
    if opportunity is not None:
        ctx.forms.opportunity.delete(opportunity)
    _delete_copies(lead, ctx)
    if contact is not None:
        ctx.forms.contact.delete(contact)
    if customer is not None:
        ctx.forms.customer.delete(customer)
    return Result(_("线索“{name}”的转化已撤销，恢复为跟进中。", name=lead.customer_name), open=("lead", lead.id))


def _made(lead: Record, name: str, ctx: Context) -> Record | None:
    """Lock what a conversion made or used, and give what it made; what stood before it is left alone.

    What was merged since names the lead too, but is older or younger than the conversion. The customer is locked
    first, as by everybody else: also what is deleted from one that stays is counted there.
    """
    record_id = getattr(lead, name)
    form = getattr(ctx.forms, name)
    if record_id is None or not form.exists(id=record_id):
        return None
    record: Record = form.update(record_id, {})  # changes nothing: locks it and reads it as it is now
    return record if record.lead == lead.id and record.created_at == lead.converted_at else None


def _refuse_moved_on(lead: Record, customer: Record | None, opportunity: Record | None, ctx: Context) -> None:
    """Refuse while somebody has gone on working with what is to go, and say what was done."""
    owner = _owner_at_conversion(lead, ctx)
    found: list[str] = []
    if opportunity is not None:
        is_closed, is_given = opportunity.closed_at is not None, opportunity.owner != owner
        found += _there({_("销售机会已结束"): is_closed, _("销售机会已换负责人"): is_given})
    if customer is not None:
        is_locked = bool(customer.is_locked) and customer.lock_until >= ctx.today
        found += _there({_("客户已换负责人"): customer.owner != owner, _("客户已锁定"): is_locked})
    if found:
        what = "、".join(found)
        sentence = _("转化后{what}，不能撤销。请先重新打开机会、转移给原负责人或解锁客户。", what=what)
        raise Refused(sentence, code="moved_on")


def _owner_at_conversion(lead: Record, ctx: Context) -> int | None:
    """Give whom the lead belonged to when it was converted; a hand-over may have moved it since."""
    changes = ctx.forms.owner_history.find(lead=lead.id, at__lte=lead.converted_at, order_by="-id", limit=1)
    owner: int | None = changes[0].new_owner if changes else lead.owner
    return owner


def _refuse_children(
    lead: Record, customer: Record | None, contact: Record | None, opportunity: Record | None, ctx: Context
) -> None:
    """Refuse while other records hang on what is to go, and say which kinds."""
    found: list[str] = []
    if opportunity is not None:
        found += _of_opportunity(opportunity, ctx)
    if contact is not None:
        found += _of_contact(lead, contact, ctx)
    if customer is not None:
        found += _of_customer(lead, customer, ctx)
    if found:
        what = "、".join(dict.fromkeys(found))
        raise Refused(_("转化后已有{what}，不能撤销。请先删除或转移这些记录。", what=what), code="has_children")


def _of_opportunity(opportunity: Record, ctx: Context) -> list[str]:
    return _there(
        {
            _("报价单"): ctx.forms.quotation.exists(opportunity=opportunity.id),
            _("销售合同"): ctx.forms.contract.exists(opportunity=opportunity.id),
            _("跟进记录"): ctx.forms.follow_up.exists(opportunity=opportunity.id),
        }
    )


def _of_contact(lead: Record, contact: Record, ctx: Context) -> list[str]:
    others = {} if lead.opportunity is None else {"id__ne": lead.opportunity}
    return _there(
        {
            _("报价单"): ctx.forms.quotation.exists(contact=contact.id),
            _("销售合同"): ctx.forms.contract.exists(sign_contact=contact.id),
            _("销售机会"): ctx.forms.opportunity.exists(contact=contact.id, **others),
            _("联系人"): ctx.forms.contact.exists(parent_contact=contact.id),
            _("跟进记录"): ctx.forms.follow_up.exists(contact=contact.id, origin__isnull=True),
            _("线索"): ctx.forms.lead.exists(contact=contact.id, id__ne=lead.id),
        }
    )


def _of_customer(lead: Record, customer: Record, ctx: Context) -> list[str]:
    others = {} if lead.opportunity is None else {"id__ne": lead.opportunity}
    return _there(
        {
            _("报价单"): ctx.forms.quotation.exists(customer=customer.id),
            _("销售合同"): ctx.forms.contract.exists(customer=customer.id),
            _("销售机会"): ctx.forms.opportunity.exists(customer=customer.id, **others),
            _("联系人"): ctx.forms.contact.exists(customer=customer.id, id__ne=lead.contact),
            _("跟进记录"): ctx.forms.follow_up.exists(customer=customer.id, origin__isnull=True),
            _("开票抬头"): ctx.forms.invoice_title.exists(customer=customer.id),
            _("线索"): ctx.forms.lead.exists(customer=customer.id, id__ne=lead.id),
        }
    )


def _there(kinds: Mapping[str, bool]) -> list[str]:
    return [label for label, is_there in kinds.items() if is_there]


def _delete_copies(lead: Record, ctx: Context) -> None:
    """Delete the copies of the lead's follow-ups; another lead may have come to the same customer in that second."""
    follow_ups = ctx.forms.follow_up
    made = follow_ups.find(customer=lead.customer, created_at=lead.converted_at, origin__isnull=False, limit=MOST)
    origins = [each.origin for each in made]
    originals = (follow_ups.find(id__in=origins[at : at + CHUNK]) for at in range(0, len(origins), CHUNK))
    foreign = {each.id for found in originals for each in found if each.lead != lead.id}
    for copy in made:
        if copy.origin not in foreign:
            follow_ups.delete(copy)
