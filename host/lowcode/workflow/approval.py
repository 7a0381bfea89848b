"""Approvals: a run opens with a move, goes through its steps, and moves the record when it is decided."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.declare.workflows import Move, Step
from lowcode.errors import Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import store
from lowcode.records.record import Record
from lowcode.workflow import case as cases
from lowcode.workflow import document, flows, runs, trail
from lowcode.workflow.case import Case, claim, ended
from lowcode.workflow.handing import add_signer, reassign, transfer
from lowcode.workflow.people import no_approver
from lowcode.workflow.picking import chosen_of
from lowcode.workflow.reaching import copy, copy_of_record, urge
from lowcode.workflow.runs import Run
from lowcode.workflow.said import read_opinion, required_opinion, word
from lowcode.workflow.slots import agreed_by, counting
from lowcode.workflow.trail import Entry

if TYPE_CHECKING:
    from lowcode.context import Context

__all__ = [
    "add_signer",
    "agree",
    "copy",
    "copy_of_record",
    "foresee",
    "open_run",
    "read_opinion",
    "reassign",
    "reject",
    "send_back",
    "to_choose",
    "transfer",
    "urge",
]

START = "start"
"""Where `send_back` sends to the submitter."""


def open_run(ctx: "Context", form: LiveForm, record: Record, move: Move, chosen: Any = None) -> None:
    """Start the approval of a move, in the move's transaction, with the people whom the submitter has `chosen`.

    Raises Invalid for a choice that cannot be, and Refused when a step would find nobody.
    """
    assert form.workflow is not None
    assert move.approval is not None
    stored = store.load(ctx, form, record.id)
    assert stored is not None
    flow = flows.current(ctx, form.workflow, move.approval)
    picked = chosen_of(_before(ctx, form, stored, move.approval, flow), chosen)
    frozen = document.freeze(ctx, form, stored)
    run = runs.add(ctx, form, stored, move.approval, flow, frozen, document.digest(frozen), picked)
    case = Case(ctx, form, stored, run)
    asked = [case.to_ask(step, ()) for step in flow.steps]  # better refused now than stuck halfway
    first = next((index for index, people in enumerate(asked) if people), len(asked))
    outcome = None
    if first < len(asked):
        cases.enter(case, first, asked[first])
    else:
        outcome = cases.advance(case, first, ())
    trail.append(ctx, run, Entry("submit"), *ended(outcome))


def foresee(ctx: "Context", form: LiveForm, record: Record, move: Move) -> list[tuple[Step, list[int]]]:
    """Tell which steps a move would open and whom each would ask, as things stand. Raises Refused as the move would.

    A step whose people the submitter picks has none yet.
    """
    assert form.workflow is not None
    assert move.approval is not None
    flow = flows.current(ctx, form.workflow, move.approval)
    case = _before(ctx, form, record, move.approval, flow)
    still_open = to_choose(ctx, form, record, move)
    found = [(step, [] if step in still_open else case.to_ask(step, ())) for step in flow.steps]
    return [(step, asked) for step, asked in found if asked or step in still_open]


def to_choose(ctx: "Context", form: LiveForm, record: Record, move: Move) -> list[Step]:
    """Give the steps for which the submitter of a move has to pick people."""
    if form.workflow is None or move.approval is None:
        return []
    flow = flows.current(ctx, form.workflow, move.approval)
    case = _before(ctx, form, record, move.approval, flow)
    return [step for step in flow.steps if "chosen" in step.approvers and case.applies(step)]


def agree(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Agree to what one is asked. Raises NotFound, and Conflict when it is decided already or was changed since."""
    opinion = read_opinion(payload)
    case, task = claim(ctx, task_id)
    cases.require_no_stake(case, task)
    cases.require_unchanged(case)
    runs.decide(ctx, task.id, "agreed", opinion)
    tasks = runs.tasks(ctx, case.run.id)
    outcome = None
    if cases.settle(case, tasks, task.step):
        outcome = cases.advance(case, task.step + 1, agreed_by(tasks))
    trail.append(ctx, case.run, Entry("agree", case.step_of(task).name, opinion), *ended(outcome))
    return cases.answer(case, task, "agreed", _("已同意。"), outcome)


def reject(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reject what one is asked; that ends the run. Raises as `agree` does, and Invalid without an opinion."""
    opinion = read_opinion(payload)
    case, task = claim(ctx, task_id)
    reason = required_opinion(opinion, _("请填写驳回的理由。"))
    runs.decide(ctx, task.id, "rejected", reason)
    outcome = cases.finish(case, "rejected")
    trail.append(ctx, case.run, Entry("reject", case.step_of(task).name, reason))
    return cases.answer(case, task, "rejected", _("已驳回。"), outcome)


def send_back(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record to a step it has passed, `to`, or to its submitter with `start`; the step before by default.

    Whatever was agreed from that step on counts no more. Raises as `reject` does, and Invalid for another step.
    """
    to, opinion = word(payload, "to"), read_opinion(payload, "to")
    case, task = claim(ctx, task_id)
    reason = required_opinion(opinion, _("请填写退回的理由。"))
    tasks = runs.tasks(ctx, case.run.id)
    passed = returnable(case.run, tasks)
    target = to or (case.run.flow.steps[passed[-1]].name if passed else START)
    runs.decide(ctx, task.id, "returned", reason)
    outcome = None
    if target == START:
        outcome = cases.finish(case, "returned")
    else:
        _go_back(case, target, passed)
    trail.append(ctx, case.run, Entry("return", case.step_of(task).name, reason, {"to_step": target}))
    return cases.answer(case, task, "returned", _("已退回。"), outcome)


def returnable(run: Run, tasks: list[Any]) -> list[int]:
    """Give the steps a run has passed in which somebody has agreed, in order."""
    return sorted({task.step for task in counting(tasks) if task.step < run.step and task.state == "agreed"})


def _go_back(case: Case, target: str, passed: list[int]) -> None:
    steps = case.run.flow.steps
    step = next((index for index in passed if steps[index].name == target), None)
    if step is None:
        names = "、".join([START, *(steps[index].name for index in passed)])
        raise Invalid(_("不能退回到这一步。"), errors={"to": [_("只能是 {steps} 之一。", steps=names)]})
    runs.supersede(case.ctx, case.run.id, step)
    asked = case.to_ask(steps[step], agreed_by(runs.tasks(case.ctx, case.run.id)))
    if not asked:
        raise no_approver(steps[step])
    cases.enter(case, step, asked)


def _before(ctx: "Context", form: LiveForm, record: Record, approval: str, flow: flows.Flow) -> Case:
    """Make the case of a run that does not stand yet."""
    run = Run(0, form.name, record.id or 0, approval, flow, ctx.user.id or None, ctx.now, 0, None, None, "")
    return Case(ctx, form, record, run)
