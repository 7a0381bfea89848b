"""Signing in and out."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy import Connection

from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import own_password, sessions, users
from lowcode.identity import policy as password_policy
from lowcode.identity.model import User
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform
from lowcode.web.gate import end_browser_session, policy, request_token

bp = Blueprint("api_session", __name__, url_prefix="/api/v1")

OWN = ("id", "username", "name", "department", "roles", "language", "email", "totp")
"""What people are told of themselves; administrators see more of them."""


@bp.post("/login")
@policy("public")
def login() -> Response:
    """Open a session and answer with its token; `code` is the second proof of those who have one."""
    sent = texts(json_body(), ("username", "password"), optional=("code",))
    token, user = sessions.sign_in(
        current_platform(), sent["username"], sent["password"], address(), agent=agent(), code=sent.get("code")
    )
    return jsonify({"token": token, **opened(token, user.id)})


@bp.post("/logout")
@policy("signed_in", while_password_due=True, while_viewing=True)
def logout() -> Response:
    """End the session that this request came with."""
    token = request_token()
    if "Authorization" in request.headers and token:
        sessions.revoke(current_platform().db, token)
    else:
        end_browser_session()
    return Response(status=204)


def replace_password(user: User, old: str, new: str) -> str:
    """Change one's own password under the limit on guesses; return the token of the new session."""
    return own_password.replace(current_platform(), user, old, new, address(), agent())


def opened(token: str, user_id: int) -> dict[str, Any]:
    """Describe a session that has just been opened."""
    found = sessions.require(current_platform().db, token)
    with current_platform().db.read() as connection:
        person = users.get(connection, user_id)
    is_due = found.user.must_change_password
    shown = {name: person[name] for name in OWN} | {"must_change_password": is_due}
    return {"expires_at": found.expires_at, "user": shown, "must_change_password": is_due}


def person_now(connection: Connection, user: User) -> dict[str, Any]:
    """Describe the person of this request, and who looks through their eyes."""
    person, viewer = users.get(connection, user.id), g.viewer
    expires_at = None if viewer else password_policy.expires_at(password_policy.read(connection), g.password_since)
    return {name: person[name] for name in OWN} | {
        "must_change_password": user.must_change_password,
        "password_expires_at": expires_at,
        "viewed_by": {"id": viewer.id, "title": viewer.name} if viewer else None,
    }


def address() -> str:
    """Tell where the request comes from."""
    return request.remote_addr or ""


def agent() -> str:
    """Tell what sends the request, as it calls itself."""
    return request.headers.get("User-Agent", "")


def texts(body: Mapping[str, Any], names: Collection[str], optional: Collection[str] = ()) -> dict[str, str]:
    """Read a body of nothing but texts. Raises `Invalid`."""
    wanted = [*names, *(name for name in optional if body.get(name) is not None)]
    errors = {name: [_("请填写文字。")] for name in wanted if not isinstance(body.get(name), str)}
    errors |= {name: [_("没有这个字段，请删除。")] for name in body if name not in {*names, *optional}}
    if errors:
        raise Invalid(_("请改正标出的内容后再提交。"), errors=errors)
    return {name: body[name] for name in wanted}
