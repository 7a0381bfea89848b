"""The person who is signed in: what they are told of themselves, password, second proof, sessions, others' eyes."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, request

from lowcode.i18n import _
from lowcode.identity import own_password, sessions, totp, users, viewing
from lowcode.identity.fields import row_id
from lowcode.identity.names import invalid
from lowcode.web.api.session import OWN, opened, person_now, replace_password, texts
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy, request_token, start_browser_session
from lowcode.web.idempotency import Answer, write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_me", __name__, url_prefix="/api/v1/me")


@bp.get("")
@policy("signed_in", while_password_due=True)
def me() -> Response:
    """Tell who is signed in."""
    with current_platform().db.read() as connection:
        return jsonify(person_now(connection, current_user()))


@bp.patch("")
@policy("signed_in")
def change_me() -> Response:
    """Change one's own e-mail and language."""
    body = json_body()

    def work(ctx: "Context") -> Answer:
        users.update_own(ctx.connection, ctx.user.id, body)
        return 200, person_now(ctx.connection, ctx.user), {}

    return write(work)


@bp.post("/password")
@policy("signed_in", while_password_due=True)
def change_password() -> Response:
    """Replace one's own password; every session ends and this caller gets a new one."""
    sent, user = texts(json_body(), ("old", "new")), current_user()
    token = replace_password(user, sent["old"], sent["new"])
    answer = opened(token, user.id)
    if "Authorization" in request.headers:
        return jsonify({"token": token, **answer})
    start_browser_session(token)  # scripts on the page never see the token
    return jsonify(answer)


@bp.post("/totp")
@policy("signed_in")
def begin_totp() -> Response:
    """Make the secret of a second proof; it counts when a code of it has been confirmed.

    An `Idempotency-Key` means nothing here: its answer would have to be stored, and the secret must not be.
    """
    _prove(json_body())
    return jsonify(current_platform().writing(current_user(), totp.begin, version=g.cache_version))


@bp.post("/totp/confirm")
@policy("signed_in")
def confirm_totp() -> Response:
    """Switch the second proof on with a code of the authenticator."""
    code = texts(json_body(), ("code",))["code"]

    def work(ctx: "Context") -> Answer:
        totp.confirm(ctx, code)
        return 200, {"totp": True}, {}

    return own_password.guarded(current_platform().db, current_user(), lambda: write(work))


@bp.delete("/totp")
@policy("signed_in")
def remove_totp() -> Response:
    """Switch the second proof off."""
    _prove(json_body())

    def work(ctx: "Context") -> Answer:
        totp.remove(ctx)
        return 200, {"totp": False}, {}

    return write(work)


@bp.get("/sessions")
@policy("signed_in")
def list_sessions() -> Response:
    """List one's own sessions, the last used first."""
    with current_platform().db.read() as connection:
        items = sessions.list_sessions(connection, current_user().id, request_token())
    return jsonify({"items": items, "total": len(items)})


@bp.delete("/sessions")
@policy("signed_in")
def end_other_sessions() -> Response:
    """End every session but this one."""
    token = request_token() or ""

    def work(ctx: "Context") -> Answer:
        sessions.revoke_others(ctx.connection, ctx.user.id, token)
        return 204, None, {}

    return write(work)


@bp.delete("/sessions/<session>")
@policy("signed_in")
def end_session(session: str) -> Response:
    """End one session."""

    def work(ctx: "Context") -> Answer:
        sessions.revoke_one(ctx.connection, ctx.user.id, session)
        return 204, None, {}

    return write(work)


@bp.post("/view_as")
@policy("admin")
def view_as() -> Response:
    """Look through another's eyes until `DELETE`; nothing can be changed meanwhile."""
    body, token = json_body(), request_token() or ""
    user_id = row_id("user", body.get("user"))
    if user_id is None or body.keys() != {"user"}:
        raise invalid("user", _("请只填写要查看的用户的编号。"))

    def work(ctx: "Context") -> Answer:
        viewing.start(ctx, token, user_id)
        person = users.get(ctx.connection, user_id)
        return 200, {name: person[name] for name in OWN}, {}

    return write(work)


@bp.delete("/view_as")
@policy("signed_in", while_password_due=True, while_viewing=True)
def end_view() -> Response:
    """Look through one's own eyes again."""
    token = request_token() or ""

    def work(ctx: "Context") -> Answer:
        viewing.stop(ctx, token)
        return 204, None, {}

    return write(work)


def _prove(body: dict[str, Any]) -> None:
    """Refuse unless the body holds one's own password and nothing else."""
    own_password.prove(current_platform(), current_user(), texts(body, ("password",))["password"])
