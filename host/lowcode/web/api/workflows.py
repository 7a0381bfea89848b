"""The flows of approvals over HTTP: which there are, their steps, and editing them."""

from flask import Blueprint, Response, jsonify

from lowcode.web.api.records import reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy
from lowcode.web.idempotency import write
from lowcode.workflow import definitions

bp = Blueprint("api_workflows", __name__, url_prefix="/api/v1/workflows")


@bp.get("")
@policy("signed_in")
def workflows() -> Response:
    """List the workflows with approvals of the forms that the person may read."""
    with reading_context() as ctx:
        return jsonify(definitions.listing(ctx))


@bp.get("/<name>/approvals/<approval>")
@policy("signed_in")
def steps(name: str, approval: str) -> Response:
    """Read the steps of an approval."""
    with reading_context() as ctx:
        return jsonify(definitions.read(ctx, name, approval))


@bp.put("/<name>/approvals/<approval>")
@policy("admin")
def write_steps(name: str, approval: str) -> Response:
    """Replace the steps of an approval; runs that are under way keep theirs."""
    payload = json_body()
    return write(lambda ctx: (200, definitions.write(ctx, name, approval, payload), {}))


@bp.get("/<name>/approvals/<approval>/versions")
@policy("admin")
def versions(name: str, approval: str) -> Response:
    """List the versions of the steps, the newest first."""
    with reading_context() as ctx:
        return jsonify(definitions.versions(ctx, name, approval))


@bp.post("/<name>/approvals/<approval>/reset")
@policy("admin")
def reset(name: str, approval: str) -> Response:
    """Go back to the declared steps."""
    payload = json_body()
    return write(lambda ctx: (200, definitions.reset(ctx, name, approval, payload), {}))
