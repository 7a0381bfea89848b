"""Rules of errands: a named person may replace the head of the department."""

from collections.abc import Iterable

from lowcode.api import Context, Record, Result, Step, hookimpl

moves: list[tuple[int, str]] = []
"""What `after_move` was called with."""


@hookimpl
def approvers(record: Record, step: Step, ctx: Context) -> Iterable[int] | None:
    if step.name != "lead" or record.instead is None:
        return None
    return [] if record.instead == record.owner and record.amount == 13 else [record.instead]


@hookimpl
def after_move(record: Record, move: str, ctx: Context) -> None:
    moves.append((record.id, move))
    if move == "submit":
        ctx.forms.errand.update(record, {"note": "submitted"})


@hookimpl
def action_tidy(record: Record, ctx: Context) -> Result:
    ctx.forms.errand.update(record, {"note": "tidy"})
    return Result("已整理。")
