"""Recompute what is stored twice, and name what does not agree."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select

from lowcode.context import Context
from lowcode.records import differences, rollups


def wrong_rollups(ctx: Context) -> list[str]:
    """Compare every stored sum, count and difference with what it comes from; one line for each that differs."""
    found = []
    for form in ctx.platform.forms.values():
        for declared in form.declared.fields.values():
            table: FromClause = form.table
            if declared.rollup is not None:
                table = form.table.alias("parent")
                figure: ColumnElement[Any] = rollups.expected(ctx, declared, table.c.id, table)
            elif declared.difference:
                figure = differences.expected(form, declared.name, {})
            else:
                continue
            record, stored = table.c.id, table.c[declared.name]
            statement = select(record, stored, figure.label("figure")).where(func.coalesce(stored, 0) != figure)
            rows = ctx.connection.execute(statement.order_by(record))
            found += [f"{form.name} {row[0]} {declared.name}: {row[1]} != {row[2]}" for row in rows]
    return found
