"""Flows for administrators: pictures, versions and the step editor."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from lowcode.errors import Conflict, Fault, Invalid, NotFound
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import flow_draft, flow_words
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.flow_draft import Copies, Draft
from lowcode.web.pages.flow_editor import Editor
from lowcode.web.pages.formdata import local, whole
from lowcode.web.pages.shell import confirm, done
from lowcode.workflow import definitions

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("flows", __name__)
FLOWS = "/flows"


@bp.get("/flows")
@policy("admin")
def list_flows() -> str:
    """List the flows of each app."""
    with current_platform().reading(current_user()) as ctx:
        found = [_row(ctx, workflow, each) for workflow in definitions.listing(ctx) for each in workflow["approvals"]]
        plugins = [
            {"label": label, "flows": list(rows)} for label, rows in groupby(found, key=lambda row: row["plugin"])
        ]
        return render_template("flows.html", plugins=plugins, here=FLOWS)


@bp.get("/flows/<workflow>/<approval>")
@policy("admin")
def show_flow(workflow: str, approval: str) -> str:
    """Show a flow: its picture, its versions, and its steps to edit."""
    with current_platform().reading(current_user()) as ctx:
        page = Flow(ctx, workflow, approval)
        return render_template("flow.html", page=page, is_part=False, here=FLOWS)


@bp.post("/flows/<workflow>/<approval>/draft")
@policy("admin")
def draft(workflow: str, approval: str) -> str:
    """Show the steps as they are edited, with the change that `do` asks for; nothing is stored."""
    with current_platform().reading(current_user()) as ctx:
        page = Flow(ctx, workflow, approval, *_posted(), verb=request.form.get("do", ""))
        return render_template("flow_editor.html", page=page, is_part=True)


@bp.post("/flows/<workflow>/<approval>")
@policy("admin")
def save(workflow: str, approval: str) -> Response:
    """Store the steps as another version; a refusal stands beside the steps."""
    drafts, copies = _posted()

    def work(ctx: "Context") -> None:
        page = Flow(ctx, workflow, approval, drafts, copies)
        wrong: dict[str, Any] = dict(page.faults())
        try:
            definitions.write(ctx, workflow, approval, page.payload())
        except Invalid as fault:
            wrong = {**fault.errors, **wrong}
        if wrong:
            raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(wrong)), errors=wrong)

    try:
        current_platform().writing(current_user(), work)
    except (Invalid, Conflict) as fault:
        with current_platform().reading(current_user()) as ctx:
            page = Flow(ctx, workflow, approval, drafts, copies, fault=fault)
            return Response(render_template("flow_editor.html", page=page, is_part=True), fault.status)
    return done(_("已保存流程，新提交的记录按新流程审批。"), follow=f"{FLOWS}/{workflow}/{approval}")


@bp.get("/flows/<workflow>/<approval>/reset")
@policy("admin")
def ask_reset(workflow: str, approval: str) -> str:
    """Ask before the delivered steps come back."""
    with current_platform().reading(current_user()) as ctx:
        found = definitions.read(ctx, workflow, approval)
    question = _("确定把“{label}”恢复为应用自带的默认流程吗？您的修改会保留在版本记录中。", label=found["label"])
    return confirm(_("恢复默认"), question, request.path, [("version", found["version"])])


@bp.post("/flows/<workflow>/<approval>/reset")
@policy("admin")
def reset(workflow: str, approval: str) -> Response:
    """Bring the delivered steps back, as another version."""
    payload = {"version": whole(request.form.get("version"))}
    try:
        current_platform().writing(current_user(), lambda ctx: definitions.reset(ctx, workflow, approval, payload))
    except (Invalid, Conflict) as fault:
        return note(fault)
    return done(_("已恢复默认流程。"))


@bp.get("/flows/<workflow>/<approval>/versions/<int:version>")
@policy("admin")
def show_version(workflow: str, approval: str, version: int) -> str:
    """Show the picture of one version."""
    with current_platform().reading(current_user()) as ctx:
        page = Flow(ctx, workflow, approval)
        found = next((each for each in page.kept if each["version"] == version), None)
        if found is None:
            raise NotFound(_("没有这个版本，请刷新后重试。"))
        title = f"{page.label} · {_('版本 {version}', version=version)}"
        shown = page.picture_of(found["steps"], found["copy_to"])
        return render_template("flow_version.html", title=title, shown=shown)


def _posted() -> tuple[list[Draft], Copies]:
    return flow_draft.of_form(request.form), flow_draft.copies_of_form(request.form)


def _row(ctx: "Context", workflow: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    form = ctx.platform.forms[workflow["form"]]
    declared = next(each.declared for each in ctx.platform.active_plugins if each.name == form.plugin)
    steps = definitions.read(ctx, workflow["name"], summary["name"])["steps"]
    return {
        "plugin": _(declared.label) if declared else form.plugin,
        "label": summary["label"],
        "form": _(form.declared.label),
        "steps": [_(step["label"]) for step in steps],
        "version": summary["version"],
        "is_edited": summary["edited"],
        "url": f"{FLOWS}/{workflow['name']}/{summary['name']}",
    }


class Flow:
    """A flow, ready for the templates: as it is stored, or as it is being edited."""

    def __init__(
        self,
        ctx: "Context",
        workflow: str,
        approval: str,
        drafts: Sequence[Draft] | None = None,
        copies: Copies | None = None,
        *,
        verb: str = "",
        fault: Fault | None = None,
    ) -> None:
        self.ctx = ctx
        self.stored = definitions.read(ctx, workflow, approval)
        self.form = ctx.platform.forms[self.stored["form"]]
        self.zone = ctx.platform.config.time_zone
        self.url, self.label = f"{FLOWS}/{workflow}/{approval}", self.stored["label"]
        self.form_label, self.is_edited = _(self.form.declared.label), self.stored["edited"]
        self.detail = fault.detail if fault else ""
        self.is_stale = fault is not None and fault.code == "stale_version"
        as_stored = flow_draft.of_steps(self.stored["steps"], self.form, self.zone)
        self.drafts, focus = flow_draft.changed(as_stored if drafts is None else drafts, verb, self.form)
        self.chosen_copies = flow_draft.copies_of(self.stored["copy_to"]) if copies is None else copies
        self.editor = Editor(ctx, self.form, self.drafts, self.chosen_copies, fault.errors if fault else {}, focus)
        self._approval = self.form.workflow.approvals[approval] if self.form.workflow else None

    @property
    def version(self) -> str:
        """Give the version that the editing started from."""
        return request.form.get("version") or str(self.stored["version"])

    @property
    def kept(self) -> list[dict[str, Any]]:
        """Read all versions, the newest first."""
        return definitions.versions(self.ctx, self.stored["workflow"], self.stored["approval"])

    @property
    def versions(self) -> list[dict[str, Any]]:
        """Give the versions as the page lists them."""
        return [
            {
                "version": each["version"],
                "by": each["by"]["title"] if each["by"] else _("系统"),
                "when": local(each["at"], self.zone) if each["at"] else "",
            }
            for each in self.kept
        ]

    @property
    def difference(self) -> list[flow_words.Change]:
        """Tell in what the stored steps differ from the delivered ones."""
        mine = (self.stored["steps"], self.stored["copy_to"])
        theirs = (self.stored["declared_steps"], self.stored["declared_copy_to"])
        return flow_words.changes(self.ctx, self.form, theirs, mine)

    @property
    def picture(self) -> dict[str, Any]:
        """Draw what is on the page."""
        payload = self.payload()
        return self.picture_of(payload["steps"], payload["copy_to"])

    def picture_of(self, steps: Sequence[Mapping[str, Any]], copy_to: Mapping[str, Any]) -> dict[str, Any]:
        """Draw a flow: its steps, where it ends, and who gets copies."""
        states = self.form.workflow.states if self.form.workflow else {}
        approval = self._approval
        return {
            "nodes": flow_words.nodes(self.ctx, self.form, steps),
            "approved": _(states[approval.approved].label) if approval else "",
            "rejected": _(states[approval.rejected].label) if approval else "",
            "copies": flow_words.approvers(self.ctx, self.form, copy_to) if copy_to else "",
        }

    def payload(self) -> dict[str, Any]:
        """Give what is stored; what nobody changed stays as it was written."""
        same = {
            flow_draft.unkeyed(each): step
            for each, step in zip(
                flow_draft.of_steps(self.stored["steps"], self.form, self.zone), self.stored["steps"], strict=True
            )
        }
        steps = [
            same.get(flow_draft.unkeyed(each)) or flow_draft.to_step(each, self.form, self.zone) for each in self.drafts
        ]
        is_same = self.chosen_copies == flow_draft.copies_of(self.stored["copy_to"])
        copy_to = (
            self.stored["copy_to"] if is_same else flow_draft.to_copies(self.chosen_copies, self.stored["copy_to"])
        )
        return {"version": whole(self.version), "steps": steps, "copy_to": copy_to}

    def faults(self) -> dict[str, list[str]]:
        """Say what is wrong with steps before they can be stored."""
        return {
            f"steps.{index}.{name}": [sentence]
            for index, each in enumerate(self.drafts)
            for name, sentence in flow_draft.faults(each).items()
        }
