"""The API's description, generated from the routes and the declarations."""

import re
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, jsonify, render_template

from lowcode.openapi import document
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy

bp = Blueprint("api_openapi", __name__, url_prefix="/api/v1")


@bp.get("/openapi.json")
@policy("signed_in")
def openapi() -> Response:
    """Describe the API: the calls, and the fields of the forms you may read."""
    with reading_context() as ctx:
        return jsonify(document(ctx, _routes()))


@bp.get("/docs")
@policy("signed_in")
def docs() -> str:
    """Show the same to a person."""
    with reading_context() as ctx:
        described = document(ctx, _routes())
    return render_template("api_docs.html", paths=described["paths"], schemas=described["components"]["schemas"])


def _routes() -> Iterator[tuple[str, str, str]]:
    """Give every call; those about records are described form by form as well."""
    for rule in current_app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/", "/healthz")):
            continue
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
        summary = (current_app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield path, method.lower(), summary
