"""The approval of a record as people read it: steps, people, opinions, and who would still be asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, exists, or_, select

from lowcode import access
from lowcode.database.among import among
from lowcode.database.schema import approval_copies, approval_tasks, approvals, trail
from lowcode.declare.workflows import Step
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import reading, store
from lowcode.records.showing import instant, person
from lowcode.workflow import approval, document, runs
from lowcode.workflow.case import Case
from lowcode.workflow.reaching import PAUSE
from lowcode.workflow.runs import Run
from lowcode.workflow.slots import agreed_by, counting
from lowcode.workflow.timeline import people, timeline

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_RUNS = 20
"""So many runs of one record are shown."""


def approval_of(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Read the newest run of a record that the person may see.

    Who may read the record sees its runs. Beyond that, who submitted a run, was asked in it or was sent a copy of it
    sees that run, and of the record only the document that the run keeps. Raises NotFound.
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
    return _shown([Case(ctx, form, record, runs.run_of(row))])[0]


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
    return _shown([Case(ctx, form, record, runs.run_of(row)) for row in ctx.connection.execute(newest)])


def approval_of_task(ctx: "Context", task_id: int) -> tuple[LiveForm, dict[str, Any]]:
    """Read the run in which the person is, or was, asked this; an administrator may reassign it. Raises NotFound."""
    mine = approval_tasks.c.id == task_id
    if not ctx.user.is_admin:
        mine &= (approval_tasks.c.user == ctx.user.id) & approval_tasks.c.opened_at.is_not(None)
    return _found(ctx, select(approval_tasks.c.approval_id).where(mine), _("没有这项待办，或者它不是您的待办。"))


def approval_of_copy(ctx: "Context", copy_id: int) -> tuple[LiveForm, dict[str, Any]]:
    """Read the run of which the person was sent this copy. Raises NotFound."""
    mine = (approval_copies.c.id == copy_id) & (approval_copies.c.user == ctx.user.id)
    return _found(ctx, select(approval_copies.c.approval_id).where(mine), _("没有这份抄送，或者它不是抄送给您的。"))


def approval_of_run(ctx: "Context", run_id: int) -> tuple[LiveForm, dict[str, Any]]:
    """Read a run that the person submitted; an administrator reads any. Raises NotFound."""
    mine = approvals.c.id == run_id
    if not ctx.user.is_admin:
        mine &= approvals.c.submitted_by == ctx.user.id
    return _found(ctx, select(approvals.c.id).where(mine), _("没有这项审批，或者它不是您提交的。"))


def _found(ctx: "Context", runs_wanted: Any, missing: str) -> tuple[LiveForm, dict[str, Any]]:
    row = ctx.connection.execute(runs.selection().where(approvals.c.id.in_(runs_wanted))).first()
    form = ctx.platform.forms.get(row.form) if row else None
    if row is None or form is None:
        raise NotFound(missing)
    record = store.load(ctx, form, row.record) or store.load(ctx, form, row.record, deleted=True)
    if record is None:
        raise NotFound(missing)
    return form, _shown([Case(ctx, form, record, runs.run_of(row))])[0]


def _taking_part(ctx: "Context") -> Any:
    asked = (approval_tasks.c.approval_id == approvals.c.id) & (approval_tasks.c.user == ctx.user.id)
    copied = (approval_copies.c.approval_id == approvals.c.id) & (approval_copies.c.user == ctx.user.id)
    return or_(
        approvals.c.submitted_by == ctx.user.id,
        exists(select(1).where(asked, approval_tasks.c.opened_at.is_not(None)).correlate(approvals)),
        exists(select(1).where(copied).correlate(approvals)),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What belongs to one run."""

    tasks: list[Row[Any]]
    copies: Sequence[Row[Any]]
    entries: Sequence[Row[Any]]
    document: Mapping[str, Any]
    coming: Mapping[int, Sequence[int]]

    def people(self) -> set[int]:
        """Give everybody who has to be named."""
        asked = {row.user for row in (*self.tasks, *self.copies)}
        return asked.union(people(self.entries), *self.coming.values())


_TASKS = select(approval_tasks).order_by(approval_tasks.c.step, approval_tasks.c.position, approval_tasks.c.id)
_COPIES = select(approval_copies).order_by(approval_copies.c.id)
_ENTRIES = select(trail).order_by(trail.c.seq)
_DOCUMENTS = select(approvals.c.id, approvals.c.document).where(among(approvals.c.id))


def _shown(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Write runs; what belongs to them is read for all of them at once."""
    parts = _parts(cases)
    ids = {case.run.submitted_by for case in cases}.union(*(each.people() for each in parts))
    names = cases[0].ctx.users.names(user for user in ids if user is not None) if cases else {}
    return [_run(case, each, names) for case, each in zip(cases, parts, strict=True)]


def _parts(cases: Sequence[Case]) -> list[_Parts]:
    if not cases:
        return []
    ctx, ids = cases[0].ctx, {case.run.id for case in cases}
    tasks, copies, entries = (_by_run(ctx, each, ids) for each in (_TASKS, _COPIES, _ENTRIES))
    documents = {row.id: row.document for row in ctx.connection.execute(_DOCUMENTS, {"ids": ids})}
    return [
        _Parts(tasks[run], copies[run], entries[run], documents[run], _coming(case, tasks[run]))
        for case in cases
        for run in [case.run.id]
    ]


def _by_run(ctx: "Context", statement: Select[Any], ids: Collection[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {run: [] for run in ids}
    of_runs = statement.where(among(statement.selected_columns.approval_id))
    for row in ctx.connection.execute(of_runs, {"ids": ids}):
        found[row.approval_id].append(row)
    return found


def _run(case: Case, parts: _Parts, names: Mapping[int, str]) -> dict[str, Any]:
    ctx, run, tasks = case.ctx, case.run, parts.tasks
    mine = [task.id for task in tasks if task.state == "open" and task.user == ctx.user.id]
    passed = approval.returnable(run, tasks) if mine else []
    return {
        "id": run.id,
        "approval": run.approval,
        "label": _(run.flow.label),
        "version": run.version,
        "outcome": run.outcome,
        "submitted_by": person(names, run.submitted_by),
        "submitted_at": instant(run.submitted_at),
        "closed_at": instant(run.closed_at),
        "digest": run.digest,
        "changed": run.outcome is None and document.is_changed(ctx, case.form, case.record, run.id),
        "document": document.shown(ctx, case.form, case.record, parts.document),
        "steps": [
            _step(run, index, step, [task for task in tasks if task.step == index], parts.coming.get(index, []), names)
            for index, step in enumerate(run.flow.steps)
        ],
        "copies": [{"user": person(names, copy.user), "at": instant(copy.sent_at)} for copy in parts.copies],
        "timeline": timeline(parts.entries, run.flow, names),
        "task": mine[0] if mine else None,
        "returnable": [
            {"name": run.flow.steps[index].name, "label": _(run.flow.steps[index].label)} for index in passed
        ],
        "urge_at": instant(run.urged_at + PAUSE) if run.urged_at else None,
        "$can": _can(case, is_asked=bool(mine), was_asked=any(task.user == ctx.user.id for task in tasks)),
    }


def _can(case: Case, *, is_asked: bool, was_asked: bool) -> list[str]:
    """List what the person may do in the run now; withdrawing is a move of the record."""
    user, is_open = case.ctx.user, case.run.outcome is None
    is_mine = case.run.submitted_by == user.id
    decisions = ["agree", "reject", "return", "transfer", "add_signer"] if is_asked else []
    urging = ["urge"] if is_mine and is_open else []
    copying = ["copy"] if is_mine or was_asked else []
    return [*decisions, *urging, *copying, *(["reassign"] if user.is_admin and is_open else [])]


def _coming(case: Case, tasks: Sequence[Row[Any]]) -> dict[int, list[int]]:
    """Predict for each step ahead who will be asked, as things stand."""
    agreed, found = agreed_by(tasks), {}
    for index, step in enumerate(case.run.flow.steps):
        if case.run.outcome is None and index > case.run.step:
            try:
                found[index] = case.to_ask(step, agreed)
            except Refused:
                found[index] = []
    return found


def _step(
    run: Run, index: int, step: Step, tasks: Sequence[Row[Any]], coming: Sequence[int], names: Mapping[int, str]
) -> dict[str, Any]:
    return {
        "name": step.name,
        "label": _(step.label),
        "mode": step.mode,
        "state": _state(run, index, bool(counting(tasks)), bool(coming)),
        "people": [
            *(_asked(task, names) for task in tasks),
            *({"task": None, "user": person(names, user), "state": "coming"} for user in coming),
        ],
    }


def _asked(task: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "task": task.id,
        "user": person(names, task.user),
        "state": task.state,
        "opinion": task.opinion,
        "opened_at": instant(task.opened_at),
        "decided_at": instant(task.decided_at),
        "due_at": instant(task.due_at),
        "origin": task.origin,
        "place": task.place,
        "superseded": task.superseded,
    }


def _state(run: Run, index: int, was_asked: bool, will_be_asked: bool) -> str:
    if index < run.step:
        return "agreed" if was_asked else "skipped"
    if index == run.step:
        return {None: "current", "rejected": "rejected", "returned": "returned"}.get(run.outcome, "cancelled")
    if run.outcome is not None:
        return "not_reached"
    return "coming" if will_be_asked else "skipped"
