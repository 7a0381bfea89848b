"""What administrators do with a person's account: look through their eyes, end sessions, hand their work over."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.identity import hand_over, users, viewing
from lowcode.identity.names import invalid
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy, request_token
from lowcode.web.pages.dialogs import control, note, read, refused
from lowcode.web.pages.shell import confirm, done, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("people_actions", __name__)

HAND_OVER = (
    Field(name="to", label="接收人", type="user", required=True),
    Field(name="disable", label="同时停用此账号", type="boolean"),
)


@bp.post("/org/users/<int:user_id>/view")
@policy("admin")
def view_as(user_id: int) -> Response:
    """Look through a person's eyes; nothing can be changed meanwhile."""
    token = request_token() or ""
    current_platform().writing(current_user(), lambda ctx: viewing.start(ctx, token, user_id))
    return done("", follow="/")  # the page that follows says so by itself


@bp.post("/viewing/stop")
@policy("signed_in", while_password_due=True, while_viewing=True)
def stop_viewing() -> BaseResponse:
    """Look through one's own eyes again."""
    token = request_token() or ""
    current_platform().writing(current_user(), lambda ctx: viewing.stop(ctx, token))
    return redirect("/org/users", 303)


@bp.get("/org/users/<int:user_id>/sign-out")
@policy("admin")
def ask_sign_out(user_id: int) -> str:
    """Ask before all sessions of a person end."""
    question = _("确定让“{name}”在所有设备上退出登录吗？没有保存的内容会丢失。", name=_name(user_id))
    return confirm(_("强制下线"), question, request.path)


@bp.post("/org/users/<int:user_id>/sign-out")
@policy("admin")
def sign_out(user_id: int) -> Response:
    """End all sessions of a person."""
    current_platform().writing(current_user(), lambda ctx: users.end_sessions(ctx.connection, user_id, by=ctx.user.id))
    return done(_("已强制下线。"))


@bp.get("/org/users/<int:user_id>/two-step")
@policy("admin")
def ask_remove_two_step(user_id: int) -> str:
    """Ask before the second step of a person's sign-in goes."""
    question = _(
        "确定关闭“{name}”的两步验证吗？请先核实是本人要求（例如手机丢失）；关闭后只用密码就能登录。",
        name=_name(user_id),
    )
    return confirm(_("关闭两步验证"), question, request.path)


@bp.post("/org/users/<int:user_id>/two-step")
@policy("admin")
def remove_two_step(user_id: int) -> Response:
    """Switch off the second step of a person's sign-in."""
    roles = current_platform().roles
    try:
        current_platform().writing(
            current_user(),
            lambda ctx: users.update_user(ctx.connection, user_id, {"totp": False}, roles, by=ctx.user.id),
        )
    except (Invalid, Conflict) as fault:
        return note(fault)
    return done(_("已关闭两步验证。"))


@bp.get("/org/users/<int:user_id>/hand-over")
@policy("admin")
def ask_hand_over(user_id: int) -> str:
    """Show what a person has in hand, and ask who takes it over."""
    with current_platform().reading(current_user()) as ctx:
        person = users.get(ctx.connection, user_id)
        found = hand_over.plan(ctx, user_id)
    return render_template(
        "hand_over.html",
        title=_("“{name}”的离职交接", name=person["name"]),
        plan=found,
        controls=[control(each, {"disable": person["is_active"]}) for each in HAND_OVER],
        action=request.path,
        submit=_("交接"),
        limit=0,
    )


@bp.post("/org/users/<int:user_id>/hand-over")
@policy("admin")
def apply_hand_over(user_id: int) -> Response:
    """Give all that a person has in hand to another, and disable the account where asked."""
    sent = read(HAND_OVER, numbers=("to",))
    to_id, disable = sent.payload["to"], sent.payload["disable"]

    def work(ctx: "Context") -> idempotency.Answer:
        if to_id is None:
            raise invalid("to", _("请选择接收人。"))
        given = hand_over.apply(ctx, user_id, to_id, disable=disable)
        return 204, None, saved(_told(given, ctx.users.names([to_id])[to_id]))

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return refused(HAND_OVER, sent, fault)


def _told(given: Mapping[str, Any], name: str) -> str:
    return _(
        "已交接给“{name}”：{records} 条记录、{tasks} 项待办、{departments} 个部门。",
        name=name,
        records=sum(each["count"] for each in given["forms"]),
        tasks=given["tasks"],
        departments=len(given["departments"]),
    )


def _name(user_id: int) -> str:
    with current_platform().db.read() as connection:
        return str(users.get(connection, user_id)["name"])
