"""Calling hooks: for a record only the rules of its own form are asked."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

from lowcode.declare.fields import Where
from lowcode.hookspecs import HookSpecs

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.forms import LiveForm

FORM_HOOKS = tuple(name for name in vars(HookSpecs) if not name.startswith("_") and name != "declare")


class Hooks:
    """The hook callers of each form, made once at start.

    `manager` holds one registered module per form, named `<plugin>.<form>`, and one or more named
    `<plugin>` or `<plugin>:<n>` for panels and jobs.
    """

    def __init__(self, manager: pluggy.PluginManager, forms: Mapping[str, "LiveForm"]) -> None:
        self._manager = manager
        self._callers = {
            (form.name, hook): self._caller(f"{form.plugin}.{form.name}", hook)
            for form in forms.values()
            for hook in (
                *FORM_HOOKS,
                *(f"{kind}_{name}" for name in form.declared.actions for kind in ("action", "propose")),
            )
        }
        self._implemented = {key for key, caller in self._callers.items() if caller.get_hookimpls()}

    def _caller(self, module: str, hook: str) -> pluggy.HookCaller:
        others = [plugin for name, plugin in self._manager.list_name_plugin() if name != module and plugin is not None]
        return self._manager.subset_hook_caller(hook, remove_plugins=others)

    def has(self, form: str, hook: str) -> bool:
        """Tell whether the rules of a form have such a hook."""
        return (form, hook) in self._implemented

    def call(self, form: str, hook: str, /, **arguments: Any) -> Any:
        """Call one form's implementations: a list of results, or the first one where the hook says so."""
        key = (form, hook)
        return self._callers[key](**arguments) if key in self._implemented else []

    def first(self, form: str, hook: str, /, **arguments: Any) -> Any:
        """Call a hook of which the first answer counts; None when nobody answers."""
        key = (form, hook)
        return self._callers[key](**arguments) if key in self._implemented else None

    def row_scope(self, form: "LiveForm", access: str, ctx: "Context") -> Iterable[Where]:
        """Collect the conditions that narrow a form's records."""
        answers: Iterable[Where] = self.call(form.name, "row_scope", form=form.declared, access=access, ctx=ctx)
        return answers

    def named(self, hook: str, plugin: str, /, **arguments: Any) -> Any:
        """Call `panel_<name>`, `job_<name>` and the like of one plugin."""
        others = [
            registered
            for name, registered in self._manager.list_name_plugin()
            if registered is not None and name.partition(":")[0].partition(".")[0] != plugin
        ]
        return self._manager.subset_hook_caller(hook, remove_plugins=others)(**arguments)
