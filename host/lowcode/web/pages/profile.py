"""A person's own page: who they are, their e-mail, the second step of signing in, and where they are signed in."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import segno
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.identity import departments, own_password, sessions, totp, users
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy, request_token
from lowcode.web.pages.dialogs import control, read, refused
from lowcode.web.pages.formdata import LOCAL
from lowcode.web.pages.shell import done, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("profile", __name__)

EMAIL = (Field(name="email", label="邮箱", type="email", help="用来接收通知邮件；不填写就不发邮件。"),)
PASSWORD = (Field(name="password", label="当前密码", type="secret", required=True),)
CODE = (Field(name="code", label="验证码", type="code", required=True),)

BROWSERS = (
    *(("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg/", "Edge"), ("Firefox/", "Firefox")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"), ("python", "Python")),
)
SYSTEMS = (
    *(("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")),
    *(("Mac OS", "macOS"), ("Linux", "Linux")),
)
"""What in a browser's description of itself names the program and the system, in this order."""


@bp.get("/me")
@policy("signed_in")
def show() -> str:
    """Show one's own page."""
    user = current_user()
    with current_platform().db.read() as connection:
        person = users.get(connection, user.id)
        path = _path(departments.tree(connection), user.department_id)
        places = sessions.list_sessions(connection, user.id, request_token())
    labels = current_platform().role_labels()
    return render_template(
        "profile.html",
        person=person,
        department=" / ".join(path),
        roles=[labels.get(role, role) for role in person["roles"]],
        sessions=[_session(each) for each in places],
        here="/me",
    )


@bp.get("/me/email")
@policy("signed_in")
def ask_email() -> str:
    """Show the dialog for one's own e-mail address."""
    with current_platform().db.read() as connection:
        person = users.get(connection, current_user().id)
    controls = [control(each, person) for each in EMAIL]
    return render_template("host_dialog.html", title=_("修改邮箱"), controls=controls, action=request.path, limit=0)


@bp.post("/me/email")
@policy("signed_in")
def change_email() -> Response:
    """Keep one's own e-mail address."""
    sent = read(EMAIL)

    def work(ctx: "Context") -> idempotency.Answer:
        users.update_own(ctx.connection, ctx.user.id, sent.payload)
        return 204, None, saved(_("已保存。"))

    try:
        return idempotency.write(work)
    except Invalid as fault:
        return refused(EMAIL, sent, fault)


@bp.get("/me/two-step")
@policy("signed_in")
def ask_two_step() -> str:
    """Ask for the password before a second step is set up."""
    intro = _(
        "开启后，登录时除密码外还要输入手机验证器应用（如 Microsoft Authenticator）显示的 6 位数字。请先确认是您本人。"
    )
    return _ask_password(_("开启两步验证"), intro, _("下一步"))


@bp.post("/me/two-step")
@policy("signed_in")
def begin_two_step() -> Response:
    """Show the new secret as a picture and as text, and ask for the first code."""
    sent = read(PASSWORD)
    try:
        own_password.prove(current_platform(), current_user(), sent.payload["password"])
        made = current_platform().writing(current_user(), totp.begin)
    except (Invalid, Conflict) as fault:
        return refused(PASSWORD, sent, fault)
    page = render_template(
        "two_step.html",
        title=_("开启两步验证"),
        picture=_picture(made["uri"]),
        secret=" ".join(made["secret"][place : place + 4] for place in range(0, len(made["secret"]), 4)),
        controls=[control(each, {}) for each in CODE],
        action="/me/two-step/confirm",
        submit=_("开启"),
        limit=0,
    )
    return Response(page, headers={"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})


@bp.post("/me/two-step/confirm")
@policy("signed_in")
def confirm_two_step() -> Response:
    """Switch the second step on once a right code is shown."""
    sent, platform, user = read(CODE), current_platform(), current_user()

    def attempt() -> None:
        platform.writing(user, lambda ctx: totp.confirm(ctx, sent.payload["code"]))

    try:
        own_password.guarded(platform.db, user, attempt)
    except (Invalid, Conflict) as fault:
        return refused(CODE, sent, fault)
    return done(_("已开启两步验证，下次登录时需要验证码。"))


@bp.get("/me/two-step/remove")
@policy("signed_in")
def ask_remove_two_step() -> str:
    """Ask for the password before the second step goes."""
    return _ask_password(
        _("关闭两步验证"), _("关闭后，只用密码就能登录您的账号。请先确认是您本人。"), _("关闭两步验证")
    )


@bp.post("/me/two-step/remove")
@policy("signed_in")
def remove_two_step() -> Response:
    """Switch the second step off."""
    sent = read(PASSWORD)
    try:
        own_password.prove(current_platform(), current_user(), sent.payload["password"])
        current_platform().writing(current_user(), totp.remove)
    except (Invalid, Conflict) as fault:
        return refused(PASSWORD, sent, fault)
    return done(_("已关闭两步验证。"))


@bp.post("/me/sessions/<session_id>/end")
@policy("signed_in")
def end_session(session_id: str) -> Response:
    """Sign out on one other device."""
    current_platform().writing(current_user(), lambda ctx: sessions.revoke_one(ctx.connection, ctx.user.id, session_id))
    return done(_("已退出该设备。"))


@bp.post("/me/sessions/end-others")
@policy("signed_in")
def end_other_sessions() -> Response:
    """Sign out everywhere else."""
    token = request_token() or ""
    current_platform().writing(current_user(), lambda ctx: sessions.revoke_others(ctx.connection, ctx.user.id, token))
    return done(_("已退出其他所有设备。"))


def _ask_password(title: str, intro: str, submit: str) -> str:
    controls = [control(each, {}) for each in PASSWORD]
    return render_template(
        "two_step.html", title=title, intro=intro, controls=controls, action=request.path, submit=submit, limit=0
    )


def _picture(uri: str) -> Markup:
    """Draw the secret's address as a QR code, in shapes that need no style."""
    drawn = segno.make(uri, error="m", micro=False).svg_inline(scale=5, border=4, svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 (made of squares alone)


def _session(each: dict[str, Any]) -> dict[str, Any]:
    return {
        **each,
        "device": device(each["agent"] or ""),
        "created": _when(each["created_at"]),
        "seen": _when(each["last_seen_at"]),
    }


def _when(instant: datetime) -> str:
    return instant.astimezone(current_platform().config.time_zone).strftime(LOCAL)


def device(agent: str) -> str:
    """Name the program and the system of a browser's description of itself."""
    known = [next((name for mark, name in marks if mark in agent), "") for marks in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in known if name) or agent[:40] or _("未知设备")


def _path(tree: list[dict[str, Any]], department_id: int | None) -> list[str]:
    """Name a department and those above it, from the top."""
    known = {each["id"]: each for each in tree}
    path: list[str] = []
    while department_id in known:
        found = known[department_id]
        path.insert(0, found["name"])
        department_id = found["parent"]["id"] if found["parent"] else None
    return path
