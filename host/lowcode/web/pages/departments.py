"""The tree of departments, for administrators."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy import func, select

from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.identity import departments
from lowcode.identity.tables import users
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.controls import Option
from lowcode.web.pages.dialogs import control, note, read, refused
from lowcode.web.pages.organisation import place_options
from lowcode.web.pages.shell import confirm, done, saved

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from lowcode.context import Context

bp = Blueprint("departments", __name__)

DEPARTMENT = (
    Field(name="name", label="部门名称", type="text", required=True),
    Field(name="parent", label="上级部门", type="choice", help="不选时成为最上级的部门。"),
    Field(name="head", label="部门负责人", type="user", help="审批流程中的部门负责人是此人。"),
)


@bp.get("/org/departments")
@policy("admin")
def list_departments() -> str:
    """Show the tree, with how many active people belong to each department and to all below it."""
    with current_platform().db.read() as connection:
        tree, own = departments.tree(connection), _people(connection)
    rows = [
        {**each, "people": own.get(each["id"], 0), "all": sum(own.get(key, 0) for key in _subtree(tree, place))}
        for place, each in enumerate(tree)
    ]
    part = request.headers.get("HX-Target") == "records"
    template = "departments_rows.html" if part else "departments.html"
    return render_template(template, departments=rows, here="/org/departments")


@bp.get("/org/departments/new")
@policy("admin")
def new_department() -> str:
    """Show the dialog for a new department, below the one it was asked from."""
    with current_platform().db.read() as connection:
        return _dialog(connection, _("新增部门"), {"parent": request.args.get("parent", "")})


@bp.post("/org/departments/new")
@policy("admin")
def create_department() -> Response:
    """Add a department."""
    return _write(
        lambda ctx, payload: departments.create(ctx.connection, payload, by=ctx.user.id), _("已新增部门“{name}”。")
    )


@bp.get("/org/departments/<int:department_id>/edit")
@policy("admin")
def edit_department(department_id: int) -> str:
    """Show the dialog that renames and moves a department, and chooses its head."""
    with current_platform().db.read() as connection:
        found = departments.get(connection, department_id)
        tree = departments.tree(connection)
        values = {"name": found["name"], "parent": _key(found["parent"]), "head": found["head"]}
        place = next(place for place, each in enumerate(tree) if each["id"] == department_id)
        title = _("编辑部门“{name}”", name=found["name"])
        return _dialog(connection, title, values, without=frozenset(_subtree(tree, place)))


@bp.post("/org/departments/<int:department_id>/edit")
@policy("admin")
def change_department(department_id: int) -> Response:
    """Rename or move a department, or choose its head."""
    return _write(
        lambda ctx, payload: departments.update_department(ctx.connection, department_id, payload, by=ctx.user.id),
        _("已保存部门“{name}”。"),
    )


@bp.get("/org/departments/<int:department_id>/delete")
@policy("admin")
def ask_delete(department_id: int) -> str:
    """Ask before a department goes."""
    with current_platform().db.read() as connection:
        found = departments.get(connection, department_id)
    return confirm(_("删除部门"), _("确定删除部门“{name}”吗？", name=found["name"]), request.path)


@bp.post("/org/departments/<int:department_id>/delete")
@policy("admin")
def delete(department_id: int) -> Response:
    """Delete a department that nothing hangs on."""
    try:
        current_platform().writing(current_user(), lambda ctx: departments.delete_department(ctx, department_id))
    except (Invalid, Conflict) as fault:
        return note(fault)
    return done(_("已删除。"))


def _write(work: Callable[["Context", Mapping[str, Any]], dict[str, Any]], message: str) -> Response:
    sent = read(DEPARTMENT, numbers=("parent", "head"))

    def once(ctx: "Context") -> idempotency.Answer:
        made = work(ctx, sent.payload)
        return 204, None, saved(message.format(name=made["name"]))

    try:
        return idempotency.write(once)
    except (Invalid, Conflict) as fault:
        return refused(DEPARTMENT, sent, fault)


def _dialog(
    connection: "Connection", title: str, values: Mapping[str, Any], without: frozenset[int] = frozenset()
) -> str:
    head = values.get("head")
    options = {
        "parent": place_options(connection, values["parent"], without),
        "head": [Option(_key(head), head["title"], selected=True)] if head else [],
    }
    controls = [control(each, values, options.get(each.name, ())) for each in DEPARTMENT]
    return render_template("host_dialog.html", title=title, controls=controls, action=request.path, limit=0)


def _key(reference: Mapping[str, Any] | None) -> str:
    return str(reference["id"]) if reference else ""


def _people(connection: "Connection") -> dict[int, int]:
    """Count the active people of each department."""
    counted = select(users.c.department_id, func.count()).where(users.c.is_active, users.c.department_id.is_not(None))
    return {row[0]: row[1] for row in connection.execute(counted.group_by(users.c.department_id))}


def _subtree(tree: Sequence[Mapping[str, Any]], place: int) -> list[int]:
    """Give the ids of a department and of all below it, which stand behind it in the tree."""
    top = tree[place]
    below = takewhile(lambda each: each["level"] > top["level"], tree[place + 1 :])
    return [top["id"], *(each["id"] for each in below)]
