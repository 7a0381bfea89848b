"""Connections: what the server closed is noticed before a request uses it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import BigInteger, Connection, column, func, select, text

from lowcode.database.among import among
from lowcode.database.engine import Database

Open = Callable[[Database], "AbstractContextManager[Connection]"]


@pytest.mark.parametrize("open_", [Database.read, Database.write])
def test_a_killed_connection_fails_no_request(database_url: str, open_: Open) -> None:
    db, other = Database(database_url), Database(database_url)
    if db.is_sqlite:
        pytest.skip("SQLite has no server.")
    backend = select(func.pg_backend_pid())
    with open_(db) as connection:
        killed = connection.scalar(backend)
    with other.write() as connection:
        connection.execute(select(func.pg_terminate_backend(killed, 5000)))
    with open_(db) as connection:
        assert connection.scalar(backend) != killed
    db.engine.dispose()
    other.engine.dispose()


def test_what_a_failed_write_has_done_is_undone(database_url: str) -> None:
    db = Database(database_url)
    with db.write() as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))

    def fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.run(fail)
    with db.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 0
    db.engine.dispose()


@pytest.mark.parametrize("ids", [set(), {2}, {3, 1}, set(range(2, 2000))])
def test_any_number_of_ids_is_one_value(database_url: str, ids: set[int]) -> None:
    db = Database(database_url)
    three = text("(SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) AS numbers")
    numbers = select(column("n", BigInteger)).select_from(three)
    with db.read() as connection:
        found = connection.scalars(numbers.where(among(column("n", BigInteger))), {"ids": ids}).all()
    assert set(found) == ids & {1, 2, 3}
    db.engine.dispose()
