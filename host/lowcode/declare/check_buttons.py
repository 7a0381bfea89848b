"""Check what a form says of its buttons beyond what their dialogs hold: printable pages, and keys of moves only."""

from lowcode.declare.check_conditions import check_condition
from lowcode.declare.check_templates import check_template
from lowcode.declare.model import Action, Form
from lowcode.declare.problems import Spot
from lowcode.declare.scene import Scene
from lowcode.templates import PRINTS


def check_buttons(form: Form, scene: Scene) -> None:
    """Report every fault of a form's printable pages, and dialogs of actions that speak of a move."""
    spot = scene.file(form.file)
    for name, declared in form.prints.items():
        at = spot / "prints" / name
        check_condition(declared.when, scene.fields_of(form), at / "when", scene, scene.states_of(form))
        check_template(PRINTS, name, scene.plugin, at)
    for action in form.actions.values():
        at = spot / "actions" / action.name
        for word in ("seen", "conflict_when"):
            if getattr(action, word) is not None and action.conflict is None:
                (at / word).fault("E213", f"'{word}' says who gets the answer 'conflict'. Add `conflict: <code>`.")
        if action.conflict is not None and action.when is None:
            (at / "conflict").fault("E213", "'conflict' answers when 'when' does not hold. Add `when:`.")
        if action.proposes and not action.params:
            (at / "proposes").fault("E213", "There is nothing to propose for. Give the action 'params', or remove it.")
        _check_related(action, form, at / "related", scene)
        for name, param in action.params.items():
            if param.sets is not None:
                (at / "params" / name / "sets").fault(
                    "E213", "'sets' has a meaning in the dialog of a move only. Remove it; the action's rule writes."
                )


def _check_related(action: Action, form: Form, spot: Spot, scene: Scene) -> None:
    """Report forms in a dialog whose records do not point to the record it is about."""
    for index, name in enumerate(action.related):
        other = scene.form(name, spot[index])
        if other is not None and not any(each.form == form.name for each in other.fields.values()):
            message = f"No field of '{name}' refers to '{form.name}'. Name a form with such a reference."
            spot[index].fault("E239", message)
