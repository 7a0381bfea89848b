"""The approval of a record as people read it: steps, people, opinions, and who would still be asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, exists, or_, select

from lowcode import access
from lowcode.database.schema import approval_tasks, approvals
from lowcode.declare.workflows import Step
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import reading, store
from lowcode.workflow import document, runs
from lowcode.workflow.approval import Case
from lowcode.workflow.runs import Run

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_RUNS = 20
"""So many runs of one record are shown."""


def approval_of(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Read the newest run of a record that the person may see.

    Who may read the record sees its runs. Beyond that, who submitted a run or was asked in it sees that run, and of the
    record only the document that the run keeps. Raises NotFound.
    """
    record = store.load(ctx, form, record_id)
    in_scope = record is not None and access.permits(ctx, form, "read", record)
    where = [approvals.c.form == form.name, approvals.c.record == record_id]
    newest = runs.selection().where(*where).order_by(approvals.c.id.desc()).limit(1)
    row = ctx.connection.execute(newest if in_scope else newest.where(_taking_part(ctx))).first()
    if record is None or (row is None and not in_scope):
        raise NotFound(_("没有这条记录，或者您无权查看。"))
    if row is None:
        raise NotFound(_("这条记录还没有提交过审批。"), code="no_approval")
    return _shown(Case(ctx, form, record, runs.run_of(row)))


def was_submitted(ctx: "Context", form: LiveForm, record_id: int) -> bool:
    """Tell whether a record has a run."""
    if form.workflow is None or not form.workflow.approvals:
        return False
    of_record = (approvals.c.form == form.name) & (approvals.c.record == record_id)
    return bool(ctx.connection.scalar(select(exists(select(1).where(of_record)))))


def approvals_of(ctx: "Context", form: LiveForm, record_id: int) -> list[dict[str, Any]]:
    """Read the last runs of a record that the person may read, the newest first. Raises NotFound."""
    record = reading.require(ctx, form, record_id)
    of_record = (approvals.c.form == form.name) & (approvals.c.record == record_id)
    newest = runs.selection().where(of_record).order_by(approvals.c.id.desc()).limit(MOST_RUNS)
    return [_shown(Case(ctx, form, record, runs.run_of(row))) for row in ctx.connection.execute(newest)]


def approval_of_task(ctx: "Context", task_id: int) -> tuple[LiveForm, dict[str, Any]]:
    """Read the run in which the person is asked this, or was. Raises NotFound."""
    mine = (approval_tasks.c.id == task_id) & (approval_tasks.c.user == ctx.user.id)
    asked = select(approval_tasks.c.approval_id).where(mine, approval_tasks.c.opened_at.is_not(None))
    row = ctx.connection.execute(runs.selection().where(approvals.c.id.in_(asked))).first()
    form = ctx.platform.forms.get(row.form) if row else None
    if row is None or form is None:
        raise NotFound(_("没有这项待办，或者它不是您的待办。"))
    record = store.load(ctx, form, row.record) or store.load(ctx, form, row.record, deleted=True)
    if record is None:
        raise NotFound(_("没有这项待办，或者它不是您的待办。"))
    return form, _shown(Case(ctx, form, record, runs.run_of(row)))


def _taking_part(ctx: "Context") -> Any:
    asked = (approval_tasks.c.approval_id == approvals.c.id) & (approval_tasks.c.user == ctx.user.id)
    return or_(
        approvals.c.submitted_by == ctx.user.id,
        exists(select(1).where(asked, approval_tasks.c.opened_at.is_not(None)).correlate(approvals)),
    )


def _shown(case: Case) -> dict[str, Any]:
    ctx, run = case.ctx, case.run
    tasks = runs.tasks(ctx, run.id)
    coming = {index: _expected(case, step) for index, step in enumerate(run.flow.steps) if _is_ahead(run, index)}
    ids = {task.user for task in tasks}.union(*coming.values()) | {run.submitted_by}
    names = ctx.users.names(user for user in ids if user is not None)
    frozen = ctx.connection.scalar(select(approvals.c.document).where(approvals.c.id == run.id))
    mine = [task.id for task in tasks if task.state == "open" and task.user == ctx.user.id]
    return {
        "id": run.id,
        "approval": run.approval,
        "label": _(run.flow.label),
        "outcome": run.outcome,
        "submitted_by": person(names, run.submitted_by),
        "submitted_at": instant(run.submitted_at),
        "closed_at": instant(run.closed_at),
        "digest": run.digest,
        "document": document.shown(ctx, case.form, frozen or {}),
        "steps": [
            _step(run, index, step, [task for task in tasks if task.step == index], coming.get(index), names)
            for index, step in enumerate(run.flow.steps)
        ],
        "task": mine[0] if mine else None,
        "$can": ["agree", "reject"] if mine else [],
    }


def _is_ahead(run: Run, index: int) -> bool:
    return run.outcome is None and index > run.step


def _expected(case: Case, step: Step) -> list[int]:
    """Predict who will be asked, as things stand."""
    try:
        return case.to_ask(step)
    except Refused:
        return []


def _step(
    run: Run, index: int, step: Step, tasks: Sequence[Row[Any]], coming: Iterable[int] | None, names: Mapping[int, str]
) -> dict[str, Any]:
    expected = list(coming or ())
    return {
        "name": step.name,
        "label": _(step.label),
        "mode": step.mode,
        "state": _state(run, index, bool(tasks), bool(expected)),
        "people": [
            {
                "task": task.id,
                "user": person(names, task.user),
                "state": task.state,
                "opinion": task.opinion,
                "opened_at": instant(task.opened_at),
                "decided_at": instant(task.decided_at),
            }
            for task in tasks
        ]
        or [{"task": None, "user": person(names, user), "state": "coming"} for user in expected],
    }


def _state(run: Run, index: int, was_asked: bool, will_be_asked: bool) -> str:
    if index < run.step:
        return "agreed" if was_asked else "skipped"
    if index == run.step:
        return {None: "current", "rejected": "rejected"}.get(run.outcome, "cancelled")
    if run.outcome is not None:
        return "not_reached"
    return "coming" if will_be_asked else "skipped"


def person(names: Mapping[int, str], user: int | None) -> dict[str, Any] | None:
    """Write a person as records do."""
    return {"id": user, "title": names.get(user, "")} if user is not None else None


def instant(at: datetime | None) -> str | None:
    """Write an instant as records do."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else None
