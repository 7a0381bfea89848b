"""`column IN (these ids)` with the ids as one bound value on PostgreSQL: the text is the same however many there are.

Compiled statements, in SQLAlchemy, the driver and the server, are kept by their text; a list that grows would miss each
time. SQLite gets the plain list: it prepares in no time, and plans best when it sees how many ids there are.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator


class Ids(TypeDecorator[list[int]]):
    """Several ids, in order, so that rows are locked and read in the same order everywhere."""

    impl = ARRAY(BigInteger)
    cache_ok = True

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> list[int]:
        """Sort the ids."""
        return sorted(value or ())


class _among(GenericFunction[Any]):  # noqa: N801 (a SQL function)
    """Has no type on purpose: SQLite would be asked for `… IN (…) = 1` if it were boolean, and use no index."""

    inherit_cache = True


@compiles(_among)
def _in_list(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    listed: str = compiler.process(column.in_(bindparam(ids.key, expanding=True)), **kw)
    return listed


@compiles(_among, "postgresql")
def _in_array(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(ids, **kw)})"


def among(column: ColumnElement[Any], name: str = "ids") -> ColumnElement[bool]:
    """Compare with the ids that are passed under `name`, as a set or list, when the statement is executed."""
    return _among(column, bindparam(name, type_=Ids()))
