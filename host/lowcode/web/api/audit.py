"""What was done to the platform itself, and the trail of approvals, over HTTP."""

from flask import Blueprint, Response, jsonify, request

from lowcode import audit_log
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy
from lowcode.workflow import verifying

bp = Blueprint("api_audit", __name__, url_prefix="/api/v1/audit")


@bp.get("")
@policy("admin")
def log() -> Response:
    """List who changed which person, department, flow or the password policy; the newest first."""
    with reading_context() as ctx:
        return jsonify(audit_log.listing(ctx, request.args))


@bp.get("/verify")
@policy("admin")
def verify() -> Response:
    """Check the whole trail; `?head=` is what an earlier check told."""
    with reading_context() as ctx:
        return jsonify(verifying.verify(ctx.connection, request.args.get("head") or None))
