"""From quotation to contract, and what follows when a contract takes effect, is carried out and ends."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin import carrying, ordering, planning
from crm_plugin.agreeing import OPEN_STATES
from lowcode.api import Context, Record, Refused, Result, _

DELIVERY_DAYS = 30
ZERO = Decimal(0)

CARRIED = (*ordering.CARRIED, "quantity")
"""The columns of a line that people type; the amounts are computed anew in each document."""

TITLE = {
    "invoice_title": "invoice_title",
    "tax_number": "tax_number",
    "invoice_address": "address",
    "invoice_phone": "phone",
    "bank_name": "bank",
    "bank_account": "bank_account",
}
"""The buyer's data on a contract, by the field of the customer's invoice title that they come from."""

OWNED_STATES = ("draft", "rejected", "withdrawn", "pending_sign", *OPEN_STATES)
"""The states of contracts that a customer's new owner goes on with; what is being decided stays where it is."""

DELIVERED = frozenset({"shipped", "completed"})


def prefill(record: Record, ctx: Context) -> None:
    """Fill the lines, the receiver and the invoice data of a new contract from its quotation and customer."""
    quotation = ctx.forms.quotation.get(record.quotation) if record.quotation else None
    if record.rounding_policy is None:
        record.rounding_policy = _policy(quotation, ctx)
    if quotation is not None and not record.lines:
        record.lines = carried_lines(quotation, ctx)
    if record.customer is None:
        return
    customer = ctx.forms.customer.get(record.customer)
    _fill_receiver(record, customer, ctx)
    _fill_title(record, ctx)


def _policy(quotation: Record | None, ctx: Context) -> str:
    """Give the way to round: the quotation's, so that its total comes out again; without one the setting's."""
    if quotation is not None:
        return quotation.rounding_policy or "line"
    return str(ctx.settings["rounding_policy"] or "line")


def carried_lines(document: Record, ctx: Context) -> list[dict[str, Any]]:
    """Carry the lines of a document over, with where each came from; a product not sold any more stays as text."""
    sold = carrying.sold(document.lines, ctx)
    rows = [{name: getattr(line, name) for name in CARRIED} | {"source": line.id} for line in document.lines]
    return [row if row["product"] in sold else row | {"product": None} for row in rows]


def _fill_receiver(record: Record, customer: Record, ctx: Context) -> None:
    """Take the signer, or else the primary contact, as receiver; what is masked for the person stays out."""
    record.receiver_address = record.receiver_address or customer.address
    contact_id = record.sign_contact or customer.primary_contact
    if contact_id is None:
        return
    contact = ctx.forms.contact.get(contact_id)
    record.receiver_name = record.receiver_name or contact.name
    if record.receiver_phone is None and ctx.forms.contact.may_edit(contact):
        record.receiver_phone = contact.mobile


def _fill_title(record: Record, ctx: Context) -> None:
    """Take the customer's default invoice title, unless somebody has begun to type one."""
    if any(getattr(record, name) for name in TITLE):
        return
    for title in ctx.forms.invoice_title.find(customer=record.customer, is_default=True, limit=1):
        for name, source in TITLE.items():
            setattr(record, name, getattr(title, source))


def propose_contract(quotation: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what a contract needs beside its quotation: how to pay, and when and where to deliver."""
    customer = ctx.forms.customer.get(quotation.customer)
    contact_id = quotation.contact or customer.primary_contact
    contact = ctx.forms.contact.get(contact_id) if contact_id else None
    phone = quotation.contact_phone
    if phone is None and contact is not None and ctx.forms.contact.may_edit(contact):
        phone = contact.mobile
    if phone is None and ctx.forms.customer.may_edit(customer):
        phone = customer.mobile
    days = [line.delivery_date for line in quotation.lines if line.delivery_date]
    return {
        "payment_method": next(iter(ctx.dictionary("payment_method")), None),
        "prepay_ratio": ZERO,
        "delivery_date": max([ctx.today, *days]) if days else ctx.today + timedelta(days=DELIVERY_DAYS),
        "receiver_name": contact.name if contact else customer.name[:50],
        "receiver_phone": phone,
        "receiver_address": customer.address,
    }


def make_contract(quotation: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a draft contract of an accepted quotation."""
    require_customer(quotation, ctx)
    given = {name: value for name, value in params.items() if value is not None}
    made = ctx.forms.contract.create({**propose_contract(quotation, ctx), **given, "quotation": quotation.id})
    message = _("已生成合同 {number}，请补充后提交审核。", number=made.number)
    return Result(message, ("contract", made.id), _plan(made, quotation, ctx))


def require_customer(document: Record, ctx: Context) -> None:
    """Refuse a customer who has come into the pool since."""
    customer = ctx.forms.customer.get(document.customer)
    if customer.owner is None:
        sentence = _("客户“{name}”在公海中，不能签订合同。请先领取它。", name=customer.name)
        raise Refused(sentence, code="customer_in_pool", errors={"customer": [sentence]})


def _plan(made: Record, quotation: Record, ctx: Context) -> dict[str, Any]:
    """Tell what was made, for people to look at before it is."""
    shown = {
        "customer": ctx.forms.customer.get(made.customer).name,
        "lines": _("{count} 项", count=len(made.lines)),
        "total_amount": f"{made.total_amount:,.2f}",
        "delivery_date": made.delivery_date.isoformat(),
    }
    before = {line.id: line.product for line in quotation.lines}
    gone = [line.product_name for line in made.lines if line.product is None and before.get(line.source)]
    plan: dict[str, Any] = {"created": [{"form": "contract", "title": made.name, "values": shown}]}
    if gone:
        plan["warnings"] = [_("产品“{name}”已下架，只保留文字。", name=name) for name in gone]
    return plan


def require_quotation(record: Record, original: Record | None, ctx: Context) -> None:
    """Refuse a quotation that another contract was made of.

    Its row is locked before the contract takes a number: whoever makes a contract from the quotation's page locks the
    two in this order.
    """
    if not _is_taken_on(record, original):
        return
    quotation = ctx.forms.quotation.get(record.quotation, lock=True)
    if quotation.status != "accepted":
        sentence = _("报价单 {number} 已转为其他合同，或者不再有效。请选择另一张报价单。", number=quotation.number)
        raise Refused(sentence, code="quotation_taken", errors={"quotation": [sentence]})


def hold_quotation(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep the quotation of a live contract for it alone, and let go of the one it had before."""
    stands = original is not None and original.deleted_at is None
    if original is not None and stands and original.quotation != record.quotation:
        release_quotation(original.quotation, ctx)
    if _is_taken_on(record, original):
        ctx.forms.quotation.move(record.quotation, "convert")


def _is_taken_on(record: Record, original: Record | None) -> bool:
    """Tell whether a save brings a contract and a quotation together; restoring the contract does too."""
    stands = original is not None and original.deleted_at is None
    before = original.quotation if original is not None and stands else None
    return record.quotation is not None and record.quotation != before


def release_quotation(quotation_id: int | None, ctx: Context) -> None:
    """Let another contract be made of a quotation."""
    if quotation_id is None or not ctx.forms.quotation.exists(id=quotation_id):
        return
    if ctx.forms.quotation.get(quotation_id, lock=True).status == "converted":
        ctx.forms.quotation.move(quotation_id, "release")


def sign(contract: Record, ctx: Context) -> None:
    """Let an approved contract take effect at once when it had been signed before."""
    if contract.sign_date is not None:
        ctx.forms.contract.move(contract, "sign", {"sign_date": contract.sign_date.isoformat()})


def take_effect(contract: Record, ctx: Context) -> None:
    """Let the plan wait for money, mark the customer as a buyer, and tell the owner."""
    planning.activate(contract, ctx)
    customer = ctx.forms.customer.get(contract.customer, lock=True)
    dealt = _moment(contract.sign_date, ctx)
    deal_at = max(dealt, customer.deal_at) if customer.deal_at else dealt
    ctx.forms.customer.update(customer, {"deal_status": True, "deal_at": deal_at, "status": "deal"})
    _tell_owner(contract, ctx)


def _moment(day: date, ctx: Context) -> datetime:
    """Give the instant of a deal: now when it is today's, the beginning of any other day."""
    return ctx.now if day == ctx.today else datetime.combine(day, time(), ctx.time_zone)


def _tell_owner(contract: Record, ctx: Context) -> None:
    values = {"number": contract.number, "name": contract.name}
    if _is_open(contract.opportunity, ctx):
        ctx.notify(
            [contract.owner],
            "contract_effective",
            "合同 {number}（{name}）已生效。它的销售机会还没有结束，请登记赢单。",
            record=contract,
            event="effective",
            **values,
        )
    else:
        ctx.notify(
            [contract.owner],
            "contract_effective",
            "合同 {number}（{name}）已生效。",
            record=contract,
            event="effective",
            **values,
        )


def _is_open(opportunity_id: int | None, ctx: Context) -> bool:
    return opportunity_id is not None and ctx.forms.opportunity.exists(id=opportunity_id, closed_at__isnull=True)


def execute(contract_id: int, ctx: Context) -> None:
    """Move an effective contract on to being carried out; any other stays as it is."""
    contract = ctx.forms.contract.get(contract_id, lock=True)
    if contract.status == "effective":
        ctx.forms.contract.move(contract, "execute")


def complete_if_done(contract_id: int, ctx: Context) -> None:
    """Complete a contract whose lines are all ordered and shipped and that is paid."""
    contract = ctx.forms.contract.get(contract_id, lock=True)
    if contract.status not in OPEN_STATES or contract.unreceived_amount:
        return
    if _is_delivered(contract, ctx):
        ctx.forms.contract.move(contract, "complete")


def _is_delivered(contract: Record, ctx: Context) -> bool:
    """Tell whether every line is ordered in full and every order is on its way or has arrived."""
    orders = ctx.forms.order.find(contract=contract.id, status__ne="cancelled")
    if any(order.status not in DELIVERED for order in orders):
        return False
    ordering.derive_contracts([contract], ctx)
    return all((line.ordered_quantity or ZERO) >= line.quantity for line in contract.lines)


def end(contract: Record, ctx: Context) -> None:
    """Let nothing be due any more of a contract that is terminated or voided."""
    planning.void_open(contract, ctx)


def void(contract: Record, ctx: Context) -> None:
    """Take back a contract that nothing has come of, and let its quotation be used again."""
    if found := linked(contract, ctx, plan=False):
        sentence = _("合同已有{what}，不能作废。请用“终止”。", what="、".join(found))
        raise Refused(sentence, code="contract_in_use")
    end(contract, ctx)
    release_quotation(contract.quotation, ctx)


def linked(contract: Record, ctx: Context, *, plan: bool = True) -> list[str]:
    """Say what a contract has that would be lost with it."""
    mine = {"contract": contract.id}
    found = {
        _("收款单"): ctx.forms.payment.exists(**mine),
        _("发票"): ctx.forms.invoice.exists(**mine, status__ne="voided"),
        _("销售订单"): ctx.forms.order.exists(**mine, status__ne="cancelled"),
        _("回款计划"): plan and ctx.forms.payment_plan.exists(**mine),
    }
    return [label for label, is_there in found.items() if is_there]


def follow_owner(contract: Record, ctx: Context) -> None:
    """Let what belongs to a contract belong to its new owner: the plan, and a change that is still being written."""
    planning.follow_owner(contract, ctx)
    for change in ctx.forms.contract_change.find(contract=contract.id, owner__ne=contract.owner):
        ctx.forms.contract_change.update(change, {"owner": contract.owner})
