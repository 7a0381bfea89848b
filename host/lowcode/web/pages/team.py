"""The tab of a record with the colleagues it is shared with."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from lowcode.errors import Conflict, Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import team
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import whole
from lowcode.web.pages.shell import done, live_form

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("team", __name__)


@bp.post("/f/<form>/<int:record_id>/team")
@policy("signed_in")
def change(form: str, record_id: int) -> Response:
    """Add a colleague, change what one may do, or take one off the record."""
    live = live_form(form)
    user, level = whole(request.form.get("user")), request.form.get("level", "")
    try:
        current_platform().writing(current_user(), lambda ctx: _change(ctx, live, record_id, user, level))
    except (Invalid, Conflict) as fault:
        sentence = " ".join(dict.fromkeys(" ".join(each) for each in fault.errors.values())) or fault.detail
        return Response(render_template("note.html", detail=sentence), fault.status)
    return done(_("已保存协作成员。"))


def _change(ctx: "Context", live: LiveForm, record_id: int, user: int | None, level: str) -> None:
    kept = [row for row in team.read(ctx, live, record_id)["members"] if row["user"]["id"] != user]
    members = [{"user": row["user"]["id"], "level": row["level"]} for row in kept]
    if level != "remove":
        members.append({"user": user, "level": level})
    team.write(ctx, live, record_id, {"members": members})
