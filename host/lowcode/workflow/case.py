"""A run under decision: the record locked, what a step asks whom, and the way on to the next step."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from lowcode.database.schema import approval_tasks, approvals
from lowcode.declare.workflows import Step
from lowcode.errors import Conflict, Forbidden, NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import saving, store
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.workflow import copying, document, runs, telling
from lowcode.workflow.people import Search
from lowcode.workflow.runs import Run
from lowcode.workflow.slots import Task, counting, slots_of
from lowcode.workflow.trail import Entry

if TYPE_CHECKING:
    from lowcode.context import Context


@dataclass(frozen=True, slots=True)
class Case:
    """A run with the record it is about, which the transaction has locked."""

    ctx: "Context"
    form: LiveForm
    record: Record
    run: Run

    def applies(self, step: Step) -> bool:
        """Tell whether the record needs the step. `$me` is the submitter, whoever decides."""
        submitter = self.run.submitted_by
        own = {"me": submitter, "my_department": self.ctx.users.department_of(submitter)}
        return step.when is None or self.form.condition(step.when).matches(self.record, {**self.ctx.tokens, **own})

    @property
    def search(self) -> Search:
        """What people are looked for by."""
        return Search(self.ctx, self.form, self.record, self.run.submitted_by, self.run.chosen or {})

    def to_ask(self, step: Step, agreed: Collection[int]) -> list[int]:
        """Give those of the step that have not `agreed` before; nobody when the step is not needed or agreed already.

        Raises Refused when the step is needed and the platform has nobody who could decide it.
        """
        if not self.applies(step):
            return []
        wanted = self.search.deciders(step)
        if step.repeated == "ask":
            return wanted
        if step.mode == "any" and not set(agreed).isdisjoint(wanted):
            return []
        return [user for user in wanted if user not in agreed]

    def step_of(self, task: Row[Any]) -> Step:
        """Give the step a task belongs to."""
        steps = self.run.flow.steps
        return steps[int(task.step)]


def claim(ctx: "Context", task_id: int, *, whose: str = "mine") -> tuple[Case, Row[Any]]:
    """Lock the record and the run of a task that is the person's own and still open, or with `whose="any"` pending.

    The record comes first, as in every other change of it, so that two changes never wait for each other.
    """
    statement = select(approvals.c.id, approvals.c.form, approvals.c.record).join_from(approval_tasks, approvals)
    wanted = approval_tasks.c.id == task_id
    if whose == "mine":
        wanted &= (approval_tasks.c.user == ctx.user.id) & approval_tasks.c.opened_at.is_not(None)
    place = ctx.connection.execute(statement.where(wanted)).first()
    form = ctx.platform.forms.get(place.form) if place else None
    if place is None or form is None:
        raise NotFound(_("没有这项待办，或者它不是您的待办。"))
    case = locked(ctx, form, place.record, place.id)
    task = ctx.connection.execute(select(approval_tasks).where(approval_tasks.c.id == task_id)).one()
    states = ("open",) if whose == "mine" else runs.PENDING
    if case is None or task.state not in states:
        raise Conflict(_("这项待办已经处理过或已撤回，请刷新待办列表。"), code="already_decided")
    return case, task


def locked(ctx: "Context", form: LiveForm, record_id: int, run_id: int) -> Case | None:
    """Lock a record and its run, in this order; nothing when the run has ended meanwhile."""
    record = store.load(ctx, form, record_id, lock="change")
    run = runs.lock(ctx, run_id)
    return None if record is None or run.outcome is not None else Case(ctx, form, record, run)


def require_no_stake(case: Case, task: Row[Any]) -> None:
    """Refuse to let somebody agree whose own the record has become since he was asked. Raises Forbidden."""
    if task.user in case.search.parties(case.step_of(task)):
        raise Forbidden(_("这条记录现在归您负责，您不能审批它；请转办给别人。"), code="own_request")


def require_unchanged(case: Case) -> None:
    """Refuse to agree to something else than what was submitted. Raises Conflict."""
    if document.is_changed(case.ctx, case.form, case.record, case.run.id):
        raise Conflict(
            _("提交之后单据的内容被系统修改过，不能再同意；请驳回或退回，由提交人核对后重新提交。"),
            code="document_changed",
        )


def settle(case: Case, tasks: Collection[Task], step: int) -> bool:
    """Ask whoever has to be asked next within a step; tell whether the step is agreed."""
    slots, mode = slots_of(counting(tasks, step)), case.run.flow.steps[step].mode
    if mode == "any" and (agreed := [slot for slot in slots if slot.task.state == "agreed"]):
        kept = {task.id for slot in agreed for task in slot.tasks()}
        gone = [task.id for task in counting(tasks, step) if task.id not in kept and task.state in runs.PENDING]
        runs.cancel(case.ctx, gone)
        slots = agreed
    for slot in slots:
        for task in slot.ready():
            runs.open_task(case.ctx, case.run, task)
            telling.asked(case, [(task.id, task.user)])
        if mode == "sequence" and not slot.is_agreed:
            return False
    return all(slot.is_agreed for slot in slots)


def enter(case: Case, step: int, asked: Collection[int]) -> None:
    """Go to a step, ask its people and tell them."""
    telling.asked(case, runs.enter(case.ctx, case.run, step, list(asked)))


def advance(case: Case, start: int, agreed: Collection[int]) -> str | None:
    """Open the next step that has somebody to ask; after the last one the record is approved: tell the outcome."""
    steps = case.run.flow.steps
    for index in range(start, len(steps)):
        if asked := case.to_ask(steps[index], agreed):
            enter(case, index, asked)
            return None
    runs.enter(case.ctx, case.run, len(steps), ())
    return finish(case, "approved")


def finish(case: Case, outcome: str) -> str:
    """Close the run and move the record, as the system: the decision, not the decider's access, carries it."""
    ctx, form, run = case.ctx, case.form, case.run
    runs.close(ctx, run.id, outcome)
    move = f"{run.approval}.{outcome}"
    record = copy_of(case.record)
    record.status = getattr(run.flow, outcome)
    saving.write_changes(ctx.system, Draft(form, record, case.record), action=move)
    ctx.platform.hooks.call(form.name, "after_move", record=record, move=move, params={}, ctx=ctx.system)
    telling.decided(case, outcome)
    if outcome == "approved":
        copying.send(case, case.search.readers(run.flow.copy_to), sent_by=None)
    return outcome


def ended(outcome: str | None) -> list[Entry]:
    """Give the entry of the trail that tells of the end of a run."""
    return [Entry(outcome)] if outcome else []


def answer(case: Case, task: Row[Any], state: str, message: str, outcome: str | None = None) -> Mapping[str, Any]:
    """Answer what was done to a task, and how the run stands now."""
    return {"id": task.id, "state": state, "message": message, "outcome": outcome}
