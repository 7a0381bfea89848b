"""Creating and editing records: the form, its live preview, and saving."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, render_template, request

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Fault, Invalid, NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import prefilling, reading, saving
from lowcode.records.draft import Draft
from lowcode.web import idempotency
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import formdata
from lowcode.web.pages.controls import Builder, Control, shown_fields, writable_fields
from lowcode.web.pages.feedback import State, fault_response
from lowcode.web.pages.formdata import Submitted, local
from lowcode.web.pages.shell import is_part, live_form, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("editing", __name__)


@bp.get("/f/<form>/new")
@policy("signed_in")
def new(form: str) -> str:
    """Show an empty form with its defaults; parameters named like fields fill them in."""
    live = live_form(form)
    with current_platform().reading(current_user()) as ctx:
        values, made = _prefilled(ctx, live)
        return _form(ctx, live, values, None, made)


@bp.get("/f/<form>/<int:record_id>/edit")
@policy("signed_in")
def edit(form: str, record_id: int) -> str:
    """Show a record in the form it was created with."""
    live = live_form(form)
    with current_platform().reading(current_user()) as ctx:
        record = reading.require(ctx, live, record_id)
        saving.require_change(ctx, live, record, "edit", None)
        return _form(ctx, live, reading.serialise(ctx, live, [record])[0], record_id)


@bp.post("/f/<form>/new")
@policy("signed_in")
def create(form: str) -> Response:
    """Create a record; sent twice with one key it is created once."""
    live = live_form(form)

    def work(ctx: "Context") -> idempotency.Answer:
        record = saving.create(ctx, live, _submitted(ctx, live, is_new=True).payload)
        named = record.get("number") or record["$title"]
        message = _("已新增{label}“{name}”。", label=_(live.declared.label), name=named)
        return 204, None, saved(message, open=f"/f/{live.name}/{record['id']}")

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return _refused(live, fault, is_new=True)


@bp.post("/f/<form>/<int:record_id>/edit")
@policy("signed_in")
def update(form: str, record_id: int) -> Response:
    """Save a record that nobody changed in the meantime."""
    live = live_form(form)
    version = formdata.whole(request.form.get("_version")) or 0

    def work(ctx: "Context") -> idempotency.Answer:
        saving.update(ctx, live, record_id, version, _submitted(ctx, live, is_new=False).payload)
        return 204, None, saved(_("已保存。"), open=f"/f/{live.name}/{record_id}")

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return _refused(live, fault, is_new=False, record_id=record_id)


@bp.post("/f/<form>/preview")
@policy("signed_in")
def preview(form: str) -> Response:
    """Compute what follows from what stands in the form: figures, what a reference brings along, faults."""
    live = live_form(form)
    record_id = formdata.whole(request.form.get("_id"))
    changed = request.form.get("_changed", "")
    with current_platform().reading(current_user()) as ctx:
        sent = _submitted(ctx, live, is_new=record_id is None)
        path = sent.in_payload(changed) if changed else None
        draft = _drafted(ctx, live, sent, record_id, path)
        found = saving.shown(ctx, live, draft)
        sent = sent.with_rows({name: len(found["values"].get(name) or ()) for name in draft.made})
        state = State(ctx, live, sent, found["errors"], request.form.get("_touched", "").split())
        state.read_values(found["values"], record_id is None, path, draft.made)
        return make_response(render_template("form_state.html", state=state))


def _drafted(ctx: "Context", live: LiveForm, sent: Submitted, record_id: int | None, changed: str | None) -> Draft:
    """Prepare what stands in the form; rows that a rule has made give way to those of the reference just picked."""
    draft = saving.drafted(ctx, live, sent.payload, record_id, changed)
    made = sent.rows.keys() & set(request.form.getlist("_made"))
    if not made or not changed or record_id is not None:
        return draft
    gone = made & prefilling.following(ctx, draft, changed)
    return saving.drafted(ctx, live, sent.payload | dict.fromkeys(gone), None, changed) if gone else draft


def _form(
    ctx: "Context",
    live: LiveForm,
    values: Mapping[str, Any],
    record_id: int | None,
    made: AbstractSet[str] = frozenset(),
) -> str:
    is_new = record_id is None
    build = Builder(ctx, live, is_new=is_new)
    shown = shown_fields(ctx, live, is_new)
    sections: list[tuple[str, list[Control]]] = []
    for section in live.declared.sections:
        controls = [
            _control(build, each, values, name in made) for name, each in section.fields.items() if name in shown
        ]
        if controls:
            sections.append((_(section.label), controls))
    first_list = f"/f/{live.name}/{next(iter(live.declared.lists))}"
    return render_template(
        "form.html" if is_part() else "form_page.html",
        form=live,
        title=_("新增{label}" if is_new else "编辑{label}", label=_(live.declared.label)),
        sections=sections,
        total=_total(controls for _label, controls in sections),
        record_id=record_id,
        version=values.get("version"),
        action=f"/f/{live.name}/" + ("new" if is_new else f"{record_id}/edit"),
        back=first_list if is_new else f"/f/{live.name}/{record_id}",
        here=first_list,
        limit=ctx.platform.config.max_file_bytes,
    )


def _control(build: Builder, declared: Field, values: Mapping[str, Any], is_made: bool) -> Control:
    control = replace(build.control(declared, values), is_made=is_made)
    form = build.form
    if form is None or control.is_output or declared.name not in form.declared.alike.values():
        return control
    return replace(control, compared=f"/f/{form.name}/duplicates/{declared.name}")


def _total(sections: Iterable[list[Control]]) -> Control | None:
    """Find what many line items add up to, which the form shows at its foot too: the last amount beside the lines."""
    for controls in sections:
        if any(each.field.type == "lines" for each in controls):
            amounts = [each for each in controls if each.is_output and each.field.type == "money"]
            return amounts[-1] if amounts else None
    return None


def _prefilled(ctx: "Context", live: LiveForm) -> tuple[dict[str, Any], set[str]]:
    """Compute an empty record's values, with what the address gives and what that brings along.

    The line items whose rows a rule has made are named beside them.
    """
    access.require(ctx, live, "create")
    writable = {each.name: each for each in writable_fields(ctx, live, is_new=True) if each.type != "lines"}
    given = {name: value for name, value in request.args.items() if name in writable and value}
    changed = next((name for name in given if writable[name].fill), None)
    draft = saving.drafted(ctx, live, given, None, changed)
    return saving.shown(ctx, live, draft)["values"], draft.made


def _submitted(ctx: "Context", live: LiveForm, is_new: bool) -> Submitted:
    return formdata.read(writable_fields(ctx, live, is_new), request.form, ctx.platform.config.time_zone)


def _refused(live: LiveForm, fault: Fault, is_new: bool, record_id: int | None = None) -> Response:
    with current_platform().reading(current_user()) as ctx:
        state = State(ctx, live, _submitted(ctx, live, is_new), fault.errors, ["*"])
        if record_id is not None and fault.code == "stale_version":
            return _stale(ctx, state, live, fault, record_id)
        return fault_response(state, fault)


def _stale(ctx: "Context", state: State, live: LiveForm, fault: Fault, record_id: int) -> Response:
    """Say who changed the record and when, and lead to what it is now."""
    try:
        now = reading.read(ctx, live, record_id)
    except NotFound:
        return fault_response(state, fault)
    state.latest = f"/f/{live.name}/{record_id}"
    when = local(now["updated_at"], ctx.platform.config.time_zone)
    who = now["updated_by"]["title"] if now["updated_by"] else _("系统")
    sentence = _(
        "{who}在 {when} 修改过这条记录。您填写的内容还在，请对照最新内容，然后重新打开编辑。", who=who, when=when
    )
    return fault_response(state, Conflict(sentence, code=fault.code))
