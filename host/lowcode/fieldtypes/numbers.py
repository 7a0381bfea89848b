"""Numbers: exact ones, money and whole ones."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.types import TypeEngine

from lowcode.database.columns import FixedDecimal
from lowcode.declare.fields import Field
from lowcode.fieldtypes.base import ORDER, FieldType, ValueFault
from lowcode.i18n import _

LARGEST = 10**18
UNITS = tuple(Decimal(1).scaleb(-digits) for digits in range(19))
"""The last decimal place, by the number of places."""

LIMITS = tuple(Decimal(LARGEST // 10**digits) for digits in range(19))
"""What a number with so many places has to stay under."""

MOST_DIGITS = 40
PRICE_DIGITS = 4
NUMERAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,20})?")


class NumberType(FieldType):
    """An exact number with `digits` decimal places; a string in JSON."""

    name = "number"
    keys = frozenset({"default", "min", "max", "more_than", "digits", "unit", "rollup", "difference", "suggest"})
    operators = ORDER
    default_digits = 2

    def digits(self, field: Field) -> int:
        """Give the number of decimal places."""
        return self.default_digits if field.digits is None else field.digits

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store exactly."""
        return FixedDecimal(18, self.digits(field))

    def parse(self, field: Field, raw: Any) -> Any:
        """Take a numeral within the bounds and with no more places than are kept."""
        value = self.parse_operand(field, raw)
        check_bounds(field, value)
        return value

    def parse_operand(self, field: Field, raw: Any) -> Any:
        """Take any numeral the column can hold."""
        value = _decimal(raw)
        digits = self.digits(field)
        if abs(value) >= LIMITS[digits]:
            raise ValueFault(_("数字太大。"))
        kept = value.quantize(UNITS[digits])
        if kept != value:
            raise ValueFault(_("最多 {digits} 位小数。", digits=digits))
        return kept

    def dump(self, field: Field, value: Any) -> Any:
        """Write all places, as a string."""
        return f"{value:.{self.digits(field)}f}"

    def dumper(self, field: Field) -> Callable[[Any], Any]:
        """Give a formatter that need not look at the field again."""
        return f"{{:.{self.digits(field)}f}}".format

    def text(self, field: Field, value: Any) -> str:
        """Group the thousands; drop zeros that say nothing."""
        return self.shortened(field, f"{Decimal(value):,.{self.digits(field)}f}")

    def shortened(self, field: Field, shown: str) -> str:
        """Drop zeros that say nothing. Four places are those of a unit price, of which two are always shown."""
        whole, dot, places = shown.partition(".")
        kept = places.rstrip("0")
        if self.digits(field) == PRICE_DIGITS:
            kept = kept.ljust(2, "0")
        return f"{whole}{dot}{kept}" if kept else whole

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the numeral."""
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "example": f"{0:.{self.digits(field)}f}"}


class MoneyType(NumberType):
    """An amount of money in yuan, two places."""

    name = "money"
    keys = frozenset({"default", "min", "max", "more_than", "rollup", "difference"})

    def text(self, field: Field, value: Any) -> str:
        """Group the thousands and keep both places."""
        return f"{Decimal(value):,.2f}"


class IntegerType(NumberType):
    """A whole number; a number in JSON."""

    name = "integer"
    keys = frozenset({"default", "min", "max", "more_than", "unit", "rollup", "difference", "unique"})
    default_digits = 0

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store in 64 bits."""
        return BigInteger()

    def parse_operand(self, field: Field, raw: Any) -> Any:
        """Take a whole numeral."""
        return int(super().parse_operand(field, raw))

    def dump(self, field: Field, value: Any) -> Any:
        """Write a JSON number."""
        return int(value)

    def dumper(self, field: Field) -> Callable[[Any], Any]:
        """Give the same for many values."""
        return int

    def text(self, field: Field, value: Any) -> str:
        """Group the thousands."""
        return f"{int(value):,}"

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the number."""
        return {"type": "integer"}


def check_bounds(field: Field, value: Any) -> None:
    """Refuse a number outside `min`, `max` and `more_than`."""
    if field.more_than is not None and value <= field.more_than:
        raise ValueFault(_("必须大于 {limit}。", limit=field.more_than))
    if field.min is not None and value < field.min:
        raise ValueFault(_("不能小于 {limit}。", limit=field.min))
    if field.max is not None and value > field.max:
        raise ValueFault(_("不能大于 {limit}。", limit=field.max))


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, str):
        if NUMERAL.fullmatch(raw.strip()):
            return Decimal(raw.strip())
    elif isinstance(raw, Decimal):
        if raw.is_finite() and -20 <= raw.adjusted() <= 20 and _has_few_digits(raw):
            return raw
    elif isinstance(raw, int) and not isinstance(raw, bool):
        if abs(raw) < LARGEST:
            return Decimal(raw)
        raise ValueFault(_("数字太大。"))
    raise ValueFault(_("请填写数字。"))


def _has_few_digits(value: Decimal) -> bool:
    """Count the digits only of what is long: counting takes longer than writing."""
    return len(str(value)) <= MOST_DIGITS or len(value.as_tuple().digits) <= MOST_DIGITS
