"""From an opportunity to a draft quotation."""

from decimal import Decimal
from typing import Any

from crm_plugin import carrying
from lowcode.api import Context, Record, Refused, Result, _

TAKEN = ("product", "product_name", "quantity", "unit_price", "unit", "list_price")
"""The columns of an opportunity's lines that a quotation's lines start with; products bring along the rest."""


def offer(opportunity: Record, ctx: Context) -> Result:
    """Make a draft quotation for the customer, with the opportunity's lines or one line of its amount."""
    _require_customer(opportunity, ctx)
    values = {
        "name": opportunity.name,
        "customer": opportunity.customer,
        "contact": opportunity.contact,
        "contact_phone": opportunity.contact_phone,
        "sent_to": _address(opportunity, ctx),
        "opportunity": opportunity.id,
        "owner": ctx.user.id,
        "lines": _lines(opportunity, ctx) or [_whole(opportunity)],
    }
    made = ctx.forms.quotation.create(values)
    return Result(
        _("已生成报价单 {number}，请补充后提交审批。", number=made.number), ("quotation", made.id), _plan(made, ctx)
    )


def _require_customer(opportunity: Record, ctx: Context) -> None:
    """Refuse a customer that the person could not choose on a quotation: one out of sight, or in the pool."""
    if not ctx.forms.customer.may_read(opportunity.customer):
        sentence = _("您无权查看这个机会的客户，不能为它报价。请联系客户的负责人。")
        raise Refused(sentence, code="customer_not_yours", errors={"customer": [sentence]})
    customer = ctx.forms.customer.get(opportunity.customer)
    if customer.owner is None:
        sentence = _("客户“{name}”在公海中，不能报价。请先领取它。", name=customer.name)
        raise Refused(sentence, code="customer_in_pool", errors={"customer": [sentence]})


def _address(opportunity: Record, ctx: Context) -> str | None:
    """Give the contact's address, unless it is masked for the person."""
    if opportunity.contact is None:
        return None
    contact = ctx.forms.contact.get(opportunity.contact)
    return contact.email if ctx.forms.contact.may_edit(contact) else None


def _lines(opportunity: Record, ctx: Context) -> list[dict[str, Any]]:
    """Carry the lines over; a product that is not sold any more stays as text."""
    sold = carrying.sold(opportunity.lines, ctx)
    rows = [{name: getattr(line, name) for name in TAKEN} for line in opportunity.lines]
    return [row if row["product"] in sold else row | {"product": None} for row in rows]


def _whole(opportunity: Record) -> dict[str, Any]:
    """Make one line typed by hand of an opportunity without lines."""
    price = opportunity.expected_amount or Decimal(0)
    return {"product_name": opportunity.name, "quantity": Decimal(1), "unit_price": price}


def _plan(made: Record, ctx: Context) -> dict[str, Any]:
    """Tell what was made, for people to look at before it is."""
    shown = {
        "customer": ctx.forms.customer.get(made.customer).name,
        "lines": _("{count} 项", count=len(made.lines)),
        "total_amount": f"{made.total_amount:,.2f}",
        "valid_until": made.valid_until.isoformat(),
    }
    return {"created": [{"form": "quotation", "title": made.name, "values": shown}]}
