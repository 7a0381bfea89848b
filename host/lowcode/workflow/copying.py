"""Copies of approvals (抄送): who may read a run without deciding anything."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from lowcode.configuration import upsert
from lowcode.database.schema import approval_copies
from lowcode.workflow import telling

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.workflow.case import Case


def send(case: "Case", people: Iterable[int], sent_by: int | None) -> list[int]:
    """Send the run to people and tell them; who has it already gets nothing. Give who got it."""
    ctx, run = case.ctx, case.run
    rows = [{"approval_id": run.id, "user": user, "sent_by": sent_by, "sent_at": ctx.now} for user in people]
    if not rows:
        return []
    made = upsert(ctx.connection, approval_copies).on_conflict_do_nothing()
    written = ctx.connection.execute(made.values(rows).returning(approval_copies.c.id, approval_copies.c.user)).all()
    copies = sorted((row.id, row.user) for row in written)
    telling.copied(case, copies)
    return [user for _copy, user in copies]


def mark_read(ctx: "Context", run_id: int) -> None:
    """Remember that the person has opened the copy of a run."""
    mine = (approval_copies.c.approval_id == run_id) & (approval_copies.c.user == ctx.user.id)
    unread = mine & approval_copies.c.read_at.is_(None)
    ctx.connection.execute(update(approval_copies).where(unread).values(read_at=ctx.now))


def is_unread(ctx: "Context", run_id: int) -> bool:
    """Tell whether the person was sent a copy of a run and has not opened it."""
    mine = (approval_copies.c.approval_id == run_id) & (approval_copies.c.user == ctx.user.id)
    unread = select(approval_copies.c.id).where(mine, approval_copies.c.read_at.is_(None))
    return ctx.connection.scalar(unread) is not None
