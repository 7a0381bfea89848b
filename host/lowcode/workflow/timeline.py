"""What happened in a run, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row

from lowcode.i18n import _
from lowcode.records.showing import instant, person
from lowcode.workflow.flows import Flow


def timeline(rows: Iterable[Row[Any]], flow: Flow, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Write the entries of a run: who did what, in words, to whom, and when."""
    return [_entry(row, flow, names) for row in rows]


def people(rows: Iterable[Row[Any]]) -> set[int]:
    """Give everybody whom the entries name."""
    found: set[int] = set()
    for row in rows:
        found.update(row.details.get("to", ()))
        found.update(user for user in (row.user, row.details.get("from")) if user)
    return found


def _entry(row: Row[Any], flow: Flow, names: Mapping[int, str]) -> dict[str, Any]:
    labels = {step.name: _(step.label) for step in flow.steps}
    to = [person(names, user) for user in row.details.get("to", ())]
    return {
        "seq": row.seq,
        "at": instant(row.at),
        "action": row.action,
        "user": person(names, row.user),
        "step": labels.get(row.step) if row.step else None,
        "text": _words(row, labels, names),
        "opinion": row.opinion,
        "to": to,
    }


def _words(row: Row[Any], labels: Mapping[str, str], names: Mapping[int, str]) -> str:
    """Say in one sentence what was done."""
    who = names.get(row.user, "") if row.user else _("系统")
    step = labels.get(row.step or "", row.step or "")
    to = _("、").join(names.get(user, "") for user in row.details.get("to", ()))
    former = names.get(row.details.get("from") or 0, "")
    back = row.details.get("to_step")
    is_before = row.details.get("place") == "before"
    sentences = {
        "submit": lambda: _("{who}提交审批。", who=who),
        "agree": lambda: _("{who}同意（{step}）。", who=who, step=step),
        "reject": lambda: _("{who}驳回（{step}）。", who=who, step=step),
        "return": lambda: (
            _("{who}退回给提交人（{step}）。", who=who, step=step)
            if back == "start"
            else _("{who}退回到“{target}”（{step}）。", who=who, step=step, target=labels.get(back, back))
        ),
        "transfer": lambda: _("{who}转给{to}办理（{step}）。", who=who, to=to, step=step),
        "add_signer": lambda: (
            _("{who}在自己之前加签：{to}（{step}）。", who=who, to=to, step=step)
            if is_before
            else _("{who}同意，并在自己之后加签：{to}（{step}）。", who=who, to=to, step=step)
        ),
        "reassign": lambda: _("{who}把{former}的待办改派给{to}（{step}）。", who=who, former=former, to=to, step=step),
        "copy": lambda: _("{who}抄送给{to}。", who=who, to=to),
        "urge": lambda: _("{who}催办：{to}。", who=who, to=to),
        "withdraw": lambda: _("{who}撤回。", who=who),
        "cancel": lambda: _("{who}取消了审批。", who=who),
        "approved": lambda: _("审批通过。"),
    }
    return sentences[row.action]() if row.action in sentences else str(row.action)
