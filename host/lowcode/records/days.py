"""Records by the day of a field: the first of each day, and how many there are, in one query."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, literal, select

from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context


@dataclass(slots=True)
class Day:
    """The first records of a day, and how many there are altogether."""

    records: list[Record] = field(default_factory=list)
    total: int = 0


def by_day(
    ctx: "Context", form: LiveForm, name: str, days: Sequence[date], most: int, where: Sequence[ColumnElement[bool]]
) -> list[Day]:
    """Give the records of each of some days in a row, in their order within the day and at most so many.

    Days are those of the business time zone.
    """
    column = form.column(name)
    ends = [_start(ctx, form, name, day) for day in (*days, days[-1] + timedelta(days=1))]
    number = case(*((column < end, literal(index)) for index, end in enumerate(ends[1:])), else_=literal(len(days)))
    inner = (
        select(form.column("id"), number.label("day"), column.label("at"))
        .where(*where, column >= ends[0], column < ends[-1])
        .subquery("found")
    )
    counted = select(
        inner.c.id,
        inner.c.day,
        func.row_number().over(partition_by=inner.c.day, order_by=(inner.c.at, inner.c.id)).label("place"),
        func.count().over(partition_by=inner.c.day).label("total"),
    ).subquery("counted")
    shown = select(counted).where(counted.c.place <= most).order_by(counted.c.day, counted.c.place)
    rows = ctx.connection.execute(shown).all()
    wanted = [row.id for row in rows]
    loaded = store.load_many(ctx, form, select(form.table).where(form.column("id").in_(wanted)))
    records = {each.id: each for each in loaded}
    found = [Day() for _day in days]
    for row in rows:
        found[row.day].records.append(records[row.id])
        found[row.day].total = row.total
    return found


def _start(ctx: "Context", form: LiveForm, name: str, day: date) -> Any:
    """Give the first value of a day: the day itself, or the instant at which it begins."""
    if form.fields[name].type == "date":
        return day
    return datetime.combine(day, time(), ctx.time_zone).astimezone(UTC)
