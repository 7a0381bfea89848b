"""Handing a decision on: to somebody else (转办, 改派), or asking others beside oneself (加签)."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from lowcode.errors import Forbidden
from lowcode.i18n import _
from lowcode.workflow import case as cases
from lowcode.workflow import runs, said, telling, trail
from lowcode.workflow.case import Case, claim
from lowcode.workflow.slots import counting
from lowcode.workflow.trail import Entry

if TYPE_CHECKING:
    from lowcode.context import Context

PLACES = ("before", "after")


def transfer(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let `to` decide in one's place (转办). Raises as `agree` does, and Invalid for a person who cannot."""
    opinion = said.read_opinion(payload, "to")
    case, task = claim(ctx, task_id)
    user = said.one_person(ctx, payload)
    _require_free(case, [user])
    runs.decide(ctx, task.id, "transferred", opinion)
    _replace(case, task, user, "transfer", is_open=True)
    trail.append(ctx, case.run, Entry("transfer", case.step_of(task).name, opinion, {"to": [user]}))
    return cases.answer(case, task, "transferred", _("已转办。"))


def reassign(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let an administrator, or the platform, give anybody's pending task to `to` (改派).

    Raises as `transfer` does, and Forbidden for anybody else.
    """
    if not (ctx.is_system or ctx.user.is_admin):
        raise Forbidden(_("只有管理员可以使用此功能，请联系管理员。"))
    opinion = said.read_opinion(payload, "to")
    case, task = claim(ctx, task_id, whose="any")
    user = said.one_person(ctx, payload)
    _require_free(case, [user])
    runs.hand_over(ctx, task.id)
    _replace(case, task, user, "reassign", is_open=task.state == "open")
    details = {"from": task.user, "to": [user]}
    trail.append(ctx, case.run, Entry("reassign", case.step_of(task).name, opinion, details))
    return cases.answer(case, task, "transferred", _("已改派。"))


def add_signer(ctx: "Context", task_id: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask others too (加签): `before` oneself, who then waits for them, or `after`, which is to agree now.

    Raises as `agree` does, and Invalid for people who cannot.
    """
    opinion, place = said.read_opinion(payload, "to", "place"), said.word(payload, "place")
    if place not in PLACES:
        raise said.wrong("place", _("只能是 {places} 之一。", places="、".join(PLACES)))
    case, task = claim(ctx, task_id)
    users = said.several_people(ctx, payload)
    _require_free(case, users)
    added = {"state": "open", "origin": task.id, "place": place}
    if place == "before":
        runs.hold(ctx, task.id)
    else:
        cases.require_no_stake(case, task)
        cases.require_unchanged(case)
        runs.decide(ctx, task.id, "agreed", opinion)
    opened = runs.add_tasks(ctx, case.run, task.step, added, [(task.position, user) for user in users])
    telling.added(case, opened)
    if place == "after":
        cases.settle(case, runs.tasks(ctx, case.run.id), task.step)  # in 或签 nobody else is asked any more
    details = {"to": users, "place": place}
    trail.append(ctx, case.run, Entry("add_signer", case.step_of(task).name, opinion, details))
    return cases.answer(case, task, "waiting" if place == "before" else "agreed", _("已加签。"))


def _require_free(case: Case, users: Collection[int]) -> None:
    """Refuse people who must not be asked, or are asked already in this step. Raises Invalid."""
    if not case.search.parties(case.run.flow.steps[case.run.step]).isdisjoint(users):
        raise said.wrong("to", _("提交人和负责人不能审批自己的单据，请另选。"))
    tasks = counting(runs.tasks(case.ctx, case.run.id), case.run.step)
    if not {task.user for task in tasks if task.state in runs.PENDING}.isdisjoint(users):
        raise said.wrong("to", _("所选的人正在审批这一步，请另选。"))


def _replace(case: Case, task: Row[Any], user: int, place: str, *, is_open: bool) -> None:
    """Put a person in the place of the one who was asked."""
    values = {"state": "open" if is_open else "waiting", "origin": task.id, "place": place}
    for new, who in runs.add_tasks(case.ctx, case.run, task.step, values, [(task.position, user)]):
        telling.transferred(case, new, who)
