"""What points at a record, in all forms of all plugins, and how it is made to point at another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.exc import IntegrityError

from lowcode.database.among import among
from lowcode.errors import Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import history, rollups, store
from lowcode.records.record import Record
from lowcode.workflow import runs

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

IDS = "IDS"
"""What an update is executed with must not be called like a column, and no column is written so."""

Changes = dict[int, dict[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Pointer:
    """A reference of a form, or a column of its line items."""

    form: LiveForm
    name: str
    lines: str | None = None

    @property
    def table(self) -> Table:
        """The table that holds it."""
        return self.form.line_tables[self.lines] if self.lines else self.form.table

    @property
    def holder(self) -> ColumnElement[Any]:
        """The column with the id of the record that it belongs to."""
        return self.table.c.record_id if self.lines else self.table.c.id


def pointers(platform: "Platform", form: LiveForm) -> list[Pointer]:
    """Find the references to a form, in one order for everybody."""
    found: list[Pointer] = []
    for _name, live in sorted(platform.forms.items()):
        for declared in live.declared.fields.values():
            if declared.form == form.name and declared.type == "ref" and not declared.derived:
                found.append(Pointer(live, declared.name))
            columns = (column for column in declared.fields.values() if column.type == "ref")
            found += [Pointer(live, column.name, declared.name) for column in columns if column.form == form.name]
    return found


def move(ctx: "Context", form: LiveForm, source: Record, target: Record) -> dict[str, set[int]]:
    """Let everything that points at one record point at another, in the recycle bin too; give what has changed.

    No rule is asked: each record stays as it is but for this. References of the two records themselves are left to
    the caller. Raises Refused when one of them is being approved.
    """
    moved: dict[str, set[int]] = {}
    for pointer in pointers(ctx.platform, form):
        own = {source.id, target.id} if pointer.form is form and not pointer.lines else set()
        if ids := _holders(ctx, pointer, source.id) - own:
            _redirect(ctx, pointer, ids, source.id, target.id)
            moved.setdefault(pointer.form.name, set()).update(ids)
    return moved


def require_no_review(ctx: "Context", form: LiveForm, ids: set[int]) -> None:
    """Refuse to change records that people are deciding on."""
    if open_ones := runs.under_review(ctx, form, ids):
        label = _(form.declared.label)
        sentence = _("有 {count} 条“{label}”正在审批中，请等审批结束后再合并。", count=len(open_ones), label=label)
        raise Refused(sentence, code="in_review")


def _holders(ctx: "Context", pointer: Pointer, source: int) -> set[int]:
    """Lock the records that point at the source, in the order of their ids."""
    table = pointer.form.table
    pointing = select(pointer.holder).where(pointer.table.c[pointer.name] == source)
    locked = select(table.c.id).where(table.c.id.in_(pointing)).order_by(table.c.id).with_for_update(key_share=True)
    return set(ctx.connection.scalars(locked))


def _redirect(ctx: "Context", pointer: Pointer, ids: set[int], source: int, target: int) -> None:
    require_no_review(ctx, pointer.form, ids)
    changes = _changes(ctx, pointer, ids, source, target)
    column = pointer.table.c[pointer.name]
    pointing = (column == source) & among(pointer.holder, IDS)
    try:
        statement = update(pointer.table).where(pointing).values({pointer.name: target})
        ctx.connection.execute(statement, {IDS: ids})
    except IntegrityError as error:
        raise store.duplicate(pointer.form, error) from error
    _stamp(ctx, pointer.form, ids)
    history.write_many(ctx, pointer.form, "merge", changes)
    if not pointer.lines:
        rollups.refresh_parents(ctx, pointer.form, pointer.name, {source, target})


def _changes(ctx: "Context", pointer: Pointer, ids: set[int], source: int, target: int) -> Changes:
    """Tell for the history of each record what changes in it."""
    if not pointer.lines:
        return {record_id: {pointer.name: [source, target]} for record_id in sorted(ids)}
    table, found = pointer.table, {record_id: dict[str, list[Any]]() for record_id in sorted(ids)}
    rows = select(table.c.record_id, table.c.id).where(table.c[pointer.name] == source, among(table.c.record_id))
    for record_id, line_id in ctx.connection.execute(rows.order_by(table.c.id), {"ids": ids}).all():
        found[record_id][f"{pointer.lines}.{line_id}.{pointer.name}"] = [source, target]
    return found


def _stamp(ctx: "Context", form: LiveForm, ids: set[int]) -> None:
    """Give changed records their new version, so that an edit based on the one before is refused."""
    table = form.table
    values: Mapping[str, Any] = {
        "version": table.c.version + 1,
        "updated_at": ctx.now,
        "updated_by": ctx.user.id or None,
    }
    ctx.connection.execute(update(table).where(among(table.c.id, IDS)).values(values), {IDS: ids})
    rows: Sequence[Any] = ctx.connection.execute(
        select(table.c.id, table.c.version).where(among(table.c.id)), {"ids": ids}
    ).all()
    ctx.written.update({(form.name, row.id): row.version for row in rows})
