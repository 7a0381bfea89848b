"""Recompute what is stored twice, and name what does not agree."""

from sqlalchemy import func, select

from lowcode.context import Context
from lowcode.records.rollups import expected


def wrong_rollups(ctx: Context) -> list[str]:
    """Compare every stored sum and count with the records it adds up; one line for each that differs."""
    found = []
    for form in ctx.platform.forms.values():
        for declared in form.declared.fields.values():
            if declared.rollup is None:
                continue
            record, stored = form.table.c.id, form.table.c[declared.name]
            figure = expected(ctx, form, declared, record)
            statement = select(record, stored, figure.label("figure")).where(func.coalesce(stored, 0) != figure)
            rows = ctx.connection.execute(statement.order_by(record))
            found += [f"{form.name} {row[0]} {declared.name}: {row[1]} != {row[2]}" for row in rows]
    return found
