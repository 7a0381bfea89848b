"""What people are told about approvals. Each message goes out once per person and event."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from lowcode import notify
from lowcode.workflow.runs import Run

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.workflow.case import Case

DECIDED = {
    "approved": "“{title}”已通过审批。",
    "rejected": "“{title}”被驳回，请查看理由。",
    "returned": "“{title}”被退回，请修改后重新提交。",
}


def asked(case: "Case", opened: Iterable[tuple[int, int]]) -> None:
    """Tell people that something waits for their decision; `opened` are tasks with their people."""
    for task, user in opened:
        _tell(case, [user], "approval_asked", "“{title}”等待您审批。", f"task:{task}:asked:{_at(case)}", task)


def transferred(case: "Case", task: int, user: int) -> None:
    """Tell a person that somebody else's decision is now his."""
    _tell(case, [user], "approval_transferred", "{who}把“{title}”转给您审批。", f"task:{task}:transferred", task)


def added(case: "Case", opened: Iterable[tuple[int, int]]) -> None:
    """Tell people that somebody wants their agreement beside his own."""
    for task, user in opened:
        _tell(case, [user], "approval_transferred", "{who}请您加签“{title}”。", f"task:{task}:added", task)


def decided(case: "Case", outcome: str) -> None:
    """Tell the submitter how the approval ended."""
    submitter = [case.run.submitted_by] if case.run.submitted_by else []
    _tell(case, submitter, "approval_decided", DECIDED[outcome], f"approval:{case.run.id}:{outcome}")


def copied(case: "Case", copies: Iterable[tuple[int, int]]) -> None:
    """Tell people that they were sent a copy."""
    for copy, user in copies:
        text, event = "“{title}”抄送给您。", f"approval:{case.run.id}:copied"
        _tell(case, [user], "approval_copied", text, event, url=f"/copies/{copy}")


def urged(case: "Case", waiting: Iterable[tuple[int, int]]) -> None:
    """Tell people that the submitter waits for them."""
    for task, user in waiting:
        _tell(case, [user], "approval_urged", "{who}请您尽快审批“{title}”。", f"task:{task}:urged:{_at(case)}", task)


def due(ctx: "Context", run: Run, task: Row[Any]) -> None:
    """Tell a person that a decision is due."""
    event = f"task:{task.id}:due:{task.due_at:%Y%m%d%H%M%S}"
    _send(ctx, run, [task.user], "approval_due", "“{title}”的审批时限已到，请尽快处理。", event, f"/tasks/{task.id}")


def _tell(
    case: "Case", users: list[Any], kind: str, text: str, event: str, task: int | None = None, url: str | None = None
) -> None:
    run = case.run
    address = url or (f"/tasks/{task}" if task else f"/f/{run.form}/{run.record}?tab=approval")
    _send(case.ctx, run, users, kind, text, event, address)


def _send(ctx: "Context", run: Run, users: list[Any], kind: str, text: str, event: str, url: str) -> None:
    values = {"title": run.title, "who": ctx.user.name}
    used = {key: value for key, value in values.items() if f"{{{key}}}" in text}
    notify.send(ctx, users, kind, text, used, url, event=event)


def _at(case: "Case") -> str:
    return f"{case.ctx.now:%Y%m%d%H%M%S}"
