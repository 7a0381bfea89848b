"""The process centre: the boxes of a person, and the pages that show a run beside what may be done about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, render_template, request

from lowcode import paging
from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Fault, Invalid, Malformed
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import approvals, cells
from lowcode.web.pages.detail import sections_of
from lowcode.web.pages.formdata import local
from lowcode.web.pages.shell import saved
from lowcode.workflow import approval, boxes, copying, viewing

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
    """Show what the person is asked: the document, what happened so far, and the buttons while nobody has decided."""
    with current_platform().reading(current_user()) as ctx:
        return _page(Page(ctx, *viewing.approval_of_task(ctx, task_id), task_id=task_id))


@bp.get("/tasks/runs/<int:run_id>")
@policy("signed_in")
def show_run(run_id: int) -> str:
    """Show a run to the person that submitted it."""
    with current_platform().reading(current_user()) as ctx:
        return _page(Page(ctx, *viewing.approval_of_run(ctx, run_id)))


@bp.get("/copies/<int:copy_id>")
@policy("signed_in")
def show_copy(copy_id: int) -> str:
    """Show a run to a person that was sent a copy of it, and remember that he has opened it."""
    with current_platform().reading(current_user()) as ctx:
        form, run = viewing.approval_of_copy(ctx, copy_id)
        is_unread = copying.is_unread(ctx, run["id"])
        page = _page(Page(ctx, form, run))
    if is_unread and not g.get("viewer"):
        current_platform().writing(current_user(), lambda ctx: copying.mark_read(ctx, run["id"]))
    return page


@bp.post("/tasks/<int:task_id>")
@policy("signed_in")
def decide(task_id: int) -> Response:
    """Agree or reject; a refusal stands beside the opinion."""
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        raise Malformed(_("请选择同意或驳回。"))
    opinion = request.form.get("opinion", "").replace("\r\n", "\n")

    def work(ctx: "Context") -> idempotency.Answer:
        answer = decision(ctx, task_id, {"opinion": opinion})
        return 204, None, saved(answer["message"], follow=BOX)

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return _refused(task_id, opinion, fault)


def _page(page: "Page") -> str:
    return render_template("task.html", page=page, opinion="", fault=None, here=BOX)


def _refused(task_id: int, opinion: str, fault: Fault) -> Response:
    """Show the decision again: what is wrong with the opinion beside it, anything else above it."""
    wrong = fault.errors.get("opinion", [])
    beside = " ".join(wrong) if opinion else fault.detail
    with current_platform().reading(current_user()) as ctx:
        page = Page(ctx, *viewing.approval_of_task(ctx, task_id), task_id=task_id)
        form = render_template("decision.html", page=page, opinion=opinion, fault=fault, beside=beside if wrong else "")
    return Response(form, fault.status)


class Box:
    """One page of a box, ready for the template."""

    def __init__(self, ctx: "Context", asked: Mapping[str, str]) -> None:
        self._asked, self._zone, self._now = dict(asked), ctx.platform.config.time_zone, ctx.now
        found = boxes.listing(ctx, asked)
        self.name = asked.get("box", "todo")
        self.form, self.search = asked.get("form", ""), asked.get("search", "")
        self.is_narrowed = bool(self.form or self.search)
        self.items: list[dict[str, Any]] = found["items"]
        self.page, self.total = found["page"], found["total"]
        self.per_page, self.pages = found["per_page"], paging.pages(found["total"], found["per_page"])
        self._readable = boxes.readable(ctx, self.items)
        self._counts = boxes.counts(ctx)
        self._forms = ctx.platform.forms

    @property
    def label(self) -> str:
        """Name the box, as its tab does."""
        return _labels()[self.name]

    @property
    def title(self) -> str:
        """Name the box in the heading."""
        return _("待办事宜") if self.name == "todo" else self.label

    def tabs(self) -> list[dict[str, Any]]:
        """Give the boxes; those in which something waits say how much."""
        return [
            {
                "name": name,
                "label": label,
                "url": self.tab_url(name),
                "count": self._counts.get(name) or (name == self.name and not self.is_narrowed and self.total) or None,
                "is_waiting": name == "todo",
            }
            for name, label in _labels().items()
        ]

    def tab_url(self, name: str) -> str:
        """Give the address of a box."""
        return BOX if name == "todo" else f"{BOX}?box={name}"

    def forms(self) -> list[tuple[str, str]]:
        """Name the forms whose records are approved."""
        return [
            (name, _(each.declared.label))
            for name, each in self._forms.items()
            if each.workflow and each.workflow.approvals
        ]

    def link(self, page: int) -> str:
        """Give the address of another page."""
        return f"{BOX}?{urlencode({**self._asked, 'page': page})}"

    def open_url(self, item: Mapping[str, Any]) -> str:
        """Give the address of the page that shows the run."""
        return {"started": f"{BOX}/runs/{item['id']}", "copied": f"/copies/{item['id']}"}.get(
            self.name, f"{BOX}/{item['id']}"
        )

    def record_url(self, item: Mapping[str, Any]) -> str:
        """Give the address of the record; none when the person may not open it."""
        record_id = item["record"]["id"]
        return f"/f/{item['form']}/{record_id}" if (item["form"], record_id) in self._readable else ""

    def when(self, at: str | None) -> str:
        """Write an instant in the business zone."""
        return local(at, self._zone) if at else ""

    def is_late(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a decision is overdue."""
        return bool(item["due_at"]) and datetime.fromisoformat(item["due_at"]) < self._now

    def outcome(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """Say how the approval stands."""
        return approvals.outcome(item["outcome"])

    def decision(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """Say what the person decided."""
        return approvals.decision(item["state"])


class Page:
    """A run, ready for the template: the document as the person may see it, what happened, and what he is asked."""

    def __init__(self, ctx: "Context", form: LiveForm, run: Mapping[str, Any], *, task_id: int | None = None) -> None:
        self.ctx, self.form, self.id = ctx, form, task_id if _is_asked(ctx, run, task_id) else None
        self.is_open = self.id is not None and run["task"] == self.id
        self.document: Mapping[str, Any] = run["document"]
        self.record = self.document
        self.sections = sections_of(ctx, form)
        self.run = {**approvals.told(ctx, form, run), "task_url": self._task_url(run)}
        self.submitter = run["submitted_by"]["title"] if run["submitted_by"] else _("系统")
        self.step_label = next((step["label"] for step in run["steps"] if step["state"] == "current"), "")
        self.is_changed = self.is_open and run["changed"]
        known = [{"form": form.name, "record": {"id": run["document"]["id"]}}]
        is_readable = bool(boxes.readable(ctx, known))
        self.record_url = f"/f/{form.name}/{run['document']['id']}" if is_readable else ""
        self.others = [(name, label) for name, label in _others() if name in run["$can"]] if self.is_open else []

    def _task_url(self, run: Mapping[str, Any]) -> str:
        return f"{BOX}/{run['task']}" if run["task"] and not self.is_open else ""

    def cell(self, declared: Field, row: Mapping[str, Any] | None = None) -> cells.Cell:
        """Show one value of the document, or of one of its lines."""
        return cells.cell(self.ctx, self.form, declared, self.document if row is None else row)

    def heads(self) -> list[Field]:
        """Give what stands beside the title; the state is the approval's own."""
        return [self.form.fields["number"]] if "number" in self.form.fields else []


def _is_asked(ctx: "Context", run: Mapping[str, Any], task_id: int | None) -> bool:
    """Tell whether a task is the person's own; administrators look at those of others too."""
    people = (person for step in run["steps"] for person in step["people"])
    return any(person["task"] == task_id and person["user"]["id"] == ctx.user.id for person in people if task_id)


def _labels() -> dict[str, str]:
    return {"todo": _("待办"), "done": _("已办"), "started": _("我发起的"), "copied": _("抄送我的")}


def _others() -> list[tuple[str, str]]:
    """Name what an approver may do besides agreeing and rejecting."""
    return [("return", _("退回")), ("transfer", _("转办")), ("add_signer", _("加签")), ("copy", _("抄送"))]
