"""Printable pages as answers: HTML that needs nothing else, or a PDF."""

import base64
import hashlib
from urllib.parse import quote

from flask import Response, request
from markupsafe import Markup

from lowcode import pdf, printing
from lowcode.errors import Invalid
from lowcode.i18n import _

KINDS = ("html", "pdf")
LONGEST_NAME = 100


def wants_pdf() -> bool:
    """Tell whether the query string asks for a PDF. Raises Invalid for what is neither that nor HTML."""
    kind = request.args.get("format", "html")
    if kind not in KINDS:
        sentence = _("请填写 {words} 之一。", words=" / ".join(KINDS))
        raise Invalid(sentence, errors={"format": [sentence]})
    return kind == "pdf"


def as_pdf(title: str, contents: Markup, name: str) -> Response:
    """Answer a page as a PDF to keep, called by its title. Raises Refused and Unavailable."""
    response = Response(pdf.made(printing.document(title, contents)), mimetype="application/pdf")
    called = f"{title[:LONGEST_NAME]}.pdf".replace("/", "_").replace("\\", "_")
    # RFC 6266: a name in ASCII for what does not know the other.
    disposition = f"attachment; filename=\"{name}.pdf\"; filename*=UTF-8''{quote(called, safe='')}"
    response.headers["Content-Disposition"] = disposition
    return response


def as_html(title: str, contents: Markup) -> Response:
    """Answer a page as one HTML document that may apply its own style and nothing else."""
    response = Response(printing.document(title, contents), mimetype="text/html")
    response.headers["Content-Security-Policy"] = f"default-src 'none'; style-src '{_digest()}'; frame-ancestors 'none'"
    return response


def _digest() -> str:
    """Name the one style that a browser may apply to the document."""
    digest = hashlib.sha256(printing.style().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
