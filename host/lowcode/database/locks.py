"""Locks by name: of those who want one, one goes on and the others wait."""

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select

from lowcode.database.engine import Database


def hold(connection: Connection, names: Iterable[str]) -> None:
    """Wait for the locks of these names and keep them until the transaction ends.

    They are taken in one order, whatever the order of the names, so that nobody waits in a ring. On SQLite the
    transaction that writes is the only one anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    for key in sorted({_key(name) for name in names}):
        connection.execute(select(func.pg_advisory_xact_lock(key)))


@contextmanager
def alone(db: Database, home: Path, name: str) -> Iterator[bool]:
    """Keep a lock as long as the block runs, and tell whether it was free; it is free again when the process dies."""
    if db.is_sqlite:
        with _file_lock(home / "run" / f"{_key(name):x}.lock") as is_mine:
            yield is_mine
        return
    with db.read() as connection:
        is_mine = bool(connection.scalar(select(func.pg_try_advisory_lock(_key(name)))))
        try:
            yield is_mine
        finally:
            if is_mine:
                connection.execute(select(func.pg_advisory_unlock(_key(name))))


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    """Lock a file: who works on one SQLite database works on one machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def _key(name: str) -> int:
    """Make PostgreSQL's 64-bit number of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
