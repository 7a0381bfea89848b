"""Stored sums over other records, kept equal in the transaction that changes what they add up."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, func, literal, select, update

from lowcode.conditions import split_key
from lowcode.declare.fields import Field, Rollup
from lowcode.forms import Inbound, LiveForm
from lowcode.records import differences
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context


def refresh(ctx: "Context", form: LiveForm, record: Record, original: Record | None) -> None:
    """Bring the parents of a written record up to date. `original` is None when it appears or disappears."""
    for inbound in form.inbound:
        rollup = _rollup(inbound.field)
        if original is not None and all(
            getattr(record, name) == getattr(original, name) for name in _watched(form, rollup)
        ):
            continue
        parents = {getattr(record, rollup.by), getattr(original, rollup.by) if original else None} - {None}
        for parent in sorted(parents):
            _recompute(ctx, form, inbound, parent)


def refresh_parents(ctx: "Context", form: LiveForm, by: str, parents: Collection[int]) -> None:
    """Bring parents up to date when many records of a form have gone from one to another."""
    for inbound in form.inbound:
        if _rollup(inbound.field).by == by:
            for parent in sorted(parents):
                _recompute(ctx, form, inbound, parent)


def expected(
    ctx: "Context", declared: Field, parent: ColumnElement[Any], outer: FromClause | None = None
) -> ScalarSelect[Any]:
    """Give the SQL of what a rollup has to be, for `refresh` and for `lowcode check --data`.

    `parent` is an id, or that of each row of the table `outer`; records of a form may point to others of the same form.
    """
    rollup = _rollup(declared)
    child = ctx.platform.forms[rollup.form].table
    figure = func.coalesce(func.sum(child.c[rollup.sum]), 0) if rollup.sum else func.count()
    condition = ctx.platform.forms[rollup.form].condition(rollup.where or {})
    statement = select(figure).where(
        child.c[rollup.by] == parent,
        child.c.deleted_at.is_(None),
        condition.clause(ctx.platform.forms[rollup.form], ctx.tokens),
    )
    return statement.correlate(outer).scalar_subquery()


def _recompute(ctx: "Context", form: LiveForm, inbound: Inbound, parent: int) -> None:
    """Lock the parent's row first, so that two children saved at once are both counted."""
    owner = ctx.platform.forms[inbound.parent]
    ctx.connection.execute(select(owner.table.c.id).where(owner.table.c.id == parent).with_for_update(key_share=True))
    figure = expected(ctx, inbound.field, literal(parent))
    changed = differences.with_changes(owner, {inbound.field.name: figure})
    ctx.connection.execute(update(owner.table).where(owner.table.c.id == parent).values(changed))


def _rollup(declared: Field) -> Rollup:
    assert declared.rollup is not None
    return declared.rollup


def _watched(form: LiveForm, rollup: Rollup) -> set[str]:
    where = rollup.where or {}
    mappings = (where,) if isinstance(where, Mapping) else where
    named = {split_key(key)[0] for mapping in mappings for key in mapping}
    return {rollup.by, rollup.sum or "id", *named} & form.fields.keys()
