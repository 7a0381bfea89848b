"""The dialogs of the process centre: what an approver, a submitter or an administrator does besides deciding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.i18n import _
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import dialogs
from lowcode.web.pages.controls import Option
from lowcode.web.pages.formdata import Submitted, whole
from lowcode.web.pages.shell import live_form, saved
from lowcode.workflow import approval, viewing

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("task_actions", __name__)
BOX = "/tasks"
SEVERAL = frozenset({"add_signer", "copy"})
"""The actions that take several people."""

Act = Callable[["Context", int, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Dialog:
    """What an action asks for, and what it does; `leaves` tells whether the task is off the person's list then."""

    title: str
    fields: tuple[Field, ...]
    act: Act
    intro: str = ""
    leaves: bool = True


@bp.get("/tasks/<int:task_id>/do/<name>")
@policy("signed_in")
def ask(task_id: int, name: str) -> str:
    """Show what an action asks for."""
    dialog = _dialog(name)
    with current_platform().reading(current_user()) as ctx:
        _form, run = viewing.approval_of_task(ctx, task_id)
        if name not in run["$can"]:
            raise NotFound(_("没有操作“{name}”。", name=name))
        options = {"return": {"to": _steps_back(run)}, "add_signer": {"place": _places()}}
        return _rendered(dialog, name, options.get(name, {}))


@bp.post("/tasks/<int:task_id>/do/<name>")
@policy("signed_in")
def act(task_id: int, name: str) -> Response:
    """Do it; a refusal stands beside its field."""
    dialog = _dialog(name)
    return _done(dialog, name, lambda ctx, payload: dialog.act(ctx, task_id, payload))


@bp.get("/f/<form>/<int:record_id>/approval/copy")
@policy("signed_in")
def ask_copy(form: str, record_id: int) -> str:
    """Show whom the submitter may send a copy to."""
    with current_platform().reading(current_user()) as ctx:
        viewing.approval_of(ctx, live_form(form), record_id)
    return _rendered(_dialog("copy"), "copy", {})


@bp.post("/f/<form>/<int:record_id>/approval/copy")
@policy("signed_in")
def copy(form: str, record_id: int) -> Response:
    """Send copies of what one has submitted."""
    live = live_form(form)
    return _done(_dialog("copy"), "copy", lambda ctx, payload: approval.copy_of_record(ctx, live, record_id, payload))


@bp.post("/f/<form>/<int:record_id>/approval/urge")
@policy("signed_in")
def urge(form: str, record_id: int) -> Response:
    """Ask the approvers to decide."""
    live = live_form(form)

    def work(ctx: "Context") -> idempotency.Answer:
        return 204, None, saved(approval.urge(ctx, live, record_id)["message"])

    return idempotency.write(work)


def _rendered(dialog: Dialog, name: str, options: Mapping[str, list[Option]]) -> str:
    values = {"opinion": request.args.get("opinion", "")}
    chosen = {key: next((each.value for each in found if each.selected), "") for key, found in options.items()}
    controls = [dialogs.control(each, values | chosen, options.get(each.name, ())) for each in dialog.fields]
    return render_template(
        "task_dialog.html",
        title=dialog.title,
        intro=dialog.intro,
        controls=controls,
        several=("to",) if name in SEVERAL else (),
        action=request.path,
        submit=_("确定"),
        limit=0,
    )


def _done(dialog: Dialog, name: str, act: Callable[["Context", Mapping[str, Any]], Mapping[str, Any]]) -> Response:
    sent = _read(dialog, name)

    def work(ctx: "Context") -> idempotency.Answer:
        answer = act(ctx, sent.payload)
        return 204, None, saved(answer["message"], **({"follow": BOX} if dialog.leaves else {}))

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return dialogs.refused(dialog.fields, sent, fault)


def _read(dialog: Dialog, name: str) -> Submitted:
    sent = dialogs.read(dialog.fields)
    if "to" in sent.payload and name != "return":
        people = [each for raw in request.form.getlist("to") if (each := whole(raw)) is not None]
        sent.payload["to"] = people or None
    return sent


def _dialog(name: str) -> Dialog:
    """Describe an action. Raises NotFound."""
    opinion = Field(name="opinion", label=_("意见"), type="textarea")
    reason = Field(name="opinion", label=_("退回的理由"), type="textarea", required=True)
    target = Field(name="to", label=_("退回到"), type="choice", required=True)
    place = Field(name="place", label=_("加签位置"), type="choice", required=True)

    def people(label: str) -> Field:
        return Field(name="to", label=label, type="user", required=True)

    found = {
        "return": Dialog(_("退回"), (target, reason), approval.send_back),
        "transfer": Dialog(
            _("转办"), (people(_("转给")), opinion), approval.transfer, _("由所选的人代替您审批，您不再处理这一步。")
        ),
        "add_signer": Dialog(_("加签"), (place, people(_("加签给")), opinion), approval.add_signer),
        "copy": Dialog(_("抄送"), (people(_("抄送给")), opinion), approval.copy, leaves=False),
        "reassign": Dialog(
            _("改派"),
            (people(_("改派给")), opinion),
            approval.reassign,
            _("由所选的人代替原来的审批人。"),
            leaves=False,
        ),
    }.get(name)
    if found is None:
        raise NotFound(_("没有操作“{name}”。", name=name))
    return found


def _steps_back(run: Mapping[str, Any]) -> list[Option]:
    """Offer the submitter and the steps that the run has passed; the last of them stands chosen."""
    steps = run["returnable"]
    passed = [Option(step["name"], step["label"], selected=step is steps[-1]) for step in steps]
    return [Option(approval.START, _("发起人（退回修改）"), selected=not passed), *passed]


def _places() -> list[Option]:
    return [
        Option("before", _("在我之前（先由加签人审批，再由我审批）"), selected=True),
        Option("after", _("在我之后（我同意，再由加签人审批）")),
    ]
