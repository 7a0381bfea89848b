"""The records that a dialog shows beside its fields: those of other forms that point to the record it is about."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, many
from lowcode.records import listing
from lowcode.web.pages import cells

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_ROWS = 20
MOST_COLUMNS = 5
NO_COLUMN = frozenset({"image", "files"})


class Table:
    """Records of one form, newest first as far as its first list says so."""

    def __init__(self, ctx: "Context", form: LiveForm, by: Field, record_id: int) -> None:
        self.ctx, self.form, self.label = ctx, form, many(form.declared.label)
        known = visible_fields(form, ctx.user.roles)
        heads = {form.declared.title, "number"}
        listed = sorted(next(iter(form.declared.lists.values())).columns, key=lambda name: name not in heads)
        names = [name for name in listed if name in known and name != by.name]
        self.columns = [known[name] for name in names if known[name].type not in NO_COLUMN][:MOST_COLUMNS]
        found = listing.list_records(ctx, form, {by.name: [str(record_id)], "per_page": [str(MOST_ROWS)]})
        self.records = found["items"]
        self.counted = _("共 {total} 条", total=found["total"])

    def cell(self, declared: Field, row: Mapping[str, Any]) -> cells.Cell:
        """Show one value."""
        return cells.cell(self.ctx, self.form, declared, row)


def shown_with(ctx: "Context", form: LiveForm, step: Action | Move, record_id: int) -> Iterator[Table]:
    """Give the tables of a dialog, as far as the person may see them."""
    for name in step.related if isinstance(step, Action) else ():
        other = ctx.platform.forms[name]
        known = visible_fields(other, ctx.user.roles)
        by = next((each for by_form, each in form.referring if by_form == name and each.name in known), None)
        if by is not None and access.is_allowed(ctx, other, "read"):
            yield Table(ctx, other, by, record_id)
