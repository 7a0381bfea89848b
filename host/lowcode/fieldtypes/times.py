"""Days and instants."""

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date
from sqlalchemy.types import TypeEngine

from lowcode.database.columns import UtcDateTime
from lowcode.declare.fields import Field
from lowcode.fieldtypes.base import ORDER, FieldType, ValueFault
from lowcode.i18n import _

YEARS = range(1900, 3000)
"""Of days and instants; what rules and pages reckon from them stays within the calendar, in every time zone."""


def within(day: date) -> None:
    """Refuse a day or an instant far from any business. Raises ValueFault."""
    if day.year not in YEARS:
        raise ValueFault(_("请填写 {first} 年到 {last} 年之间的日期。", first=YEARS[0], last=YEARS[-1]))


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
        day = self.restore(field, raw)
        within(day)
        return day

    def restore(self, field: Field, raw: Any) -> date:
        """Read any day of the calendar."""
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
        """Take `2026-11-23T02:15:00Z`, another offset, or an instant as rules have it; a day is its start in UTC."""
        instant = self.restore(field, raw)
        within(instant)
        return instant

    def restore(self, field: Field, raw: Any) -> datetime:
        """Read any instant of the calendar."""
        try:
            value = raw
            if isinstance(raw, str) and len(raw) <= 35:
                value = datetime.fromisoformat(f"{raw}T00:00:00Z" if len(raw) == 10 else raw)
            if isinstance(value, datetime) and value.tzinfo is not None:
                return value.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            pass
        raise ValueFault(_("不是有效的时间，请按 2026-11-23T02:15:00Z 的格式填写。"))

    def dump(self, field: Field, value: datetime) -> str:
        """Write `2026-11-23T02:15:00Z`."""
        return f"{value.replace(tzinfo=None).isoformat(timespec='seconds')}Z"

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the format."""
        return {"type": "string", "format": "date-time"}
