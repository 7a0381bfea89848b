"""The conversion of a lead: a customer, a contact and an opportunity in one transaction, all of it or nothing.

A customer that stands already is linked only by choice, and only its empty fields are filled.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin import lead_states
from crm_plugin.conversion_plan import Plan
from crm_plugin.following import MARKS
from crm_plugin.ownership import holding_fault, pool_is_visible, require_owner
from lowcode.api import Context, Record, Refused, Result, _

TO_CUSTOMER = ("mobile", "telephone", "email", "wechat", "region", "address", "remark")
TO_CONTACT = ("mobile", "telephone", "email", "wechat", "qq", "region", "address")
CODES = {"industry": "industry", "level": "customer_level"}
"""Fields whose code the customer takes over, with their dictionaries."""

SHOWN_CUSTOMER = (
    *("source", "level", "industry", "mobile", "telephone", "email", "region", "address"),
    *("attachments", "owner"),
)
SHOWN_CONTACT = ("title", "mobile", "telephone", "email", "owner")
SHOWN_OPPORTUNITY = ("stage", "expected_amount", "expected_close_date", "source", "type", "owner")
COPIED = ("subject", "method", "contact_at", "end_at", "content", "next_contact_at", "next_plan")
"""What a copied follow-up says as the original does."""

ROLES = ("sales", "manager", "admin", "service", "finance", "product", "exec")
CLOSES_IN = timedelta(days=90)
LONGEST_NAME = 100
MOST_FILES = 20
CHUNK = 200


def convert(lead: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Convert a lead. The plan of the result tells what was done. Raises Refused and changes nothing."""
    _require_convertible(lead, ctx)
    plan = Plan()
    chosen = params.get("customer")
    customer = _link_customer(lead, chosen, plan, ctx) if chosen else _make_customer(lead, plan, ctx)
    contact = _contact(lead, customer, plan, ctx)
    opportunity = None
    if params.get("create_opportunity") is not False:
        opportunity = _opportunity(lead, customer, contact, params.get("opportunity_name"), plan, ctx)
    _copy_follow_ups(lead, customer, contact, plan, ctx)
    _close(lead, customer, contact, opportunity, ctx)
    message = _("线索“{lead}”已转化为客户“{name}”。", lead=lead.customer_name, name=customer.name)
    return Result(message, open=("customer", customer.id), plan=plan.told())


def _require_convertible(lead: Record, ctx: Context) -> None:
    if lead.status == "converted":
        raise Refused(_("线索“{name}”已经转化过了，请勿重复转化。", name=lead.customer_name), code="already_converted")
    if lead_states.after("convert", lead.status) is None:
        raise Refused(_("只有待处理和跟进中的线索可以转化。请先分配或推进它。"), code="not_allowed_now")
    if not _is_active(lead.owner, ctx):
        raise Refused(_("线索的负责人已停用，不能成为客户的负责人。请先把线索分配给另一位同事。"), code="owner_left")
    for form in ("customer", "opportunity"):
        require_owner(form, lead.owner, ctx)


def _make_customer(lead: Record, plan: Plan, ctx: Context) -> Record:
    """Make a customer of the lead's owner, unless one of that name stands already."""
    _refuse_namesake(lead, ctx)
    holding_fault(lead.owner, ctx)
    _tell_candidates(lead, None, plan, ctx)
    values = {name: getattr(lead, name) for name in (*TO_CUSTOMER, *MARKS)} | _codes(lead, plan, ctx)
    values |= {
        "name": lead.customer_name,
        "source": lead.source if _is_usable("customer_source", lead.source, ctx) else "other",
        "owner": lead.owner,
        "lead": lead.id,
        "next_contact_at": _ahead(lead, ctx),
        "attachments": ctx.copy_files(lead.attachments or []),
    }
    customer = ctx.forms.customer.create({name: value for name, value in values.items() if value is not None})
    plan.create("customer", customer, SHOWN_CUSTOMER, ctx)
    return customer


def _refuse_namesake(lead: Record, ctx: Context) -> None:
    """Refuse to make a customer whose name is taken. Of somebody else's customer only the owner is told.

    Of one in the pool nothing is told to whoever may not see the pool.
    """
    found = ctx.forms.customer.find(name=lead.customer_name, limit=1)
    if not found:
        return
    name = lead.customer_name
    if found[0].owner is None and not pool_is_visible(ctx):
        sentence = _("已有名为“{name}”的客户，您无权查看它。请联系经理处理。", name=name)
    elif found[0].owner is None:
        sentence = _("已有名为“{name}”的客户，它在公海中。请先领取这个客户，再转化并关联它。", name=name)
    elif ctx.forms.customer.may_edit(found[0]):
        sentence = _("已有名为“{name}”的客户。请在“关联已有客户”中选择它。", name=name)
    else:
        owner = ctx.users.names([found[0].owner]).get(found[0].owner, "")
        sentence = _("已有名为“{name}”的客户，由{owner}负责。请联系负责人，由他关联这个客户。", name=name, owner=owner)
    raise Refused(sentence, code="duplicate", errors={"customer": [sentence]})


def _link_customer(lead: Record, customer_id: int, plan: Plan, ctx: Context) -> Record:
    """Use a customer that stands already, and fill what is empty there."""
    customer = ctx.forms.customer.update(customer_id, {})  # locks it: nobody fills or gives it away meanwhile
    if customer.owner is None:
        sentence = _("客户“{name}”在公海中。请先领取它，再关联。", name=customer.name)
        raise Refused(sentence, code="customer_in_pool", errors={"customer": [sentence]})
    if not ctx.forms.customer.may_edit(customer):
        sentence = _("您不能修改客户“{name}”，所以不能关联它。请联系它的负责人。", name=customer.name)
        raise Refused(sentence, code="customer_not_yours", errors={"customer": [sentence]})
    plan.link("customer", customer)
    _tell_candidates(lead, customer, plan, ctx)
    offered = {name: getattr(lead, name) for name in TO_CUSTOMER} | _codes(lead, plan, ctx)
    changes = _empty_ones(customer, offered | {"next_contact_at": _ahead(lead, ctx)})
    if files := _files_to_add(lead, customer, plan, ctx):
        changes["attachments"] = [*(customer.attachments or []), *files]
    plan.fill("customer", customer, changes | ({"attachments": files} if files else {}), ctx)
    if lead.last_follow_at and (customer.last_follow_at is None or customer.last_follow_at < lead.last_follow_at):
        changes |= {name: getattr(lead, name) for name in MARKS}
    return ctx.forms.customer.update(customer, changes) if changes else customer


def _tell_candidates(lead: Record, linked: Record | None, plan: Plan, ctx: Context) -> None:
    """List customers that look like this one. Of those the person may not see, only the owner is told."""
    for match in ctx.forms.customer.alike({"name": lead.customer_name, "mobile": lead.mobile}):
        if match.form != "customer" or (linked is not None and match.id == linked.id):
            continue
        owner = ctx.users.names([match.owner]).get(match.owner) if match.owner else None
        known = {"id": match.id, "title": match.title} if match.is_visible else {"id": None, "title": None}
        plan.candidates.append({"form": match.form, "kind": match.kind, "owner": owner, **known})
        if match.is_visible and match.owner is None:
            plan.warnings.append(_("“{name}”在公海中，可以先领取再关联。", name=match.title))


def _contact(lead: Record, customer: Record, plan: Plan, ctx: Context) -> Record:
    """Use the customer's contact with the lead's mobile, or make one."""
    offered = {"title": lead.contact_title} | {name: getattr(lead, name) for name in TO_CONTACT}
    if (known := _known_contact(lead, customer, ctx)) is None:
        values = {"name": lead.contact_name, "customer": customer.id, "owner": customer.owner, "lead": lead.id}
        values |= offered
        made = ctx.forms.contact.create({name: value for name, value in values.items() if value is not None})
        plan.create("contact", made, SHOWN_CONTACT, ctx)
        return made
    plan.link("contact", known)
    changes = _empty_ones(known, offered) if ctx.forms.contact.may_edit(known) else {}
    plan.fill("contact", known, changes, ctx)
    return ctx.forms.contact.update(known, changes) if changes else known


def _known_contact(lead: Record, customer: Record, ctx: Context) -> Record | None:
    number = _digits(lead.mobile)
    contacts = ctx.forms.contact.find(customer=customer.id) if number else []
    return next((each for each in contacts if _digits(each.mobile) == number), None)


def _digits(number: str | None) -> str:
    """Give a mobile number without separators and without the country's code."""
    return re.sub(r"^(00)?86(?=1\d{10}$)", "", re.sub(r"\D", "", number or ""))


def _opportunity(lead: Record, customer: Record, contact: Record, name: str | None, plan: Plan, ctx: Context) -> Record:
    """Make the opportunity, of the lead's owner, in the first stage."""
    month = f"-{ctx.today:%Y%m}"
    values = {
        "name": name or customer.name[: LONGEST_NAME - len(month)] + month,
        "customer": customer.id,
        "contact": contact.id,
        "contact_phone": contact.mobile,
        "source": "lead" if _is_usable("opp_source", "lead", ctx) else None,
        "type": "existing" if customer.deal_status else "new",
        "expected_amount": lead.expected_amount if lead.expected_amount is not None else Decimal(0),
        "expected_close_date": ctx.today + CLOSES_IN,
        "owner": lead.owner,
        "description": lead.description,
        "lead": lead.id,
    }
    made = ctx.forms.opportunity.create({name: value for name, value in values.items() if value is not None})
    plan.create("opportunity", made, SHOWN_OPPORTUNITY, ctx)
    return made


def _copy_follow_ups(lead: Record, customer: Record, contact: Record, plan: Plan, ctx: Context) -> None:
    """Copy what was said to the lead's contact to the customer, files too; the originals stay with the lead."""
    last = copied = 0
    while found := ctx.forms.follow_up.find(lead=lead.id, id__gt=last, limit=CHUNK):
        last, copied = found[-1].id, copied + len(found)
        for original in found:
            ctx.forms.follow_up.create(_copied(original, lead, customer, contact, ctx))
    if copied:
        plan.created.append({"form": "follow_up", "title": _("{count} 条，从线索复制", count=copied), "values": {}})


def _copied(original: Record, lead: Record, customer: Record, contact: Record, ctx: Context) -> dict[str, Any]:
    """Give the copy of a follow-up. A way of talking or a person that may not be chosen any more is replaced."""
    values = {name: getattr(original, name) for name in COPIED}
    if not _is_usable("follow_up_method", original.method, ctx):
        values["method"] = next(code for code, item in ctx.dictionary("follow_up_method").items() if item.enabled)
    values |= {
        "owner": original.owner if _is_active(original.owner, ctx) else lead.owner,
        "attachments": ctx.copy_files(original.attachments or []),
        "object_type": "customer",
        "object_id": customer.id,
        "customer": customer.id,
        "customer_name": customer.name,
        "contact": contact.id,
        "origin": original.id,
    }
    return {name: value for name, value in values.items() if value is not None}


def _close(lead: Record, customer: Record, contact: Record, opportunity: Record | None, ctx: Context) -> None:
    """Let the lead remember what became of it."""
    made = {"customer": customer.id, "contact": contact.id, "opportunity": opportunity.id if opportunity else None}
    done = {"status": lead_states.after("convert", lead.status), "is_converted": True, "converted_at": ctx.now}
    ctx.forms.lead.update(lead, done | made)


def _codes(lead: Record, plan: Plan, ctx: Context) -> dict[str, Any]:
    """Give the codes that the customer takes over; one that was switched off meanwhile is left out."""
    values = {}
    for name, dictionary in CODES.items():
        code = getattr(lead, name)
        if code is not None and not _is_usable(dictionary, code, ctx):
            item = ctx.dictionary(dictionary).get(code)
            plan.skip("customer", _(item.label) if item else code, _("这个选项已停用，不会带到客户。"))
        else:
            values[name] = code
    return values


def _is_active(person: int, ctx: Context) -> bool:
    """Tell whether somebody can be given records; who acts can."""
    return person == ctx.user.id or any(person in ctx.users.with_role(role) for role in ROLES)


def _is_usable(dictionary: str, code: str | None, ctx: Context) -> bool:
    item = ctx.dictionary(dictionary).get(code or "")
    return item is not None and item.enabled


def _ahead(lead: Record, ctx: Context) -> datetime | None:
    """Give the next appointment unless it has passed."""
    planned: datetime | None = lead.next_contact_at
    return planned if planned and planned > ctx.now else None


def _empty_ones(record: Record, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what the record has not."""
    return {name: value for name, value in offered.items() if value is not None and getattr(record, name) is None}


def _files_to_add(lead: Record, customer: Record, plan: Plan, ctx: Context) -> list[str]:
    """Copy the lead's files as far as the customer has room for them."""
    files = lead.attachments or []
    room = MOST_FILES - len(customer.attachments or [])
    if len(files) > room:
        plan.skip("customer", _("附件"), _("客户最多有 {most} 个附件，放不下的留在线索上。", most=MOST_FILES))
    return ctx.copy_files(files[: max(room, 0)])
