"""Finding the rows that hold a text by an index of bigrams: of every two characters that stand side by side.

The index covers all searched texts of a row together, so it names every row that holds the text and a few more:
whoever asks it compares the text itself as well. `derived` makes the index and keeps it in step.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table, Text, bindparam, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

PREFIX = "lowcode_search_"
SEARCHED = "searched"
"""The key of a table's `info` with the names of the columns that its index covers."""

SEPARATOR = "\n"
"""What stands between two texts of a row: no bigram holds it."""


def bigrams(text: str) -> tuple[str, ...]:
    """Give as few bigrams as cover the text. That of a single character is itself: it begins others."""
    starts = [*range(0, len(text) - 1, 2), max(0, len(text) - 2)]
    found = dict.fromkeys(text[start : start + 2] for start in starts)
    return tuple(each for each in found if each and SEPARATOR not in each)


class _Asked(TypeDecorator[tuple[str, ...]]):
    """Bigrams, in the query language of the index."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str:
        """Write a `tsquery`, or one of FTS5, where a bigram is the hexadecimal digits of its bytes."""
        write = _token if dialect.name == "sqlite" else _lexeme
        joint = " " if dialect.name == "sqlite" else " & "
        return joint.join(write(each) for each in value or ())


def _token(bigram: str) -> str:
    return bigram.encode().hex() + ("*" if len(bigram) == 1 else "")


def _lexeme(bigram: str) -> str:
    quoted = bigram.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if len(bigram) == 1 else "")


class _holding(GenericFunction[Any]):  # noqa: N801 (a SQL function)
    """Has no type for the same reason as `among`. Its arguments: index, bigrams, id, then the columns covered."""

    inherit_cache = True


@compiles(_holding)
def _by_fts5(element: Any, compiler: Any, **kw: Any) -> str:
    index, asked, key = (compiler.process(each, **kw) for each in list(element.clauses)[:3])
    return f"{key} IN (SELECT rowid FROM {index} WHERE {index} MATCH {asked})"  # noqa: S608 (the index's own name)


@compiles(_holding, "postgresql")
def _by_gin(element: Any, compiler: Any, **kw: Any) -> str:
    _index, asked, _key, *columns = element.clauses
    covered = ", ".join(compiler.process(each, **kw) for each in columns)
    return f"(lowcode_bigrams({covered}) @@ CAST({compiler.process(asked, **kw)} AS tsquery))"


def holding(table: Table, columns: Iterable[str], text: str) -> ColumnElement[bool] | None:
    """Ask the index of a table for the rows that may hold a text, which is in lower case, in one of the columns.

    None when the index cannot tell: it does not cover a column, or no bigram is in the text.
    """
    covered, asked = table.info.get(SEARCHED, ()), bigrams(text)
    if not asked or not set(columns).issubset(covered):
        return None
    index: ColumnElement[Any] = literal_column(f'"{PREFIX}{table.name}"')
    # In the text of the statement, or PostgreSQL would plan it once for all bigrams, the rare and the common.
    written = bindparam(None, asked, type_=_Asked(), literal_execute=True)
    return _holding(index, written, table.c.id, *(table.c[name] for name in covered))
