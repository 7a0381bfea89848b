"""When another system is left alone for a while: after failures in a row, known to all workers through the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select

from lowcode.configuration import upsert
from lowcode.connections.tables import breakers

MOST_FAILURES = 5
REST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Resting:
    """A connection that has failed too often in a row."""

    plugin: str
    name: str
    failures: int
    opened_at: datetime


def may_call(connection: Connection, plugin: str, name: str, now: datetime) -> bool:
    """Tell whether a call may be made: not while it rests; after that one, which decides."""
    opened_at = connection.scalar(select(breakers.c.opened_at).where(_one(plugin, name)))
    return opened_at is None or now >= opened_at + REST


def count(connection: Connection, plugin: str, name: str, now: datetime, *, has_failed: bool) -> None:
    """Take note of how a call ended."""
    known = connection.scalar(select(breakers.c.failures).where(_one(plugin, name))) or 0
    failures = known + 1 if has_failed else 0
    if failures or known:
        _write(connection, plugin, name, failures, now if failures >= MOST_FAILURES else None)


def close(connection: Connection, plugin: str, name: str) -> None:
    """Let calls be made at once again."""
    _write(connection, plugin, name, 0, None)


def resting(connection: Connection) -> list[Resting]:
    """Give the connections that rest, or whose next call decides whether they go on resting."""
    columns = (breakers.c.plugin, breakers.c.connection, breakers.c.failures, breakers.c.opened_at)
    statement = select(*columns).where(breakers.c.opened_at.is_not(None))
    return [Resting(*row) for row in connection.execute(statement.order_by(*columns[:2]))]


def _one(plugin: str, name: str) -> ColumnElement[bool]:
    return and_(breakers.c.plugin == plugin, breakers.c.connection == name)


def _write(connection: Connection, plugin: str, name: str, failures: int, opened_at: datetime | None) -> None:
    row = {"plugin": plugin, "connection": name, "failures": failures, "opened_at": opened_at}
    statement = upsert(connection, breakers).values(row)
    changed = {"failures": failures, "opened_at": opened_at}
    connection.execute(statement.on_conflict_do_update(index_elements=["plugin", "connection"], set_=changed))
