"""Find, check and load plugins. A plugin with a fault is disabled and says why; the host stays up."""

import importlib
import logging
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Literal

import pluggy

from lowcode.api import Declaration
from lowcode.appstore import installed
from lowcode.appstore.installed import Installed
from lowcode.appstore.manifest import GROUP, fits, read_manifest
from lowcode.config import Config
from lowcode.database.schema import metadata
from lowcode.declare.load import load_plugin
from lowcode.declare.model import Plugin, Problem
from lowcode.errors import Refused
from lowcode.plugins import implementations
from lowcode.plugins.guard import TooLong, time_limit, watch
from lowcode.plugins.sentence import Sentence
from lowcode.version import HOST_API

log = logging.getLogger(__name__)

State = Literal["active", "disabled"]
Told = Problem | Sentence | str


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """One plugin as this process sees it. A disabled one has `problems`, and of the rest what could be read."""

    name: str
    version: str
    state: State
    problems: tuple[Told, ...] = ()
    declared: Plugin | None = None
    declaration: Declaration | None = None
    root: Path | None = None
    from_store: bool = False

    @property
    def locale(self) -> Path | None:
        """Give the folder of the plugin's catalogues."""
        return self.root / "locale" if self.root else None


def discover(config: Config, modules: Sequence[str] = ()) -> list[LoadedPlugin]:
    """Load what the store installed, then the entry modules named, such as those of a checkout."""
    active = installed.read_active(config.home).values()
    if config.safe_mode:
        reason = Sentence("平台处于安全模式，没有加载任何应用；请卸载有问题的应用，然后重启平台。")
        return [_disabled(entry.plugin, entry.version, (reason,), from_store=True) for entry in active]
    loaded = [_load_release(config.home, entry) for entry in active]
    loaded += [load_module(name) for name in modules]
    checked = without_conflicts(loaded)
    for plugin in checked:
        for problem in plugin.problems:
            log.warning("Plugin %s is disabled: %s", plugin.name, problem)
    return checked


def load_module(module_name: str) -> LoadedPlugin:
    """Load a plugin by its entry module, which must be importable; for checkouts and tests."""
    return _load(module_name, module_name.split(".")[0], "")


def manager(loaded: Iterable[LoadedPlugin]) -> pluggy.PluginManager:
    """Register the hooks of all active plugins."""
    active = [(each.declared, each.declaration) for each in loaded if each.state == "active"]
    pairs = [(declared, declaration) for declared, declaration in active if declared and declaration]
    made = implementations.new_manager(declared for declared, _declaration in pairs)
    for declared, declaration in pairs:
        implementations.register(made, declared, declaration)
    made.check_pending()
    watch(made)
    return made


def _disabled(name: str, version: str, problems: tuple[Told, ...], from_store: bool = False) -> LoadedPlugin:
    return LoadedPlugin(name, version, "disabled", problems, from_store=from_store)


def _load_release(home: Path, entry: Installed) -> LoadedPlugin:
    """Load what the store installed, from its own folder."""
    folder = installed.release_folder(home, entry.plugin, entry.version)
    points = [
        point for found in distributions(path=[str(folder)]) for point in found.entry_points if point.group == GROUP
    ]
    root = installed.manifest_folder(home, entry.plugin, entry.version)
    if len(points) != 1 or root is None or not (folder / entry.package).is_dir():
        reason = Sentence("安装目录 {folder} 不完整；请卸载后重新安装。", folder=f"{entry.plugin}/{entry.version}")
        return _disabled(entry.plugin, entry.version, (reason,), from_store=True)
    misfit = _range_problem(root)
    if misfit:
        return replace(_disabled(entry.plugin, entry.version, (misfit,), from_store=True), root=root)
    _put_first(folder, entry.package)
    loaded = _load(points[0].value, entry.plugin, entry.version)
    if loaded.name != entry.plugin:
        reason = Sentence("应用自称 {name}，商店登记的是 {plugin}。", name=loaded.name, plugin=entry.plugin)
        return _disabled(entry.plugin, entry.version, (*loaded.problems, reason), from_store=True)
    return replace(loaded, from_store=True)


def _range_problem(root: Path) -> Sentence | str | None:
    try:
        manifest = read_manifest((root / "manifest.yaml").read_bytes(), "manifest.yaml")
    except Refused as fault:
        return fault.detail
    return None if fits(manifest.host_api) else _misfit(manifest.host_api)


def _misfit(host_api: str) -> Sentence:
    return Sentence(
        "它要求平台版本 {wanted}，当前平台是 {version}；请安装适用的版本。", wanted=host_api, version=HOST_API
    )


def _put_first(folder: Path, package: str) -> None:
    """Make the release importable before anything else of that name, and forget what an earlier start imported."""
    path = str(folder)
    sys.path[:] = [path, *(other for other in sys.path if other != path)]
    known = sys.modules.get(package)
    if known is not None and not str(getattr(known, "__file__", "")).startswith(path):
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
    importlib.invalidate_caches()


def _load(module_name: str, name: str, version: str) -> LoadedPlugin:
    """Import, ask for the declaration, read it and check the hooks; whatever fails becomes a problem."""
    try:
        with time_limit():
            declaration = _declaration(importlib.import_module(module_name))
    except TooLong:
        return _disabled(name, version, (Sentence("导入 {module} 一直没有结束，已中止。", module=module_name),))
    except (Exception, SystemExit) as fault:  # a plugin may fail in any way; the host must not
        log.warning("Plugin %s cannot be imported.", name, exc_info=fault)
        return _disabled(name, version, (_import_problem(module_name, fault),))
    read = load_plugin(declaration.root)
    problems: list[Told] = list(read.problems)
    if read.plugin is not None:
        name, version = read.plugin.name or name, version or read.plugin.version
        if not problems and not fits(read.plugin.host_api):
            problems.append(_misfit(read.plugin.host_api))
        if not problems:
            problems += implementations.check(read.plugin, declaration)
    state: State = "disabled" if problems or read.plugin is None else "active"
    return LoadedPlugin(name, version, state, tuple(problems), read.plugin, declaration, declaration.root)


def _declaration(module: ModuleType) -> Declaration:
    """Call the `declare` hook of an entry module."""
    manager = implementations.new_manager(())
    manager.register(module, module.__name__)
    answers = manager.hook.declare()
    if len(answers) != 1 or not isinstance(answers[0], Declaration):
        raise TypeError("The entry module needs one function `declare`, marked @hookimpl, that returns a Declaration.")
    declaration = answers[0]
    if not (declaration.root / "manifest.yaml").is_file():
        raise FileNotFoundError("There is no manifest.yaml in the root that `declare` returned.")
    for rules in (*declaration.rules.values(), *declaration.hooks):
        if not isinstance(rules, ModuleType):
            raise TypeError(f"`rules` and `hooks` hold modules; {rules!r} is none.")
    return declaration


def _import_problem(module_name: str, fault: BaseException) -> Sentence:
    """Say what went wrong and in which line of the plugin."""
    frames = traceback.extract_tb(fault.__traceback__)
    package = module_name.split(".")[0]
    own = next((frame for frame in reversed(frames) if f"/{package}/" in frame.filename), None)
    place = f"{package}/{own.filename.rpartition(f'/{package}/')[2]}:{own.lineno}" if own else module_name
    kind = type(fault).__name__
    return Sentence(
        "导入 {module} 失败：{place} {kind}: {fault}", module=module_name, place=place, kind=kind, fault=fault
    )


def without_conflicts(loaded: Iterable[LoadedPlugin]) -> list[LoadedPlugin]:
    """Disable each plugin that declares what an earlier one, or the host, already has."""
    owners: dict[tuple[str, str], str] = {("table", name): "lowcode" for name in metadata.tables}
    checked = []
    for plugin in loaded:
        mine = _declared_names(plugin) if plugin.state == "active" else set()
        clashes = tuple(
            Sentence("{kind} {name} 已由 {owner} 声明；请改名。", kind=kind, name=name, owner=owners[kind, name])
            for kind, name in sorted(mine)
            if (kind, name) in owners
        )
        checked.append(replace(plugin, state="disabled", problems=clashes) if clashes else plugin)
        if not clashes:
            owners |= dict.fromkeys(mine, plugin.name)
    return checked


def _declared_names(loaded: LoadedPlugin) -> set[tuple[str, str]]:
    """Give the names that API paths and tables are made of, which are shared by all plugins."""
    plugin = loaded.declared
    if plugin is None:
        return set()
    names = {("plugin", plugin.name), ("table", f"{plugin.name}_alembic_version")}
    for kind in ("forms", "dictionaries", "workflows", "numbering", "panels", "settings"):
        names |= {(kind, name) for name in getattr(plugin, kind)}
    for form in plugin.forms.values():
        table = f"{plugin.name}_{form.name}"
        names |= {("table", table)}
        names |= {("table", f"{table}_{field.name}") for field in form.fields.values() if field.type == "lines"}
    return names
