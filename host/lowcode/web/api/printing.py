"""Printable pages over HTTP: one whole document that needs nothing else."""

import base64
import hashlib

from flask import Blueprint, Response

from lowcode import printing
from lowcode.records import references
from lowcode.web.api.records import live_form, reading_context
from lowcode.web.gate import policy

bp = Blueprint("api_printing", __name__, url_prefix="/api/v1/forms")


@bp.get("/<name>/records/<record>/print/<page>")
@policy("signed_in")
def document(name: str, record: str, page: str) -> Response:
    """Answer a printable page of a record as HTML."""
    with reading_context() as ctx:
        text = printing.document(ctx, live_form(name), references.record_id(record), page)
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = f"default-src 'none'; style-src '{_digest()}'; frame-ancestors 'none'"
    return response


def _digest() -> str:
    """Name the one style that a browser may apply to the document."""
    digest = hashlib.sha256(printing.style().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
