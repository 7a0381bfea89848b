"""Writing as a rule would, of which nothing stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from lowcode.context import Context
from lowcode.identity.model import User
from lowcode.platform import Platform


@contextmanager
def trying(platform: Platform, user: User, *, now: datetime | None = None) -> Iterator[Context]:
    """Open a context that may write, and keep nothing of what it wrote."""
    with platform.db.write() as connection, connection.begin_nested() as savepoint:
        yield Context(platform, connection, user, now=now)
        savepoint.rollback()
