"""A person's own notifications, and by which ways they come."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from lowcode import paging
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.notify import bell, kinds
from lowcode.web.api.records import reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy
from lowcode.web.idempotency import Answer, write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_notifications", __name__, url_prefix="/api/v1")

GREATEST_ID = 2**63 - 1


@bp.get("/notifications")
@policy("signed_in")
def notifications() -> Response:
    """List the person's own notifications, unread ones first; `unread=1` only those."""
    errors = {name: [_("没有这个查询条件。")] for name in request.args.keys() - {"unread", "page", "per_page"}}
    page = paging.number(request.args.get("page"), "page", 1, paging.MOST_PAGES, errors)
    per_page = paging.number(request.args.get("per_page"), "per_page", 20, paging.MOST_PER_PAGE, errors)
    if request.args.get("unread", "0") not in {"0", "1"}:
        errors["unread"] = [_("只能是 0 或 1。")]
    if errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=errors)
    with reading_context() as ctx:
        only_unread = request.args.get("unread") == "1"
        return jsonify(bell.listing(ctx, only_unread=only_unread, page=page, per_page=per_page))


@bp.post("/notifications/read")
@policy("signed_in")
def read() -> Response:
    """Mark some of the person's notifications as read by their `ids`, or `all` of them."""
    ids = _asked(json_body())

    def work(ctx: "Context") -> Answer:
        bell.mark_read(ctx, ids)
        return 200, {"unread": bell.count_unread(ctx.connection, ctx.user.id)}, {}

    return write(work)


@bp.get("/me/notifications")
@policy("signed_in")
def switches() -> Response:
    """Tell which kinds of notifications reach the person, in the platform (`bell`) and by `mail`."""
    with reading_context() as ctx:
        return jsonify(_switches(ctx, kinds.switches(ctx)))


@bp.put("/me/notifications")
@policy("signed_in")
def switch() -> Response:
    """Switch kinds on and off; what is not named stays as it is."""
    body = json_body()
    wanted = body.get("kinds")
    if not isinstance(wanted, list) or body.keys() - {"kinds", "has_mail"}:
        sentence = _("请用 kinds 列出要打开或关闭的通知。")
        raise Invalid(sentence, errors={"kinds": [sentence]})
    return write(lambda ctx: (200, _switches(ctx, kinds.switch(ctx, wanted)), {}))


def _switches(ctx: "Context", found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kinds": found, "has_mail": ctx.platform.config.smtp is not None}


def _asked(body: Mapping[str, Any]) -> list[int] | None:
    """Read which notifications are meant; None for all. Raises Invalid."""
    if body == {"all": True}:
        return None
    ids = body.get("ids")
    if body.keys() != {"ids"} or not isinstance(ids, list) or not all(map(_is_id, ids)):
        sentence = _("请用 ids 列出通知的编号，或用 all: true 表示全部。")
        raise Invalid(sentence, errors={"ids": [sentence]})
    return ids


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= GREATEST_ID
