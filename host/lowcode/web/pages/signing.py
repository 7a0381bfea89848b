"""Signing in and out, and replacing one's own password."""

from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode.errors import Fault, Invalid, NotSignedIn, TooMany
from lowcode.i18n import _
from lowcode.identity import sessions
from lowcode.web.api.session import replace_password
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import end_browser_session, policy, start_browser_session
from lowcode.web.links import local_path

bp = Blueprint("signing", __name__)


@bp.get("/login")
@policy("public")
def login_page() -> BaseResponse | str:
    """Show the sign-in form."""
    target = local_path(request.args.get("next"))
    return redirect(target, 303) if g.user else render_template("login.html", next=target, username="", fault=None)


@bp.post("/login")
@policy("public")
def login() -> BaseResponse:
    """Open a session and go where the person wanted to go."""
    target = local_path(request.form.get("next"))
    username = request.form.get("username", "")
    try:
        token, user = sessions.sign_in(
            current_platform(), username, request.form.get("password", ""), request.remote_addr or ""
        )
    except (NotSignedIn, TooMany, Invalid) as fault:
        page = render_template("login.html", next=target, username=username, fault=fault.detail)
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return Response(page, fault.status, headers)
    start_browser_session(token)
    return redirect("/password" if user.must_change_password else target, 303)


@bp.post("/logout")
@policy("public", while_password_due=True)
def logout() -> BaseResponse:
    """End the session."""
    end_browser_session()
    return redirect("/login", 303)


@bp.get("/password")
@policy("signed_in", while_password_due=True)
def password_page() -> str:
    """Show the form for a new password."""
    return render_template("password.html", errors={}, fault=None)


@bp.post("/password")
@policy("signed_in", while_password_due=True)
def change_password() -> BaseResponse:
    """Replace the password; every other session of the person ends."""
    user, new = current_user(), request.form.get("new", "")
    try:
        if new != request.form.get("again"):
            sentence = _("两次输入的新密码不一致，请重新输入。")
            raise Invalid(sentence, errors={"again": [sentence]})
        token = replace_password(user.id, user.username, request.form.get("old", ""), new)
    except Fault as fault:
        return Response(render_template("password.html", errors=fault.errors, fault=fault.detail), fault.status)
    start_browser_session(token)
    return redirect("/", 303)
