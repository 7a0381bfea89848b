"""Which records a new one would be a duplicate of, without the content of foreign ones."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from lowcode import access
from lowcode.errors import Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import alike, hints, references
from lowcode.schemas import decode
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_duplicates", __name__, url_prefix="/api/v1/forms")


@bp.post("/<name>/duplicates")
@policy("signed_in", while_viewing=True)
def duplicates(name: str) -> Response:
    """Look for records with the same whole values; `?id=` leaves out the record that is being changed."""
    payload = json_body()
    record = request.args.get("id")
    with reading_context() as ctx:
        form = live_form(name)
        require(ctx, form)
        wanted = alike.keys(form, _values(ctx, form, payload))
        found = hints.matches(ctx, form, wanted, references.record_id(record) if record else None)
        return jsonify({"items": hints.as_json(ctx, found)})


def require(ctx: "Context", form: LiveForm) -> None:
    """Let only those ask who may write such records."""
    if not access.is_allowed(ctx, form, "edit"):
        access.require(ctx, form, "create")


def _values(ctx: "Context", form: LiveForm, payload: dict[str, Any]) -> dict[str, Any]:
    """Read the values to look for. Raises Invalid for other fields and for what a field does not take."""
    known = alike.compared_fields(ctx, form)
    values, errors = decode(form.schema, {name: value for name, value in payload.items() if name in known})
    errors |= {name: [_("不能按这个字段查重。")] for name in payload if name not in known}
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return {name: values.get(name) for name in form.declared.alike.values()}
