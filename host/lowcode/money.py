"""Exact decimal arithmetic."""

from decimal import ROUND_HALF_UP, Decimal


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """Round to `places` decimals, halves away from zero, as Chinese tax and book-keeping practice does."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
