"""The page that tells administrators who may do what, and why."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from lowcode import explain
from lowcode.errors import NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import whole

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("explain", __name__)


@bp.get("/access")
@policy("admin")
def show() -> str:
    """Show what the chosen person may do, and below it what each role may do."""
    asked = {name: request.args.get(name, "").strip() for name in ("user", "form", "record")}
    with current_platform().reading(current_user()) as ctx:
        user, form = whole(asked["user"]), ctx.platform.forms.get(asked["form"])
        found: dict[str, Any] | None = None
        fault = ""
        try:
            if user is not None:
                record = _record_of(ctx, form, asked["record"]) if form and asked["record"] else None
                found = explain.explain(ctx, user, form, record)
        except NotFound as missing:
            fault = missing.detail
        names = ctx.users.names([user] if user is not None else ())
        return render_template(
            "explain.html",
            here="/access",
            asked=asked,
            chosen=names.get(user or 0, ""),
            found=found,
            fault=fault,
            forms=[(each.name, _(each.declared.label)) for each in ctx.platform.forms.values()],
            overview=explain.overview(ctx),
        )


def _record_of(ctx: "Context", form: LiveForm, raw: str) -> int:
    """Find a record by its number, or else by its id. Raises NotFound."""
    if "number" in form.fields:
        found = ctx.connection.scalar(select(form.table.c.id).where(form.table.c.number == raw))
        if found is not None:
            return int(found)
    key = whole(raw)
    if key is None:
        raise NotFound(_("没有编号是“{number}”的记录，请检查后重试。", number=raw))
    return key
