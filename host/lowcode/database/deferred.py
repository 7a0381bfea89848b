"""Rows that are written at the very end of a transaction: what their writing locks is held for moments only."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event

ROWS = "deferred"
MARKS = "deferred_marks"
KEPT = (ROWS, MARKS)
"""What this keeps beside a connection."""

Work = Callable[[Connection, Sequence[Any]], None]


def defer(connection: Connection, work: Work, rows: Iterable[Any]) -> None:
    """Have `work` write the rows just before the commit, together with all others that are deferred for it.

    A savepoint that is rolled back takes those back that were deferred after it.
    """
    connection.info.setdefault(ROWS, []).extend((work, row) for row in rows)


def write_deferred(connection: Connection) -> None:
    """Write what the transaction has deferred, in the order in which it was."""
    by_work: dict[Work, list[Any]] = {}
    for work, row in connection.info.pop(ROWS, ()):
        by_work.setdefault(work, []).append(row)
    for work, rows in by_work.items():
        work(connection, rows)


def heed_savepoints(engine: Engine) -> None:
    """Follow the savepoints of all connections; they end in the opposite order of their beginning."""

    @event.listens_for(engine, "savepoint")
    def begin(connection: Connection, _name: object) -> None:
        connection.info.setdefault(MARKS, []).append(len(connection.info.get(ROWS, ())))

    @event.listens_for(engine, "release_savepoint")
    def keep(connection: Connection, _name: object, _context: object) -> None:
        connection.info[MARKS].pop()

    @event.listens_for(engine, "rollback_savepoint")
    def take_back(connection: Connection, _name: object, _context: object) -> None:
        del connection.info.get(ROWS, [])[connection.info[MARKS].pop() :]
