"""Who may do what: the one gate of verbs and the one row filter, both read from `access:`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from lowcode.declare.fields import Scope
from lowcode.declare.model import Access
from lowcode.errors import Forbidden, NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

VERBS = ("read", "create", "edit", "delete", "export")


def is_allowed(ctx: "Context", form: LiveForm, verb: str) -> bool:
    """Tell whether any of the person's roles grants the verb on some record."""
    return any(True for _grant in _granted(ctx, form, verb))


def require(ctx: "Context", form: LiveForm, verb: str) -> None:
    """Refuse a verb that no role grants. A form that may not even be read does not exist."""
    if is_allowed(ctx, form, verb):
        return
    if not is_allowed(ctx, form, "read") and not is_allowed(ctx, form, "create"):
        raise NotFound(_("没有“{name}”这种记录。", name=form.name))
    raise Forbidden(_("您的角色没有对“{label}”进行这项操作的权限。", label=_(form.declared.label)))


def clause(ctx: "Context", form: LiveForm, verb: str = "read") -> ColumnElement[bool]:
    """Give the row filter of a verb: for lists, records, pickers, counts, files and exports alike."""
    scopes = [_scope_clause(ctx, form, scope) for scope in _granted(ctx, form, verb)]
    if not scopes:
        return false()
    narrowing = [condition.clause(form, ctx.tokens) for condition in _narrowing(ctx, form, verb)]
    return and_(_any(scopes), *narrowing) if narrowing else _any(scopes)


def _any(clauses: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Join alternatives; most often there is one, and every query asks."""
    return clauses[0] if len(clauses) == 1 else or_(*clauses)


def permits(ctx: "Context", form: LiveForm, verb: str, record: Record) -> bool:
    """Tell in Python what `clause` says in SQL, for a record at hand."""
    return any(_scope_holds(ctx, form, scope, record) for scope in _granted(ctx, form, verb)) and all(
        c.matches(record, ctx.tokens) for c in _narrowing(ctx, form, verb)
    )


def _granted(ctx: "Context", form: LiveForm, verb: str) -> Iterator[Scope]:
    if ctx.is_system:
        yield "all"
        return
    for role in ctx.user.roles:
        grant: Access | None = form.declared.access.get(role)
        scope = getattr(grant, verb) if grant else None
        if scope is True:
            yield "all"
        elif scope:
            yield scope


def _narrowing(ctx: "Context", form: LiveForm, verb: str) -> Iterator[Any]:
    if not ctx.is_system:
        for where in ctx.platform.hooks.row_scope(form, verb, ctx.system):
            yield form.condition(where)


def _parts(scope: Scope) -> list[Any]:
    return [scope] if isinstance(scope, str) or hasattr(scope, "keys") else list(scope)


def _scope_clause(ctx: "Context", form: LiveForm, scope: Scope) -> ColumnElement[bool]:
    return _any([_part_clause(ctx, form, part) for part in _parts(scope)])


def _part_clause(ctx: "Context", form: LiveForm, part: Any) -> ColumnElement[bool]:
    if part == "all":
        return true()
    if not isinstance(part, str):
        return form.condition(part).clause(form, ctx.tokens)
    own = form.column(form.declared.owner or "created_by") == ctx.user.id
    if part == "own" or not ctx.user.department_ids:
        return own
    return or_(own, form.column("owner_department").in_(sorted(ctx.user.department_ids)))


def _scope_holds(ctx: "Context", form: LiveForm, scope: Scope, record: Record) -> bool:
    return any(_part_holds(ctx, form, part, record) for part in _parts(scope))


def _part_holds(ctx: "Context", form: LiveForm, part: Any, record: Record) -> bool:
    if part == "all":
        return True
    if not isinstance(part, str):
        return form.condition(part).matches(record, ctx.tokens)
    if getattr(record, form.declared.owner or "created_by") == ctx.user.id:
        return True
    return part == "department" and getattr(record, "owner_department") in ctx.user.department_ids  # noqa: B009
