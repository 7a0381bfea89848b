"""The database: transactions that are exact on SQLite and PostgreSQL, and the one retry wrapper."""

import random
import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError

from lowcode.database import deferred, months

T = TypeVar("T")

RETRIES = 5
RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""serialization_failure and deadlock_detected, which PostgreSQL asks the client to retry."""

UNSUPPORTED = "0A000"
"""feature_not_supported, which PostgreSQL says of a plan it would have to make anew, and of much else."""


AFTERWARDS = "after_commit"


def after_commit(connection: Connection, name: str, work: Callable[[], object]) -> None:
    """Have `work` done when the write transaction at hand has been committed; once for each name, never without it.

    It must not raise: what has been committed would be taken for undone, and done again.
    """
    connection.info.setdefault(AFTERWARDS, {})[name] = work


class Database:
    """One engine. A write transaction on SQLite takes the write lock when it begins, so it never has to be redone."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(parsed) if self.is_sqlite else _postgresql_engine(parsed)
        deferred.heed_savepoints(self.engine)
        self._reading = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that only reads.

        On PostgreSQL each statement is its own transaction: it sees what READ COMMITTED would show it in a common one,
        and spares two round trips. On SQLite all statements see one state.
        """
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a connection that only reads, and whose statements all see the state as of the first."""
        steady = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with steady.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes: committed at the end, rolled back by any exception."""
        with self.engine.connect() as connection:
            connection.info["immediate"] = True
            try:
                with connection.begin():
                    yield connection
                    deferred.write_deferred(connection)
                afterwards = connection.info.get(AFTERWARDS, {})
            finally:
                for name in ("immediate", "touched", AFTERWARDS, *deferred.KEPT):
                    connection.info.pop(name, None)
        for work in afterwards.values():
            work()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a write transaction, again from the start when another transaction was in the way."""
        for attempt in range(1, RETRIES + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == RETRIES or not is_retryable(error):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (spreads retries, keeps no secret)
        raise AssertionError("unreachable")


def is_retryable(error: DBAPIError) -> bool:
    """Tell whether the same transaction may succeed when it is run again."""
    origin = error.orig
    if isinstance(origin, sqlite3.OperationalError):
        return "locked" in str(origin) or "busy" in str(origin)
    return getattr(origin, "sqlstate", None) in RETRYABLE_STATES or _is_stale_plan(origin)


def _is_stale_plan(origin: Any) -> bool:
    """Tell whether a statement was prepared for columns that a migration has changed since.

    The text of the error is in the server's language; the function of the server that raises it is not.
    """
    return getattr(origin, "sqlstate", None) == UNSUPPORTED and origin.diag.source_function == "RevalidateCachedQuery"


def _sqlite_engine(url: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=8, max_overflow=8)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions itself, DDL included
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")
        months.teach(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("immediate") else "BEGIN")

    return engine


def _postgresql_engine(url: Any) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=8,
        pool_timeout=10,
        connect_args={"connect_timeout": 5, "options": "-c statement_timeout=30000 -c timezone=UTC"},
    )

    @event.listens_for(engine, "checkout")
    def replace_a_dead_connection(connection: Any, _record: object, _proxy: object) -> None:
        """Look whether the server has hung up: then something waits to be read on an idle connection. No round trip."""
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        if waiting.poll(0):
            raise DisconnectionError("The server has closed the connection.")

    @event.listens_for(engine, "handle_error")
    def forget_old_plans(context: ExceptionContext) -> None:
        """Replace all connections after a migration by another process: their plans are for the old columns."""
        if _is_stale_plan(context.original_exception):
            context.is_disconnect = True

    return engine
