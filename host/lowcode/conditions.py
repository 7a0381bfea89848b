"""Conditions: `field__operator: value`, compiled to a Python predicate and to a SQL clause that agree.

One mapping is AND, a list of mappings is OR. The same grammar serves `where:`, `when:`, scopes, list
filters, roll-ups and the HTTP query string. There is no expression language and no eval.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Table, and_, exists, false, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from lowcode.declare.fields import Field, Where
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.i18n import _

OPERATORS = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "startswith", "isnull", "between"})
TOKENS = {
    "me": {"user"},
    "my_department": {"department"},
    "today": {"date", "datetime"},
    "now": {"datetime"},
}
"""For each word, the types of field it can be compared with; a day compared with an instant is its beginning."""

TOKEN = re.compile(r"\$(me|today|now|my_department)([+-]\d{1,5})?")


class ConditionFault(ValueError):
    """A condition that cannot be compiled: the key at fault and a sentence."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Target(Protocol):
    """What a condition is about: a form, with its columns and line tables."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields a condition may name."""

    def column(self, name: str) -> ColumnElement[Any]:
        """The column of a field."""

    def line_table(self, name: str) -> Table:
        """The table of a line items field."""


class ascii_lower(GenericFunction[str]):  # noqa: N801 (a SQL function)
    """Lower-case the letters A–Z only, on every database."""

    inherit_cache = True


@compiles(ascii_lower)
def _lower(element: Any, compiler: Any, **kw: Any) -> str:
    return f"lower({compiler.process(element.clauses, **kw)})"


@compiles(ascii_lower, "postgresql")
def _lower_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **kw)}) COLLATE "C")'


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def lower(text: str) -> str:
    """Lower-case as `ascii_lower` does."""
    return text.translate(_ASCII_LOWER)


def containing(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Select where a text occurs, A–Z in either case. The pattern is put together here, not again for every row."""
    return ascii_lower(column).like(f"%{_escaped(text)}%", escape="/")


def _escaped(text: str) -> str:
    return re.sub(r"([%_/])", r"/\1", lower(text))


@dataclass(frozen=True, slots=True)
class Token:
    """A value known at run time only: `$me`, `$today+3`."""

    name: str
    days: int = 0
    is_instant: bool = False

    def resolve(self, values: Mapping[str, Any]) -> Any:
        """Look the value up, shift a day by the given days, and give the instant it begins where that is asked."""
        value = values[self.name]
        value = value + timedelta(days=self.days) if self.days else value
        if self.name == "today" and self.is_instant:
            return datetime.combine(value, time(), tzinfo=values["zone"]).astimezone(UTC)
        return value


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of one field, or of any line's column when `line` is given."""

    field: str
    operator: str
    value: Any
    line: str | None = None

    def matches(self, record: Any, values: Mapping[str, Any]) -> bool:
        """Compare a record's value in Python."""
        expected = _resolve(self.value, values)
        if self.line is None:
            return _PREDICATES[self.operator](getattr(record, self.field), expected)
        return any(
            _PREDICATES[self.operator](getattr(item, self.field), expected) for item in getattr(record, self.line) or ()
        )

    def clause(self, target: Target, values: Mapping[str, Any]) -> ColumnElement[bool]:
        """Compare the column in SQL."""
        expected = _resolve(self.value, values)
        if self.line is None:
            return _CLAUSES[self.operator](target.column(self.field), expected)
        lines = target.line_table(self.line)
        test = _CLAUSES[self.operator](lines.c[self.field], expected)
        return exists(select(1).where(lines.c.record_id == target.column("id"), test))


@dataclass(frozen=True, slots=True)
class Condition:
    """Alternatives, each a conjunction of tests. No alternative at all never holds; an empty one always does."""

    alternatives: tuple[tuple[Test, ...], ...]

    def matches(self, record: Any, values: Mapping[str, Any]) -> bool:
        """Tell whether a record satisfies the condition."""
        return any(all(test.matches(record, values) for test in tests) for tests in self.alternatives)

    def clause(self, target: Target, values: Mapping[str, Any]) -> ColumnElement[bool]:
        """Give the SQL that selects the records satisfying the condition."""
        if not self.alternatives:
            return false()
        return or_(*(and_(true(), *(test.clause(target, values) for test in tests)) for tests in self.alternatives))


def split_key(key: str) -> tuple[str, str]:
    """Split `total__gte` into field and operator; without an operator it is `eq`."""
    head, separator, tail = key.rpartition("__")
    return (head, tail) if separator and tail in OPERATORS else (key, "eq")


def parse(where: Where, fields: Mapping[str, Field]) -> Condition:
    """Compile a declared or requested condition. Raises ConditionFault."""
    mappings: Sequence[Mapping[str, Any]] = (where,) if isinstance(where, Mapping) else where
    return Condition(tuple(tuple(_test(key, value, fields) for key, value in each.items()) for each in mappings))


def _test(key: str, raw: Any, fields: Mapping[str, Field]) -> Test:
    name, operator = split_key(key)
    line, _dot, column = name.rpartition("__") if name not in fields else ("", "", name)
    declared = fields[line].fields.get(column) if line in fields else fields.get(column) if not line else None
    if declared is None:
        raise ConditionFault(key, f"'{name}' is not a field")
    if declared.derived:
        raise ConditionFault(key, f"'{name}' is derived and has no value to compare")
    kind = FIELD_TYPES[declared.type]
    if operator not in kind.operators:
        raise ConditionFault(key, f"'{operator}' cannot be used on a field of type {declared.type}")
    try:
        return Test(column, operator, _value(operator, raw, declared), line or None)
    except ValueFault as fault:
        raise ConditionFault(key, str(fault)) from None


def _value(operator: str, raw: Any, declared: Field) -> Any:
    if operator == "isnull":
        if raw in (True, "true", "1"):
            return True
        if raw in (False, "false", "0"):
            return False
        raise ValueFault(_("请填写 true 或 false。"))
    if operator in {"in", "between"}:
        items = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(items, Sequence) or (operator == "between" and len(items) != 2) or len(items) > 500:
            raise ValueFault(_("请填写用逗号分开的值。"))
        return tuple(_scalar(item, declared) for item in items)
    return _scalar(raw, declared)


def _scalar(raw: Any, declared: Field) -> Any:
    if isinstance(raw, str) and (token := TOKEN.fullmatch(raw)):
        if declared.type not in TOKENS[token[1]] or (token[2] and declared.type not in {"date", "datetime"}):
            raise ValueFault(_("这个值不能和这个字段比较。"))
        return Token(token[1], int(token[2] or 0), declared.type == "datetime")
    return None if raw is None or raw == "" else FIELD_TYPES[declared.type].parse_operand(declared, raw)


def _resolve(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Token):
        return value.resolve(values)
    if isinstance(value, tuple):
        return tuple(_resolve(item, values) for item in value)
    return value


def _both(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, expected: value is not None and expected is not None and compare(value, expected)


_PREDICATES: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, expected: bool(value == expected),
    "ne": lambda value, expected: bool(value != expected),
    "lt": _both(lambda value, expected: value < expected),
    "lte": _both(lambda value, expected: value <= expected),
    "gt": _both(lambda value, expected: value > expected),
    "gte": _both(lambda value, expected: value >= expected),
    "in": _both(lambda value, expected: value in expected),
    "contains": _both(lambda value, expected: lower(expected) in lower(value)),
    "startswith": _both(lambda value, expected: lower(value).startswith(lower(expected))),
    "isnull": lambda value, expected: (value is None) is expected,
    "between": lambda value, expected: (
        value is not None and None not in expected and expected[0] <= value <= expected[1]
    ),
}

_CLAUSES: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": lambda column, expected: column.is_(None) if expected is None else column == expected,
    "ne": lambda column, expected: (
        column.is_not(None) if expected is None else or_(column != expected, column.is_(None))
    ),
    "lt": lambda column, expected: false() if expected is None else column < expected,
    "lte": lambda column, expected: false() if expected is None else column <= expected,
    "gt": lambda column, expected: false() if expected is None else column > expected,
    "gte": lambda column, expected: false() if expected is None else column >= expected,
    "in": lambda column, expected: column.in_([item for item in expected if item is not None]),
    "contains": lambda column, expected: false() if expected is None else containing(column, expected),
    "startswith": lambda column, expected: (
        false() if expected is None else ascii_lower(column).like(f"{_escaped(expected)}%", escape="/")
    ),
    "isnull": lambda column, expected: column.is_(None) if expected else column.is_not(None),
    "between": lambda column, expected: (
        false() if None in expected else and_(column >= expected[0], column <= expected[1])
    ),
}
