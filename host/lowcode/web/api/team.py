"""The team of a record over HTTP."""

from flask import Blueprint, Response, jsonify

from lowcode.records import references, team
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

bp = Blueprint("api_team", __name__, url_prefix="/api/v1/forms")


@bp.get("/<name>/records/<record>/team")
@policy("signed_in")
def read(name: str, record: str) -> Response:
    """List the colleagues a record is shared with."""
    with reading_context() as ctx:
        return jsonify(team.read(ctx, live_form(name), references.record_id(record)))


@bp.put("/<name>/records/<record>/team")
@policy("signed_in")
def replace(name: str, record: str) -> Response:
    """Say whom a record is shared with, and at what level."""
    payload, record_id = json_body(), references.record_id(record)
    return write(lambda ctx: (200, team.write(ctx, live_form(name), record_id, payload), {}))
