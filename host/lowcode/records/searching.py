"""Looking for a text: in fields, in titles of references, in names of people.

A search is two clauses. `holds` is the search itself, compared row by row, and it alone knows what is masked. `hint`
follows from it and is answered by indexes: it may let a row pass that does not hold the text, never stop one that does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table, and_, bindparam, false, or_, select

from lowcode import access
from lowcode.conditions import containing, lower
from lowcode.database.search import holding
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm, visible_fields
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.context import Context


POINTERS = frozenset({"ref", "user"})

FEW = 1_000
"""So many things with the text in their titles are looked up before the rows that point at them."""


@dataclass(frozen=True, slots=True)
class Search:
    """The two clauses of a search. Without a hint no index helps."""

    holds: ColumnElement[bool]
    hint: ColumnElement[bool] | None = None


def search(ctx: "Context", form: LiveForm, names: Iterable[str], text: str) -> Search:
    """Look for a text in fields of a form: texts, references, people. No field holds nothing."""
    fields = [form.fields[name] for name in names]
    own = [each.name for each in fields if each.type not in POINTERS]
    pointing = [_pointing(ctx, form, each, text) for each in fields if each.type in POINTERS]
    holds = [of_the_whole(ctx, form, name, containing(form.column(name), text)) for name in own]
    holds += [each.holds for each in pointing]
    mine = holding(form.table, own, lower(text)) if own else false()
    hints = [each.hint for each in pointing if each.hint is not None]
    if mine is None or len(hints) < len(pointing):
        return Search(or_(false(), *holds))
    return Search(or_(false(), *holds), or_(mine, *hints))


def of_the_whole(ctx: "Context", form: LiveForm, name: str, found: ColumnElement[bool]) -> ColumnElement[bool]:
    """Count only records of which the person sees the whole value: a hit would tell what is hidden."""
    verb = form.masked.get(name)
    return and_(found, access.clause(ctx, form, verb)) if verb else found


def _pointing(ctx: "Context", form: LiveForm, declared: Field, text: str) -> Search:
    """Look for a text in the titles of what the rows point at.

    A few are looked up beforehand: how many rows point at these very ones, the database knows, and takes the index.
    """
    if not _is_named_to(ctx, declared):
        return Search(false(), false())
    table, title = _pointed_at(ctx, declared)
    found = select(table.c.id).where(containing(table.c[title], text)).correlate(None)
    mine = holding(table, (title,), lower(text))
    ids = ctx.connection.scalars((found if mine is None else found.where(mine)).limit(FEW + 1)).all()
    column = form.column(declared.name)
    if len(ids) > FEW:  # compared row by row: an index of what so many titles hold is no help
        return Search(column.in_(found))
    few = column.in_(bindparam(None, ids, expanding=True, literal_execute=True)) if ids else false()
    return Search(few, few)


def _is_named_to(ctx: "Context", declared: Field) -> bool:
    """Whether the person may know of the field that names what a reference points at."""
    target = ctx.platform.forms.get(declared.form or "")
    return ctx.is_system or target is None or target.declared.title in visible_fields(target, ctx.user.roles)


def _pointed_at(ctx: "Context", declared: Field) -> tuple[Table, str]:
    """Give the table that a reference points at, and the column of its title."""
    if declared.type == "user":
        return users, users.c.name.name
    target = ctx.platform.forms[declared.form or ""]
    return target.table, target.declared.title
