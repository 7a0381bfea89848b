"""What the searchable controls offer: records, people and departments, as JSON for the page at hand."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import ColumnElement, Select, and_, false, select

from lowcode import access
from lowcode.conditions import containing
from lowcode.database.schema import approval_tasks
from lowcode.declare.fields import Field
from lowcode.errors import Forbidden, NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.identity.tables import departments
from lowcode.records import searching
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import whole
from lowcode.web.pages.shell import live_form

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("picking", __name__)

MOST = 50
HINTS = 2
SEARCHED = frozenset({"text", "phone", "email"})


@bp.get("/f/<form>/pick/<path:path>")
@policy("signed_in")
def pick(form: str, path: str) -> Response:
    """Offer what a reference of a form, of its lines (`lines.product`) or of a dialog (`!action.owner`,
    `!action.lines.product`) may be."""
    live = live_form(form)
    declared = _declared(live, path)
    search = request.args.get("search", "").strip()[:100]
    agreed = {theirs: request.args[theirs] for theirs in declared.same if request.args.get(theirs)}
    with current_platform().reading(current_user()) as ctx:
        known = visible_fields(live, ctx.user.roles)
        access.require(ctx, live, "read" if access.is_allowed(ctx, live, "read") else "create")
        if "!" not in path and path.partition(".")[0] not in known:
            raise NotFound(_("没有这个字段。"))
        items = offers(ctx, declared, search, agreed)
    return jsonify({"items": [{"value": str(key), "text": title, "hint": hint} for key, title, hint in items]})


@bp.get("/pick/people")
@policy("signed_in")
def pick_people() -> Response:
    """Offer people, for controls that belong to no form; `by=username` where they are not kept by their ids."""
    search = request.args.get("search", "").strip()[:100]
    with current_platform().reading(current_user()) as ctx:
        if not _names_people(ctx):
            raise Forbidden(_("您的角色不能查看人员名单。"))
        rows = ctx.users.active(search, MOST)
    by = "username" if request.args.get("by") == "username" else "id"
    items = [{"value": str(getattr(row, by)), "text": row.name, "hint": row.username} for row in rows]
    return jsonify({"items": items})


def _names_people(ctx: "Context") -> bool:
    """Tell whether the person has anything to do with colleagues: records, which have owners, or approvals."""
    verbs = ("read", "create")
    if ctx.user.is_admin or any(
        access.is_allowed(ctx, form, verb) for form in ctx.platform.forms.values() for verb in verbs
    ):
        return True
    asked = select(approval_tasks.c.id).where(approval_tasks.c.user == ctx.user.id)
    return ctx.connection.scalar(asked.limit(1)) is not None


def offers(ctx: "Context", declared: Field, search: str, agreed: Mapping[str, str]) -> list[tuple[int, str, str]]:
    """Give id, title and a hint that tells equal titles apart, of what fits the text; by title, at most 50."""
    if declared.type == "user":
        return [(row.id, row.name, row.username) for row in ctx.users.active(search, MOST)]
    if declared.type == "department":
        name = departments.c.name
        statement: Select[Any] = select(departments.c.id, name).where(containing(name, search))
        return [(row[0], row[1], "") for row in ctx.connection.execute(statement.order_by(name).limit(MOST))]
    target = ctx.platform.forms[declared.form or ""]
    title = target.column(target.declared.title)
    shown = [name for name in _texts(ctx, target) if target.fields[name].type == "text" and name not in target.masked]
    hints = [name for name in shown if name != target.declared.title]
    found: Select[Any] = _narrowed(ctx, target, declared, agreed, [target.column(name) for name in hints[:HINTS]])
    if search:
        found = found.where(_holds(ctx, target, search))
    rows = ctx.connection.execute(found.order_by(title, target.table.c.id).limit(MOST))
    return [
        (key, str(key if shown is None else shown), " · ".join(str(each) for each in more if each is not None))
        for key, shown, *more in rows
    ]


def _narrowed(
    ctx: "Context", target: LiveForm, declared: Field, agreed: Mapping[str, str], hints: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    table = target.table
    statement = select(table.c.id, target.column(target.declared.title), *hints).where(
        table.c.deleted_at.is_(None), access.clause(ctx, target)
    )
    if declared.where:
        statement = statement.where(target.condition(declared.where).clause(target, ctx.tokens))
    for theirs, value in agreed.items():
        number = whole(value)
        statement = statement.where(false() if number is None else target.column(theirs) == number)
    return statement


def _holds(ctx: "Context", target: LiveForm, search: str) -> ColumnElement[bool]:
    found = searching.search(ctx, target, _texts(ctx, target), search)
    return found.holds if found.hint is None else and_(found.hint, found.holds)


def _texts(ctx: "Context", target: LiveForm) -> list[str]:
    """Name the title and the plain texts that the form's own lists search."""
    known = visible_fields(target, ctx.user.roles)
    names = (target.declared.title, *(name for view in target.declared.lists.values() for name in view.search))
    return [name for name in dict.fromkeys(names) if name in known and known[name].type in SEARCHED]


def _declared(live: LiveForm, path: str) -> Field:
    """Find the reference that a path names."""
    if path.startswith("!"):
        step, _dot, path = path[1:].partition(".")
        moves = live.workflow.moves if live.workflow else {}
        holder = live.declared.actions.get(step) or moves.get(step)
        fields: Mapping[str, Field] = holder.params if holder else {}
    else:
        fields = live.fields
    name, _dot, column = path.partition(".")
    declared = fields.get(name)
    if declared is not None and column:
        declared = declared.fields.get(column)
    if declared is None or declared.type not in {"ref", "user", "department"}:
        raise NotFound(_("没有这个字段。"))
    return declared
