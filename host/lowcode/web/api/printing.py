"""Printable pages over HTTP: one whole document that needs nothing else."""

from flask import Blueprint, Response

from lowcode import printing
from lowcode.records import references
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.gate import policy
from lowcode.web.printed import as_html, as_pdf, wants_pdf

bp = Blueprint("api_printing", __name__, url_prefix="/api/v1/forms")


@bp.get("/<name>/records/<record>/print/<page>")
@policy("signed_in")
def document(name: str, record: str, page: str) -> Response:
    """Answer a printable page of a record as HTML, or as a PDF with `?format=pdf`."""
    is_pdf = wants_pdf()
    with reading_context() as ctx:
        title, contents = printing.sheet(ctx, live_form(name), references.record_id(record), page)
    return as_pdf(title, contents, page) if is_pdf else as_html(title, contents)
