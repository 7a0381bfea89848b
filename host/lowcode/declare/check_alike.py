"""Check by which fields duplicates are recognised."""

from lowcode.declare.model import Form
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Scene

COMPARED = ("text", "phone", "email")
LONGEST_KIND = 50


def check_alike(form: Form, scene: Scene) -> None:
    """Report kinds whose field does not exist, cannot be compared, or is compared in another way elsewhere."""
    spot = scene.file(form.file) / "alike"
    for kind, name in form.alike.items():
        at = spot / kind
        declared = form.fields.get(name)
        if len(kind) > LONGEST_KIND:
            at.fault("E234", f"A kind has at most {LONGEST_KIND} characters. Choose a shorter name.")
        if declared is None:
            at.fault("E206", f"{quote(name)} is not a field of the form.{hint(name, form.fields)} Name a text field.")
        elif declared.type not in COMPARED:
            at.fault("E234", f"'{name}' cannot be compared. Name a field of the type {', '.join(COMPARED)}.")
        else:
            _check_agreement(form, kind, declared.type, at, scene)


def _check_agreement(form: Form, kind: str, type_: str, at: Spot, scene: Scene) -> None:
    for other in scene.plugin.forms.values():
        theirs = other.fields.get(other.alike.get(kind, ""))
        if other is not form and theirs is not None and theirs.type in COMPARED and theirs.type != type_:
            at.fault(
                "E234",
                f"'{kind}' compares a field of type {theirs.type} in the form '{other.name}'. Name fields of one type.",
            )
