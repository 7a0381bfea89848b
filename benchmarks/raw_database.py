"""The database of the yardstick: one connection per thread, and what more than one request reads."""

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

_local = threading.local()

COUNTER = """
    INSERT INTO number_counters (rule, period, value) VALUES (%s, %s, 1)
    ON CONFLICT (rule, period) DO UPDATE SET value = number_counters.value + 1 RETURNING value"""
READ = """
    SELECT q.*, c.name AS customer_name, k.name AS contact_name, u.name AS owner_name FROM crm_quotation q
    LEFT JOIN crm_customer c ON c.id = q.customer LEFT JOIN crm_contact k ON k.id = q.contact
    LEFT JOIN users u ON u.id = q.owner WHERE q.id = %s AND q.deleted_at IS NULL"""
READ_LINES = """
    SELECT l.*, p.name AS product_title FROM crm_quotation_lines l LEFT JOIN crm_product p ON p.id = l.product
    WHERE l.record_id = %s ORDER BY l.position"""


def connect() -> psycopg.Connection[Any]:
    """Give this thread's connection; statements outside `transaction()` commit by themselves."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BENCH_DATABASE"], autocommit=True)
    connection: psycopg.Connection[Any] = _local.connection
    return connection


def rows(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of a query."""
    cursor = connect().execute(statement, values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def read_quotation(key: int) -> dict[str, Any]:
    """Read a quotation with the names it points at, and its lines."""
    return {**rows(READ, (key,))[0], "lines": rows(READ_LINES, (key,))}


def number(connection: psycopg.Connection[Any], rule: str, prefix: str, now: datetime) -> str:
    """Give the next number of a day."""
    row = connection.execute(COUNTER, (rule, f"{now:%Y%m%d}")).fetchone()
    assert row is not None
    return f"{prefix}{now:%Y%m%d}-{row[0]:04}"
