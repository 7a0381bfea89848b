"""Approvals in words: how far one is, and who would be asked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.errors import Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import reading
from lowcode.web.pages.formdata import local
from lowcode.workflow import approval

if TYPE_CHECKING:
    from lowcode.context import Context

COLOURS = {
    "approved": "green",
    "agreed": "green",
    "rejected": "red",
    "withdrawn": "orange",
    "current": "yellow",
    "open": "yellow",
    None: "yellow",
}


def told(run: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Put a run into words: its outcome, its steps, and what each person said when."""
    return {
        **run,
        "outcome": outcome(run["outcome"]),
        "when": local(run["submitted_at"], zone),
        "closed": local(run["closed_at"], zone) if run["closed_at"] else "",
        "steps": [_step(step, zone) for step in run["steps"]],
    }


def outcome(code: str | None) -> tuple[str, str]:
    """Say how a run ended, with the colour of its tag."""
    words = {
        None: _("审批中"),
        "approved": _("已通过"),
        "rejected": _("已驳回"),
        "withdrawn": _("已撤回"),
        "cancelled": _("已取消"),
    }
    return words[code], COLOURS.get(code, "")


def decision(code: str) -> tuple[str, str]:
    """Say what a person does about a task, with the colour of its tag."""
    words = {
        "open": _("待审批"),
        "waiting": _("等待前一人"),
        "coming": _("将审批"),
        "agreed": _("已同意"),
        "rejected": _("已驳回"),
        "cancelled": _("无需处理"),
    }
    return words[code], COLOURS.get(code, "")


def _step(step: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    words = {
        "current": _("审批中"),
        "agreed": _("已同意"),
        "rejected": _("已驳回"),
        "cancelled": _("已取消"),
        "skipped": _("无需审批"),
        "not_reached": _("未进行"),
        "coming": _("未开始"),
    }
    modes = {"any": _("任一人同意即可"), "all": _("需要全部同意"), "sequence": _("依次同意")}
    people = [
        {
            "name": person["user"]["title"],
            "state": decision(person["state"]),
            "opinion": person.get("opinion"),
            "when": local(person["decided_at"], zone) if person.get("decided_at") else "",
        }
        for person in step["people"]
    ]
    state = (words[step["state"]], COLOURS.get(step["state"], ""))
    return {**step, "state": state, "people": people, "mode": modes[step["mode"]] if len(people) > 1 else ""}


def announced(ctx: "Context", form: LiveForm, record_id: int, step: Action | Move) -> str:
    """Say before a record is submitted who will decide; nothing for other buttons."""
    if not isinstance(step, Move) or not step.approval or form.workflow is None:
        return ""
    try:
        coming = approval.foresee(ctx, form, reading.require(ctx, form, record_id), step)
    except Refused:
        return ""  # confirming says so, and what to do about it
    names = ctx.users.names(user for _step, asked in coming for user in asked)
    between = _("、")
    steps = [
        _("{step}（{people}）", step=_(each.label), people=between.join(names[user] for user in asked if user in names))
        for each, asked in coming
    ]
    if not steps:
        return ""
    if form.workflow.states[step.to].editable:
        return _("将由 {steps} 审批。", steps=" → ".join(steps))
    return _("提交后不能修改，将由 {steps} 审批。", steps=" → ".join(steps))
