"""One page of many records: the order, the total, and the way to the first records that hold a text.

Whoever looks for a text gets few records or many. Few are found by the index of `database.search`, counted and sorted.
Many are neither counted nor sorted to the end: the first of them in the order asked for are near its beginning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, and_, false, func, or_, select

from lowcode.database.derived import ORDERED
from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

Sort = list[tuple[str, bool]]

MOST_FOUND = 10_000
"""How many records that hold a text are counted. They are looked up one by one."""

MOST_COUNTED = 100_000
"""How many records of a list are counted without a search. They are counted as they lie."""

NEAR = 5_000
"""Among so many records, for each page, many have their first ones."""

MOST_NEAR = 50_000

SAMPLE = 200
"""So many records tell whether most hold a text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for: conditions, those on texts apart, and what indexes make of the latter."""

    where: Sequence[ColumnElement[bool]]
    sort: Sort
    page: int
    per_page: int
    after: list[Any] | None = None
    holds: list[ColumnElement[bool]] = field(default_factory=list)
    hints: list[ColumnElement[bool]] = field(default_factory=list)

    @property
    def most(self) -> int:
        """How many are counted."""
        return MOST_FOUND if self.holds else MOST_COUNTED

    @property
    def skipped(self) -> int:
        """How many records stand before the page."""
        return 0 if self.after is not None else (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Page:
    """The records, one more than a page holds if there is one, and how many there are in all."""

    records: list[Record]
    total: int
    is_exact: bool


def read(ctx: "Context", form: LiveForm, asked: Asked) -> Page:
    """Read one page."""
    if asked.holds:
        return _search(ctx, form, asked)
    counted = _count(ctx, form, asked)
    return Page(_sorted(ctx, form, asked), min(counted, MOST_COUNTED), counted <= MOST_COUNTED)


def count(ctx: "Context", form: LiveForm, asked: Asked) -> int:
    """Count all records that are asked for, however many."""
    every = _found(asked, form.table.c.id).subquery("every")
    return ctx.connection.scalar(select(func.count()).select_from(every)) or 0


def walk(ctx: "Context", form: LiveForm, asked: Asked, size: int) -> Iterator[list[Record]]:
    """Read all records in the order asked for, so many at a time, each part behind the last key of the one before."""
    asked = replace(_without_useless_hints(ctx, form, asked), page=1, per_page=size, after=None)
    while records := _sorted(ctx, form, asked):
        yield records[:size]
        if len(records) <= size:
            return
        last = [getattr(records[size - 1], name) for name, _descending in keys(asked.sort)]
        asked = replace(asked, after=last)


def _search(ctx: "Context", form: LiveForm, asked: Asked) -> Page:
    ordered = _is_ordered(form, asked.sort)
    asked = _without_useless_hints(ctx, form, asked)
    found: list[Record] = []
    counted = 0
    if asked.hints and asked.after is None:
        found, counted = _few(ctx, form, asked)
    if not found and (asked.skipped or asked.after is not None or not asked.hints):
        counted = _count(ctx, form, asked)
    if counted > MOST_FOUND:
        near = _near(ctx, form, asked) if ordered else []
        return Page(near if len(near) > asked.per_page else _sorted(ctx, form, asked), MOST_FOUND, is_exact=False)
    return Page(found if found or not counted else _few(ctx, form, asked)[0], counted, is_exact=True)


def _without_useless_hints(ctx: "Context", form: LiveForm, asked: Asked) -> Asked:
    """Ask no index for what most records hold, where another index gives them in order."""
    useless = bool(asked.hints) and _is_ordered(form, asked.sort) and _is_common(ctx, form, asked)
    return replace(asked, hints=[]) if useless else asked


def _is_common(ctx: "Context", form: LiveForm, asked: Asked) -> bool:
    """Tell whether at least half of the first records hold the text: then no index is faster than looking at each."""
    first = select(and_(*asked.holds).label("holds")).where(*asked.where)
    sample = _in_order(form, asked, first, form.table).limit(SAMPLE).subquery("sample")
    held = ctx.connection.scalar(select(func.count()).select_from(sample).where(sample.c.holds)) or 0
    return held >= SAMPLE // 2


def keys(sort: Sort) -> Sort:
    """Give the sort keys with the id at the end, so that the order is total."""
    return sort if sort[-1][0] == "id" else [*sort, ("id", sort[-1][1])]


def _count(ctx: "Context", form: LiveForm, asked: Asked) -> int:
    """Count no further than one more than the most."""
    return ctx.connection.scalar(select(func.count()).select_from(_some(asked, form.table.c.id))) or 0


def _some(asked: Asked, *columns: ColumnElement[Any]) -> Subquery:
    """Give all records that are asked for, or one more than the most."""
    return _found(asked, *columns).limit(asked.most + 1).subquery("some")


def _found(asked: Asked, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select all records that are asked for.

    PostgreSQL takes a text to be rare wherever a `LIKE` looks for it. It takes nothing of the kind inside a function,
    and believes the statistics of the index instead.
    """
    held = [func.coalesce(and_(*asked.holds), false())] if asked.holds else []
    return select(*columns).where(*asked.where, *asked.hints, *held)


def _few(ctx: "Context", form: LiveForm, asked: Asked) -> tuple[list[Record], int]:
    """Find, count and sort in one pass, over ids and sort keys only. Worth nothing when there are too many."""
    table = form.table
    columns = [table.c[name] for name, _descending in keys(asked.sort)]
    some = _some(asked, *columns)
    counted = select(some.c.id, func.count().over().label("total"))
    if asked.after is not None:
        counted = counted.where(_beyond(some, asked, asked.after))
    page = _from_page(_in_order(form, asked, counted, some), asked).subquery("page")
    found = select(page.c.total, table).join(page, page.c.id == table.c.id)
    rows = ctx.connection.execute(_in_order(form, asked, found, table)).all()
    names = [column.name for column in table.c]
    return [form.record_class(**dict(zip(names, row[1:], strict=True))) for row in rows], rows[0][0] if rows else 0


def _near(ctx: "Context", form: LiveForm, asked: Asked) -> list[Record]:
    """Look among the records at the beginning of the order, row by row; an index gives them in this order."""
    first = select(form.table, and_(*asked.holds).label("holds")).where(*asked.where)
    if asked.after is not None:
        first = first.where(_beyond(form.table, asked, asked.after))
    near = _in_order(form, asked, first, form.table).limit(min(NEAR * asked.page, MOST_NEAR)).subquery("near")
    found = select(*(near.c[column.name] for column in form.table.c)).where(near.c.holds)
    return store.load_many(ctx, form, _from_page(_in_order(form, asked, found, near), asked))


def _sorted(ctx: "Context", form: LiveForm, asked: Asked) -> list[Record]:
    """Let the database find the way."""
    found = select(form.table).where(*asked.where, *asked.hints, *asked.holds)
    found = _from_page(_in_order(form, asked, found, form.table), asked)
    if asked.after is not None:
        found = found.where(_beyond(form.table, asked, asked.after))
    return store.load_many(ctx, form, found)


def _is_ordered(form: LiveForm, sort: Sort) -> bool:
    """Tell whether an index gives the records in this order."""
    return len(sort) == 1 and (sort[0][0] in {"id", "created_at"} or sort[0] in form.table.info[ORDERED])


def _in_order(form: LiveForm, asked: Asked, statement: Select[Any], source: FromClause) -> Select[Any]:
    for name, descending in keys(asked.sort):
        order = source.c[name].desc() if descending else source.c[name].asc()
        # Empty values come last, on both databases.
        statement = statement.order_by(order.nulls_last() if form.table.c[name].nullable else order)
    return statement


def _from_page(statement: Select[Any], asked: Asked) -> Select[Any]:
    """Take one record more than the page holds, which tells whether there is a next one."""
    return statement.limit(asked.per_page + 1).offset(asked.skipped)


def _beyond(source: FromClause, asked: Asked, values: list[Any]) -> ColumnElement[bool]:
    """Select what stands behind the cursor: the first key beyond it, or equal and the next key beyond it."""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (name, descending), value in zip(keys(asked.sort), values, strict=True):
        column = source.c[name]
        if value is not None:
            alternatives.append(and_(*equal, or_(_past(column, value, descending), column.is_(None))))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(false(), *alternatives)


def _past(column: ColumnElement[Any], value: Any, descending: bool) -> ColumnElement[bool]:
    """Compare with a value of the cursor; false comes before true."""
    if isinstance(value, bool):
        return column.is_(not descending) if value is descending else false()
    beyond: ColumnElement[bool] = column < value if descending else column > value
    return beyond
