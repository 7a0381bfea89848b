"""Exact decimal arithmetic, and amounts in words."""

from decimal import ROUND_HALF_UP, Decimal

DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))
TOO_MUCH = Decimal("9999999999999999.995")
"""What rounds to seventeen digits before the point, for which there are no usual words."""


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """Round to `places` decimals, halves away from zero, as Chinese tax and book-keeping practice does."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def capitals(value: Decimal | int | str | None) -> str:
    """Write an amount of yuan in the words that Chinese documents use against alteration (人民币大写).

    Nothing for none. Raises ValueError for more than sixteen digits before the point.
    """
    if value is None:
        return ""
    exact = Decimal(value)
    if abs(exact) >= TOO_MUCH:
        raise ValueError(f"{value} has more than sixteen digits before the point.")
    amount = round_half_up(exact)
    cents = abs(int(amount.scaleb(2)))
    yuan, (jiao, fen) = cents // 100, divmod(cents % 100, 10)
    if not cents:
        return "零元整"
    words = f"{_whole(yuan)}元" if yuan else ""
    words += f"{DIGITS[jiao]}角" if jiao else "零" if yuan and fen else ""
    words += f"{DIGITS[fen]}分" if fen else "整"
    return f"负{words}" if amount < 0 else words


def _whole(number: int) -> str:
    """Write a whole number above zero; a gap of any length is one 零."""
    for size, unit in UNITS:
        if number >= size:
            head, rest = divmod(number, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{_whole(head)}{unit}{gap}{_whole(rest) if rest else ''}"
    return DIGITS[number]
