"""Printable pages in the browser."""

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from lowcode import panels, printing
from lowcode.web.api.records import reading_context
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.shell import live_form
from lowcode.web.printed import as_pdf, wants_pdf

bp = Blueprint("printing", __name__)


@bp.get("/f/<form>/<int:record_id>/print/<name>")
@policy("signed_in")
def show(form: str, record_id: int, name: str) -> Response:
    """Show a page of a record as it will be on paper, or send it as a PDF."""
    live, is_pdf = live_form(form), wants_pdf()
    with current_platform().reading(current_user()) as ctx:
        title, contents = printing.sheet(ctx, live, record_id, name)
    return as_pdf(title, contents, name) if is_pdf else _page(title, contents, f"/f/{live.name}/{record_id}")


@bp.get("/panel/<name>/print")
@policy("signed_in")
def of_panel(name: str) -> Response:
    """Show the figures of a panel as they will be on paper, or send them as a PDF."""
    is_pdf, asked = wants_pdf(), {key: text for key, text in request.args.items() if key != "format"}
    with reading_context() as ctx:
        title, contents = printing.of_panel(ctx, *panels.asked(ctx, name, asked))
    return as_pdf(title, contents, name) if is_pdf else _page(title, contents, f"/panel/{name}?{urlencode(asked)}")


def _page(title: str, contents: Markup, back: str) -> Response:
    query = urlencode([*((key, text) for key, text in request.args.items() if key != "format"), ("format", "pdf")])
    return make_response(
        render_template("print.html", title=title, contents=contents, back=back, pdf=f"{request.path}?{query}")
    )
