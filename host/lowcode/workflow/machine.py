"""State moves and declared actions: who may use which one on a record now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lowcode import access
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context


def available(ctx: "Context", form: LiveForm, record: Record, submitter: int | None) -> list[str]:
    """List the moves and actions the person may use on the record now. `submitter` is that of the open run."""
    return [each.name for each in _open(ctx, form, record, submitter)]


def offered(ctx: "Context", form: LiveForm) -> list[Action | Move]:
    """List the moves and actions that the person's roles may ever use on this form."""
    actions = [each for each in form.declared.actions.values() if has_role(ctx, each)]
    moves = list(form.workflow.moves.values()) if form.workflow else []
    people = [move for move in moves if {"owner", "submitter", *ctx.user.roles} & set(move.by)]
    return [*people, *actions]


def has_role(ctx: "Context", action: Action) -> bool:
    """Tell whether one of the person's roles may use the action."""
    return ctx.is_system or not ctx.user.roles.isdisjoint(action.roles)


def may_act(ctx: "Context", form: LiveForm, record: Record, action: Action) -> bool:
    """Tell whether a role of the person that has the action reaches this record, whatever its fields say."""
    return access.permits(ctx, form, action.access, record, roles=action.roles)


def may_move(ctx: "Context", form: LiveForm, record: Record, move: Move, submitter: int | None) -> bool:
    """Tell whether the person is one of those the move is for: the owner, who submitted the open run, or a role.

    A role that makes the move has to read the record itself; what another role shows is only shown.
    """
    if ctx.is_system or access.permits(ctx, form, "read", record, roles=move.by):
        return True
    if "owner" in move.by and getattr(record, form.declared.owner or "created_by") == ctx.user.id:
        return True
    return "submitter" in move.by and submitter == ctx.user.id


def may(ctx: "Context", form: LiveForm, record: Record, step: Action | Move, submitter: int | None) -> bool:
    """Tell whether the person may use a move or an action on this record."""
    if isinstance(step, Move):
        return may_move(ctx, form, record, step, submitter)
    return may_act(ctx, form, record, step)


def is_in_review(form: LiveForm, record: Record) -> bool:
    """Tell whether a record is under decision, which nobody may change meanwhile."""
    if form.workflow is None or form.is_editable(record):
        return False
    return any(move.approval and move.to == record.status for move in form.workflow.moves.values())


def state_to_correct(form: LiveForm, record: Record) -> str:
    """Give the state in which a record under decision can be corrected and submitted again."""
    assert form.workflow is not None
    workflow = form.workflow
    moves = (move for move in workflow.moves.values() if move.approval and move.to == record.status)
    return workflow.approvals[next(moves).approval or ""].rejected


def fits(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> bool:
    """Tell whether the record's state and fields allow it."""
    if isinstance(step, Move) and record.status not in step.from_:
        return False
    if isinstance(step, Action) and step.access != "read" and is_in_review(form, record):
        return False
    return step.when is None or form.condition(step.when).matches(record, ctx.tokens)


def _open(ctx: "Context", form: LiveForm, record: Record, submitter: int | None) -> Iterator[Action | Move]:
    moves = form.workflow.moves.values() if form.workflow else ()
    for step in (*moves, *form.declared.actions.values()):
        if fits(ctx, form, record, step) and may(ctx, form, record, step, submitter):
            yield step
