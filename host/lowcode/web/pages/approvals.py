"""Approvals in words: what happened, who is asked now, who would be asked, and what the person may do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.errors import Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import reading
from lowcode.web.pages.flow_words import mode_rule
from lowcode.web.pages.formdata import local, whole
from lowcode.workflow import approval, viewing

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from lowcode.context import Context

COLOURS = {
    "approved": "green",
    "agreed": "green",
    "rejected": "red",
    "returned": "orange",
    "withdrawn": "orange",
    "current": "yellow",
    "open": "yellow",
    None: "yellow",
}
EVENT_COLOURS = {
    "submit": "blue",
    "agree": "green",
    "approved": "green",
    "reject": "red",
    "return": "orange",
    "withdraw": "orange",
    "cancel": "orange",
}
PENDING = ("open", "waiting", "coming")
BESIDE = ("before", "after")


@dataclass(frozen=True, slots=True)
class Button:
    """Something to do about a run; `asks` tells whether a dialog comes first."""

    id: str
    label: str
    url: str
    asks: bool


def told(ctx: "Context", form: LiveForm, run: Mapping[str, Any]) -> dict[str, Any]:
    """Put a run into words, ready for `approval.html`."""
    zone = ctx.platform.config.time_zone
    steps = [_step(step, zone, ctx, may_reassign="reassign" in run["$can"]) for step in run["steps"]]
    return {
        **run,
        "outcome": outcome(run["outcome"]),
        "when": local(run["submitted_at"], zone),
        "closed": local(run["closed_at"], zone) if run["closed_at"] else "",
        "events": [_event(each, zone) for each in run["timeline"]] or list(_untold(run, zone)),
        "ahead": [step for step in steps if run["outcome"] is None and step["is_ahead"]],
        "copies": _("、").join(copy["user"]["title"] for copy in run["copies"]),
        "task_url": f"/tasks/{run['task']}" if run["task"] else "",
        "buttons": _buttons(ctx, form, run),
    }


def outcome(code: str | None) -> tuple[str, str]:
    """Say how a run ended, with the colour of its tag."""
    words = {
        None: _("审批中"),
        "approved": _("已通过"),
        "rejected": _("已驳回"),
        "returned": _("已退回"),
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
        "returned": _("已退回"),
        "transferred": _("已转出"),
        "cancelled": _("无需处理"),
    }
    return words[code], COLOURS.get(code, "")


def _event(entry: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "text": entry["text"],
        "opinion": entry["opinion"],
        "when": local(entry["at"], zone),
        "colour": EVENT_COLOURS.get(entry["action"], ""),
    }


def _untold(run: Mapping[str, Any], zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    """Tell what is known of a run that is older than the trail."""
    who = run["submitted_by"]["title"] if run["submitted_by"] else _("系统")
    yield {"text": _("{who}提交审批。", who=who), "when": local(run["submitted_at"], zone), "colour": "blue"}
    for step in run["steps"]:
        for person in step["people"]:
            if person.get("decided_at"):
                word, colour = decision(person["state"])
                text = _("{who}（{step}）：{decision}", who=person["user"]["title"], step=step["label"], decision=word)
                when = local(person["decided_at"], zone)
                yield {"text": text, "opinion": person["opinion"], "when": when, "colour": colour}


def _step(step: Mapping[str, Any], zone: ZoneInfo, ctx: "Context", *, may_reassign: bool) -> dict[str, Any]:
    words = {"current": _("审批中"), "skipped": _("无需审批"), "coming": _("未开始")}
    counting = [each for each in step["people"] if not each.get("superseded")]
    asked = [each for each in counting if each["state"] in PENDING]
    is_now = step["state"] == "current"
    return {
        "label": step["label"],
        "is_now": is_now,
        "is_ahead": step["state"] in words,
        "state": (words.get(step["state"], ""), COLOURS.get(step["state"], "")),
        "mode": mode_rule(step["mode"]) if len([each for each in counting if _is_mode_about(each)]) > 1 else "",
        "people": [_person(each, zone, ctx.now, may_reassign=may_reassign) for each in asked],
    }


def _is_mode_about(each: Mapping[str, Any]) -> bool:
    """Tell whether the mode of a step holds for a person: not for who handed it on, nor for who was added (加签)."""
    return each["state"] != "transferred" and each.get("place") not in BESIDE


def _person(each: Mapping[str, Any], zone: ZoneInfo, now: datetime, *, may_reassign: bool) -> dict[str, Any]:
    notes = {"transfer": _("转办"), "reassign": _("改派"), "before": _("前加签"), "after": _("后加签")}
    due = each.get("due_at")
    return {
        "task": each["task"],
        "name": each["user"]["title"],
        "state": decision(each["state"]),
        "note": notes.get(each.get("place") or "", ""),
        "due": local(due, zone) if due else "",
        "is_late": due is not None and datetime.fromisoformat(due) < now,
        "reassign_url": f"/tasks/{each['task']}/do/reassign" if may_reassign and each["task"] else "",
    }


def _buttons(ctx: "Context", form: LiveForm, run: Mapping[str, Any]) -> list[Button]:
    """Offer the submitter what he may do; an approver's buttons stand on the page of his task."""
    if run["submitted_by"] is None or run["submitted_by"]["id"] != ctx.user.id:
        return []
    base, can = f"/f/{form.name}/{run['document']['id']}/approval", run["$can"]
    urge = [Button(f"urge-{run['id']}", _("催办"), f"{base}/urge", asks=False)] if "urge" in can else []
    copy = [Button(f"copy-{run['id']}", _("抄送"), f"{base}/copy", asks=True)] if "copy" in can else []
    return [*urge, *copy]


@dataclass(frozen=True, slots=True)
class Chooser:
    """A step whose approvers the submitter picks."""

    name: str
    label: str

    @property
    def id(self) -> str:
        """The id in the page."""
        return "f-" + self.name.replace(".", "-")


CHOSEN = Field(name="approvers", label="审批人", type="user")
"""What faults of the picked people are about."""


def choosers(ctx: "Context", form: LiveForm, record_id: int, step: Action | Move) -> list[Chooser]:
    """Give the steps of a move's approval for which the dialog asks whom to ask."""
    if not isinstance(step, Move) or not step.approval:
        return []
    found = approval.to_choose(ctx, form, reading.require(ctx, form, record_id), step)
    return [Chooser(f"{CHOSEN.name}.{each.name}", _(each.label)) for each in found]


def chosen(data: "MultiDict[str, str]") -> dict[str, Any]:
    """Read whom the dialog's person picked, as the payload of a move has it."""
    prefix = f"{CHOSEN.name}."
    found = {path: [whole(each) for each in data.getlist(path)] for path in data if path.startswith(prefix)}
    picked = {path.removeprefix(prefix): [each for each in ids if each] for path, ids in found.items()}
    return {CHOSEN.name: picked} if picked else {}


def awaited(ctx: "Context", form: LiveForm, record_id: int, step: Action | Move) -> str:
    """Say after a record was submitted who has to decide now; nothing for other buttons."""
    if not isinstance(step, Move) or not step.approval:
        return ""
    run = viewing.approval_of(ctx, form, record_id)
    asked = [each for now in run["steps"] if now["state"] == "current" for each in now["people"]]
    names = [each["user"]["title"] for each in asked if each["state"] == "open"]
    return _("等待{people}审批。", people=_("、").join(names)) if names else ""


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
    chosen = _("由您选择")
    steps = [
        _(
            "{step}（{people}）",
            step=_(each.label),
            people=between.join(names[user] for user in asked if user in names) or chosen,
        )
        for each, asked in coming
    ]
    if not steps:
        return ""
    if form.workflow.states[step.to].editable:
        return _("将由 {steps} 审批。", steps=" → ".join(steps))
    return _("提交后不能修改，将由 {steps} 审批。", steps=" → ".join(steps))
