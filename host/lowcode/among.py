"""`column IN (these ids)` with the ids as one bound value: the statement is the same however many there are.

Compiled statements, in SQLAlchemy and in the server, are kept by their text; a list that grows would miss each time.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine


class Ids(TypeDecorator[list[int]]):
    """Several ids: an array on PostgreSQL, JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> Any:
        """Write the ids in order, so that rows are locked and read in the same order everywhere."""
        ids = sorted(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class _among(GenericFunction[bool]):  # noqa: N801 (a SQL function)
    type = Boolean()
    inherit_cache = True


@compiles(_among)
def _in_json(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(ids, **kw)}))"  # noqa: S608


@compiles(_among, "postgresql")
def _in_array(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(ids, **kw)})"


def among(column: ColumnElement[Any], name: str = "ids") -> ColumnElement[bool]:
    """Compare with the ids that are passed under `name` when the statement is executed."""
    return _among(column, bindparam(name, type_=Ids()))
