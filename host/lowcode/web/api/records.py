"""Records over HTTP: one set of routes for every form of every plugin."""

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, request

from lowcode import access
from lowcode.errors import Invalid, Malformed, NotFound, VersionMissing
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, deleting, describing, hints, history, listing, reading, references, saving, timeline
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lowcode.context import Context

bp = Blueprint("api_records", __name__, url_prefix="/api/v1/forms")


@bp.get("")
@policy("signed_in")
def forms() -> Response:
    """List the forms the person may read."""
    with reading_context() as ctx:
        seen = [form for form in ctx.platform.forms.values() if access.is_allowed(ctx, form, "read")]
        return jsonify([describing.summary(form) for form in seen])


@bp.get("/<name>")
@policy("signed_in")
def form_declaration(name: str) -> Response:
    """Describe one form."""
    with reading_context() as ctx:
        form = live_form(name)
        access.require(ctx, form, "read")
        return jsonify(describing.describe(ctx, form))


@bp.get("/<name>/records")
@policy("signed_in")
def list_records(name: str) -> Response:
    """Answer one page of a list."""
    with reading_context() as ctx:
        return jsonify(listing.list_records(ctx, live_form(name), request.args.to_dict(flat=False)))


@bp.get("/<name>/bin")
@policy("signed_in")
def recycle_bin(name: str) -> Response:
    """Answer one page of the recycle bin."""
    with reading_context() as ctx:
        return jsonify(deleting.bin(ctx, live_form(name), request.args.to_dict(flat=False)))


@bp.post("/<name>/preview")
@policy("signed_in", while_viewing=True)
def preview(name: str) -> Response:
    """Compute a draft; write nothing. `?id=` previews a change, `?changed=` names the reference just picked."""
    record, changed = request.args.get("id"), request.args.get("changed")
    with reading_context() as ctx:
        live, record_id = live_form(name), references.record_id(record) if record else None
        draft = saving.drafted(ctx, live, json_body(), record_id, changed)
        answer = saving.shown(ctx, live, draft)
    with reading_context() as ctx:  # asking is counted: by then no rule holds a lock any more
        answer["warnings"] = hints.warnings(ctx, live, draft.record, draft.original)
    return jsonify(answer)


@bp.post("/<name>/records")
@policy("signed_in")
def create(name: str) -> Response:
    """Create a record."""
    payload = json_body()

    def work(ctx: "Context") -> tuple[int, Any, dict[str, str]]:
        record = saving.create(ctx, live_form(name), payload)
        return (
            201,
            record,
            {"Location": f"/api/v1/forms/{name}/records/{record['id']}", "ETag": f'"{record["version"]}"'},
        )

    return write(work)


@bp.get("/<name>/records/<record>")
@policy("signed_in")
def read(name: str, record: str) -> Response:
    """Answer one record."""
    with reading_context() as ctx:
        shown = reading.read(ctx, live_form(name), references.record_id(record))
    response = jsonify(shown)
    response.headers["ETag"] = f'"{shown["version"]}"'
    return response


@bp.patch("/<name>/records/<record>")
@policy("signed_in")
def update(name: str, record: str) -> Response:
    """Change the fields that the body names."""
    payload = json_body()
    record_id = references.record_id(record)

    def work(ctx: "Context") -> tuple[int, Any, dict[str, str]]:
        version = _version(ctx, name, record_id, payload)
        body = {key: value for key, value in payload.items() if key != "version"}
        changed = saving.update(ctx, live_form(name), record_id, version, body)
        return 200, changed, {"ETag": f'"{changed["version"]}"'}

    return write(work)


@bp.delete("/<name>/records/<record>")
@policy("signed_in")
def delete(name: str, record: str) -> Response:
    """Move a record to the recycle bin."""
    payload = json_body()
    record_id = references.record_id(record)

    def work(ctx: "Context") -> tuple[int, Any, dict[str, str]]:
        deleting.delete(ctx, live_form(name), record_id, _version(ctx, name, record_id, payload))
        return 204, None, {}

    return write(work)


@bp.post("/<name>/records/<record>/restore")
@policy("signed_in")
def restore(name: str, record: str) -> Response:
    """Take a record out of the recycle bin."""
    record_id = references.record_id(record)
    return write(lambda ctx: (200, deleting.restore(ctx, live_form(name), record_id), {}))


@bp.get("/<name>/records/<record>/history")
@policy("signed_in")
def record_history(name: str, record: str) -> Response:
    """Tell who changed what, newest first."""
    with reading_context() as ctx:
        return jsonify(history.history(ctx, live_form(name), references.record_id(record)))


@bp.get("/<name>/records/<record>/timeline")
@policy("signed_in")
def record_timeline(name: str, record: str) -> Response:
    """Tell what happened to a record: what others tell of it, changes and approvals, newest first, a page at a time."""
    with reading_context() as ctx:
        record_id = references.record_id(record)
        return jsonify(timeline.timeline(ctx, live_form(name), record_id, request.args.get("before")))


@bp.post("/<name>/records/<record>/actions/<action>")
@policy("signed_in")
def act(name: str, record: str, action: str) -> Response:
    """Run an action or a state move; with If-Match or `version` only on a record that is still at it."""
    payload = json_body()
    record_id, version = references.record_id(record), _given_version(payload)
    params = {key: value for key, value in payload.items() if key != "version"}
    form, is_preview = live_form(name), _is_preview()

    def work(ctx: "Context") -> dict[str, Any]:
        return acting.act(ctx, form, record_id, action, params, is_preview, version)

    if is_preview:
        return jsonify(current_platform().previewing(current_user(), work))
    return write(lambda ctx: (200, work(ctx), {}))


@bp.get("/<name>/records/<record>/actions/<action>")
@policy("signed_in")
def first_values(name: str, record: str, action: str) -> Response:
    """Answer what the dialog of an action or a move starts with."""
    with reading_context() as ctx:
        return jsonify({"values": acting.first_values(ctx, live_form(name), references.record_id(record), action)})


@bp.post("/<name>/actions/<action>")
@policy("signed_in")
def act_on_many(name: str, action: str) -> Response:
    """Run an action on several records."""
    payload = json_body()
    if _is_preview():
        raise Invalid(_("多条记录的操作没有预览，请逐条预览。"), code="no_preview")
    return write(lambda ctx: (200, acting.act_on_many(ctx, live_form(name), action, payload), {}))


def reading_context() -> "AbstractContextManager[Context]":
    """Open a reading context for the person of this request."""
    return current_platform().reading(current_user(), version=g.cache_version)


def live_form(name: str) -> LiveForm:
    """Find a form by its name in the path."""
    form = current_platform().forms.get(name)
    if form is None:
        raise NotFound(_("没有“{name}”这种记录。", name=name))
    return form


def _is_preview() -> bool:
    """Read `?preview=`. Another word than 1 and 0 is refused: whoever wrote it did not mean to have anything done."""
    asked = set(request.args.getlist("preview"))
    if not asked <= {"1"} and not asked <= {"0"}:
        sentence = _("请填写 {words} 之一。", words="1 / 0")
        raise Invalid(sentence, errors={"preview": [sentence]})
    return "1" in asked


def _version(ctx: "Context", name: str, record_id: int, payload: dict[str, Any]) -> int:
    """Read the version a change is based on; a record out of sight is missing before its version is."""
    version = _given_version(payload)
    if version is None:
        form = live_form(name)
        access.require(ctx, form, "delete" if request.method == "DELETE" else "edit")
        reading.require(ctx, form, record_id)
        raise VersionMissing(_("请在 If-Match 或 version 中说明修改所依据的版本。"))
    return version


def _given_version(payload: dict[str, Any]) -> int | None:
    header = request.headers.get("If-Match")
    raw: Any = payload.get("version")
    if header is not None:
        match = re.fullmatch(r'\s*(?:W/)?"?(\d{1,18})"?\s*', header)
        if match is None:
            raise Malformed(_('If-Match 的格式不正确，例如 If-Match: "3"。'))
        raw = int(match[1])
    if raw is not None and (isinstance(raw, bool) or not isinstance(raw, int)):
        raise Malformed(_("version 必须是整数。"))
    return raw
