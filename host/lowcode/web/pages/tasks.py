"""The process centre: what waits for a person, what the person decided and submitted, and the page to decide on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Fault, Invalid, Malformed
from lowcode.i18n import _
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import approvals, cells
from lowcode.web.pages.detail import sections_of
from lowcode.web.pages.formdata import local
from lowcode.web.pages.shell import saved
from lowcode.workflow import approval, boxes, viewing

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("tasks", __name__)
DECISIONS = {"agree": approval.agree, "reject": approval.reject}
BOX = "/tasks"


@bp.get("/tasks")
@policy("signed_in")
def box() -> str:
    """Show a page of a box."""
    with current_platform().reading(current_user()) as ctx:
        return render_template("tasks.html", box=Box(ctx, request.args), here=BOX)


@bp.get("/tasks/<int:task_id>")
@policy("signed_in")
def show(task_id: int) -> str:
    """Show what the person is asked: the document, the steps, and the two buttons while nobody has decided."""
    with current_platform().reading(current_user()) as ctx:
        return render_template("task.html", page=Task(ctx, task_id), opinion="", fault=None, here=BOX)


@bp.post("/tasks/<int:task_id>")
@policy("signed_in")
def decide(task_id: int) -> Response:
    """Agree or reject; a refusal stands beside the opinion."""
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise Malformed(_("请选择同意或驳回。"))
    opinion = request.form.get("opinion", "").replace("\r\n", "\n")

    def work(ctx: "Context") -> idempotency.Answer:
        answer = decision(ctx, task_id, approval.read_opinion({"opinion": opinion}))
        return 204, None, saved(answer["message"], follow=BOX)

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return _refused(task_id, opinion, fault)


def _refused(task_id: int, opinion: str, fault: Fault) -> Response:
    """Show the decision again: what is wrong with the opinion beside it, anything else above it."""
    wrong = fault.errors.get("opinion", [])
    beside = " ".join(wrong) if opinion else fault.detail
    with current_platform().reading(current_user()) as ctx:
        form = render_template(
            "decision.html", page=Task(ctx, task_id), opinion=opinion, fault=fault, beside=beside if wrong else ""
        )
    return Response(form, fault.status)


class Box:
    """One page of a box, ready for the template."""

    def __init__(self, ctx: "Context", asked: Mapping[str, str]) -> None:
        found = boxes.listing(ctx, asked)
        self.name = asked.get("box", "todo")
        self.items: list[dict[str, Any]] = found["items"]
        self.page, self.total = found["page"], found["total"]
        self.per_page, self.pages = found["per_page"], max(1, -(-found["total"] // found["per_page"]))
        self._asked, self._zone = dict(asked), ctx.platform.config.time_zone
        self._readable = boxes.readable(ctx, self.items)

    def tabs(self) -> list[tuple[str, str, str]]:
        """Give the boxes: name, label and address."""
        labels = {"todo": _("待办"), "done": _("已办"), "started": _("我发起的")}
        return [(name, label, BOX if name == "todo" else f"{BOX}?box={name}") for name, label in labels.items()]

    def link(self, page: int) -> str:
        """Give the address of another page."""
        return f"{BOX}?{urlencode({**self._asked, 'page': page})}"

    def record_url(self, item: Mapping[str, Any], tab: str = "") -> str:
        """Give the address of the record; none when the person may not open it."""
        record_id = item["record"]["id"]
        if (item["form"], record_id) not in self._readable:
            return ""
        return f"/f/{item['form']}/{record_id}{'?tab=' + tab if tab else ''}"

    def when(self, at: str | None) -> str:
        """Write an instant in the business zone."""
        return local(at, self._zone) if at else ""

    def outcome(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """Say how the approval stands."""
        return approvals.outcome(item["outcome"])

    def decision(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """Say what the person decided."""
        return approvals.decision(item["state"])


class Task:
    """What one person is asked, ready for the template: the document as he may see it, and the approval so far."""

    def __init__(self, ctx: "Context", task_id: int) -> None:
        self.form, run = viewing.approval_of_task(ctx, task_id)
        self.ctx, self.id, self.is_open = ctx, task_id, run["task"] == task_id
        self.document: Mapping[str, Any] = run["document"]
        self.record = self.document
        self.sections = sections_of(ctx, self.form)
        self.run = approvals.told(run, ctx.platform.config.time_zone)

    def cell(self, declared: Field, row: Mapping[str, Any] | None = None) -> cells.Cell:
        """Show one value of the document, or of one of its lines."""
        return cells.cell(self.ctx, self.form, declared, self.document if row is None else row)

    def heads(self) -> list[Field]:
        """Give what stands beside the title; the state is the approval's own."""
        return [self.form.fields["number"]] if "number" in self.form.fields else []
