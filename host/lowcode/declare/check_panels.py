"""Check panels: what their pages ask for, what they save, their templates; and how records appear in the activity."""

from collections.abc import Mapping

from lowcode.declare.check_forms import check_loose
from lowcode.declare.check_templates import check_template
from lowcode.declare.fields import Field
from lowcode.declare.model import Form, Panel
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Scene
from lowcode.templates import PANELS, PRINTS

RESERVED = ("format", "table")
"""Words of the query string that are no parameters of a panel."""

NO_PARAMETER = ("lines", "image", "files")
MOMENTS = ("date", "datetime")


def check_panel(panel: Panel, scene: Scene) -> None:
    """Report every fault of a panel; without a template its page is plain."""
    spot = scene.manifest / "panels" / panel.name
    settings = scene.plugin.settings
    for name, declared in panel.params.items():
        at = spot / "params" / name
        if name in RESERVED:
            at.fault("E211", f"The name '{name}' is reserved in the addresses of panels. Choose another name.")
        if declared.type in NO_PARAMETER:
            (at / "type").fault("E512", f"A panel cannot ask for {declared.type}. Choose a type with one value.")
        check_loose(declared, panel.params, at, scene)
        if name in settings and settings[name].type == "secret":
            at.fault("E512", f"The setting '{name}' is secret, and a panel would start with it. Choose another name.")
        if panel.saves and name in settings:
            _check_agrees(declared, settings[name], at)
    if panel.saves and panel.params.keys().isdisjoint(settings):
        (spot / "saves").fault("E512", "None of the parameters is a setting. Name one as a setting, or remove 'saves'.")
    if (scene.plugin.root / PANELS / f"{panel.name}.html").exists():
        check_template(PANELS, panel.name, scene.plugin, spot)
    if panel.print is not None:
        check_template(PRINTS, panel.print, scene.plugin, spot / "print")


def _check_agrees(declared: Field, setting: Field, spot: Spot) -> None:
    """Report a parameter that cannot be saved as the setting of its name."""
    for word in ("type", "dictionary", "digits"):
        if getattr(declared, word) != getattr(setting, word):
            spot.fault("E512", f"The setting '{declared.name}' has another '{word}' and cannot be saved from here.")


def check_timeline(form: Form, scene: Scene) -> None:
    """Report every fault of how a form's records appear in the activity of others."""
    if form.timeline is None:
        return
    spot = scene.file(form.file) / "timeline"
    fields = scene.fields_of(form)
    at = form.timeline.at
    if at not in fields:
        (spot / "at").fault("E235", f"{quote(at)} is not a field of the form.{hint(at, fields)} Name one of them.")
    elif fields[at].type not in MOMENTS or fields[at].derived or fields[at].masked_without:
        (spot / "at").fault("E235", f"'{at}' does not say when something happened. Name a stored date or datetime.")
    _check_text(form.timeline.text, fields, spot / "text")
    if not any(declared.type == "ref" for declared in form.fields.values()):
        spot.fault("E235", "No field points at another record, so nothing would show this. Remove the timeline.")


def _check_text(names: tuple[str, ...], fields: Mapping[str, Field], spot: Spot) -> None:
    for index, name in enumerate(names):
        if name not in fields:
            message = f"{quote(name)} is not a field of the form.{hint(name, fields)} Name one of them."
            spot[index].fault("E235", message)
        elif fields[name].type == "lines":
            spot[index].fault("E235", f"'{name}' holds line items, which the activity does not show. Remove it.")
