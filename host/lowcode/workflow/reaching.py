"""Reaching people about a run without deciding: urging its approvers (催办) and sending copies (抄送)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from lowcode.database.schema import approval_tasks, approvals
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import store
from lowcode.workflow import copying, runs, said, telling, trail
from lowcode.workflow.case import Case, locked
from lowcode.workflow.trail import Entry

if TYPE_CHECKING:
    from lowcode.context import Context

PAUSE = timedelta(minutes=30)
"""So long one has to wait before urging again."""


def urge(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Ask the people who have to decide now to do so (催办). Raises NotFound, and Refused when it was done just now."""
    mine = (approvals.c.form == form.name) & (approvals.c.record == record_id) & approvals.c.outcome.is_(None)
    run_id = ctx.connection.scalar(select(approvals.c.id).where(mine, approvals.c.submitted_by == ctx.user.id))
    case = locked(ctx, form, record_id, run_id) if run_id else None
    if case is None:
        raise NotFound(_("您没有正在审批中的这条记录。"))
    earliest = case.run.urged_at + PAUSE if case.run.urged_at else ctx.now
    if earliest > ctx.now:
        shown = f"{earliest.astimezone(ctx.platform.config.time_zone):%H:%M}"
        refusal = Refused(_("刚刚已经催办过，请在 {time} 之后再催办。", time=shown), code="urged_recently")
        refusal.retry_after = int((earliest - ctx.now).total_seconds())
        raise refusal
    ctx.connection.execute(update(approvals).where(approvals.c.id == case.run.id).values(urged_at=ctx.now))
    waiting = [(task.id, task.user) for task in runs.tasks(ctx, case.run.id) if task.state == "open"]
    telling.urged(case, waiting)
    trail.append(ctx, case.run, Entry("urge", details={"to": [user for _task, user in waiting]}))
    return {"message": _("已催办。"), "people": len(waiting)}


def copy(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Send a copy of a run in which one is, or was, asked to the people in `to` (抄送). Raises NotFound and Invalid."""
    mine = (approval_tasks.c.id == task_id) & (approval_tasks.c.user == ctx.user.id)
    asked = select(approval_tasks.c.approval_id).where(mine, approval_tasks.c.opened_at.is_not(None))
    return _send(ctx, ctx.connection.execute(runs.selection().where(approvals.c.id.in_(asked))).first(), payload)


def copy_of_record(ctx: "Context", form: LiveForm, record_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Send a copy of the newest run of a record that one has submitted to the people in `to`. Raises as `copy` does."""
    mine = (approvals.c.form == form.name) & (approvals.c.record == record_id)
    newest = runs.selection().where(mine).order_by(approvals.c.id.desc()).limit(1)
    row = ctx.connection.execute(newest).first()
    return _send(ctx, row if row and row.submitted_by == ctx.user.id else None, payload)


def _send(ctx: "Context", row: Row[Any] | None, payload: Mapping[str, Any]) -> dict[str, Any]:
    form = ctx.platform.forms.get(row.form) if row else None
    record = store.load(ctx, form, row.record) if row and form else None
    if row is None or form is None or record is None:
        raise NotFound(_("没有您参与的这项审批。"))
    opinion, users = said.read_opinion(payload, "to"), said.several_people(ctx, payload)
    case = Case(ctx, form, record, runs.run_of(row))
    sent = copying.send(case, [user for user in users if user != ctx.user.id], sent_by=ctx.user.id)
    if sent:
        trail.append(ctx, case.run, Entry("copy", opinion=opinion, details={"to": sent}))
    return {"message": _("已抄送给 {count} 人。", count=len(sent)), "people": len(sent)}
