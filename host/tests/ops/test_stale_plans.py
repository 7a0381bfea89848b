"""A process that runs while another one migrates goes on with the new columns."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from lowcode.database.engine import Database, is_retryable
from lowcode.web.problems import is_outage

OFTEN = 7
"""More times than the driver wants to see a statement before it has the server keep a plan of it."""


def widths(connection: Connection) -> set[int]:
    return {len(row) for row in connection.execute(text("SELECT * FROM item"))}


def prepared(url: str, open_db: Callable[[str], Database]) -> Database:
    """Give a database whose connections hold plans for a table that another process has meanwhile changed."""
    db, other = open_db(url), open_db(url)
    with db.write() as connection:
        connection.execute(text("CREATE TABLE item (name TEXT)"))
        connection.execute(text("INSERT INTO item VALUES ('x')"))
    for _time in range(OFTEN):
        db.run(widths)
        with db.read() as connection:
            widths(connection)
    with other.write() as connection:
        connection.execute(text("ALTER TABLE item ADD COLUMN colour TEXT"))
    return db


def test_a_write_is_run_again_with_a_new_plan(database_url: str, open_db: Callable[[str], Database]) -> None:
    assert prepared(database_url, open_db).run(widths) == {2}


def test_a_read_fails_once_at_most(database_url: str, open_db: Callable[[str], Database]) -> None:
    """Its view answers 503, which asks for another try; every old connection of the process is gone by then."""
    db = prepared(database_url, open_db)
    if not db.is_sqlite:
        with pytest.raises(DBAPIError) as raised, db.read() as connection:
            widths(connection)
        assert is_retryable(raised.value)
        assert is_outage(raised.value)
    for _time in range(OFTEN):
        with db.read() as connection:
            assert widths(connection) == {2}


def test_other_refusals_are_not_run_again(database_url: str, open_db: Callable[[str], Database]) -> None:
    db, runs = open_db(database_url), []

    def work(connection: Connection) -> None:
        runs.append(1)
        connection.execute(text("SELECT * FROM nothing"))

    with pytest.raises(DBAPIError) as raised:
        db.run(work)
    assert not raised.value.connection_invalidated
    assert runs == [1]
