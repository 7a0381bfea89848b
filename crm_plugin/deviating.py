"""How an order differs from its contract: prices below it, products beside it, more money than is left of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from crm_plugin.ordering import HUNDRED, NO_MONEY, NOTHING, plain
from lowcode.api import Context, Line, Record, Refused, _

MOST_SENTENCES = 20
"""So many are written out; an order may have 500 lines."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference, and the field it is about."""

    path: str
    sentence: str


def note(record: Record, contract: Record | None, others: Iterable[Record], ctx: Context) -> None:
    """Fill whether and how an order differs from its contract, and which products are short in stock."""
    found = list(deviations(record, contract, others)) if contract is not None else []
    record.deviates = bool(found)
    sentences = [each.sentence for each in found] + list(_shortages(record, ctx))
    if len(sentences) > MOST_SENTENCES:
        rest = len(sentences) - MOST_SENTENCES
        sentences = [*sentences[:MOST_SENTENCES], _("另有 {count} 处差异。", count=rest)]
    record.deviation = "\n".join(sentences) or None


def deviations(record: Record, contract: Record, others: Iterable[Record]) -> Iterator[Deviation]:
    """Compare an order with its contract, line by line and as a whole."""
    lines = {line.id: line for line in contract.lines or ()}
    for index, line in enumerate(record.lines or ()):
        if line.product_name is None:
            continue
        of = lines.get(line.source)
        if of is None or (line.product_name != of.product_name):
            yield Deviation(f"lines.{index}.product_name", _("“{name}”不在合同明细中。", name=line.product_name))
        elif line.unit_price is not None and _after_discount(line) < _after_discount(of):
            yield Deviation(
                f"lines.{index}.unit_price",
                _(
                    "“{name}”折后单价 {price} 低于合同的 {agreed}。",
                    name=line.product_name,
                    price=plain(_after_discount(line)),
                    agreed=plain(_after_discount(of)),
                ),
            )
    left = contract.total_amount - sum((order.total_amount or NO_MONEY for order in others), NO_MONEY)
    if record.total_amount is not None and record.total_amount > left:
        yield Deviation(
            "lines",
            _(
                "订单总金额 {total} 超出合同未下单的金额 {left}。",
                total=f"{record.total_amount:,.2f}",
                left=f"{max(left, NO_MONEY):,.2f}",
            ),
        )


def _after_discount(line: Line) -> Decimal:
    """Give the unit price after discount, exactly."""
    price: Decimal = line.unit_price * (HUNDRED - (line.discount_rate or NOTHING)) / HUNDRED
    return price


def _shortages(record: Record, ctx: Context) -> Iterator[str]:
    """Name the products of which the order needs more than there is in stock."""
    needed: dict[int, Decimal] = defaultdict(Decimal)
    for line in record.lines or ():
        if line.product:
            needed[line.product] += line.quantity or NOTHING
    for product in ctx.forms.product.find(id__in=sorted(needed), stock_qty__isnull=False) if needed else ():
        if needed[product.id] > product.stock_qty:
            yield _(
                "“{name}”库存 {stock}，本单需要 {needed}。",
                name=product.name,
                stock=plain(product.stock_qty),
                needed=plain(needed[product.id]),
            )


def faults(record: Record, contract: Record, others: Iterable[Record], ctx: Context) -> dict[str, str]:
    """Give each difference as a fault where the setting forbids them."""
    if not ctx.settings["order_deviation_blocks"]:
        return {}
    return {each.path: each.sentence for each in deviations(record, contract, others)}


def require_none(record: Record, contract: Record, others: Iterable[Record], ctx: Context) -> None:
    """Refuse an order that differs from its contract where the setting forbids it."""
    if found := faults(record, contract, others, ctx):
        errors = {path: [sentence] for path, sentence in found.items()}
        raise Refused(
            _("订单不能偏离合同：{sentence}", sentence=next(iter(found.values()))), code="order_deviates", errors=errors
        )
