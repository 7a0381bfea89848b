"""Approvals over HTTP: the approval of a record, the boxes of a person, and decisions."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, request

from lowcode.records import references
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.idempotency import write
from lowcode.workflow import approval, boxes, copying, viewing

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_tasks", __name__, url_prefix="/api/v1")

Decision = Callable[["Context", int, Mapping[str, Any]], Mapping[str, Any]]


@bp.get("/forms/<name>/records/<record>/approval")
@policy("signed_in")
def record_approval(name: str, record: str) -> Response:
    """Tell how far a record's approval is: people, opinions, what happened, the steps to come, and the document."""
    with reading_context() as ctx:
        shown = viewing.approval_of(ctx, live_form(name), references.record_id(record))
        is_unread = copying.is_unread(ctx, shown["id"])
    if is_unread and not g.get("viewer"):
        note_read(shown["id"])
    return jsonify(shown)


@bp.post("/forms/<name>/records/<record>/approval/urge")
@policy("signed_in")
def urge(name: str, record: str) -> Response:
    """Urge the people who have to decide now."""
    json_body()
    return write(lambda ctx: (200, approval.urge(ctx, live_form(name), references.record_id(record)), {}))


@bp.post("/forms/<name>/records/<record>/approval/copy")
@policy("signed_in")
def copy_of_record(name: str, record: str) -> Response:
    """Send copies of the approval of a record that one has submitted."""
    payload, record_id = json_body(), references.record_id(record)
    return write(lambda ctx: (200, approval.copy_of_record(ctx, live_form(name), record_id, payload), {}))


@bp.get("/tasks")
@policy("signed_in")
def tasks() -> Response:
    """List what waits for the person, or what he decided, submitted, or was sent a copy of."""
    with reading_context() as ctx:
        return jsonify(boxes.listing(ctx, request.args))


@bp.post("/tasks/<int:task_id>/agree")
@policy("signed_in")
def agree(task_id: int) -> Response:
    """Agree; the record goes on to the next step or is approved."""
    return _decide(approval.agree, task_id)


@bp.post("/tasks/<int:task_id>/reject")
@policy("signed_in")
def reject(task_id: int) -> Response:
    """Reject with a reason; the approval ends."""
    return _decide(approval.reject, task_id)


@bp.post("/tasks/<int:task_id>/return")
@policy("signed_in")
def send_back(task_id: int) -> Response:
    """Return the record with a reason, to a step it has passed or to its submitter."""
    return _decide(approval.send_back, task_id)


@bp.post("/tasks/<int:task_id>/transfer")
@policy("signed_in")
def transfer(task_id: int) -> Response:
    """Let somebody else decide."""
    return _decide(approval.transfer, task_id)


@bp.post("/tasks/<int:task_id>/add_signer")
@policy("signed_in")
def add_signer(task_id: int) -> Response:
    """Ask others too, before or after oneself."""
    return _decide(approval.add_signer, task_id)


@bp.post("/tasks/<int:task_id>/copy")
@policy("signed_in")
def copy(task_id: int) -> Response:
    """Send copies of what one is asked, or was."""
    return _decide(approval.copy, task_id)


@bp.post("/tasks/<int:task_id>/reassign")
@policy("admin")
def reassign(task_id: int) -> Response:
    """Give anybody's pending task to somebody else."""
    return _decide(approval.reassign, task_id)


def note_read(run_id: int) -> None:
    """Remember that the person has opened the copy of a run."""
    current_platform().writing(current_user(), lambda ctx: copying.mark_read(ctx, run_id))


def _decide(decision: Decision, task_id: int) -> Response:
    payload = json_body()
    return write(lambda ctx: (200, decision(ctx, task_id, payload), {}))
