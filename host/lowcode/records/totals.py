"""Figures over many records in one query: counts and sums by one or several fields, behind the row filter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, Select, func, select, type_coerce

from lowcode.database.columns import FixedDecimal
from lowcode.database.months import month_of
from lowcode.forms import LiveForm

if TYPE_CHECKING:
    from lowcode.context import Context

MONTH = "month"
DATED = frozenset({"date", "datetime"})
SUMMED = frozenset({"integer", "number", "money"})
UNGROUPED = frozenset({"lines", "image", "files", "textarea"})


@dataclass(frozen=True, slots=True)
class Total:
    """One group of records: what they have in common, how many there are, and the sums of the fields asked for."""

    keys: dict[str, Any]
    count: int
    sums: dict[str, Decimal]


def totals(
    ctx: "Context", form: LiveForm, by: Sequence[str], summed: Sequence[str], where: Iterable[ColumnElement[bool]]
) -> list[Total]:
    """Count and add up the records that satisfy the conditions, group by group, empty keys last."""
    check(form, by, summed, whole=ctx.is_system)
    parts = _Parts() if ctx.connection.dialect.name == "sqlite" else _Whole()
    statement = _statement(ctx, form, by, summed, where, parts)
    return in_order(_total(form, by, summed, row, parts) for row in ctx.connection.execute(statement))


def check(form: LiveForm, by: Iterable[str], summed: Iterable[str], *, whole: bool = True) -> None:
    """Refuse what cannot be grouped by or added up; where values are masked, what is. Raises ValueError."""
    for key in by:
        name, colon, part = key.partition(":")
        declared = form.fields.get(name)
        is_odd = bool(colon) and (part != MONTH or declared is None or declared.type not in DATED)
        if declared is None or declared.derived or declared.type in UNGROUPED or is_odd:
            raise ValueError(f"The records of '{form.name}' cannot be grouped by '{key}'.")
        if name in form.masked and not whole:
            raise ValueError(f"'{name}' of '{form.name}' is masked for some people; groups would tell its values.")
    for name in summed:
        declared = form.fields.get(name)
        if declared is None or declared.derived or declared.type not in SUMMED:
            raise ValueError(f"'{name}' of '{form.name}' cannot be added up.")


def in_order(found: Iterable[Total]) -> list[Total]:
    """Sort by the keys, the same on every database."""
    return sorted(found, key=lambda each: [(value is None, value) for value in each.keys.values()])


def _statement(
    ctx: "Context",
    form: LiveForm,
    by: Sequence[str],
    summed: Sequence[str],
    where: Iterable[ColumnElement[bool]],
    parts: "_Whole",
) -> Select[Any]:
    """Name the keys in an inner select: PostgreSQL does not see that an expression with parameters occurs twice."""
    keys = [_key(ctx, form, each).label(f"key_{index}") for index, each in enumerate(by)]
    figures = [form.column(name).label(f"sum_{index}") for index, name in enumerate(summed)]
    inner = select(form.column("id"), *keys, *figures).where(*where).subquery("found")
    grouped = [inner.c[each.name] for each in keys]
    sums = [each for figure in figures for each in parts.asked(inner.c[figure.name])]
    return select(*grouped, func.count().label("count"), *sums).select_from(inner).group_by(*grouped)


def _key(ctx: "Context", form: LiveForm, key: str) -> ColumnElement[Any]:
    name, colon, _part = key.partition(":")
    column = form.column(name)
    if not colon:
        return column
    return month_of(column, ctx.time_zone.key) if form.fields[name].type == "datetime" else month_of(column)


def _total(form: LiveForm, by: Sequence[str], summed: Sequence[str], row: Any, parts: "_Whole") -> Total:
    keys, (count, *sums) = row[: len(by)], row[len(by) :]
    figures = zip(*[iter(sums)] * parts.columns, strict=True)
    added = (parts.added(form.column(name), found) for name, found in zip(summed, figures, strict=True))
    return Total(dict(zip(by, keys, strict=True)), count, dict(zip(summed, added, strict=True)))


class _Whole:
    """Sums as PostgreSQL gives them: exact, and as long as they need to be."""

    columns = 1

    def asked(self, column: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """Give what to select for the sum of a column."""
        return [func.sum(column)]

    def added(self, column: ColumnElement[Any], found: Sequence[Any]) -> Decimal:
        """Put the sum together from what was selected."""
        return Decimal(found[0]) if found[0] is not None else Decimal()


class _Parts(_Whole):
    """Sums on SQLite, whose integers end at 64 bits: the upper and the lower part of each value added up by itself."""

    columns = 2
    SPLIT = 10**9

    def asked(self, column: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """Give what to select for the sum of a column."""
        value = type_coerce(column, BigInteger())
        return [func.sum(value.op("/")(self.SPLIT)), func.sum(value.op("%")(self.SPLIT))]

    def added(self, column: ColumnElement[Any], found: Sequence[Any]) -> Decimal:
        """Put the sum together from what was selected, and scale it as the column's type does."""
        upper, lower = (value or 0 for value in found)
        scale = column.type.scale if isinstance(column.type, FixedDecimal) else 0
        return Decimal(upper * self.SPLIT + lower).scaleb(-scale)
