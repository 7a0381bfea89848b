"""Who may do what, and why, over HTTP."""

from flask import Blueprint, Response, jsonify, request

from lowcode import explain
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import whole

bp = Blueprint("api_explain", __name__, url_prefix="/api/v1/access")


@bp.get("/explain")
@policy("admin")
def explained() -> Response:
    """Tell what a person may do: `?user=5`, with `&form=…` for one form, with `&record=7` for one record too."""
    user, record = (whole(request.args.get(name)) for name in ("user", "record"))
    form = request.args.get("form")
    faults: dict[str, list[str]] = {}
    if user is None:
        faults["user"] = [_("请填写用户的编号 (id)。")]
    if request.args.get("record") and (record is None or not form):
        faults["record"] = [_("请填写表单和记录的编号 (id)。")]
    if faults or user is None:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=faults)
    with reading_context() as ctx:
        return jsonify(explain.explain(ctx, user, live_form(form) if form else None, record))


@bp.get("/roles")
@policy("admin")
def roles() -> Response:
    """Tell what each role may do with each form."""
    with reading_context() as ctx:
        return jsonify(explain.overview(ctx))
