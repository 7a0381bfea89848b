"""What all rows written by the benchmarks have in common, and how they are written: many at once."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from crm_plugin.pricing import price_line

START = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 5000
TOTALS = {
    "total_quantity": "quantity",
    "gross_total": "gross_amount",
    "discount_total": "discount_amount",
    "net_total": "net_amount",
    "tax_total": "tax_amount",
    "total_amount": "subtotal",
}


def system(key: int, owner: int, day: int = 0) -> dict[str, Any]:
    """Give the host's own columns of a record."""
    at = START + timedelta(days=day, seconds=key)
    return {
        "id": key,
        "version": 1,
        "created_at": at,
        "created_by": owner,
        "updated_at": at,
        "updated_by": owner,
        "owner": owner,
    }


def line(record: int, position: int, product: dict[str, Any], quantity: Decimal, discount: Decimal) -> dict[str, Any]:
    """Give a line of a document with its amounts."""
    price = price_line(quantity, product["reference_price"], discount, product["tax_rate"])
    return {
        "record_id": record,
        "position": position,
        "product": product["id"],
        "product_code": product["code"],
        "product_name": product["name"],
        "spec": product["spec"],
        "unit": product["unit"],
        "list_price": product["reference_price"],
        "unit_price": product["reference_price"],
        "quantity": quantity,
        "discount_rate": discount,
        "tax_rate": product["tax_rate"],
        "gross_amount": price.gross_amount,
        "discounted_price": price.discounted_price,
        "discount_amount": price.discount_amount,
        "subtotal": price.subtotal,
        "net_amount": price.net_amount,
        "tax_amount": price.tax_amount,
    }


def totals(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add up the lines of a document."""
    return {name: sum(row[column] for row in lines) for name, column in TOTALS.items()}


def write(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows in chunks. Every row names the same columns, so that the driver gets one statement."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        connection.execute(insert(table), chunk)


def copy(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Write very many rows, of texts, numbers and days only, by PostgreSQL's COPY where there is one."""
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return
    if connection.dialect.name != "postgresql":
        write(connection, table, chain([first], remaining))
        return
    names = list(first)
    columns = ", ".join(f'"{name}"' for name in names)
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as target:
        for row in chain([first], remaining):
            target.write_row([row[name] for name in names])


def advance_ids(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL number the next records above those written here."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))")
            )
