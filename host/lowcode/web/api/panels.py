"""Panels over HTTP."""

from flask import Blueprint, Response, jsonify

from lowcode import panels
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy

bp = Blueprint("api_panels", __name__, url_prefix="/api/v1/panels")


@bp.get("/<name>")
@policy("signed_in")
def panel(name: str) -> Response:
    """Answer a panel's plain data."""
    with reading_context() as ctx:
        _panel, data = panels.show(ctx, name)
        return jsonify(data)
