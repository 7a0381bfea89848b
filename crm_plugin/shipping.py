"""Shipments of orders: what is left to ship, and how an order follows its shipments.

A shipment line with a `source` carries that line of the order. What came back does not count as shipped.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_plugin.ordering import MOST, NOTHING, plain
from lowcode.api import Context, Fault, Line, Record, Refused, Result, _

RETURNED, SIGNED = "returned", "signed"
OPEN = ("confirmed", "in_production", "part_shipped", "shipped")
"""The states of an order that its shipments move on."""

MOVES = {"none": "unship", "partial": "ship_part", "shipped": "ship_all", "signed": "ship_all"}
REACHED = {"ship_part": "part_shipped", "ship_all": "shipped"}
GIVEN = ("courier", "tracking_no", "ship_date", "shipper", "freight", "remark")


class Taken(Fault):
    """Another shipment has this tracking number."""

    status = 409
    code = "duplicate"


def shipments_of(orders: Sequence[int], ctx: Context, but: int | None = None) -> list[Record]:
    """Read the shipments of orders that did not come back, but for one."""
    found = ctx.forms.shipment.find(limit=MOST, order__in=list(orders), status__ne=RETURNED) if orders else []
    return [each for each in found if each.id != but]


def shipped_by(shipments: Iterable[Record]) -> dict[int, Decimal]:
    """Add up what shipments carry of each line of an order."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for shipment in shipments:
        for line in shipment.lines or ():
            if line.source is not None:
                found[line.source] += line.quantity or NOTHING
    return found


def left_of(order: Record, shipments: Iterable[Record]) -> dict[int, Decimal]:
    """Give how much of each line of an order is left to ship, without lines of which nothing is."""
    shipped = shipped_by(shipments)
    left = {line.id: line.quantity - shipped.get(line.id, NOTHING) for line in order.lines or ()}
    return {line_id: quantity for line_id, quantity in left.items() if quantity > 0}


def rows_left(order: Record, shipments: Iterable[Record]) -> list[dict[str, Any]]:
    """Write the lines of a shipment of all that is left."""
    left = left_of(order, shipments)
    return [
        {"source": line.id, "product_name": line.product_name, "unit": line.unit, "quantity": left[line.id]}
        for line in order.lines or ()
        if line.id in left
    ]


def derive_orders(records: Sequence[Record], ctx: Context) -> None:
    """Fill of each line how much has been shipped, and how much of its product is in stock."""
    orders = [record for record in records if record.lines]
    shipped = shipped_by(shipments_of([order.id for order in orders], ctx))
    products = sorted({line.product for order in orders for line in order.lines if line.product})
    found = ctx.forms.product.find(limit=MOST, id__in=products) if products else []
    stock = {product.id: product.stock_qty for product in found}
    for order in orders:
        for line in order.lines:
            line.shipped_quantity = shipped.get(line.id, NOTHING)
            line.stock = stock.get(line.product)


def quantity_faults(record: Record, order: Record, others: Iterable[Record]) -> dict[str, str]:
    """Find the lines that do not belong to the order, or carry more than is left of theirs."""
    lines = {line.id: line for line in order.lines or ()}
    shipped = shipped_by(others)
    faults: dict[str, str] = {}
    for index, line in enumerate(record.lines or ()):
        of = lines.get(source_of(line, order))
        if of is None:
            column = "product_name" if line.source is None else "source"
            faults[f"lines.{index}.{column}"] = _("这个产品不在订单 {number} 中。", number=order.number)
            continue
        left = of.quantity - shipped[of.id]
        if line.quantity is not None and line.quantity > left:
            faults[f"lines.{index}.quantity"] = _(
                "“{name}”只剩 {left} 未发货，请减少数量。", name=of.product_name, left=plain(max(left, NOTHING))
            )
        shipped[of.id] += line.quantity or NOTHING
    return faults


def require_quantities(record: Record, order: Record, others: Iterable[Record]) -> None:
    """Refuse a shipment beyond what is left of its order; the caller holds the order's lock."""
    if not record.lines:
        sentence = _("订单 {number} 没有未发货的明细。", number=order.number)
        raise Refused(sentence, code="nothing_left", errors={"lines": [sentence]})
    if faults := quantity_faults(record, order, others):
        errors = {path: [fault] for path, fault in faults.items()}
        sentence = _("有明细超出订单未发货的数量，请看各行的提示。")
        raise Refused(sentence, code="over_order_quantity", errors=errors)


def require_free(record: Record, ctx: Context) -> None:
    """Refuse a tracking number that the same courier has given to another shipment, also one made this moment."""
    ctx.lock(f"tracking:{record.courier}:{record.tracking_no}")
    for other in ctx.forms.shipment.find(courier=record.courier, tracking_no=record.tracking_no, limit=2):
        if other.id != record.id:
            sentence = _(
                "快递单号 {tracking_no} 已登记在物流单 {number}。", tracking_no=record.tracking_no, number=other.number
            )
            raise Taken(sentence, errors={"tracking_no": [sentence]})


def source_of(line: Line, order: Record) -> int | None:
    """Give the order's line that a line carries; one typed by hand carries the first of its name."""
    named = (each.id for each in order.lines or () if each.product_name == line.product_name)
    return next(named, None) if line.source is None else line.source


def name_lines(record: Record, order: Record) -> None:
    """Tie every line to one of the order, and call it as the order does."""
    lines = {line.id: line for line in order.lines or ()}
    for line in record.lines or ():
        line.source = source_of(line, order)
        if line.source in lines:
            line.product_name, line.unit = lines[line.source].product_name, lines[line.source].unit


def follow(order_id: int, ctx: Context) -> None:
    """Let an order show how far it is shipped, and complete it when all of it has been signed for."""
    order = ctx.forms.order.get(order_id, lock=True)
    if order.status not in OPEN:
        return
    state = _state(order, shipments_of([order_id], ctx))
    if order.shipping_status != state:
        order = ctx.forms.order.update(order, {"shipping_status": state})
    if _is_behind(order.status, MOVES[state]):
        order = ctx.forms.order.move(order, MOVES[state])
    if state == SIGNED:
        ctx.forms.order.move(order, "complete")


def _state(order: Record, shipments: Sequence[Record]) -> str:
    if not shipments:
        return "none"
    if left_of(order, shipments):
        return "partial"
    return SIGNED if all(each.status == SIGNED for each in shipments) else "shipped"


def _is_behind(status: str, move: str) -> bool:
    """Tell whether an order has to be moved; before anything is shipped it may be in production too."""
    return status in {"part_shipped", "shipped"} if move == "unship" else status != REACHED[move]


def propose(order: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been shipped yet."""
    rows = rows_left(order, shipments_of([order.id], ctx))
    kept = ("source", "product_name", "quantity")
    return {"lines": [{name: row[name] for name in kept} for row in rows], "shipper": _sender(ctx)}


def _sender(ctx: Context) -> str | None:
    return ctx.users.names([ctx.user.id]).get(ctx.user.id)


def ship(order: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a shipment of what is left, or of the lines that are named."""
    if not left_of(order, shipments_of([order.id], ctx)):
        raise Refused(_("订单 {number} 没有未发货的明细。", number=order.number), code="nothing_left")
    values = {name: params[name] for name in GIVEN if params.get(name) is not None}
    names = {line.id: line.product_name for line in order.lines or ()}
    rows = [
        {
            "source": row["source"],
            "product_name": names.get(row["source"]) or row["product_name"] or "-",
            "quantity": row["quantity"],
        }
        for row in params.get("lines") or ()
    ]
    made = ctx.forms.shipment.create(values | {"order": order.id, "lines": rows})
    message = _("已新增物流单 {number}。", number=made.number)
    return Result(message, open=("shipment", made.id))
