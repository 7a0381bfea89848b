"""Check what only the whole of a plugin's declarations can tell."""

from lowcode.declare.check_alike import check_alike
from lowcode.declare.check_buttons import check_buttons
from lowcode.declare.check_connections import check_connections
from lowcode.declare.check_derived import check_derived
from lowcode.declare.check_dictionaries import check_dictionary
from lowcode.declare.check_forms import check_form
from lowcode.declare.check_lists import check_lists
from lowcode.declare.check_manifest import check_manifest
from lowcode.declare.check_panels import check_panel, check_timeline
from lowcode.declare.check_tables import check_tables
from lowcode.declare.check_workflows import check_workflow
from lowcode.declare.scene import Scene


def check(scene: Scene) -> None:
    """Report every fault that lies between declarations."""
    check_manifest(scene)
    check_connections(scene)
    for panel in scene.plugin.panels.values():
        check_panel(panel, scene)
    for dictionary in scene.plugin.dictionaries.values():
        check_dictionary(dictionary, scene.file(dictionary.file))
    for form in scene.plugin.forms.values():
        check_form(form, scene)
        check_buttons(form, scene)
        check_lists(form, scene)
        check_derived(form, scene)
        check_alike(form, scene)
        check_timeline(form, scene)
    for workflow in scene.plugin.workflows.values():
        check_workflow(workflow, scene)
    check_tables(scene)
