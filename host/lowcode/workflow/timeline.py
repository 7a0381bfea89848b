"""What happened in a run, in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from lowcode.database.schema import trail
from lowcode.i18n import _
from lowcode.workflow.flows import Flow
from lowcode.workflow.runs import Run

if TYPE_CHECKING:
    from lowcode.context import Context


def timeline(ctx: "Context", run: Run) -> list[dict[str, Any]]:
    """Read the entries of a run, the oldest first: who did what, in words, to whom, and when."""
    statement = select(trail).where(trail.c.approval_id == run.id).order_by(trail.c.seq)
    rows = ctx.connection.execute(statement).all()
    ids = {row.user for row in rows}.union(*(_people(row) for row in rows))
    names = ctx.users.names(user for user in ids if user is not None)
    return [_entry(row, run.flow, names) for row in rows]


def _entry(row: Row[Any], flow: Flow, names: Mapping[int, str]) -> dict[str, Any]:
    labels = {step.name: _(step.label) for step in flow.steps}
    to = [{"id": user, "title": names.get(user, "")} for user in row.details.get("to", ())]
    return {
        "seq": row.seq,
        "at": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "action": row.action,
        "user": {"id": row.user, "title": names.get(row.user, "")} if row.user else None,
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


def _people(row: Row[Any]) -> set[int]:
    return {*row.details.get("to", ()), *([row.details["from"]] if row.details.get("from") else ())}
