"""Rules of quotations: amounts, the floor price, what sending and answering leave behind, versions and copies."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm_plugin import carrying, contracting, stages
from crm_plugin.pricing import price_document
from lowcode.api import Context, Record, Result, _, hookimpl

LARGEST_TOTAL = Decimal("9999999999999999.99")
"""A money column holds 18 digits; no other total exceeds the one before discount."""

VALID_DAYS = 30
COPIED = ("name", "customer", "contact", "contact_phone", "opportunity", "sent_to", "terms", "remark")
COPIED_COLUMNS = (
    *("product", "product_name", "spec", "quantity", "unit_price", "discount_rate", "unit", "tax_rate"),
    *("list_price", "product_code", "delivery_date", "remark"),
)
"""What people type, of the quotation and of its lines; the rest is computed anew."""


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Round as the setting says from the beginning; a later change of the setting leaves the quotation as it is."""
    record.rounding_policy = record.rounding_policy or ctx.settings["rounding_policy"]


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the amounts of the lines, the totals, and whether anything is offered below its floor price."""
    price_document(record)
    record.below_floor = is_below_floor(record, ctx)


def is_below_floor(record: Record, ctx: Context) -> bool:
    """Tell whether any line's price after discount is below the lowest one its product may be sold for."""
    offered = [(line.product, line.discounted_price) for line in record.lines or () if line.product]
    ids = sorted({product for product, price in offered if price is not None})
    found = ctx.forms.product.find(id__in=ids) if ids else []
    floors = {product.id: product.min_price for product in found if product.min_price is not None}
    return any(price is not None and price < floors[product] for product, price in offered if product in floors)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the dates against each other, and that the total can be stored."""
    faults = {}
    if record.valid_until and record.quote_date and record.valid_until < record.quote_date:
        faults["valid_until"] = _("有效期限不能早于报价日期 {date}。", date=record.quote_date.isoformat())
    if record.gross_total > LARGEST_TOTAL:
        faults["lines"] = _("总金额太大，最多 {limit}。请减少数量或单价。", limit=f"{LARGEST_TOTAL:,}")
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Fill in the contact's address, note when the customer answered, and look at floor prices as they are now."""
    if original is None or record.contact != original.contact:
        _fill_address(record, ctx)
    if original is None or record.status == original.status:
        return
    if record.status == "in_review":
        record.below_floor = is_below_floor(record, ctx)
    elif record.status == "accepted":
        record.accepted_at = ctx.now
    elif record.status == "declined":
        record.declined_at = ctx.now


def _fill_address(record: Record, ctx: Context) -> None:
    """Take the contact's e-mail, unless it is masked for whoever writes the quotation."""
    if record.contact is None or record.sent_to:
        return
    contact = ctx.forms.contact.get(record.contact)
    if contact.email and ctx.forms.contact.may_edit(contact):
        record.sent_to = contact.email


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Mail what is sent and note how it went out; let the opportunity follow; tell the owner what has expired."""
    if move == "send":
        if params["to"]:
            _mail(record, params["to"], ctx)
        channel = "email" if params["to"] else "in_person"
        ctx.forms.quotation.update(record, {"sent_at": ctx.now, "send_channel": channel})
    elif move in {"accept", "convert"} and record.opportunity:
        stages.bring_to(ctx.forms.opportunity.get(record.opportunity), "negotiation", ctx)
    elif move == "expire":
        ctx.notify(
            [record.owner],
            "quotation_expired",
            "报价单 {number}（{name}）已过有效期，已自动失效。",
            record=record,
            event="expired",
            number=record.number,
            name=record.name,
        )


def _mail(record: Record, to: str, ctx: Context) -> None:
    """Queue one mail with the printable page, in the transaction of the move."""
    body = _(
        "附上报价单 {number}（{name}），总金额 {total} 元，有效期至 {day}。如有疑问，请回复联系我们。",
        number=record.number,
        name=record.name,
        total=f"{record.total_amount:,.2f}",
        day=record.valid_until.isoformat(),
    )
    owner = ctx.users.names([record.owner]).get(record.owner, "")
    text = "\n\n".join((_("您好！"), body, f"{owner} {ctx.settings['company_name'] or ''}".strip()))
    subject = _("报价单 {number}：{name}", number=record.number, name=record.name)
    event = f"quotation:{record.id}:sent:{record.version}"
    ctx.mail(to, subject, text, html=ctx.print(record, "quotation"), event=event)


@hookimpl
def propose_make_contract(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what a contract needs beside the quotation."""
    return contracting.propose_contract(record, ctx)


@hookimpl
def action_make_contract(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a draft contract of an accepted quotation."""
    return contracting.make_contract(record, params, ctx)


@hookimpl
def action_revise(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Void this version and make the next one, a draft with the root's number and `-V2`, `-V3` and so on."""
    revision = record.revision + 1
    root = record.number.removesuffix(f"-V{record.revision}")
    ctx.forms.quotation.move(record, "void")
    values = {"owner": record.owner, "revision": revision, "parent_quote": record.id, "number": f"{root}-V{revision}"}
    values["rounding_policy"] = record.rounding_policy or "line"
    made = ctx.forms.quotation.create(_copied(record, ctx) | values)
    return Result(_("已生成新版本 {number}，原报价单已作废。", number=made.number), open=("quotation", made.id))


@hookimpl
def action_copy(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a draft like this quotation, with a number and dates of its own; it belongs to whoever copies."""
    made = ctx.forms.quotation.create(_copied(record, ctx))
    return Result(_("已复制为新的报价单 {number}。", number=made.number), open=("quotation", made.id))


def _copied(record: Record, ctx: Context) -> dict[str, Any]:
    """Give what people typed. A product that is not sold any more stays as text; a contact who is gone is left out.

    Who may not edit the quotation sees how to reach the contact masked, and a copy of his own would show it whole.
    """
    values = {name: getattr(record, name) for name in COPIED}
    if not ctx.forms.quotation.may_edit(record):
        values |= {"contact_phone": None, "sent_to": None}
    if record.contact and not ctx.forms.contact.exists(id=record.contact, customer=record.customer):
        values |= {"contact": None, "contact_phone": None, "sent_to": None}
    return values | {
        "quote_date": ctx.today,
        "valid_until": ctx.today + timedelta(days=VALID_DAYS),
        "lines": _copied_lines(record, ctx),
    }


def _copied_lines(record: Record, ctx: Context) -> list[dict[str, Any]]:
    sold = carrying.sold(record.lines, ctx)
    rows = [{name: getattr(line, name) for name in COPIED_COLUMNS} for line in record.lines]
    return [row if row["product"] in sold else row | {"product": None} for row in rows]
