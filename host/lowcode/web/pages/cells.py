"""How a value of a record looks on a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.fields import COLOURS, Field
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import words

if TYPE_CHECKING:
    from lowcode.context import Context

NUMBERS = frozenset({"integer", "number", "money"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, ready for a template. `kind` chooses the markup."""

    kind: str
    text: str = ""
    href: str = ""
    colour: str = ""
    files: tuple[Mapping[str, Any], ...] = field(default=())


BLANK = Cell("blank")


def cell(ctx: "Context", form: LiveForm | None, declared: Field, row: Mapping[str, Any]) -> Cell:
    """Show the field of a record, or the column of a line, from its JSON."""
    value = row.get(declared.name)
    if value is None or value in ("", []):
        return BLANK
    if declared.type == "choice":
        label = row.get("$labels", {}).get(declared.name, value)
        return Cell("tag", str(label), colour=colour(ctx, form, declared, value))
    if declared.type == "ref":
        target = ctx.platform.forms.get(declared.form or "")
        seen = target is not None and access.is_allowed(ctx, target, "read")
        return Cell("link" if seen else "text", value["title"], href=f"/f/{declared.form}/{value['id']}")
    if declared.type in ("image", "files"):
        return Cell(declared.type, files=tuple(value) if declared.type == "files" else (value,))
    return Cell(declared.type, words.text(ctx, declared, value), href=value if declared.type == "url" else "")


def colour(ctx: "Context", form: LiveForm | None, declared: Field, code: str) -> str:
    """Give the colour of a choice's tag: of the workflow's state, or of the dictionary's item."""
    if declared.name == "status" and form and form.workflow:
        state = form.workflow.states.get(code)
        found = state.colour if state else None
    else:
        item = ctx.dictionary(declared.dictionary or "").get(code)
        found = item.colour if item else None
    return found if found in COLOURS else ""


def label_of(form: LiveForm, name: str) -> str:
    """Name an action, a state move or a built-in button of a record."""
    built_in = {"edit": _("编辑"), "delete": _("删除")}
    if name in built_in:
        return built_in[name]
    declared = form.declared.actions.get(name) or (form.workflow.moves.get(name) if form.workflow else None)
    return _(declared.label) if declared else name
