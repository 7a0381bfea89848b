"""The log of calls, both ways: who called what, what came of it, without secrets and signatures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, select

from lowcode.connections.tables import calls, received

KEPT = timedelta(days=30)
MOST_KEPT = 10_000
"""How long the log goes back, and how many calls of one endpoint or connection it holds at most."""

INBOUND, OUTBOUND = "in", "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call for the log. `message` is a sentence to translate, `values` what it names."""

    at: datetime
    direction: str
    plugin: str
    name: str
    address: str
    outcome: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    form: str | None = None
    record: int | None = None
    status: int | None = None
    tries: int = 1
    duration: int = 0
    request: str = ""
    answer: str = ""


def note(connection: Connection, entry: Entry) -> None:
    """Write one call into the log."""
    row = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    row |= {"subject": entry.subject[:255], "address": entry.address[:300], "values": dict(entry.values)}
    connection.execute(insert(calls).values(row))


def listing(
    connection: Connection, page: int, per_page: int, *, name: tuple[str, str] | None = None, outcome: str | None = None
) -> tuple[Sequence[Row[Any]], int]:
    """Give a page of the calls of a plugin's endpoint or connection, or of all, and how many there are."""
    where = [calls.c.plugin == name[0], calls.c.name == name[1]] if name else []
    if outcome:
        where.append(calls.c.outcome == outcome)
    newest = select(calls).where(*where).order_by(calls.c.id.desc())
    rows = connection.execute(newest.limit(per_page).offset((page - 1) * per_page)).all()
    return rows, connection.scalar(select(func.count()).select_from(calls).where(*where)) or 0


def clean_up(connection: Connection, now: datetime) -> None:
    """Drop what is too old or too much, and messages that are settled by a newer one about the same thing."""
    connection.execute(delete(calls).where(calls.c.at < now - KEPT))
    groups = select(calls.c.plugin, calls.c.direction, calls.c.name).distinct()
    for plugin, direction, name in connection.execute(groups).all():
        mine = and_(calls.c.plugin == plugin, calls.c.direction == direction, calls.c.name == name)
        newest = select(calls.c.id).where(mine).order_by(calls.c.id.desc())
        last = connection.scalar(newest.offset(MOST_KEPT).limit(1))
        if last is not None:
            connection.execute(delete(calls).where(mine, calls.c.id <= last))
    newer = received.alias()
    same = and_(*(newer.c[key] == received.c[key] for key in ("plugin", "endpoint", "about")))
    settled = exists().where(same, newer.c.sequence > received.c.sequence)
    connection.execute(delete(received).where(received.c.at < now - KEPT, settled))
