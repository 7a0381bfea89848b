"""People and departments, for administrators."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import departments, users
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform
from lowcode.web.gate import policy
from lowcode.web.idempotency import Answer, write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_users", __name__, url_prefix="/api/v1")

MAX_PER_PAGE = 200


@bp.get("/users")
@policy("admin")
def list_users() -> Response:
    """List people, one page at a time."""
    page, per_page = _number("page", 1, 2**31), _number("per_page", 50, MAX_PER_PAGE)
    with current_platform().db.read() as connection:
        return jsonify(users.list_users(connection, request.args.get("search", ""), page, per_page))


@bp.post("/users")
@policy("admin")
def create_user() -> Response:
    """Add a person."""
    body, roles = json_body(), current_platform().roles

    def work(ctx: "Context") -> Answer:
        person = users.create(ctx.connection, body, roles)
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
    return write(lambda ctx: (200, users.update_user(ctx.connection, user_id, body, roles), {}))


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
        department = departments.create(ctx.connection, body)
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
    return write(lambda ctx: (200, departments.update_department(ctx.connection, department_id, body), {}))


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not 1 <= int(text) <= most:
        sentence = _("请填写 1 到 {most} 的整数。", most=most)
        raise Invalid(_("请改正标出的内容后再提交。"), errors={name: [sentence]})
    return int(text)
