"""The running platform: what is loaded, restarting it, and whether it is healthy."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from lowcode.appstore import overview
from lowcode.database import migrate
from lowcode.i18n import _
from lowcode.running.boot import Boot
from lowcode.web.current import current_platform
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_platform", __name__)


@bp.get("/api/v1/platform")
@policy("admin")
def show() -> Response:
    """Say what runs."""
    boot: Boot = current_app.extensions["boot"]
    return jsonify(overview.describe_platform(current_platform(), boot.started_at))


@bp.post("/api/v1/platform/restart")
@policy("admin")
def restart() -> Response:
    """Replace the workers; requests that are under way are finished, new ones wait."""

    def work(_ctx: "Context") -> tuple[int, dict[str, str], dict[str, str]]:
        overview.request_restart()
        return 202, {"status": "ok", "message": _("平台正在重启。")}, {}

    return write(work)


@bp.get("/healthz")
@policy("public")
def health() -> tuple[Response, int]:
    """Tell whether the database answers and holds the tables of this code; nothing else."""
    if is_healthy():
        return jsonify({"status": "ok"}), 200
    return jsonify({"status": "unavailable"}), 503


def is_healthy() -> bool:
    """Compare the revisions in the database with the newest ones, which are worked out once."""
    platform = current_platform()
    wanted = current_app.extensions.get("heads")
    if wanted is None:
        wanted = current_app.extensions["heads"] = dict(migrate.heads(platform.plugins))
    try:
        with platform.db.read() as connection:
            return migrate.revisions(connection, wanted) == wanted
    except SQLAlchemyError:
        return False
