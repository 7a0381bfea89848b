"""Check what a form says of its buttons beyond what their dialogs hold: printable pages, and keys of moves only."""

from jinja2 import TemplateSyntaxError

from lowcode.declare.check_conditions import check_condition
from lowcode.declare.model import Form, Plugin
from lowcode.declare.problems import Spot, shorten
from lowcode.declare.reader import MAX_BYTES
from lowcode.declare.scene import Scene
from lowcode.templates import PRINTS, templates


def check_buttons(form: Form, scene: Scene) -> None:
    """Report every fault of a form's printable pages, and dialogs of actions that speak of a move."""
    spot = scene.file(form.file)
    for name, declared in form.prints.items():
        at = spot / "prints" / name
        check_condition(declared.when, scene.fields_of(form), at / "when", scene, scene.states_of(form))
        _check_template(name, scene.plugin, at)
    for action in form.actions.values():
        for name, param in action.params.items():
            if param.sets is not None:
                at = spot / "actions" / action.name / "params" / name / "sets"
                at.fault(
                    "E213", "'sets' has a meaning in the dialog of a move only. Remove it; the action's rule writes."
                )


def _check_template(name: str, plugin: Plugin, spot: Spot) -> None:
    """Report a template that is not there, or that cannot be compiled; then the line is that of the template."""
    file = f"{PRINTS}/{name}.html"
    path = plugin.root / file
    try:
        source = path.read_bytes()[: MAX_BYTES + 1].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        spot.fault("E228", f"{file} is missing or is not a UTF-8 text. Write the template beside forms/.")
        return
    if len(source.encode()) > MAX_BYTES:
        spot.fault("E228", f"{file} is larger than {MAX_BYTES >> 10} kB. Shorten it.")
        return
    try:
        templates(plugin.root).compile(source)
    except TemplateSyntaxError as error:
        message = f"The template is not well written: {shorten(str(error.message))}. Correct it."
        spot.report.add(file, "E228", "template", message, error.lineno)
