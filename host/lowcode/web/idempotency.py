"""Writes that may be sent twice: the same `Idempotency-Key` answers the first result again."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, request
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lowcode.database.schema import idempotency
from lowcode.errors import Malformed
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user

if TYPE_CHECKING:
    from lowcode.context import Context

KEPT = timedelta(hours=24)
MAX_KEY = 200

Answer = tuple[int, Any, Mapping[str, str]]
"""Status, what to write as JSON (None for no body), and headers."""


def write(work: Callable[["Context"], Answer]) -> Response:
    """Do a change in one transaction, retried when another was in the way, and answer with what it returns.

    The key is claimed in the same transaction: either the change and its answer are stored, or neither.
    """
    key = _key()
    status, text, headers = current_platform().writing(
        current_user(), lambda ctx: _once(ctx, key, work) if key else _rendered(work(ctx)), version=g.cache_version
    )
    return Response(text, status, headers, mimetype="application/json" if text else None)


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    if key is None or len(request.path) > MAX_KEY:  # no address of ours is so long; the view will say so
        return None
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise Malformed(_("Idempotency-Key 必须是 1 到 {length} 个可见的 ASCII 字符。", length=MAX_KEY))
    return key


def _once(ctx: "Context", key: str, work: Callable[["Context"], Answer]) -> tuple[int, str, Mapping[str, str]]:
    claim = {"user_id": ctx.user.id, "route": request.path, "key": key}
    mine = (idempotency.c.user_id == ctx.user.id) & (idempotency.c.route == request.path) & (idempotency.c.key == key)
    too_old = idempotency.c.created_at < ctx.now - KEPT
    ctx.connection.execute(delete(idempotency).where(idempotency.c.user_id == ctx.user.id, too_old))
    try:
        with ctx.connection.begin_nested():
            row = {**claim, "status": 0, "headers": {}, "body": "", "created_at": ctx.now}
            ctx.connection.execute(insert(idempotency).values(row))
    except IntegrityError:  # the first request has been answered, or the database made us wait until it was
        first = ctx.connection.execute(select(idempotency).where(mine)).one()
        return first.status, first.body, first.headers
    status, text, headers = _rendered(work(ctx))
    if 200 <= status < 300:
        values = {"status": status, "headers": dict(headers), "body": text}
        ctx.connection.execute(update(idempotency).where(mine).values(values))
    else:
        ctx.connection.execute(delete(idempotency).where(mine))
    return status, text, headers


def _rendered(answer: Answer) -> tuple[int, str, Mapping[str, str]]:
    status, body, headers = answer
    return status, "" if body is None else current_app.json.dumps(body), headers
