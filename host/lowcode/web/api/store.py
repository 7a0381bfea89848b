"""The app store, for administrators."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from lowcode.appstore import overview
from lowcode.appstore.store import ActionResult, Store
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_store", __name__, url_prefix="/api/v1")


@bp.get("/store/apps")
@policy("admin")
def list_apps() -> Response:
    """List the plugins that hold every word of `search`."""
    return jsonify(overview.list_apps(current_platform(), request.args.get("search", "")))


@bp.post("/store/apps/<name>/install")
@policy("admin")
def install(name: str) -> Response:
    """Install the newest release, or the one in `version`."""
    body = _body({"version": str})
    return _once(lambda: _store().install(name, body.get("version")))


@bp.post("/store/apps/<name>/uninstall")
@policy("admin")
def uninstall(name: str) -> Response:
    """Uninstall; the data stays unless `remove_data` is true."""
    body = _body({"remove_data": bool})
    return _once(lambda: _store().uninstall(name, body.get("remove_data", False)))


def _store() -> Store:
    return Store(current_platform().config.home)


def _body(members: dict[str, type]) -> dict[str, Any]:
    """Read the few members these calls take; null counts as left out."""
    body = {name: value for name, value in json_body().items() if value is not None}
    errors = {name: [_("没有这个字段。")] for name in body.keys() - members.keys()}
    errors |= {
        name: [_("类型不对。")] for name, kind in members.items() if name in body and not isinstance(body[name], kind)
    }
    if errors:
        raise Invalid(_("请改正标出的内容后再提交。"), errors=errors)
    return body


def _once(work: Callable[[], ActionResult]) -> Response:
    """Do it and answer through the idempotency table, so that the same key does not do it again."""

    def answer(_ctx: "Context") -> tuple[int, dict[str, Any], dict[str, str]]:
        result = asdict(work())
        return 200, result | {"needs_restart": overview.needs_restart(current_platform())}, {}

    return write(answer)
