"""Values as people read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lowcode import access, instants
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context


def text(ctx: "Context", declared: Field, value: Any) -> str:
    """Write a JSON value for people; times in the business zone."""
    if value is None:
        return ""
    if declared.type == "datetime":
        return instants.written(datetime.fromisoformat(value), ctx.platform.config.time_zone)
    shown = FIELD_TYPES[declared.type].text(declared, value)
    if not declared.unit:
        return shown
    return f"{shown}%" if declared.unit == "%" else f"{shown} {_(declared.unit)}"


def of_field(ctx: "Context", declared: Field, shown: Mapping[str, Any]) -> str:
    """Write a field of a record's JSON: the label of a choice, the title of a reference, a number with its unit."""
    value = shown.get(declared.name)
    if value is None or value == []:
        return ""
    if declared.type == "choice":
        return str((shown.get("$labels") or {}).get(declared.name, value))
    if declared.type in {"ref", "user", "department"}:
        return str(value["title"])
    if declared.type in {"image", "files"}:
        return _("、").join(each["name"] for each in (value if isinstance(value, list) else [value]))
    return text(ctx, declared, value)


def title_of(ctx: "Context", declared: Field, key: int) -> str:
    """Name the record, person or department that a value points at; nothing about a record out of scope."""
    if declared.type == "user":
        return ctx.users.names([key]).get(key, str(key))
    if declared.type == "department":
        return ctx.users.department_names([key]).get(key, str(key))
    target = ctx.platform.forms[declared.form or ""]
    table = target.table
    statement = select(func.coalesce(target.column(target.declared.title), "")).where(
        table.c.id == key, access.clause(ctx, target)
    )
    return str(ctx.connection.scalar(statement) or key)


def choices(ctx: "Context", form: LiveForm, declared: Field) -> dict[str, str]:
    """Give the items of a choice, or the states of the form, by code."""
    if declared.name == "status" and form.workflow:
        return {name: _(state.label) for name, state in form.workflow.states.items()}
    return {code: _(item.label) for code, item in ctx.dictionary(declared.dictionary or "").items()}
