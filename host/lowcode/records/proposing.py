"""What the dialog of an action or a move starts with: the rule's proposal, what stands there, or the defaults."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.records import draft, reading
from lowcode.records.asking import Holder, rows_of
from lowcode.records.record import Record
from lowcode.records.showing import Showing

if TYPE_CHECKING:
    from lowcode.context import Context


def first_values(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> dict[str, Any]:
    """Give the value of each field of the dialog, written as the API writes values."""
    proposed = _proposed(ctx, form, record, step)
    values = {key: proposed[key] if key in proposed else draft.first(ctx, each) for key, each in step.params.items()}
    tables = {key: each for key, each in step.params.items() if each.type == "lines"}
    holder = Holder(step.params, values | {key: rows_of(ctx, each, values[key]) for key, each in tables.items()})
    showing = Showing(step.params)
    showing.prepare(ctx, [holder])
    shown = showing.values(ctx, holder)
    for key, columns in showing.lines.items():
        shown[key] = [columns.values(ctx, row) for row in getattr(holder, key)]
    return shown | _standing(ctx, form, record, step)


def _proposed(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> Mapping[str, Any]:
    """Ask the rule. Raises ValueError for a value that the dialog does not ask for."""
    if isinstance(step, Move) or not step.proposes:
        return {}
    said: Mapping[str, Any] = ctx.platform.hooks.first(form.name, f"propose_{step.name}", record=record, ctx=ctx.system)
    said = said or {}
    unknown = said.keys() - step.params.keys()
    unknown |= {
        f"{key}.{name}"
        for key, field in step.params.items()
        if field.type == "lines"
        for row in said.get(key) or ()
        for name in row.keys() - field.fields.keys()
    }
    if unknown:
        raise ValueError(
            f"propose_{step.name} of '{form.name}' gives values that the dialog has no field for: {unknown}."
        )
    return said


def _standing(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> dict[str, Any]:
    """Give what stands in the fields that a move sets.

    An action sets no field by itself, and what is there now is seldom what it is pressed for.
    """
    if not isinstance(step, Move):
        return {}
    targets = {key: _target(form, declared) for key, declared in step.params.items()}
    names = {name for name in targets.values() if name is not None}
    shown = reading.show(ctx, form, [record], names)[0] if names else {}
    found = {key: shown.get(name) for key, name in targets.items() if name is not None}
    return {key: value for key, value in found.items() if value is not None}


def _target(form: LiveForm, declared: Field) -> str | None:
    """Name the field of the record that a value of a move's dialog goes into, where both are of one type."""
    name = declared.sets or declared.name
    fits = name in form.fields and form.fields[name].type == declared.type and declared.type != "lines"
    return name if fits else None
