"""Approvals: a run opens with a move, goes through its steps, and moves the record when it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from lowcode.database.schema import approval_tasks, approvals
from lowcode.declare.fields import Field
from lowcode.declare.workflows import Move, Step
from lowcode.errors import Conflict, Invalid, NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import saving, store
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.schemas import build, decode
from lowcode.workflow import document, flows, people, runs
from lowcode.workflow.runs import Run

if TYPE_CHECKING:
    from lowcode.context import Context

OPINION = build("opinion", {"opinion": Field(name="opinion", label="意见", type="textarea")})


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

    def people(self, step: Step) -> list[int]:
        """Give the people that decide a step."""
        return people.resolve(self.ctx, self.form, self.record, step, self.run.submitted_by)

    def to_ask(self, step: Step) -> list[int]:
        """Give those of the step that have not agreed before; nobody when the step is not needed or agreed already.

        Raises Refused when the step is needed and the platform has nobody who could decide it.
        """
        if not self.applies(step):
            return []
        wanted = self.people(step)
        if not wanted:
            raise Refused(
                _("“{step}”没有可以审批的人，请联系管理员设置审批人。", step=_(step.label)), code="no_approver"
            )
        agreed = {task.user for task in runs.tasks(self.ctx, self.run.id) if task.state == "agreed"}
        if step.mode == "any" and not agreed.isdisjoint(wanted):
            return []
        return [user for user in wanted if user not in agreed]


def open_run(ctx: "Context", form: LiveForm, record: Record, move: Move) -> None:
    """Start the approval of a move, in the move's transaction. Raises Refused when a step would find nobody."""
    assert form.workflow is not None
    assert move.approval is not None
    stored = store.load(ctx, form, record.id)
    assert stored is not None
    flow = flows.current(ctx, form.workflow, move.approval)
    frozen = document.freeze(ctx, form, stored)
    run = runs.add(ctx, form, stored, move.approval, flow, frozen, document.digest(frozen))
    case = Case(ctx, form, stored, run)
    for step in flow.steps:  # better refused now than stuck halfway
        case.to_ask(step)
    _advance(case, 0)


def foresee(ctx: "Context", form: LiveForm, record: Record, move: Move) -> list[tuple[Step, list[int]]]:
    """Tell which steps a move would open and whom each would ask, as things stand. Raises Refused as the move would."""
    assert form.workflow is not None
    assert move.approval is not None
    flow = flows.current(ctx, form.workflow, move.approval)
    run = Run(0, form.name, record.id or 0, move.approval, flow, ctx.user.id or None, ctx.now, 0, None, None, "")
    case = Case(ctx, form, record, run)
    return [(step, asked) for step in flow.steps if (asked := case.to_ask(step))]


def read_opinion(payload: Mapping[str, Any]) -> str | None:
    """Read what a decision says. Raises Invalid."""
    values, errors = decode(OPINION, payload)
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return values.get("opinion")


def agree(ctx: "Context", task_id: int, opinion: str | None) -> dict[str, Any]:
    """Agree to what one is asked. Raises NotFound, and Conflict when it is decided already."""
    case, task = _claim(ctx, task_id)
    runs.decide(ctx, task.id, "agreed", opinion)
    if _is_agreed(case, task):
        _advance(case, task.step + 1)
    return _answer(ctx, case, task, "agreed", _("已同意。"))


def reject(ctx: "Context", task_id: int, opinion: str | None) -> dict[str, Any]:
    """Reject what one is asked; that ends the run. Raises as `agree` does, and Invalid without an opinion."""
    case, task = _claim(ctx, task_id)
    if not opinion:
        raise Invalid(_("请填写驳回的理由。"), errors={"opinion": [_("必填。")]})
    runs.decide(ctx, task.id, "rejected", opinion)
    _finish(case, "rejected")
    return _answer(ctx, case, task, "rejected", _("已驳回。"))


def _claim(ctx: "Context", task_id: int) -> tuple[Case, Row[Any]]:
    """Lock the record and the run of a task that is the person's own and still open.

    The record comes first, as in every other change of it, so that two changes never wait for each other.
    """
    statement = select(approvals.c.id, approvals.c.form, approvals.c.record).join_from(approval_tasks, approvals)
    mine = (approval_tasks.c.id == task_id) & (approval_tasks.c.user == ctx.user.id)
    place = ctx.connection.execute(statement.where(mine, approval_tasks.c.opened_at.is_not(None))).first()
    form = ctx.platform.forms.get(place.form) if place else None
    if place is None or form is None:
        raise NotFound(_("没有这项待办，或者它不是您的待办。"))
    record = store.load(ctx, form, place.record, lock="change")
    run = runs.lock(ctx, place.id)
    task = ctx.connection.execute(select(approval_tasks).where(approval_tasks.c.id == task_id)).one()
    if record is None or run.outcome is not None or task.state != "open":
        raise Conflict(_("这项待办已经处理过或已撤回，请刷新待办列表。"), code="already_decided")
    return Case(ctx, form, record, run), task


def _is_agreed(case: Case, task: Row[Any]) -> bool:
    """Tell whether a step is agreed by now; if not, in sequence the next person is asked."""
    pending = [
        each for each in runs.tasks(case.ctx, case.run.id) if each.step == task.step and each.state in runs.PENDING
    ]
    mode = case.run.flow.steps[task.step].mode
    if mode == "any":
        runs.cancel_tasks(case.ctx, case.run.id)
        return True
    if mode == "sequence" and pending:
        runs.open_task(case.ctx, pending[0].id)
    return not pending


def _advance(case: Case, start: int) -> None:
    """Open the next step that has somebody to ask; after the last one the record is approved."""
    steps = case.run.flow.steps
    for index in range(start, len(steps)):
        if asked := case.to_ask(steps[index]):
            runs.enter(case.ctx, case.run, index, asked)
            return
    runs.enter(case.ctx, case.run, len(steps), ())
    _finish(case, "approved")


def _finish(case: Case, outcome: str) -> None:
    """Close the run and move the record, as the system: the decision, not the decider's access, carries it."""
    ctx, form, run = case.ctx, case.form, case.run
    runs.close(ctx, run.id, outcome)
    move = f"{run.approval}.{outcome}"
    record = copy_of(case.record)
    record.status = getattr(run.flow, outcome)
    saving.write_changes(ctx.system, Draft(form, record, case.record), action=move)
    ctx.platform.hooks.call(form.name, "after_move", record=record, move=move, ctx=ctx.system)


def _answer(ctx: "Context", case: Case, task: Row[Any], state: str, message: str) -> dict[str, Any]:
    statement = select(approvals.c.outcome).where(approvals.c.id == case.run.id)
    return {"id": task.id, "state": state, "message": message, "outcome": ctx.connection.scalar(statement)}
