"""Hold the hook implementations of one plugin to what it declares."""

import difflib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pluggy

from lowcode.api import Declaration
from lowcode.declare.model import Form, Plugin
from lowcode.hookspecs import HookFamilies, HookSpecs
from lowcode.plugins.sentence import Sentence

PROJECT = "lowcode"
RECORD_HOOKS = frozenset(name for name in vars(HookSpecs) if not name.startswith("_")) - {"declare"}


def new_manager(plugins: Iterable[Plugin]) -> pluggy.PluginManager:
    """Make a manager that knows the host's hooks and one for each action, panel and job declared."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(HookSpecs)
    names: dict[str, Any] = {}
    for plugin in plugins:
        for form in plugin.forms.values():
            names |= {f"action_{name}": HookFamilies.action_name for name in form.actions}
            names |= {f"propose_{name}": HookFamilies.propose_name for name in form.actions}
        names |= {f"panel_{name}": HookFamilies.panel_name for name in plugin.panels}
        names |= {f"job_{name}": HookFamilies.job_name for name in plugin.jobs}
        names |= {f"receive_{name}": HookFamilies.receive_name for name in plugin.endpoints}
        names |= {f"request_{name}": HookFamilies.request_name for name in plugin.connections}
        names |= {f"answer_{name}": HookFamilies.answer_name for name in plugin.connections}
    if names:
        manager.add_hookspecs(type("DeclaredHooks", (), names))
    return manager


def register(manager: pluggy.PluginManager, plugin: Plugin, declaration: Declaration) -> None:
    """Register the rules of forms as `<plugin>.<form>`, the other modules as `<plugin>`, `<plugin>:1` and so on."""
    for name, module in _modules(plugin, declaration):
        manager.register(module, name)


def _modules(plugin: Plugin, declaration: Declaration) -> Iterator[tuple[str, ModuleType]]:
    for form, module in declaration.rules.items():
        yield f"{plugin.name}.{form}", module
    for number, module in enumerate(declaration.hooks):
        yield f"{plugin.name}:{number}" if number else plugin.name, module


def check(plugin: Plugin, declaration: Declaration) -> list[Sentence]:
    """Find misspelt, misplaced, missing and wrongly written implementations; one sentence each."""
    problems: list[Sentence] = []
    manager = new_manager([plugin])
    for form, module in declaration.rules.items():
        if form not in plugin.forms:
            hint = _hint(form, plugin.forms)
            problems.append(Sentence("rules 里的 {form} 不是这个应用声明的表单。{hint}", form=form, hint=hint))
            continue
        problems += _names(manager, module, RECORD_HOOKS | _actions(plugin.forms[form]))
        problems += _undone(manager, [module], plugin.forms[form])
    for form in plugin.forms.keys() - declaration.rules.keys():
        problems += _undone(manager, [], plugin.forms[form])
    named = _named(plugin)
    for module in declaration.hooks:
        problems += _names(manager, module, named | {"declare"})
    problems += _missing(manager, declaration.hooks, named, Sentence("manifest.yaml 声明的面板、任务或接口"))
    return problems + _signatures(manager, plugin, declaration)


def _named(plugin: Plugin) -> set[str]:
    """Name the hooks that the manifest declares."""
    return {
        *(f"panel_{name}" for name in plugin.panels),
        *(f"job_{name}" for name in plugin.jobs),
        *(f"receive_{name}" for name in plugin.endpoints),
        *(f"{side}_{name}" for side in ("request", "answer") for name in plugin.connections),
    }


def _actions(form: Form) -> set[str]:
    """Name the hooks that a form's actions need."""
    proposing = {f"propose_{each.name}" for each in form.actions.values() if each.proposes}
    return {f"action_{name}" for name in form.actions} | proposing


def _undone(manager: pluggy.PluginManager, modules: Iterable[ModuleType], form: Form) -> list[Sentence]:
    """Find what a form declares and its rules do not do."""
    derived = {"derive"} if any(each.derived for each in form.fields.values()) else set()
    return [
        *_missing(manager, modules, _actions(form), Sentence("表单 {form} 声明的动作", form=form.name)),
        *_missing(manager, modules, derived, Sentence("表单 {form} 声明的推算字段需要的钩子", form=form.name)),
    ]


def _implemented(manager: pluggy.PluginManager, module: ModuleType) -> set[str]:
    found = set()
    for name in vars(module):
        options = manager.parse_hookimpl_opts(module, name)
        if options is not None:
            found.add(options.get("specname") or name)
    return found


def _names(manager: pluggy.PluginManager, module: ModuleType, allowed: Iterable[str]) -> list[Sentence]:
    known = set(allowed)
    return [
        Sentence(
            "{module}.{name}：这里没有名为 {name} 的钩子。{hint}请改名，或删除 @hookimpl。",
            module=module.__name__,
            name=name,
            hint=_hint(name, known),
        )
        for name in sorted(_implemented(manager, module) - known)
    ]


def _missing(
    manager: pluggy.PluginManager, modules: Iterable[ModuleType], expected: set[str], declared: Sentence
) -> list[Sentence]:
    found: set[str] = set()
    for module in modules:
        found |= _implemented(manager, module)
    return [
        Sentence("{declared} {name} 没有实现；请写出函数 {name} 并加上 @hookimpl。", declared=declared, name=name)
        for name in sorted(expected - found)
    ]


def _signatures(manager: pluggy.PluginManager, plugin: Plugin, declaration: Declaration) -> list[Sentence]:
    """Register everything once; pluggy compares the arguments."""
    problems = []
    for name, module in _modules(plugin, declaration):
        try:
            manager.register(module, name)
        except (pluggy.PluginValidationError, ValueError) as fault:
            problems.append(Sentence("{module}：{fault}", module=module.__name__, fault=" ".join(str(fault).split())))
    return problems


def _hint(name: str, known: Iterable[str]) -> "Sentence | str":
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return Sentence("是不是 {name}？", name=close[0]) if close else ""
