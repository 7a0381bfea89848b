"""Which records a role reaches, worked out record by record from the declarations, not through `lowcode.access`."""

from collections.abc import Mapping
from typing import Any

from lowcode.context import Context
from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.records.record import Record
from lowcode.testing.conformance.oracle import WITH


def reaches(ctx: Context, form: LiveForm, role: str, verb: str, record: Record | None) -> bool:
    """Work out from the declarations, and from `row_scope`, whether a role reaches a record; deleted ones nobody."""
    grant = form.declared.access.get(role)
    scope = getattr(grant, verb) if grant else None
    parts = [scope] if isinstance(scope, str | Mapping) else list(scope or ())
    if record is None or not any(_covers(ctx, form, role, verb, record, part) for part in parts):
        return False
    narrowing = ctx.platform.hooks.row_scope(form, verb, ctx)
    return all(form.condition(where).matches(record, ctx.tokens) for where in narrowing)


def _covers(ctx: Context, form: LiveForm, role: str, verb: str, record: Record, part: Any) -> bool:
    if isinstance(part, Mapping):
        return form.condition(part).matches(record, ctx.tokens)
    if part.startswith(WITH):
        name = part.removeprefix(WITH)
        followed, key = ctx.platform.forms[form.fields[name].form or ""], getattr(record, name)
        there = store.load(ctx, followed, key) if key is not None else None
        return reaches(ctx, followed, role, "read" if verb == "read" else "edit", there)
    is_own = getattr(record, form.declared.owner or "created_by") == ctx.user.id
    in_department = getattr(record, "owner_department", None) in ctx.user.department_ids
    return part == "all" or is_own or (part == "department" and in_department)
