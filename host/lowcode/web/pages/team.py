"""The tab of a record with the colleagues it is shared with."""

from flask import Blueprint, Response, request

from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.records import team
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.formdata import whole
from lowcode.web.pages.shell import done, live_form

bp = Blueprint("team", __name__)


@bp.post("/f/<form>/<int:record_id>/team")
@policy("signed_in")
def change(form: str, record_id: int) -> Response:
    """Add a colleague, change what one may do, or take one off the record."""
    live = live_form(form)
    user, level = whole(request.form.get("user")), request.form.get("level", "")
    try:
        current_platform().writing(current_user(), lambda ctx: team.change(ctx, live, record_id, user, level))
    except (Invalid, Conflict) as fault:
        sentence = " ".join(dict.fromkeys(" ".join(each) for each in fault.errors.values()))
        return note(fault, sentence)
    return done(_("已保存协作成员。"))
