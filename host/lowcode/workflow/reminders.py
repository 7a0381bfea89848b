"""Reminders of decisions that are due."""

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from lowcode.database.among import among
from lowcode.database.schema import UNREMINDED, approval_tasks, approvals
from lowcode.workflow import runs, telling

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_AT_ONCE = 500


def remind(ctx: "Context") -> int:
    """Tell people once of each decision that is due by now; give how many. Two workers at once do not tell twice."""
    due = (approval_tasks.c.due_at <= ctx.now) & UNREMINDED & approvals.c.form.in_(sorted(ctx.platform.forms))
    first = select(approval_tasks).join_from(approval_tasks, approvals).where(due).order_by(approval_tasks.c.due_at)
    locked = first.limit(MOST_AT_ONCE).with_for_update(skip_locked=True, of=approval_tasks)
    tasks = ctx.connection.execute(locked).all()
    if not tasks:
        return 0
    wanted = runs.selection().where(among(approvals.c.id))
    of_tasks = {row.id: row for row in ctx.connection.execute(wanted, {"ids": {task.approval_id for task in tasks}})}
    for task in tasks:
        telling.due(ctx, runs.run_of(of_tasks[task.approval_id]), task)
    done = update(approval_tasks).where(among(approval_tasks.c.id)).values(reminded_at=ctx.now)
    ctx.connection.execute(done, {"ids": {task.id for task in tasks}})
    return len(tasks)
