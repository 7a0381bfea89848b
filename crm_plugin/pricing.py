"""Amounts of line items and documents, one function for quotation, contract and order.

With quantity q, tax-inclusive unit price p, discount d % (percentage taken off, 0 = none) and tax t %:

    gross_amount      round2(q × p)
    discounted_price  round4(p × (1 − d/100))        shown only, never used further
    subtotal          round2(q × p × (1 − d/100))    rounded once, at the line
    discount_amount   gross_amount − subtotal
    net_amount        round2(subtotal / (1 + t/100))
    tax_amount        subtotal − net_amount          a difference, so net + tax = subtotal to the cent

By the policy `unit_price` prices are rounded first, so that what is printed multiplies out:

    gross_amount      round2(q × round2(p))
    subtotal          round2(q × round2(p × (1 − d/100)))

Header totals add up the lines and are never computed from each other. Rounding is half-up, in yuan and fen.
Source: the customer's document (自动计算金额、税额、小计) with the tax-inclusive back-calculation that ERP systems
use, e.g. Oracle JD Edwards: 7 × 15.30 at 7.3 % gives 107.10 = 99.81 + 7.29.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from lowcode.api import Line, Record

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""The longest product, quantity × price × discount, has 30 digits; Python's default context keeps only 28."""

_ZERO = Decimal("0.00")
_CENT = Decimal("0.01")
"""One fen; and one hundredth, to turn a percentage into a factor."""

_PRICE = Decimal("0.0001")
UNIT_PRICE = "unit_price"
"""The policy that rounds the discounted price to fen before it is multiplied; any other rounds at the line."""

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The computed amounts of one line, named as the fields they fill."""

    gross_amount: Decimal
    discounted_price: Decimal
    discount_amount: Decimal
    subtotal: Decimal
    net_amount: Decimal
    tax_amount: Decimal


def price_line(
    quantity: Decimal, unit_price: Decimal, discount_rate: Decimal, tax_rate: Decimal, policy: str | None = None
) -> LinePrice:
    """Compute the amounts of one line; rates are percentages, the price includes tax."""
    multiply = _EXACT.multiply
    full = multiply(quantity, unit_price)
    gross = full.quantize(_CENT, ROUND_HALF_UP, _EXACT)
    if discount_rate:
        kept = multiply(_HUNDRED - discount_rate, _CENT)
        exact = multiply(unit_price, kept)
        discounted = exact.quantize(_PRICE, ROUND_HALF_UP, _EXACT)
        subtotal = multiply(full, kept).quantize(_CENT, ROUND_HALF_UP, _EXACT)
    else:
        exact = unit_price
        discounted = unit_price.quantize(_PRICE, ROUND_HALF_UP, _EXACT)
        subtotal = gross
    if policy == UNIT_PRICE:
        gross, subtotal = _of_rounded(quantity, unit_price), _of_rounded(quantity, exact)
    if tax_rate:
        net = _EXACT.divide(multiply(subtotal, _HUNDRED), _HUNDRED + tax_rate).quantize(_CENT, ROUND_HALF_UP, _EXACT)
    else:
        net = subtotal
    return LinePrice(
        gross_amount=gross,
        discounted_price=discounted,
        discount_amount=_EXACT.subtract(gross, subtotal),
        subtotal=subtotal,
        net_amount=net,
        tax_amount=_EXACT.subtract(subtotal, net),
    )


def _of_rounded(quantity: Decimal, price: Decimal) -> Decimal:
    """Multiply a price that is rounded to fen first."""
    unit = price.quantize(_CENT, ROUND_HALF_UP, _EXACT)
    return _EXACT.multiply(quantity, unit).quantize(_CENT, ROUND_HALF_UP, _EXACT)


def price_document(record: Record) -> None:
    """Fill the amounts of every line and the totals of the header, by the document's rounding policy.

    A line without quantity or price, as in a form that is being filled in, has no amounts and does not count.
    """
    quantity = gross = discount = net = tax = total = _ZERO
    add, policy = _EXACT.add, record.rounding_policy
    for line in record.lines or ():
        if line.quantity is None or line.unit_price is None:
            _clear(line)
            continue
        price = price_line(line.quantity, line.unit_price, line.discount_rate or _ZERO, line.tax_rate or _ZERO, policy)
        line.gross_amount = price.gross_amount
        line.discounted_price = price.discounted_price
        line.discount_amount = price.discount_amount
        line.subtotal = price.subtotal
        line.net_amount = price.net_amount
        line.tax_amount = price.tax_amount
        quantity = add(quantity, line.quantity)
        gross = add(gross, price.gross_amount)
        discount = add(discount, price.discount_amount)
        net = add(net, price.net_amount)
        tax = add(tax, price.tax_amount)
        total = add(total, price.subtotal)
    record.total_quantity = quantity
    record.gross_total = gross
    record.discount_total = discount
    record.net_total = net
    record.tax_total = tax
    record.total_amount = total


def _clear(line: Line) -> None:
    line.gross_amount = line.discounted_price = line.discount_amount = None
    line.subtotal = line.net_amount = line.tax_amount = None
