"""State moves and declared actions: who may use which one on a record now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lowcode import access
from lowcode.declare.model import Action, Move
from lowcode.forms import LiveForm
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context


def available(ctx: "Context", form: LiveForm, record: Record) -> list[str]:
    """List the moves and actions the person may use on the record now."""
    return [each.name for each in _open(ctx, form, record)]


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
    """Tell whether the person may use the action on this record, whatever its fields say."""
    return has_role(ctx, action) and access.permits(ctx, form, action.access, record)


def may_move(ctx: "Context", form: LiveForm, record: Record, move: Move) -> bool:
    """Tell whether the person is one of those the move is for."""
    if ctx.is_system or not ctx.user.roles.isdisjoint(move.by):
        return True
    mine = {getattr(record, form.declared.owner or "created_by"), record.created_by}
    return ctx.user.id in mine and bool({"owner", "submitter"} & set(move.by))


def may(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> bool:
    """Tell whether the person may use a move or an action on this record."""
    return may_move(ctx, form, record, step) if isinstance(step, Move) else may_act(ctx, form, record, step)


def fits(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> bool:
    """Tell whether the record's state and fields allow it."""
    if isinstance(step, Move) and record.status not in step.from_:
        return False
    return step.when is None or form.condition(step.when).matches(record, ctx.tokens)


def _open(ctx: "Context", form: LiveForm, record: Record) -> Iterator[Action | Move]:
    moves = form.workflow.moves.values() if form.workflow else ()
    for step in (*moves, *form.declared.actions.values()):
        if fits(ctx, form, record, step) and may(ctx, form, record, step):
            yield step
