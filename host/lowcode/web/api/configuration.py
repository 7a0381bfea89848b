"""What administrators configure: dictionaries, numbering, settings, initialise."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify

from lowcode import dictionaries, initialise, numbering, settings
from lowcode.web.api.records import reading_context
from lowcode.web.bodies import json_body
from lowcode.web.gate import policy
from lowcode.web.idempotency import write

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_configuration", __name__, url_prefix="/api/v1")


@bp.get("/dictionaries")
@policy("signed_in")
def list_dictionaries() -> Response:
    """List the dictionaries."""
    with reading_context() as ctx:
        return jsonify(dictionaries.overview(ctx))


@bp.get("/dictionaries/<name>")
@policy("signed_in")
def read_dictionary(name: str) -> Response:
    """Read one dictionary."""
    with reading_context() as ctx:
        return jsonify(dictionaries.read(ctx, name))


@bp.post("/dictionaries/<name>/items")
@policy("admin")
def add_item(name: str) -> Response:
    """Add an item."""
    payload = json_body()
    location = {"Location": f"/api/v1/dictionaries/{name}/items/{payload.get('code')}"}
    return write(lambda ctx: (201, dictionaries.add_item(ctx, name, payload), location))


@bp.patch("/dictionaries/<name>/items/<code>")
@policy("admin")
def change_item(name: str, code: str) -> Response:
    """Change an item."""
    payload = json_body()
    return write(lambda ctx: (200, dictionaries.change_item(ctx, name, code, payload), {}))


@bp.delete("/dictionaries/<name>/items/<code>")
@policy("admin")
def remove_item(name: str, code: str) -> Response:
    """Delete an item that nothing uses."""

    def work(ctx: "Context") -> tuple[int, None, dict[str, str]]:
        dictionaries.remove_item(ctx, name, code)
        return 204, None, {}

    return write(work)


@bp.get("/numbering")
@policy("admin")
def list_numbering() -> Response:
    """List the numbering rules, each with a sample."""
    with reading_context() as ctx:
        return jsonify(numbering.rules(ctx))


@bp.patch("/numbering/<name>")
@policy("admin")
def change_numbering(name: str) -> Response:
    """Change a numbering rule for new records."""
    payload = json_body()
    return write(lambda ctx: (200, numbering.change_rule(ctx, name, payload), {}))


@bp.get("/apps/<plugin>/settings")
@policy("admin")
def read_settings(plugin: str) -> Response:
    """Read a plugin's settings."""
    with reading_context() as ctx:
        return jsonify(settings.read(ctx, plugin))


@bp.put("/apps/<plugin>/settings")
@policy("admin")
def write_settings(plugin: str) -> Response:
    """Change a plugin's settings."""
    payload = json_body()
    return write(lambda ctx: (200, settings.write(ctx, plugin, payload), {}))


@bp.get("/apps/<plugin>/initialise")
@policy("admin")
def plan_initialise(plugin: str) -> Response:
    """Say what initialise would add."""
    with reading_context() as ctx:
        return jsonify(initialise.plan(ctx, plugin))


@bp.post("/apps/<plugin>/initialise")
@policy("admin")
def apply_initialise(plugin: str) -> Response:
    """Add what is missing."""
    return write(lambda ctx: (200, initialise.apply(ctx, plugin), {}))
