"""The API's description, generated from the declarations."""

from flask import Blueprint, Response, jsonify

from lowcode.openapi import document
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy

bp = Blueprint("api_openapi", __name__, url_prefix="/api/v1")


@bp.get("/openapi.json")
@policy("signed_in")
def openapi() -> Response:
    """Describe the calls, with the fields of the forms the person may read."""
    with reading_context() as ctx:
        return jsonify(document(ctx))
