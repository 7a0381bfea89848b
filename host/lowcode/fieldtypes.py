"""The field types: one class each. A new type touches only this file and a widget of the same name.

A type knows the column that stores it, how to read a value from JSON or a query string, how to write
it to JSON, which operators conditions may use on it, and its OpenAPI schema.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Boolean, Date, String, Text
from sqlalchemy.types import TypeEngine

from lowcode.columns import FixedDecimal, Id, UtcDateTime
from lowcode.declare.model import Field
from lowcode.i18n import _

COMMON_KEYS = frozenset({"label", "type", "help", "required", "readonly", "create_only", "computed", "visible_to"})
ORDER = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "in", "between", "isnull"})
SAME = frozenset({"eq", "ne", "in", "isnull"})
LARGEST = 10**18
UNITS = tuple(Decimal(1).scaleb(-digits) for digits in range(19))
"""The last decimal place, by the number of places."""

NUMERAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,20})?")


class ValueFault(ValueError):
    """A value that a field does not take, with a sentence for the person."""


class FieldType:
    """What the host knows of one type."""

    name: ClassVar[str]
    keys: ClassVar[frozenset[str]] = frozenset()
    operators: ClassVar[frozenset[str]] = SAME

    def column_type(self, field: Field) -> TypeEngine[Any] | None:
        """Give the column's type, None when the value is not in the record's own row."""
        raise AssertionError(self.name)

    def parse(self, field: Field, raw: Any) -> Any:
        """Read a value that is neither null nor empty. Raises ValueFault."""
        raise AssertionError(self.name)

    def parse_operand(self, field: Field, raw: Any) -> Any:
        """Read the right-hand side of a comparison, which need not satisfy the field's bounds."""
        return self.parse(field, raw)

    def dump(self, field: Field, value: Any) -> Any:
        """Write a value that is not None to JSON."""
        return value

    def dumper(self, field: Field) -> Callable[[Any], Any] | None:
        """Give `dump` for one field and many values; None when values are written as they are."""
        return None if type(self).dump is FieldType.dump else partial(self.dump, field)

    def text(self, field: Field, value: Any) -> str:
        """Show a JSON value to a person."""
        return str(value)

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the JSON value."""
        return {"type": "string"}


class TextType(FieldType):
    """One line of text; white space at the ends is dropped, and it is stored in Unicode's composed form."""

    name = "text"
    keys = frozenset({"default", "unique", "max", "pattern"})
    operators = SAME | {"contains", "startswith"}
    longest = 255
    lines = False

    def limit(self, field: Field) -> int:
        """Give the greatest number of characters."""
        return int(field.max) if field.max is not None else self.longest

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as bounded text."""
        return String(self.limit(field))

    def parse(self, field: Field, raw: Any) -> str:
        """Take a string within the bounds."""
        text = self.parse_operand(field, raw)
        if len(text) > self.limit(field):
            raise ValueFault(_("最多 {limit} 个字符。", limit=self.limit(field)))
        if field.pattern and not re.fullmatch(field.pattern, text):
            raise ValueFault(_("格式不正确。"))
        return text

    def parse_operand(self, field: Field, raw: Any) -> str:
        """Take any clean string."""
        if not isinstance(raw, str):
            raise ValueFault(_("请填写文字。"))
        text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n") if self.lines else raw).strip()
        for character in "" if text.isprintable() else text:
            kind = unicodedata.category(character)
            if kind == "Cs" or (kind == "Cc" and not (self.lines and character in "\n\t")):
                raise ValueFault(_("含有不能保存的控制字符。"))
        return text

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the length."""
        return {"type": "string", "maxLength": self.limit(field)}


class TextAreaType(TextType):
    """Several lines of text."""

    name = "textarea"
    keys = frozenset({"default", "max"})
    longest = 4096
    lines = True

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as text."""
        return Text()


class PhoneType(TextType):
    """A mobile or fixed-line number, as it is dialled."""

    name = "phone"
    keys = frozenset({"default", "unique"})
    longest = 30

    def parse(self, field: Field, raw: Any) -> str:
        """Take digits with the usual separators."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"\+?[0-9][0-9 ()-]{4,23}[0-9]((#|转|ext\.? ?)[0-9]{1,6})?", text):
            raise ValueFault(_("不是有效的电话号码，例如 13800138000 或 021-88886666。"))
        return text


class EmailType(TextType):
    """An e-mail address."""

    name = "email"
    keys = frozenset({"default", "unique"})

    def parse(self, field: Field, raw: Any) -> str:
        """Take one address without a display name."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\".]+(\.[^@\s<>,;\".]+)+", text):
            raise ValueFault(_("不是有效的邮箱地址，例如 name@example.com。"))
        return text


class UrlType(TextType):
    """A web address."""

    name = "url"
    keys = frozenset({"default", "unique"})
    longest = 500

    def parse(self, field: Field, raw: Any) -> str:
        """Take http and https only."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"https?://[^\s\"<>\\]+", text):
            raise ValueFault(_("不是有效的网址，请以 http:// 或 https:// 开头。"))
        return text


class NumberType(FieldType):
    """An exact number with `digits` decimal places; a string in JSON."""

    name = "number"
    keys = frozenset({"default", "min", "max", "more_than", "digits", "unit", "rollup", "suggest"})
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
        if abs(value) >= LARGEST // 10**digits:
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
        number = Decimal(value)
        shown = f"{number:,.{self.digits(field)}f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the numeral."""
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "example": f"{0:.{self.digits(field)}f}"}


class MoneyType(NumberType):
    """An amount of money in yuan, two places."""

    name = "money"
    keys = frozenset({"default", "min", "max", "more_than", "rollup"})

    def text(self, field: Field, value: Any) -> str:
        """Group the thousands and keep both places."""
        return f"{Decimal(value):,.2f}"


class IntegerType(NumberType):
    """A whole number; a number in JSON."""

    name = "integer"
    keys = frozenset({"default", "min", "max", "more_than", "unit", "rollup", "unique"})
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


class DateType(FieldType):
    """A day of the calendar."""

    name = "date"
    keys = frozenset({"default"})
    operators = ORDER

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as a date."""
        return Date()

    def parse(self, field: Field, raw: Any) -> date:
        """Take `2026-11-23`, and a date as rules have it."""
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        raise ValueFault(_("不是有效的日期，请按 2026-11-23 的格式填写。"))

    def dump(self, field: Field, value: date) -> str:
        """Write `2026-11-23`."""
        return value.isoformat()

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the format."""
        return {"type": "string", "format": "date"}


class DateTimeType(FieldType):
    """An instant, to the second."""

    name = "datetime"
    keys = frozenset({"default"})
    operators = ORDER

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store in UTC."""
        return UtcDateTime()

    def parse(self, field: Field, raw: Any) -> datetime:
        """Take `2026-11-23T02:15:00Z` or another offset, and an instant as rules have it; a day alone is its start in UTC."""
        if isinstance(raw, datetime) and raw.tzinfo is not None:
            return raw.astimezone(UTC).replace(microsecond=0)
        if isinstance(raw, str) and len(raw) <= 35:
            try:
                value = datetime.fromisoformat(f"{raw}T00:00:00Z" if len(raw) == 10 else raw)
                if value.tzinfo is not None:
                    return value.astimezone(UTC).replace(microsecond=0)
            except (ValueError, OverflowError):
                pass
        raise ValueFault(_("不是有效的时间，请按 2026-11-23T02:15:00Z 的格式填写。"))

    def dump(self, field: Field, value: datetime) -> str:
        """Write `2026-11-23T02:15:00Z`."""
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the format."""
        return {"type": "string", "format": "date-time"}


class BooleanType(FieldType):
    """Yes or no."""

    name = "boolean"
    keys = frozenset({"default"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as a boolean."""
        return Boolean()

    def parse(self, field: Field, raw: Any) -> bool:
        """Take true or false."""
        if not isinstance(raw, bool):
            raise ValueFault(_("请填写 true 或 false。"))
        return raw

    def parse_operand(self, field: Field, raw: Any) -> bool:
        """Take the words of a query string too."""
        return {"true": True, "false": False}[raw] if raw in ("true", "false") else self.parse(field, raw)

    def text(self, field: Field, value: Any) -> str:
        """Say yes or no."""
        return _("是") if value else _("否")

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the value."""
        return {"type": "boolean"}


class ChoiceType(FieldType):
    """An item of a dictionary, stored and sent as its code."""

    name = "choice"
    keys = frozenset({"default", "dictionary", "where", "leaf"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the code."""
        return String(50)

    def parse(self, field: Field, raw: Any) -> str:
        """Take a code; whether the dictionary has it is checked against the database."""
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", raw):
            raise ValueFault(_("请从选项中选择。"))
        return raw


class RefType(FieldType):
    """Another record, written as its id and read as `{"id", "title"}`."""

    name = "ref"
    keys = frozenset({"default", "form", "where", "fill", "same"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the id."""
        return Id

    def parse(self, field: Field, raw: Any) -> int:
        """Take an id; whether it exists and may be seen is checked against the database."""
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,18}", raw):
            raw = int(raw)
        if not isinstance(raw, int) or isinstance(raw, bool) or not 0 < raw < LARGEST:
            raise ValueFault(_("请填写记录的编号 (id)。"))
        return raw

    def text(self, field: Field, value: Any) -> str:
        """Show the title."""
        return str(value["title"])

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the id."""
        return {"type": "integer", "description": f"id of a record of {field.form or self.name}"}


class UserType(RefType):
    """A member of staff."""

    name = "user"
    keys = frozenset({"default"})


class DepartmentType(RefType):
    """A department."""

    name = "department"
    keys = frozenset({"default"})


class ImageType(FieldType):
    """One picture, written as the id of an uploaded file."""

    name = "image"
    operators = frozenset({"isnull"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the file's id."""
        return String(32)

    def parse(self, field: Field, raw: Any) -> str:
        """Take a file id; whether it may be used is checked against the database."""
        if not isinstance(raw, str) or not re.fullmatch(r"[0-9a-f]{32}", raw):
            raise ValueFault(_("请先上传文件，再填写它的编号 (id)。"))
        return raw

    def text(self, field: Field, value: Any) -> str:
        """Show the name."""
        return str(value["name"])


class FilesType(ImageType):
    """Several files, written as a list of ids of uploaded files."""

    name = "files"
    keys = frozenset({"min", "max"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the ids."""
        return JSON(none_as_null=True)

    def parse(self, field: Field, raw: Any) -> list[str]:  # type: ignore[override]
        """Take a list of different file ids."""
        if not isinstance(raw, list) or len(raw) > (field.max or 50):
            raise ValueFault(_("请填写文件编号的列表，最多 {limit} 个。", limit=int(field.max or 50)))
        return list(dict.fromkeys(super(FilesType, self).parse(field, item) for item in raw))

    def text(self, field: Field, value: Any) -> str:
        """Show the names."""
        return "、".join(str(item["name"]) for item in value)

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the list."""
        return {"type": "array", "items": {"type": "string"}}


class LinesType(FieldType):
    """Line items: rows of a table of their own, written and read whole."""

    name = "lines"
    keys = frozenset({"min", "max", "fields"})
    operators = frozenset()
    most = 1000

    def column_type(self, field: Field) -> None:
        """Store in a table of their own."""

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the list; the columns are added by the schema."""
        return {"type": "array"}


def check_bounds(field: Field, value: Any) -> None:
    """Refuse a number outside `min`, `max` and `more_than`."""
    if field.more_than is not None and value <= field.more_than:
        raise ValueFault(_("必须大于 {limit}。", limit=field.more_than))
    if field.min is not None and value < field.min:
        raise ValueFault(_("不能小于 {limit}。", limit=field.min))
    if field.max is not None and value > field.max:
        raise ValueFault(_("不能大于 {limit}。", limit=field.max))


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, (str, int, Decimal)):
        raise ValueFault(_("请填写数字。"))
    if isinstance(raw, int):
        if abs(raw) >= LARGEST:
            raise ValueFault(_("数字太大。"))
        return Decimal(raw)
    if isinstance(raw, Decimal):
        if not raw.is_finite() or not -20 <= raw.adjusted() <= 20 or len(raw.as_tuple().digits) > 40:
            raise ValueFault(_("请填写数字。"))
        return raw
    if not NUMERAL.fullmatch(raw.strip()):
        raise ValueFault(_("请填写数字。"))
    return Decimal(raw.strip())


FIELD_TYPES: Mapping[str, FieldType] = {
    kind.name: kind
    for kind in (
        TextType(), TextAreaType(), PhoneType(), EmailType(), UrlType(), IntegerType(), NumberType(), MoneyType(),
        DateType(), DateTimeType(), BooleanType(), ChoiceType(), RefType(), UserType(), DepartmentType(),
        ImageType(), FilesType(), LinesType(),
    )
}  # fmt: skip
