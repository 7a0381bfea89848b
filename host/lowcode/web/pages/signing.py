"""Signing in and out, and replacing one's own password."""

from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode.errors import Fault, Invalid, NotSignedIn, TooMany
from lowcode.i18n import _
from lowcode.identity import passwords, sessions
from lowcode.identity import policy as password_policy
from lowcode.web.api.session import address, agent, replace_password
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import end_browser_session, policy, start_browser_session
from lowcode.web.links import local_path

bp = Blueprint("signing", __name__)


@bp.get("/login")
@policy("public")
def login_page() -> BaseResponse | str:
    """Show the sign-in form."""
    target = local_path(request.args.get("next"))
    return redirect(target, 303) if g.user else _login_form(target)


@bp.post("/login")
@policy("public", while_viewing=True)
def login() -> BaseResponse:
    """Open a session and go where the person wanted to go.

    Who has a second proof is then shown a field for it, and types the password again: no page holds one.
    """
    target = local_path(request.form.get("next"))
    username, code = request.form.get("username", ""), request.form.get("code")
    try:
        token, user = sessions.sign_in(
            current_platform(), username, request.form.get("password", ""), address(), agent=agent(), code=code
        )
    except (NotSignedIn, TooMany, Invalid) as fault:
        needs_code = code is not None or fault.code == "totp_required"
        page = _login_form(target, username, fault=fault, needs_code=needs_code)
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return Response(page, fault.status, headers)
    start_browser_session(token)
    return redirect("/password" if user.must_change_password else target, 303)


def _login_form(target: str, username: str = "", *, fault: Fault | None = None, needs_code: bool = False) -> str:
    return render_template("login.html", next=target, username=username, fault=fault, needs_code=needs_code)


@bp.post("/logout")
@policy("public", while_password_due=True, while_viewing=True)
def logout() -> BaseResponse:
    """End the session."""
    end_browser_session()
    return redirect("/login", 303)


@bp.get("/password")
@policy("signed_in", while_password_due=True)
def password_page() -> str:
    """Show the form for a new password."""
    return _password_form()


@bp.post("/password")
@policy("signed_in", while_password_due=True)
def change_password() -> BaseResponse:
    """Replace the password; every other session of the person ends."""
    new = request.form.get("new", "")
    try:
        if new != request.form.get("again"):
            sentence = _("两次输入的新密码不一致，请重新输入。")
            raise Invalid(sentence, errors={"again": [sentence]})
        token = replace_password(current_user(), request.form.get("old", ""), new)
    except Fault as fault:
        return Response(_password_form(fault), fault.status)
    start_browser_session(token)
    return redirect("/", 303)


def _password_form(fault: Fault | None = None) -> str:
    with current_platform().db.read() as connection:
        rules = passwords.rules(password_policy.read(connection))
    return render_template(
        "password.html", errors=fault.errors if fault else {}, fault=fault.detail if fault else None, rules=rules
    )
