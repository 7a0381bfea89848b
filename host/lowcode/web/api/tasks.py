"""Approvals over HTTP: the approval of a record, the boxes of a person, and decisions."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from lowcode.records import references
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy
from lowcode.web.idempotency import Answer, write
from lowcode.workflow import approval, boxes, viewing

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_tasks", __name__, url_prefix="/api/v1")


@bp.get("/forms/<name>/records/<record>/approval")
@policy("signed_in")
def record_approval(name: str, record: str) -> Response:
    """Tell how far a record's approval is: people, opinions, the steps to come, and the document decided on."""
    with reading_context() as ctx:
        return jsonify(viewing.approval_of(ctx, live_form(name), references.record_id(record)))


@bp.get("/tasks")
@policy("signed_in")
def tasks() -> Response:
    """List what waits for the person, what the person decided, or what the person submitted."""
    with reading_context() as ctx:
        return jsonify(boxes.listing(ctx, request.args))


@bp.post("/tasks/<int:task_id>/agree")
@policy("signed_in")
def agree(task_id: int) -> Response:
    """Agree; the record goes on to the next step or is approved."""
    payload = json_body()

    def work(ctx: "Context") -> Answer:
        return 200, approval.agree(ctx, task_id, approval.read_opinion(payload)), {}

    return write(work)


@bp.post("/tasks/<int:task_id>/reject")
@policy("signed_in")
def reject(task_id: int) -> Response:
    """Reject with a reason; the approval ends."""
    payload = json_body()

    def work(ctx: "Context") -> Answer:
        return 200, approval.reject(ctx, task_id, approval.read_opinion(payload)), {}

    return write(work)
