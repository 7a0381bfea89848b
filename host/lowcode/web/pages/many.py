"""Buttons of picked rows: an action or a move on many records at once, with one dialog for all."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.records import acting
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import formdata
from lowcode.web.pages.controls import Builder, first_value
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.feedback import State, fault_response
from lowcode.web.pages.shell import live_form, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("many", __name__)


@bp.get("/f/<form>/do/<name>")
@policy("signed_in")
def ask_action_of_many(form: str, name: str) -> str:
    """Ask before the picked records are all moved on, and for what the action wants to know of all of them."""
    live = live_form(form)
    step = acting.step_of(live, name)
    picked = request.args.getlist("ids")
    question = _(
        "确定对选中的 {count} 条{label}进行“{step}”吗？",
        count=len(picked), label=_(live.declared.label), step=_(step.label),
    )  # fmt: skip
    hidden = [("ids", each) for each in picked]
    if not step.params:
        return render_template(
            "confirm.html", title=_(step.label), question=question, action=request.path, hidden=hidden, is_plain=True
        )
    with current_platform().reading(current_user()) as ctx:
        build = Builder(ctx, live, is_new=True, picker=f"/f/{live.name}/pick/!{name}.")
        values = {key: first_value(ctx, declared, asked=True) for key, declared in step.params.items()}
        controls = [build.control(declared, values) for declared in step.params.values()]
        return render_template(
            "action_many.html",
            title=_(step.label),
            intro=question,
            controls=controls,
            action=request.path,
            hidden=hidden,
        )


@bp.post("/f/<form>/do/<name>")
@policy("signed_in")
def run_action_of_many(form: str, name: str) -> Response:
    """Move on each picked record on its own; tell which ones stay, and why."""
    live = live_form(form)
    step = acting.step_of(live, name)
    picked = [formdata.whole(each.partition(":")[0]) for each in request.form.getlist("ids")]
    ids = [each for each in picked if each is not None]
    sent = formdata.read(step.params.values(), request.form, current_platform().config.time_zone)

    def work(ctx: "Context") -> idempotency.Answer:
        results = acting.act_on_many(ctx, live, name, {**sent.payload, "ids": ids})
        refused = [each for each in results if each["status"] != 200]
        if len(refused) == len(results) and all("errors" in each for each in refused):
            raise Invalid(refused[0]["message"], errors=refused[0]["errors"])
        message = _("“{label}”已完成 {count} 条。", label=_(step.label), count=len(results) - len(refused))
        if refused:
            reasons = " ".join(dict.fromkeys(str(each["message"]) for each in refused))
            message += _("有 {count} 条没有进行：{reasons}", count=len(refused), reasons=reasons)
        return 204, None, saved(message, **({"kind": "warn"} if refused else {}))

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        if not step.params:
            return note(fault)
        with current_platform().reading(current_user()) as ctx:
            return fault_response(State(ctx, live, sent, fault.errors, ["*"], step.params), fault)
