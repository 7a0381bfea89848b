"""Looking for a text: in fields, in titles of references, in names of people.

A search is two clauses. `holds` is the search itself, compared row by row, and it alone knows what is masked. `hint`
follows from it and is answered by indexes: it may let a row pass that does not hold the text, never stop one that does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, and_, false, or_, select

from lowcode import access
from lowcode.conditions import containing, lower
from lowcode.database.among import among_found
from lowcode.database.search import holding
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.context import Context


POINTERS = frozenset({"ref", "user"})


@dataclass(frozen=True, slots=True)
class Search:
    """The two clauses of a search. Without a hint no index helps."""

    holds: ColumnElement[bool]
    hint: ColumnElement[bool] | None = None


def search(ctx: "Context", form: LiveForm, names: Iterable[str], text: str) -> Search:
    """Look for a text in fields of a form: texts, references, people. No field holds nothing."""
    fields = [form.fields[name] for name in names]
    own = [each.name for each in fields if each.type not in POINTERS]
    pointing = [each for each in fields if each.type in POINTERS]
    holds = [of_the_whole(ctx, form, name, containing(form.column(name), text)) for name in own]
    holds += [containing(_title_of(ctx, form, each), text) for each in pointing]
    hints = [_pointing(ctx, form, each, text) for each in pointing]
    mine = holding(form.table, own, lower(text))
    if own and mine is None:
        return Search(or_(*holds))
    return Search(or_(false(), *holds), or_(false(), *([] if mine is None or not own else [mine]), *hints))


def of_the_whole(ctx: "Context", form: LiveForm, name: str, found: ColumnElement[bool]) -> ColumnElement[bool]:
    """Count only records of which the person sees the whole value: a hit would tell what is hidden."""
    verb = form.masked.get(name)
    return and_(found, access.clause(ctx, form, verb)) if verb else found


def _title_of(ctx: "Context", form: LiveForm, declared: Field) -> ColumnElement[Any]:
    """Read the title of what a row points at; the table may be the form's own."""
    table, title = _pointed_at(ctx, declared)
    other = table.alias()
    return select(other.c[title]).where(other.c.id == form.column(declared.name)).scalar_subquery()


def _pointing(ctx: "Context", form: LiveForm, declared: Field, text: str) -> ColumnElement[bool]:
    """Select the rows that point at something with the text in its title, by the indexes of both."""
    table, title = _pointed_at(ctx, declared)
    found = select(table.c.id).where(containing(table.c[title], text)).correlate(None)
    mine = holding(table, (title,), lower(text))
    return among_found(form.column(declared.name), found if mine is None else found.where(mine))


def _pointed_at(ctx: "Context", declared: Field) -> tuple[Table, str]:
    """Give the table that a reference points at, and the column of its title."""
    if declared.type == "user":
        return users, users.c.name.name
    target = ctx.platform.forms[declared.form or ""]
    return target.table, target.declared.title
