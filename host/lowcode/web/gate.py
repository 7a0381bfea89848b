"""The one gate that every request passes: who calls, and may they use this route at all.

Which records a person may see is decided where records are read; the gate knows routes only.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug import Response

from lowcode.errors import Forbidden, Invalid, NotFound, NotSignedIn
from lowcode.i18n import _
from lowcode.identity import sessions
from lowcode.identity.model import User
from lowcode.web.current import current_platform, is_api
from lowcode.web.language import choose_language
from lowcode.web.links import login_link

Policy = Literal["public", "signed", "signed_in", "admin"]
"""`public` is for anybody, `signed` for programs that prove by a signature of each message what they may do."""
View = TypeVar("View", bound=Callable[..., Any])

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PASSWORD_PAGE = "/password"  # noqa: S105 (an address)
UPLOAD_OVERHEAD = 64 * 1024
"""What a multipart body adds to the file it carries."""

csrf = CSRFProtect()


def policy(
    name: Policy, *, while_password_due: bool = False, while_viewing: bool = False, upload: bool = False
) -> Callable[[View], View]:
    """Say who may use a view; every view must.

    `while_password_due` lets people in who still have to replace their password; `while_viewing` lets an administrator
    send a change while looking through another's eyes; `upload` raises the limit of the body from 1 MB to the one for
    files.
    """

    def mark(view: View) -> View:
        view.__dict__.update(
            policy=name, while_password_due=while_password_due, while_viewing=while_viewing, upload=upload
        )
        return view

    return mark


def install(app: Flask) -> None:
    """Put the gate in front of every route of the application."""
    csrf.init_app(app)
    app.before_request(_gate)


def check_inventory(app: Flask) -> None:
    """Raise `RuntimeError` when a route does not say who may use it."""
    views = ((rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    bare = sorted({rule.rule for rule, view in views if not hasattr(view, "policy")})
    if bare:
        raise RuntimeError(f"These routes declare no policy: {', '.join(bare)}. Put @policy(…) on their views.")


def start_browser_session(token: str) -> None:
    """Give the browser a new cookie that holds `token`; whatever it held before is ended."""
    end_browser_session()
    session["sid"] = token


def end_browser_session() -> None:
    """End the session of the browser's cookie and everything that hung on it."""
    token = session.get("sid")
    session.clear()
    g.pop("csrf_token", None)
    if token:
        sessions.revoke(current_platform().db, token)


def request_token() -> str | None:
    """Return the token of this request: the bearer's, or without one the cookie's."""
    if "Authorization" in request.headers:
        scheme, __, token = request.headers["Authorization"].partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    return session.get("sid")


def identify() -> User | None:
    """Find out who calls and note it in `g.user`, and in `g.cache_version` what version of the configuration holds.

    While an administrator looks through another's eyes, `g.user` is the other and `g.viewer` the administrator.
    """
    token = request_token()
    found = sessions.authenticate(current_platform().db, token) if token else None
    if found:
        g.user, g.viewer = found.user, found.viewer
        g.cache_version = found.cache_version
        g.password_since = found.password_since
        choose_language(found.viewer or found.user)
    return found.user if found else None


class _PasswordDue(Forbidden):
    code = "must_change_password"


def _gate() -> Response | None:
    g.user = g.viewer = None
    choose_language()
    _refuse_nul()
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        if not is_api():
            identify()  # the page that says "not found" still knows the person
        return None
    if view.__dict__["upload"]:
        request.max_content_length = current_platform().config.max_file_bytes + UPLOAD_OVERHEAD
    try:
        _admit(view)
    except NotSignedIn:
        if is_api():
            raise
        return _to_login()
    except _PasswordDue:
        if is_api() or "HX-Request" in request.headers:
            raise
        return redirect(PASSWORD_PAGE, 303)
    return None


def _admit(view: Callable[..., Any]) -> None:
    """Raise a `Fault` unless the caller may use the view."""
    rules = view.__dict__
    if rules["policy"] == "signed":
        return  # the view looks at the signature of what it reads; no cookie counts, so nobody can be made to send it
    if rules["policy"] == "public":
        if not is_api():
            _refuse_forgery()
            if not request.path.startswith("/static/"):
                identify()
                _refuse_while_viewing(rules)
        elif request.method not in SAFE_METHODS:
            _refuse_cross_site()
        return
    user = identify()
    if user is None:
        raise NotSignedIn(_("请先登录。"))
    _refuse_forgery()
    if user.must_change_password and not rules["while_password_due"]:
        raise _PasswordDue(_("请先修改密码，再继续使用。"))
    _refuse_while_viewing(rules)
    if rules["policy"] == "admin" and not user.is_admin:
        raise Forbidden(_("只有管理员可以使用此功能，请联系管理员。"))


def _refuse_while_viewing(rules: Mapping[str, Any]) -> None:
    if g.viewer and request.method not in SAFE_METHODS and not rules["while_viewing"]:
        raise Forbidden(_("您正在以其他用户的身份查看，只能查看不能修改；请先退出查看。"), code="view_only")


def _refuse_forgery() -> None:
    """Refuse a change that another site may have made the browser send."""
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return  # another site cannot make a browser send an Authorization header
    _refuse_cross_site()
    try:
        csrf.protect()
    except CSRFError as error:
        raise Forbidden(_("页面已过期，请刷新后重试。"), code="csrf") from error


def _refuse_cross_site() -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = origin is not None and _host_of(origin) != request.host
    if foreign or site not in {None, "same-origin", "none"}:
        raise Forbidden(_("请求来自其他网站，已被拒绝。"), code="cross_site")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _refuse_nul() -> None:
    """Refuse characters that one database stores and the other raises for."""
    if "\0" in request.path:
        raise NotFound(_("没有找到这个地址，请检查后重试。"))
    if b"%00" in request.query_string:
        raise Invalid(_("地址中含有不能使用的字符，请删除后重试。"))


def _to_login() -> Response:
    if "HX-Request" in request.headers:
        if request.method not in SAFE_METHODS:  # what is typed on the page at hand must not be lost
            raise NotSignedIn(_("登录已过期。您填写的内容还在：请在新标签页中登录，然后回到这里再提交。"))
        # htmx would put a redirected page inside the page at hand
        return Response(status=401, headers={"HX-Redirect": login_link()})
    return redirect(login_link(), 303)
