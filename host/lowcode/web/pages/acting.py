"""Buttons of records: delete and restore, declared actions and state moves, for one record or for many."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from lowcode import access
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.errors import Conflict, Fault, Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, deleting, reading
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import formdata, planning
from lowcode.web.pages.approvals import CHOSEN, announced, awaited, choosers, chosen
from lowcode.web.pages.controls import Builder, Control, given_value
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.feedback import State, fault_response
from lowcode.web.pages.related import shown_with
from lowcode.web.pages.shell import confirm, done, live_form, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("acting", __name__)
NARROW = 3
"""So many columns of a table stand beside each other in a dialog of middle width."""


@bp.get("/f/<form>/<int:record_id>/delete")
@policy("signed_in")
def ask_delete(form: str, record_id: int) -> str:
    """Ask before a record goes to the recycle bin."""
    live = live_form(form)
    with current_platform().reading(current_user()) as ctx:
        record = reading.read(ctx, live, record_id)
    question = _("确定删除“{name}”吗？删除后可以在回收站中恢复。", name=record["$title"])
    return confirm(
        _("删除{label}", label=_(live.declared.label)), question, request.path, [("version", record["version"])]
    )


@bp.post("/f/<form>/<int:record_id>/delete")
@policy("signed_in")
def delete(form: str, record_id: int) -> Response:
    """Move a record to the recycle bin."""
    live = live_form(form)
    version = formdata.whole(request.form.get("version")) or 0
    try:
        current_platform().writing(current_user(), lambda ctx: deleting.delete(ctx, live, record_id, version))
    except (Invalid, Conflict) as fault:
        return note(fault)
    return done(_("已删除，可以在回收站中恢复。"), gone=f"/f/{live.name}/{next(iter(live.declared.lists))}")


@bp.post("/f/<form>/<int:record_id>/restore")
@policy("signed_in")
def restore(form: str, record_id: int) -> Response:
    """Take a record out of the recycle bin."""
    live = live_form(form)
    record = current_platform().writing(current_user(), lambda ctx: deleting.restore(ctx, live, record_id))
    return done(_("已恢复“{name}”。", name=record["$title"]))


@bp.get("/f/<form>/delete")
@policy("signed_in")
def ask_delete_many(form: str) -> str:
    """Ask before the picked records go to the recycle bin."""
    label = _(live_form(form).declared.label)
    picked = request.args.getlist("ids")
    question = _("确定删除选中的 {count} 条{label}吗？删除后可以在回收站中恢复。", count=len(picked), label=label)
    return confirm(_("批量删除"), question, request.path, [("ids", each) for each in picked])


@bp.post("/f/<form>/delete")
@policy("signed_in")
def delete_many(form: str) -> Response:
    """Delete each picked record on its own; tell which ones stay, and why."""
    live = live_form(form)
    refused: list[str] = []
    count = 0
    for picked in request.form.getlist("ids")[: acting.MOST_IDS]:
        record_id, version = (formdata.whole(part) for part in (picked + ":").split(":")[:2])
        if record_id is None or version is None:
            continue
        try:
            _delete_one(live, record_id, version)
            count += 1
        except Fault as fault:
            refused.append(fault.detail)
    message = _("已删除 {count} 条记录。", count=count)
    if refused:
        message += _("有 {count} 条没有删除：{reasons}", count=len(refused), reasons=" ".join(dict.fromkeys(refused)))
        return done(message, kind="warn")
    return done(message)


@bp.get("/f/<form>/<int:record_id>/do/<name>")
@policy("signed_in")
def ask_action(form: str, record_id: int, name: str) -> str:
    """Show what an action asks for before it runs."""
    live = live_form(form)
    step = acting.step_of(live, name)
    with current_platform().reading(current_user()) as ctx:
        record = reading.read(ctx, live, record_id)
        access.require(ctx, live, "read")
        build = Builder(ctx, live, is_new=True, picker=f"/f/{live.name}/pick/!{name}.")
        values = acting.first_values(ctx, live, record_id, name) | _given(ctx, step)
        controls = [build.control(declared, values) for declared in step.params.values()]
        return render_template(
            "action.html",
            title=_(step.label),
            subject=record["$title"],
            question=_question(step, record, bool(controls)),
            announced=announced(ctx, live, record_id, step),
            choosers=choosers(ctx, live, record_id, step),
            controls=controls,
            related=list(shown_with(ctx, live, step, record_id)),
            size=_size(step, controls),
            is_planned=planning.is_planned(step),
            action=request.path,
            record_id=record_id,
            limit=ctx.platform.config.max_file_bytes,
        )


@bp.post("/f/<form>/<int:record_id>/do/<name>")
@policy("signed_in")
def run_action(form: str, record_id: int, name: str) -> Response:
    """Run an action or a state move; one with a plan shows it first, and again when the dialog has changed since."""
    live = live_form(form)
    step = acting.step_of(live, name)
    sent = formdata.read(step.params.values(), request.form, current_platform().config.time_zone)

    def work(ctx: "Context") -> idempotency.Answer:
        answer = acting.act(ctx, live, record_id, name, sent.payload | chosen(request.form))
        opened = answer["open"]
        more = {"follow": f"/f/{opened['form']}/{opened['id']}"} if opened else {}
        return 204, None, saved(answer["message"] + awaited(ctx, live, record_id, step), **more)

    try:
        if planning.is_due(step, sent):
            return planning.show(live, record_id, step, sent)
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        with current_platform().reading(current_user()) as ctx:
            return fault_response(
                State(ctx, live, sent, fault.errors, ["*"], {**step.params, CHOSEN.name: CHOSEN}), fault
            )


def _delete_one(live: LiveForm, record_id: int, version: int) -> None:
    current_platform().writing(current_user(), lambda ctx: deleting.delete(ctx, live, record_id, version))


def _size(step: Action | Move, controls: list[Control]) -> str:
    """Name how wide a dialog is: as wide as its widest table needs."""
    columns = [sum(not each.field.hidden for each in control.columns) for control in controls]
    if max(columns, default=0) > NARROW:
        return "dialog-wide"
    is_middle = planning.is_planned(step) or any(columns) or (isinstance(step, Action) and step.related)
    return "dialog-middle" if is_middle else "dialog-small"


def _question(step: Action | Move, record: Any, asks_more: bool) -> str:
    if step.confirm:
        return _(step.confirm)
    if asks_more:
        return ""
    return _("确定对“{name}”进行“{label}”吗？", name=record["$title"], label=_(step.label))


def _given(ctx: "Context", step: Action | Move) -> dict[str, Any]:
    """Read what the address says of a dialog's fields, `?stage=proposal`; what does not fit is left out."""
    asked = {key: request.args[key] for key in step.params if request.args.get(key)}
    found = ((key, given_value(ctx, step.params[key], text)) for key, text in asked.items())
    return {key: value for key, value in found if value is not None}
