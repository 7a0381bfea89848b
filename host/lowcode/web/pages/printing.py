"""Printable pages in the browser."""

from flask import Blueprint, render_template

from lowcode import printing
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.shell import live_form

bp = Blueprint("printing", __name__)


@bp.get("/f/<form>/<int:record_id>/print/<name>")
@policy("signed_in")
def show(form: str, record_id: int, name: str) -> str:
    """Show a page of a record as it will be on paper."""
    live = live_form(form)
    with current_platform().reading(current_user()) as ctx:
        title, contents = printing.sheet(ctx, live, record_id, name)
    return render_template("print.html", title=title, contents=contents, back=f"/f/{live.name}/{record_id}")
