"""The contracts of the sample company, some of them signed, ordered, shipped, paid and invoiced by its people."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from crm_plugin.sample_quotations import PROJECTS, TERMS, decide, line
from lowcode.api import Context, Record

CONTRACTS = 80
LIVES = ("draft", "submit", "reject", "sign", *("order", "ship", "pay", "pay", "invoice", "close") * 2)
"""How far each of sixteen contracts comes; what comes later in the list has been through what stands before."""

SHARES = ((30, 5), (30, 0), (50, 10), (100, 0))
"""Prepaid and retained percentages."""

COURIERS = ("shunfeng", "zhongtong", "debang", "kuayue")
CENT = Decimal("0.01")


def load(ctx: Context, random: Random, people: dict[str, int], customers: list[Record], products: list[Record]) -> None:
    """Create contracts of the last year and bring each as far as its life goes."""
    for serial in range(CONTRACTS):
        life = LIVES[serial % len(LIVES)]
        signed_on = None if life in {"draft", "submit", "reject", "sign"} else _day(ctx, random, 20, 330)
        with ctx.as_user(random.choice(customers).owner) as me:
            owned = [each for each in customers if each.owner == me.user.id]
            contract = me.forms.contract.create(_values(me, random, random.choice(owned), products, signed_on))
            if life != "draft":
                me.forms.contract.move(contract, "submit")
        if life not in {"draft", "submit"}:
            approved = decide(ctx, people, "contract", contract, agree=life != "reject")
            if approved.status in {"effective", "executing"}:
                _carry_out(ctx, random, people, approved, life)


def _values(
    me: Context, random: Random, customer: Record, products: list[Record], signed_on: date | None
) -> dict[str, Any]:
    prepaid, retained = random.choice(SHARES)
    begun = signed_on or me.today
    contact = me.forms.contact.get(customer.primary_contact) if customer.primary_contact else None
    return {
        "name": f"{customer.short_name}{random.choice(PROJECTS)}合同",
        "customer": customer.id,
        "contract_type": "direct",
        "payment_method": "transfer",
        "prepay_ratio": prepaid,
        "retention_ratio": retained,
        "warranty_months": 12 if retained else None,
        "credit_days": random.choice((0, 30, 60)),
        "invoice_type": "d_general",
        "invoice_title": customer.name,
        "tax_number": customer.credit_code,
        "sign_date": signed_on,
        "start_date": begun,
        "end_date": begun + timedelta(days=365),
        "delivery_date": begun + timedelta(days=random.randrange(15, 60)),
        "receiver_name": contact.name if contact else customer.short_name,
        "receiver_phone": (contact.mobile if contact else None) or customer.telephone,
        "receiver_address": customer.address,
        "lines": [line(random, products) for _position in range(random.randrange(1, 6))],
        "remark": TERMS,
    }


def _carry_out(ctx: Context, random: Random, people: dict[str, int], contract: Record, life: str) -> None:
    """Order, ship, collect and invoice; the last lives come to the end of it."""
    reached = LIVES[LIVES.index("order") :].index(life)
    with ctx.as_user(contract.owner) as me:
        orders = list(_order(me, random, contract, count=random.choice((1, 2))))
        for order in orders if reached >= 1 else ():
            _ship(me, random, order, is_signed=reached >= 2)
    if reached >= 2:
        _collect(ctx, random, people, contract, is_whole=life == "close")
    if reached >= 4:
        _invoice(ctx, people, contract)


def _order(me: Context, random: Random, contract: Record, count: int) -> Iterator[Record]:
    """Order everything, in one or two orders."""
    for number in range(count):
        orders = me.forms.order.find(contract=contract.id)
        ordered = {row.source: row.quantity for order in orders for row in order.lines}
        rows = []
        for row in contract.lines:
            left = row.quantity - ordered.get(row.id, Decimal(0))
            part = left if number == count - 1 else (left / 2).quantize(Decimal(1), ROUND_HALF_UP)
            if part > 0:
                names = ("product", "product_name", "unit", "unit_price", "discount_rate", "tax_rate")
                rows.append({name: getattr(row, name) for name in names} | {"source": row.id, "quantity": part})
        if rows:
            order = me.forms.order.create({"contract": contract.id, "order_date": contract.sign_date, "lines": rows})
            yield me.forms.order.move(order, "confirm")


def _ship(me: Context, random: Random, order: Record, is_signed: bool) -> None:
    values = {
        "order": order.id,
        "courier": random.choice(COURIERS),
        "tracking_no": f"{random.randrange(10**11, 10**12)}",
        "ship_date": me.today - timedelta(days=random.randrange(10)),
        "lines": [
            {"source": row.id, "product_name": row.product_name, "quantity": row.quantity} for row in order.lines
        ],
    }
    shipment = me.forms.shipment.create(values)
    if is_signed:
        me.forms.shipment.update(shipment, {"status": "signed", "signed_at": me.now, "signer": "前台"})


def _collect(ctx: Context, random: Random, people: dict[str, int], contract: Record, is_whole: bool) -> None:
    """Register a part of the money, or all of it, and let finance confirm most of what came in."""
    total = contract.total_amount
    parts = [total] if is_whole else [(total * Decimal(random.choice((20, 30, 45))) / 100).quantize(CENT)]
    for amount in parts:
        values = {
            "contract": contract.id,
            "amount": amount,
            "paid_at": max(contract.sign_date, _day(ctx, random, 0, 40)),
            "method": "transfer",
            "payer": contract.invoice_title,
            "voucher_no": f"{random.randrange(10**9, 10**10)}",
        }
        with ctx.as_user(contract.owner) as me:
            payment = me.forms.payment.create(values)
        if is_whole or random.random() < 0.8:
            with ctx.as_user(people["finance"]) as me:
                me.forms.payment.move(payment, "confirm")


def _invoice(ctx: Context, people: dict[str, int], contract: Record) -> None:
    """Apply for an invoice of half the total and let finance issue it."""
    half = (contract.total_amount / 2).quantize(CENT, ROUND_HALF_UP)
    with ctx.as_user(contract.owner) as me:
        invoice = me.forms.invoice.create({"contract": contract.id, "amount": half, "email": "ap@example.com"})
        me.forms.invoice.move(invoice, "submit")
    decided = decide(ctx, people, "invoice", invoice)
    with ctx.as_user(people["finance"]) as me:
        me.forms.invoice.move(decided, "issue", {"invoice_no": f"26{invoice.id:010}", "issued_at": me.today})


def _day(ctx: Context, random: Random, nearest: int, farthest: int) -> date:
    return ctx.today - timedelta(days=random.randrange(nearest, farthest))
