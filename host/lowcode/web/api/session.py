"""Signing in and out, and the person who is signed in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import sessions, throttle, users
from lowcode.identity.names import username_key
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import end_browser_session, policy, request_token, start_browser_session

bp = Blueprint("api_session", __name__, url_prefix="/api/v1")


@bp.post("/login")
@policy("public")
def login() -> Response:
    """Open a session and answer with its token."""
    username, password = _texts(json_body(), "username", "password")
    token, user = sessions.sign_in(current_platform(), username, password, request.remote_addr or "")
    return jsonify({"token": token, **_session(token, user.id)})


@bp.post("/logout")
@policy("signed_in", while_password_due=True)
def logout() -> Response:
    """End the session that this request came with."""
    token = request_token()
    if "Authorization" in request.headers and token:
        sessions.revoke(current_platform().db, token)
    else:
        end_browser_session()
    return Response(status=204)


@bp.get("/me")
@policy("signed_in", while_password_due=True)
def me() -> Response:
    """Tell who is signed in."""
    return jsonify(_person(current_user().id))


@bp.post("/me/password")
@policy("signed_in", while_password_due=True)
def change_password() -> Response:
    """Replace one's own password; every session ends and this caller gets a new one."""
    old, new = _texts(json_body(), "old", "new")
    user = current_user()
    token = replace_password(user.id, user.username, old, new)
    answer = _session(token, user.id)
    if "Authorization" in request.headers:
        return jsonify({"token": token, **answer})
    start_browser_session(token)  # scripts on the page never see the token
    return jsonify(answer)


def replace_password(user_id: int, username: str, old: str, new: str) -> str:
    """Change a password under the limit on guesses; return the token of the new session."""
    platform, now = current_platform(), datetime.now(UTC)
    counters = throttle.limits(username_key(username), request.remote_addr or "")
    throttle.reserve(platform.db, counters, now)
    try:
        token = users.change_password(platform.db, user_id, old, new)
    except Invalid as fault:
        if "new" in fault.errors:  # the old password was right, so it was no guess
            platform.db.run(lambda connection: throttle.refund(connection, counters, now))
        raise
    platform.db.run(lambda connection: throttle.refund(connection, counters, now))
    return token


def _session(token: str, user_id: int) -> dict[str, Any]:
    found = sessions.require(current_platform().db, token)
    person = _person(user_id)
    return {
        "expires_at": found.expires_at,
        "user": person,
        "must_change_password": found.user.must_change_password,
    }


def _person(user_id: int) -> dict[str, Any]:
    with current_platform().db.read() as connection:
        person = users.get(connection, user_id)
    names = ("id", "username", "name", "department", "roles", "language", "must_change_password")
    return {name: person[name] for name in names}


def _texts(body: Mapping[str, Any], *names: str) -> list[str]:
    errors = {name: [_("请填写文字。")] for name in names if not isinstance(body.get(name), str)}
    errors |= {name: [_("没有这个字段，请删除。")] for name in body if name not in names}
    if errors:
        raise Invalid(_("请改正标出的内容后再提交。"), errors=errors)
    return [body[name] for name in names]
