"""What a browser's form posts, as the JSON payload that the record services take.

Names are paths: `name`, `lines.7.quantity`. The number of a row only tells rows apart; their order is that of the form.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from lowcode import instants
from lowcode.declare.fields import Field

LOCAL = "%Y-%m-%d %H:%M"
NUMBERS = frozenset({"integer", "number", "money"})
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?([ T]+([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?)?")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A payload, and for each line items field the row keys in the order of the form."""

    payload: dict[str, Any]
    rows: Mapping[str, list[str]]

    def with_rows(self, counts: Mapping[str, int]) -> "Submitted":
        """Give the same with so many rows in line items, which the page is about to show."""
        return replace(self, rows={**self.rows, **{name: [str(key) for key in range(n)] for name, n in counts.items()}})

    def in_form(self, path: str) -> str:
        """Translate the path of a value in the payload to its name in the form."""
        name, _dot, rest = path.partition(".")
        index, _dot, column = rest.partition(".")
        keys = self.rows.get(name, [])
        if index.isdigit() and int(index) < len(keys):
            return f"{name}.{keys[int(index)]}.{column}"
        return path

    def in_payload(self, path: str) -> str:
        """Translate the name of a control in the form to the path of its value in the payload."""
        name, _dot, rest = path.partition(".")
        key, _dot, column = rest.partition(".")
        keys = self.rows.get(name, [])
        return f"{name}.{keys.index(key)}.{column}" if key in keys else path


def read(fields: Iterable[Field], data: MultiDict[str, str], zone: ZoneInfo) -> Submitted:
    """Read the controls of these fields."""
    payload: dict[str, Any] = {}
    rows: dict[str, list[str]] = {}
    keys = row_keys(data)
    for declared in fields:
        if declared.type == "lines":
            rows[declared.name] = keys.get(declared.name, [])
            payload[declared.name] = [_line(declared, key, data, zone) for key in rows[declared.name]]
        else:
            payload[declared.name] = value(declared, declared.name, data, zone)
    return Submitted(payload, rows)


def row_keys(data: MultiDict[str, str]) -> dict[str, list[str]]:
    """Find the rows of each line items field, in the order of the form."""
    found: dict[str, dict[str, None]] = {}
    for path in data:
        name, _dot, rest = path.partition(".")
        key, dot, column = rest.partition(".")
        if dot and column == "id":
            found.setdefault(name, {})[key] = None
    return {name: list(keys) for name, keys in found.items()}


def value(declared: Field, name: str, data: MultiDict[str, str], zone: ZoneInfo) -> Any:
    """Read one control as JSON; an empty one is null."""
    if declared.type == "boolean":
        return name in data
    if declared.type == "files":
        return [each for each in data.getlist(name) if each]
    raw = next((each for each in reversed(data.getlist(name)) if each.strip()), None)
    return tidied(declared, raw, zone) if raw else raw


def tidied(declared: Field, raw: str, zone: ZoneInfo) -> str:
    """Read what people write and paste, `1,999.90`, `￥99`, `10%`, `2026/11/5`, as the field's type has it.

    What is not understood is passed on, so that the type refuses it.
    """
    if declared.type in NUMBERS:
        return _number(unicodedata.normalize("NFKC", raw).strip(), allow_percent=declared.type == "number") or raw
    if declared.type not in {"date", "datetime"}:
        return raw
    found = DAY.fullmatch(unicodedata.normalize("NFKC", raw).strip())
    if found is None:
        return raw
    year, month, day, _time, hour, minute, _seconds = found.groups()
    written = f"{year}-{int(month):02}-{int(day):02}"
    if declared.type == "date":
        return raw if hour else written
    return instant(f"{written} {int(hour or 0):02}:{minute or '00'}", zone)


def _number(text: str, allow_percent: bool) -> str:
    text = text.removeprefix("¥").strip()
    if allow_percent:
        text = text.removesuffix("%").strip()
    return text.replace(",", "") if THOUSANDS.fullmatch(text) else text


def for_people(sentence: str) -> str:
    """Give a sentence of the API with times as pages write them."""
    return sentence.replace("2026-11-23T02:15:00Z", "2026-11-23 10:15")


def _line(declared: Field, key: str, data: MultiDict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    prefix = f"{declared.name}.{key}."
    row = {
        column.name: value(column, prefix + column.name, data, zone)
        for column in declared.fields.values()
        if not column.filled_by_host
    }
    line_id = whole(data.get(prefix + "id"))
    return row if line_id is None else row | {"id": line_id}


def whole(raw: str | None) -> int | None:
    """Read a number that a page wrote into its own address or form; anything else is none."""
    return int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) <= 18 else None


def instant(raw: str, zone: ZoneInfo) -> str:
    """Read a local time as people write it; what is none is passed on, so that the field's type refuses it."""
    try:
        local = datetime.strptime(raw.strip().replace("T", " "), LOCAL)
        return f"{local.replace(tzinfo=zone).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        return raw


def local(raw: str, zone: ZoneInfo) -> str:
    """Write an instant of the API as local time."""
    return instants.written(datetime.fromisoformat(raw), zone)


def day_bounds(operator: str, raw: str, zone: ZoneInfo) -> tuple[str, str]:
    """Turn `gte` or `lte` of a local day into a comparison with the instant at which that day starts or has ended."""
    day = date.fromisoformat(raw) + timedelta(days=operator == "lte")
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    return ("lt" if operator == "lte" else operator), f"{start:%Y-%m-%dT%H:%M:%SZ}"
