"""People, departments and what is asked of passwords, for administrators."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request

from lowcode import paging
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import departments, hand_over, users
from lowcode.identity import policy as password_policy
from lowcode.identity.fields import row_id
from lowcode.identity.names import invalid
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.idempotency import Answer, write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_users", __name__, url_prefix="/api/v1")


@bp.get("/users")
@policy("admin")
def list_users() -> Response:
    """List people, one page at a time; `search`, `department`, `role` and `is_active` narrow it."""
    args, errors = request.args, dict[str, list[str]]()
    page = paging.number(args.get("page"), "page", 1, paging.MOST_PAGES, errors)
    per_page = paging.number(args.get("per_page"), "per_page", 50, paging.MOST_PER_PAGE, errors)
    department = paging.number(args.get("department"), "department", None, 2**63 - 1, errors)
    if errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=errors)
    role, is_active, search = args.get("role"), _flag("is_active"), args.get("search", "").strip()
    with current_platform().db.read() as connection:
        return jsonify(
            users.list_users(connection, search, page, per_page, department=department, role=role, is_active=is_active)
        )


@bp.post("/users")
@policy("admin")
def create_user() -> Response:
    """Add a person."""
    body, roles = json_body(), current_platform().roles

    def work(ctx: "Context") -> Answer:
        person = users.create(ctx.connection, body, roles, by=ctx.user.id)
        return 201, person, {"Location": f"/api/v1/users/{person['id']}"}

    return write(work)


@bp.get("/users/<int:user_id>")
@policy("admin")
def get_user(user_id: int) -> Response:
    """Show one person."""
    with current_platform().db.read() as connection:
        return jsonify(users.get(connection, user_id))


@bp.patch("/users/<int:user_id>")
@policy("admin")
def update_user(user_id: int) -> Response:
    """Change a person."""
    body, roles = json_body(), current_platform().roles
    return write(lambda ctx: (200, users.update_user(ctx.connection, user_id, body, roles, by=ctx.user.id), {}))


@bp.delete("/users/<int:user_id>/sessions")
@policy("admin")
def end_sessions(user_id: int) -> Response:
    """End every session of a person."""

    def work(ctx: "Context") -> Answer:
        users.end_sessions(ctx.connection, user_id, by=ctx.user.id)
        return 204, None, {}

    return write(work)


@bp.get("/users/<int:user_id>/hand_over")
@policy("admin")
def plan_hand_over(user_id: int) -> Response:
    """Count what a person who leaves has in hand."""
    with current_platform().reading(current_user(), version=g.cache_version) as ctx:
        return jsonify(hand_over.plan(ctx, user_id))


@bp.post("/users/<int:user_id>/hand_over")
@policy("admin")
def apply_hand_over(user_id: int) -> Response:
    """Give everything that a person has in hand to another, and disable the person where asked."""
    body = json_body()
    if unknown := body.keys() - {"to", "disable"}:
        raise Invalid(_("请改正标出的内容后再提交。"), errors={name: [_("没有这个字段，请删除。")] for name in unknown})
    to, disable = row_id("to", body.get("to")), body.get("disable", False)
    if to is None:
        raise invalid("to", _("请填写此项。"))
    if not isinstance(disable, bool):
        raise invalid("disable", _("请填写 true 或 false。"))
    return write(lambda ctx: (200, hand_over.apply(ctx, user_id, to, disable=disable), {}))


@bp.get("/password_policy")
@policy("admin")
def read_policy() -> Response:
    """Show what is asked of passwords."""
    with current_platform().db.read() as connection:
        return jsonify(asdict(password_policy.read(connection)))


@bp.put("/password_policy")
@policy("admin")
def write_policy() -> Response:
    """Choose what is asked of passwords; what the body leaves out stays."""
    body = json_body()
    return write(lambda ctx: (200, asdict(password_policy.write(ctx, body)), {}))


@bp.get("/departments")
@policy("admin")
def list_departments() -> Response:
    """List all departments, each one after its parent."""
    with current_platform().db.read() as connection:
        items = departments.tree(connection)
    return jsonify({"items": items, "total": len(items)})


@bp.post("/departments")
@policy("admin")
def create_department() -> Response:
    """Add a department."""
    body = json_body()

    def work(ctx: "Context") -> Answer:
        department = departments.create(ctx.connection, body, by=ctx.user.id)
        return 201, department, {"Location": f"/api/v1/departments/{department['id']}"}

    return write(work)


@bp.get("/departments/<int:department_id>")
@policy("admin")
def get_department(department_id: int) -> Response:
    """Show one department."""
    with current_platform().db.read() as connection:
        return jsonify(departments.get(connection, department_id))


@bp.patch("/departments/<int:department_id>")
@policy("admin")
def update_department(department_id: int) -> Response:
    """Change a department."""
    body = json_body()

    def work(ctx: "Context") -> Answer:
        return 200, departments.update_department(ctx.connection, department_id, body, by=ctx.user.id), {}

    return write(work)


@bp.delete("/departments/<int:department_id>")
@policy("admin")
def delete_department(department_id: int) -> Response:
    """Remove a department that nothing hangs on."""

    def work(ctx: "Context") -> Answer:
        departments.delete_department(ctx, department_id)
        return 204, None, {}

    return write(work)


def _flag(name: str) -> bool | None:
    text = request.args.get(name)
    if text not in {None, "true", "false"}:
        raise invalid(name, _("请填写 true 或 false。"))
    return None if text is None else text == "true"
