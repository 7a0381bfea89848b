"""Forms as the API and the pages describe them to a person."""

from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.workflow import machine

if TYPE_CHECKING:
    from lowcode.context import Context

PLAIN = ("type", "required", "unique", "masked_without", "dictionary", "form", "unit", "digits", "help")
BOUNDS = ("min", "max", "more_than")


def summary(form: LiveForm) -> dict[str, Any]:
    """Name a form."""
    return {"name": form.name, "label": _(form.declared.label), "plugin": form.plugin}


def describe(ctx: "Context", form: LiveForm) -> dict[str, Any]:
    """Describe what the person may see and do."""
    known = visible_fields(form, ctx.user.roles)
    return {
        **summary(form),
        "title": form.declared.title,
        "save_label": _(form.declared.save_label),
        "sections": [
            {"label": _(section.label), "fields": [field_json(f) for f in section.fields.values() if f.name in known]}
            for section in form.declared.sections
        ],
        "host_fields": [field_json(known[name]) for name in known if name not in form.declared.fields],
        "lists": [
            {
                "name": view.name,
                "label": _(view.label or form.declared.label),
                "columns": [name for name in view.columns if name in known],
                "filters": [name for name in view.filters if name in known],
                "search": list(view.search),
                "sort": list(view.sort),
            }
            for view in form.declared.lists.values()
        ],
        "states": {name: _(state.label) for name, state in (form.workflow.states if form.workflow else {}).items()},
        "actions": [_action(each) for each in machine.offered(ctx, form)],
        "team": form.declared.team,
        "can": [verb for verb in access.VERBS if access.is_allowed(ctx, form, verb)],
    }


def field_json(declared: Field) -> dict[str, Any]:
    """Describe one field; what is not declared is left out."""
    shown: dict[str, Any] = {"name": declared.name, "label": _(declared.label)}
    shown |= {key: value for key in PLAIN if (value := getattr(declared, key)) not in (None, False)}
    shown |= {key: str(value) for key in BOUNDS if (value := getattr(declared, key)) is not None}
    if declared.filled_by_host:
        shown["readonly"] = True
    if declared.fields:
        shown["fields"] = [field_json(column) for column in declared.fields.values()]
    return shown


def _action(step: Action | Move) -> dict[str, Any]:
    return {
        "name": step.name,
        "label": _(step.label),
        "confirm": _(step.confirm) if step.confirm else None,
        "params": [field_json(declared) for declared in step.params.values()],
    }
