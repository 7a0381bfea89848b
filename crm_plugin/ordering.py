"""Orders from contracts: what is left of each line, what it comes to, and how an order differs from its contract.

An order line with a `source` takes from that line of the contract. Orders that are cancelled take nothing. While all
orders leave price, discount and tax of a contract line as they are, none of them takes more than is left of the line's
subtotal, and the one that completes it takes exactly that: together they come to the contract to the cent.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_plugin import carrying
from crm_plugin.agreeing import OPEN_STATES
from crm_plugin.pricing import price_document
from lowcode.api import Context, Line, Record, Refused, Result, _, round_half_up

NOTHING, NO_MONEY, HUNDRED = Decimal(0), Decimal("0.00"), Decimal(100)
MOST = 1_000_000
CARRIED = (
    *("product", "product_code", "product_name", "spec", "unit", "list_price", "unit_price", "discount_rate"),
    *("tax_rate", "delivery_date", "remark"),
)
"""The columns of a contract's lines that an order's lines start with."""

PRICED = ("unit_price", "discount_rate", "tax_rate")
TOTALS = {
    "gross_total": "gross_amount",
    "discount_total": "discount_amount",
    "net_total": "net_amount",
    "tax_total": "tax_amount",
    "total_amount": "subtotal",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What orders take of one line of a contract, and whether all of them left its price as it is."""

    quantity: Decimal = NOTHING
    gross: Decimal = NO_MONEY
    subtotal: Decimal = NO_MONEY
    is_unchanged: bool = True

    def with_line(self, line: Line, of: Line) -> "Taken":
        """Count one more line of an order."""
        return Taken(
            self.quantity + (line.quantity or NOTHING),
            self.gross + (line.gross_amount or NO_MONEY),
            self.subtotal + (line.subtotal or NO_MONEY),
            self.is_unchanged and is_unchanged(line, of),
        )


def is_unchanged(line: Line, of: Line) -> bool:
    """Tell whether a line of an order has the price, discount and tax of its line of the contract."""
    return all((getattr(line, name) or NOTHING) == (getattr(of, name) or NOTHING) for name in PRICED)


def orders_of(contracts: Sequence[int], ctx: Context, but: int | None = None) -> list[Record]:
    """Read the orders of contracts that are not cancelled, but for one."""
    found = ctx.forms.order.find(limit=MOST, contract__in=list(contracts), status__ne="cancelled") if contracts else []
    return [order for order in found if order.id != but]


def taken_by(orders: Iterable[Record], contract: Record) -> dict[int, Taken]:
    """Add up what orders take of each line of a contract."""
    lines = {line.id: line for line in contract.lines or ()}
    found: dict[int, Taken] = defaultdict(Taken)
    for line in _lines_of(orders):
        if line.source in lines:
            found[line.source] = found[line.source].with_line(line, lines[line.source])
    return found


def _lines_of(records: Iterable[Record]) -> Iterator[Line]:
    return (line for record in records for line in record.lines or ())


def derive_contracts(records: Sequence[Record], ctx: Context) -> None:
    """Fill how much of each line has been ordered."""
    contracts = {record.id: record for record in records if record.lines}
    ordered: dict[int, Decimal] = defaultdict(Decimal)
    for line in _lines_of(orders_of(list(contracts), ctx)):
        if line.source is not None:
            ordered[line.source] += line.quantity or NOTHING
    for line in _lines_of(contracts.values()):
        line.ordered_quantity = ordered.get(line.id, NOTHING)


def left_of(contract: Record, orders: Iterable[Record]) -> dict[int, Decimal]:
    """Give how much of each line of a contract has not been ordered yet, without lines of which nothing is left."""
    taken = taken_by(orders, contract)
    left = {line.id: line.quantity - taken.get(line.id, Taken()).quantity for line in contract.lines or ()}
    return {line_id: quantity for line_id, quantity in left.items() if quantity > 0}


def rows_left(contract: Record, left: Mapping[int, Decimal], ctx: Context) -> list[dict[str, Any]]:
    """Write lines of an order; a product that is not sold any more stays as text."""
    lines = [line for line in contract.lines or () if line.id in left]
    sold = carrying.sold(lines, ctx)
    rows = [
        {name: getattr(line, name) for name in CARRIED} | {"source": line.id, "quantity": left[line.id]}
        for line in lines
    ]
    return [row if row["product"] in sold else row | {"product": None} for row in rows]


def price(record: Record, contract: Record | None, others: Iterable[Record]) -> None:
    """Fill the amounts of an order, with the remainder where it completes a line of its contract."""
    price_document(record)
    if contract is None or not record.lines:
        return
    lines = {line.id: line for line in contract.lines or ()}
    taken = taken_by(others, contract)
    changed = {line.source for line in record.lines if line.source in lines and not _is_priced(line, lines, taken)}
    for line in record.lines:
        of = lines.get(line.source)
        if of is None or line.source in changed or line.subtotal is None:
            continue
        _settle(line, of, taken.get(line.source, Taken()))
        taken[line.source] = taken.get(line.source, Taken()).with_line(line, of)
    for total, column in TOTALS.items():
        setattr(record, total, sum((getattr(line, column) or NO_MONEY for line in record.lines), NO_MONEY))


def _is_priced(line: Line, lines: Mapping[int, Line], taken: Mapping[int, Taken]) -> bool:
    return is_unchanged(line, lines[line.source]) and taken.get(line.source, Taken()).is_unchanged


def _settle(line: Line, of: Line, taken: Taken) -> None:
    """Hold one line to what is left of the contract's line; the one that completes it takes all of that."""
    left, gross = of.subtotal - taken.subtotal, of.gross_amount - taken.gross
    quantity = taken.quantity + line.quantity
    if quantity > of.quantity or (quantity < of.quantity and line.subtotal <= left):
        return
    is_last = quantity == of.quantity
    line.subtotal = left if is_last else min(line.subtotal, left)
    line.gross_amount = max(line.subtotal, gross if is_last else min(line.gross_amount, gross))
    line.discount_amount = line.gross_amount - line.subtotal
    line.net_amount = round_half_up(line.subtotal * HUNDRED / (HUNDRED + (line.tax_rate or NOTHING)))
    line.tax_amount = line.subtotal - line.net_amount


def quantity_faults(record: Record, contract: Record, others: Iterable[Record]) -> dict[str, str]:
    """Find the lines that do not belong to the contract, or take more than is left of theirs."""
    lines = {line.id: line for line in contract.lines or ()}
    taken = taken_by(others, contract)
    faults: dict[str, str] = {}
    for index, line in enumerate(record.lines or ()):
        of = lines.get(line.source)
        if line.source is None or line.quantity is None:
            continue
        if of is None:
            faults[f"lines.{index}.source"] = _("来源行不属于所选合同，请重新选择合同的明细。")
            continue
        left = of.quantity - taken.get(of.id, Taken()).quantity
        if line.quantity > left:
            faults[f"lines.{index}.quantity"] = _(
                "“{name}”在合同中只剩 {left} 未下单，请减少数量。", name=of.product_name, left=plain(max(left, NOTHING))
            )
        taken[of.id] = taken.get(of.id, Taken()).with_line(line, of)
    return faults


def require_open(contract: Record) -> None:
    """Refuse an order of a contract that is not in effect."""
    if contract.status not in OPEN_STATES:
        sentence = _("合同 {number} 现在不是已生效或履行中，不能下单。", number=contract.number)
        raise Refused(sentence, code="contract_not_effective", errors={"contract": [sentence]})


def require_quantities(record: Record, contract: Record, others: Iterable[Record]) -> None:
    """Refuse lines beyond what is left of the contract; the caller holds the contract's lock."""
    if faults := quantity_faults(record, contract, others):
        errors = {path: [fault] for path, fault in faults.items()}
        sentence = _("有明细超出合同未下单的数量，请看各行的提示。")
        raise Refused(sentence, code="over_contract_quantity", errors=errors)


def plain(quantity: Decimal) -> str:
    """Write a quantity without zeros at its end."""
    return f"{quantity.normalize():f}"


def propose_order(contract: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been ordered yet."""
    left = left_of(contract, orders_of([contract.id], ctx))
    names = {line.id: line.product_name for line in contract.lines or ()}
    return {"lines": [{"source": key, "product_name": names[key], "quantity": left[key]} for key in left]}


def make_order(contract: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make an order of the lines that are left, or of those that are named."""
    contract = ctx.forms.contract.get(contract.id, lock=True)
    require_open(contract)
    left = left_of(contract, orders_of([contract.id], ctx))
    wanted = params.get("lines") or []
    rows = _wanted_rows(contract, wanted, ctx) if wanted else rows_left(contract, left, ctx)
    if not rows:
        raise Refused(_("合同 {number} 的明细都已下单。", number=contract.number), code="nothing_left")
    day = max(contract.delivery_date, ctx.today)
    made = ctx.forms.order.create(
        {"contract": contract.id, "owner": contract.owner, "delivery_date": day, "lines": rows}
    )
    message = _("已生成订单 {number}，请核对后确认。", number=made.number)
    return Result(message, open=("order", made.id), plan=_plan(made, ctx))


def _wanted_rows(contract: Record, wanted: Sequence[Mapping[str, Any]], ctx: Context) -> list[dict[str, Any]]:
    """Carry over the lines that are named, each with its quantity; what is beyond the contract is refused later."""
    known = {line.id: line.quantity for line in contract.lines or ()}
    sentence = _("来源行不属于所选合同，请重新选择合同的明细。")
    unknown = [index for index, row in enumerate(wanted) if row["source"] not in known]
    if unknown:
        errors = {f"lines.{index}.source": [sentence] for index in unknown}
        raise Refused(sentence, code="over_contract_quantity", errors=errors)
    rows = {row["source"]: row for row in rows_left(contract, known, ctx)}
    return [rows[row["source"]] | {"quantity": row["quantity"]} for row in wanted]


def _plan(made: Record, ctx: Context) -> dict[str, Any]:
    """Tell what was made, for people to look at before it is."""
    shown = {
        "customer": ctx.forms.customer.get(made.customer).name,
        "lines": _("{count} 项", count=len(made.lines)),
        "total_amount": f"{made.total_amount:,.2f}",
        "delivery_date": made.delivery_date.isoformat(),
    }
    warnings = (made.deviation or "").splitlines()
    return {"created": [{"form": "order", "title": made.name, "values": shown}], "warnings": warnings}
