"""Everything inside one transaction that is taken back: a test may do anything, and the next starts where it did."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NestedTransaction, event

from lowcode.database import deferred
from lowcode.platform import Platform
from lowcode.testing.watching import UNWATCHED, snapshot

WRITING = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE|CREATE|DROP|ALTER|CALL|DO)\b", re.IGNORECASE)
LOCKING = re.compile(r"\bFOR (NO KEY )?(UPDATE|(KEY )?SHARE)\b", re.IGNORECASE)


class Undone:
    """The platform with all its transactions inside one: each `attempt` starts from the same rows.

    Rows change by statements alone, and every statement of the platform goes through the one connection, where it is
    seen. So what sent nothing but queries has left each table as it was, hash for hash. After anything else, also
    after what the platform itself took back, the hashes of all tables are compared with those before.
    A transaction inside another would stand by itself where there is no test around it; what it writes counts.
    """

    def __init__(self, platform: Platform, connection: Connection) -> None:
        self._platform = platform
        self._connection = connection
        self._first = snapshot(platform)
        self._point: NestedTransaction | None = None
        self._wrote = self._wrote_beside = False
        self.depth = 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take back whatever is done inside."""
        start = self._connection.begin_nested()
        try:
            yield
        finally:
            self._end()
            start.rollback()

    def watch(self) -> None:
        """Look from here on whether anything is written."""
        self._end()
        self._point = self._connection.begin_nested()
        self._wrote = self._wrote_beside = False

    def changed(self) -> list[str]:
        """Name the tables that are not as they were when the watch began; that ends it."""
        if self._wrote_beside:
            return ["something, in a transaction of its own"]
        if not self._wrote:
            return []
        after = snapshot(self._platform)
        self._end()
        before = snapshot(self._platform)
        return sorted(name for name in after if after[name] != before[name])

    def _end(self) -> None:
        if self._point is not None:
            self._point.rollback()
            self._point = None

    def note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        """Look at a statement that is about to be sent."""
        if WRITING.search(LOCKING.sub("", statement)) and not any(name in statement for name in UNWATCHED):
            self._wrote = True
            self._wrote_beside |= self.depth > 1

    def is_as_at_first(self) -> bool:
        """Compare all tables once more."""
        return snapshot(self._platform) == self._first


@contextmanager
def undone(platform: Platform) -> Iterator[Undone]:
    """Put everything that the platform does into one transaction, and take it back at the end."""
    db = platform.db

    @contextmanager
    def inside(is_writing: bool) -> Iterator[Connection]:
        own = ("immediate", "touched", deferred.ROWS)
        kept = {name: connection.info.pop(name) for name in own if name in connection.info}
        if is_writing:
            connection.info["immediate"] = True
        state.depth += 1
        try:
            with connection.begin_nested():
                yield connection
                deferred.write_deferred(connection)
        finally:
            state.depth -= 1
            for name in own:
                connection.info.pop(name, None)
            connection.info.update(kept)

    with db.engine.connect() as connection:
        connection.info["immediate"] = True
        outer = connection.begin()
        connection.info.pop("immediate")
        replaced: Any = db
        try:
            state = Undone(platform, connection)
            replaced.read, replaced.snapshot = lambda: inside(False), lambda: inside(False)
            replaced.write = lambda: inside(True)
            event.listen(connection, "before_cursor_execute", state.note)
            yield state
        finally:
            for name in ("read", "snapshot", "write"):
                db.__dict__.pop(name, None)
            outer.rollback()
