"""The month of a day or of an instant in SQL, the same on both databases."""

import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import String

from lowcode import instants


class month_of(GenericFunction[str]):  # noqa: N801 (a SQL function)
    """Write the month of a day, or of an instant in the time zone given with it, as 2026-11."""

    type = String()
    inherit_cache = True


@compiles(month_of)
def _call(element: Any, compiler: Any, **kw: Any) -> str:
    return f"month_of({compiler.process(element.clauses, **kw)})"


@compiles(month_of, "postgresql")
def _call_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    value, *zone = (compiler.process(each, **kw) for each in element.clauses)
    local = f"timezone({zone[0]}, timezone('UTC', {value}))" if zone else value
    return f"to_char({local}, 'YYYY-MM')"


def teach(connection: sqlite3.Connection) -> None:
    """Make the function known to SQLite, which knows no time zones."""
    connection.create_function("month_of", 1, _of_day, deterministic=True)
    connection.create_function("month_of", 2, _of_instant, deterministic=True)


def _of_day(value: str | None) -> str | None:
    return value[:7] if value is not None else None


def _of_instant(value: str | None, zone: str) -> str | None:
    if value is None:
        return None
    return instants.written(datetime.fromisoformat(f"{value}+00:00"), ZoneInfo(zone))[:7]
