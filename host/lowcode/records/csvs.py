"""Rows as CSV that spreadsheets open as they are."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any

from defusedcsv import csv


def write(heads: Sequence[str], rows: Iterable[Sequence[Any]], target: IO[bytes]) -> None:
    """Write UTF-8 with a mark by which spreadsheets know it; texts that they would run as formulas get a quote."""
    text = TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_as_text(cell) for cell in row])
    text.detach()


def _as_text(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return _Exact(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else cell


class _Exact(Decimal):
    """A number that is written with its places, never as 1E+3, and that needs no quote."""

    def __str__(self) -> str:
        return format(Decimal(self), "f")
