"""Check what the manifest says of other systems: endpoints that they push to, and what they are asked."""

from lowcode.declare.check_conditions import check_condition
from lowcode.declare.check_forms import check_loose
from lowcode.declare.fields import Field
from lowcode.declare.model import Connection, Endpoint
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Scene

NO_PARAMETER = ("lines", "image", "files")
ABOUT = ("text", "phone", "email", "integer", "choice")
LONGEST_ABOUT = 255


def check_connections(scene: Scene) -> None:
    """Report every fault of endpoints and connections."""
    for name, endpoint in scene.plugin.endpoints.items():
        _check_endpoint(endpoint, scene.manifest / "endpoints" / name, scene)
    for name, connection in scene.plugin.connections.items():
        _check_connection(connection, scene.manifest / "connections" / name, scene)


def _check_endpoint(endpoint: Endpoint, spot: Spot, scene: Scene) -> None:
    settings = scene.plugin.settings
    if endpoint.secret and endpoint.secret not in settings:
        near = hint(endpoint.secret, settings)
        message = f"{quote(endpoint.secret)} is not a declared setting.{near} Add it to `settings:` as `type: secret`."
        (spot / "secret").fault("E513", message)
    elif endpoint.secret and settings[endpoint.secret].type != "secret":
        (spot / "secret").fault("E513", f"The setting '{endpoint.secret}' is shown. Write `type: secret` there.")
    for name, declared in endpoint.params.items():
        at = spot / "params" / name
        if declared.type in NO_PARAMETER:
            (at / "type").fault("E513", f"A message cannot hold {declared.type}. Choose a type with one value.")
        check_loose(declared, endpoint.params, at, scene)
    about, sequence = (endpoint.params.get(each) for each in (endpoint.about, endpoint.sequence))
    _check_named("about", endpoint.about, about, ABOUT, endpoint, spot)
    _check_named("sequence", endpoint.sequence, sequence, ("integer",), endpoint, spot)
    if about is not None and about.max is not None and about.type == "text" and about.max > LONGEST_ABOUT:
        message = f"What a message is about has at most {LONGEST_ABOUT} characters. Lower 'max'."
        (spot / "params" / about.name / "max").fault("E513", message)


def _check_named(
    word: str, name: str, declared: Field | None, types: tuple[str, ...], endpoint: Endpoint, spot: Spot
) -> None:
    """Report a parameter that cannot tell messages apart."""
    if not name:
        return
    if declared is None:
        near = hint(name, endpoint.params)
        (spot / word).fault("E513", f"{quote(name)} is not a parameter of the endpoint.{near} Name one of them.")
    elif declared.type and declared.type not in types:
        known = " or ".join(f"'{each}'" for each in types)
        (spot / word).fault("E513", f"'{name}' is of the type '{declared.type}'. Name one of the type {known}.")
    elif not declared.required:
        (spot / word).fault("E513", f"Every message has to say '{name}'. Write `required: true` there.")


def _check_connection(connection: Connection, spot: Spot, scene: Scene) -> None:
    form = scene.form(connection.form, spot / "form")
    if form is not None:
        check_condition(connection.when, scene.fields_of(form), spot / "when", scene, scene.states_of(form))
