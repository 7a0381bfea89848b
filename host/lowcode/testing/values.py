"""Values for declared fields: ones that a field takes, ones that it refuses, and how to compare what comes back."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, TextType
from lowcode.fieldtypes.numbers import LARGEST, NumberType

TEXTS = frozenset({"text", "textarea"})
NUMBERS = frozenset({"integer", "number", "money"})
POINTERS = frozenset({"ref", "user", "department"})
HELD = frozenset({"image", "files"})

COMMON = "例"
"""In every text made here."""

HOSTILE = (
    "'; DROP TABLE users; --",
    '" OR "1"="1',
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}#{7*7}%s%n",
    "👩‍👩‍👧‍👦🇨🇳 emoji",
    "مرحبا שלום RTL \u202e gnp.exe",
    "ｆｕｌｌ　ｗｉｄｔｈ　１２３",
    "e\u0301 a\u0308 NFD",
    "\ufeff\u200b\u200d zero width",
    "ÅßŁđ ẞ İı ﬁ",
    "𠮷𡈽𩸽 beyond the BMP",
    "../../etc/passwd\\..\\",
    "=1+1", "@SUM(A1)", "-2+3", "+cmd|' /C calc'!A0",
    "back\\slash %5C %_ LIKE",
    "null", "undefined", "NaN", "None",
)  # fmt: skip
"""Texts that have broken other systems; each is kept as it is."""

UNSTORABLE = (
    "nul \0 character", "bell \a character", "escape \x1b[31m", "vertical \v tab", "C1 \x85 control",
    "not \uffff a character",
)  # fmt: skip
"""Texts that no database or page should hold; each is refused."""


def plain(declared: Field, number: int, today: date) -> Any:
    """Give the JSON of a value that the field takes; None for types that need something made first.

    `number` differs between calls, so that unique fields differ.
    """
    if declared.type in TEXTS:
        return text(declared, number)
    if declared.type in NUMBERS:
        return numeral(declared, number)
    return {
        "phone": f"138{number % 10**8:08}",
        "email": f"person{number}@example.com",
        "url": f"https://example.com/{number}",
        "date": (today + timedelta(days=10)).isoformat(),
        "datetime": f"{today:%Y-%m-%d}T02:15:00Z",
        "boolean": True,
    }.get(declared.type)


def text(declared: Field, number: int) -> str:
    """Give a text of the field's length and pattern."""
    kind = FIELD_TYPES[declared.type]
    assert isinstance(kind, TextType)
    if declared.pattern:
        return _matching(declared.pattern, kind.limit(declared))
    return f"{number} {COMMON}"[: kind.limit(declared)]


def _matching(pattern: str, limit: int) -> str:
    """Find a text that matches a regular expression and was not found before."""
    from hypothesis import HealthCheck, Phase, find, settings, strategies

    quick = settings(database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), max_examples=2000)
    texts = strategies.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    found = find(
        texts, lambda each: 0 < len(each) <= limit and each.strip() == each and each not in _found, settings=quick
    )
    _found.add(found)
    return found


_found: set[str] = set()


def numeral(declared: Field, number: int) -> Any:
    """Give a number within the bounds that uses all decimal places."""
    kind = FIELD_TYPES[declared.type]
    assert isinstance(kind, NumberType)
    step = Decimal(1).scaleb(-kind.digits(declared))
    low = max((bound for bound in (declared.min, declared.more_than) if bound is not None), default=Decimal(1))
    value = low + step * (1 + (number if declared.unique else number % 7))
    if declared.max is not None:
        value = min(value, declared.max)
    return int(value) if declared.type == "integer" else str(value.quantize(step))


def bad_numbers(declared: Field) -> Sequence[Any]:
    """Give values that a number field refuses."""
    kind = FIELD_TYPES[declared.type]
    assert isinstance(kind, NumberType)
    step = Decimal(1).scaleb(-kind.digits(declared))
    beyond = [
        None if declared.min is None else str(declared.min - step),
        None if declared.max is None else str(declared.max + step),
        None if declared.more_than is None else str(declared.more_than),
    ]
    words = ["abc", "NaN", "Infinity", "-Infinity", "1e999", "1e-999", "1,000", "１２", "0x10", "--1", "1 000", "."]
    others = [True, [], {}, [1], {"a": 1}, 10**30, -(10**30), str(LARGEST), f"1.{'1' * (kind.digits(declared) + 1)}"]
    return [*words, *others, *(each for each in beyond if each is not None)]


BAD: Mapping[str, Sequence[Any]] = {
    "text": (5, True, [], {}, ["a"]),
    "textarea": (5, True, [], {}, ["a"]),
    "phone": ("abc", "12", "1" * 60, 13800138000, "138 0013 8000; --"),
    "email": ("x", "a@b", "a b@example.com", "a@example.com, b@example.com", "<a@example.com>", "a****@example.com", 5),
    "url": ("javascript:alert(1)", "example.com", "ftp://example.com", "http://", "https://a b", 5),
    "date": (
        "2026-02-30",
        "01/02/2026",
        "2026-1-1",
        "2026-01-01T00:00:00Z",
        "tomorrow",
        20260101,
        True,
        "0001-01-01",
        "1899-12-31",
        "3000-01-01",
        "9999-12-31",
    ),
    "datetime": (
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00",
        "now-ish",
        1767225600,
        "2026-01-01T00:00:00+99:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ),
    "boolean": ("yes", "true", 1, 0, [], "on"),
    "choice": ("no_such_item", "'; --", 5, [], "x" * 60, True),
    "ref": ("x", -1, 0, 2**63, True, {"id": 1}, [1], "1.5", 10**12),
    "user": ("me", -1, 0, 2**63, True, {"id": 1}, 10**12),
    "department": ("x", -1, 0, 2**63, True, {"id": 1}, 10**12),
    "image": ("f" * 32, "../x", 5, {"id": "f" * 32}, ["f" * 32]),
    "files": (["f" * 32], "f" * 32, ["../x"], [5], {"id": "f" * 32}),
    "lines": ("x", {}, [1], ["x"], [[]], 5),
}
"""Values that a field of each type refuses; those of numbers depend on the bounds."""


def bad(declared: Field) -> Sequence[Any]:
    """Give values that a field refuses."""
    return bad_numbers(declared) if declared.type in NUMBERS else BAD[declared.type]


def canonical(declared: Field, value: Any) -> Any:
    """Reduce a value that was sent, or one that came back, to what both have in common."""
    if value is None or value == "":
        return None
    if declared.type in POINTERS or declared.type == "image":
        return value["id"] if isinstance(value, Mapping) else value
    if declared.type == "files":
        return [each["id"] if isinstance(each, Mapping) else each for each in value]
    if declared.type == "lines":
        return [
            {name: canonical(column, row.get(name)) for name, column in declared.fields.items() if name in row}
            for row in value
        ]
    if declared.type in NUMBERS:
        return Decimal(str(value))
    if declared.type == "datetime":
        return datetime.fromisoformat(value)
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value


def is_kept(declared: Field, sent: Any, shown: Any) -> bool:
    """Tell whether what came back is what was sent; lines may have gained columns."""
    before, after = canonical(declared, sent), canonical(declared, shown)
    if declared.type != "lines":
        return bool(before == after)
    if len(before or ()) != len(after or ()):
        return False
    return all(old.items() <= new.items() for old, new in zip(before or (), after or (), strict=True))
