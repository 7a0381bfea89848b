"""Load a plugin from a folder somebody works in, without installing it."""

import importlib
import sys
import tomllib
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

from lowcode.api import Declaration
from lowcode.appstore.manifest import GROUP, entry_point
from lowcode.declare.load import load_plugin
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.plugins import implementations
from lowcode.plugins.loading import LoadedPlugin, Told, load_module


def load_checkout(path: Path) -> LoadedPlugin:
    """Read the declarations of a checkout and check its hooks; needs no database.

    A checkout without an entry point is judged by its declarations alone.
    """
    module = entry_module(path)
    if module is None:
        return _declarations_only(path)
    sys.path.insert(0, str(path.resolve()))
    importlib.invalidate_caches()
    loaded = load_module(module)
    if loaded.root is None and (path / "manifest.yaml").is_file():
        problems: list[Told] = [*loaded.problems, *load_plugin(path).problems]
        return replace(loaded, problems=tuple(problems), root=path)
    return loaded


def entry_module(path: Path) -> str | None:
    """Find the entry module in `pyproject.toml` or `setup.cfg`."""
    project, setup = path / "pyproject.toml", path / "setup.cfg"
    if project.is_file():
        tables = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("entry-points", {})
        if GROUP in tables:
            lines = "\n".join(f"{name} = {module}" for name, module in tables[GROUP].items())
            return entry_point(f"[{GROUP}]\n{lines}")[1]
    if setup.is_file():
        parser = ConfigParser(interpolation=None)
        parser.read(setup, encoding="utf-8")
        lines = parser.get("options.entry_points", GROUP, fallback="")
        if lines.strip():
            return entry_point(f"[{GROUP}]\n{lines.strip()}")[1]
    return None


def root_of(path: Path) -> Path:
    """Find the declarations of a checkout without importing it where they are at its top."""
    if (path / "manifest.yaml").is_file():
        return path
    loaded = load_checkout(path)
    if loaded.root is None:
        raise Refused(_("{path} 里没有应用：找不到 manifest.yaml。", path=path), code="no_plugin")
    return loaded.root


def _declarations_only(path: Path) -> LoadedPlugin:
    read = load_plugin(path)
    problems: list[Told] = list(read.problems)
    declaration = Declaration(path)
    if read.plugin is not None and not problems:
        problems += implementations.check(read.plugin, declaration)
    name, version = (read.plugin.name, read.plugin.version) if read.plugin else (path.name, "")
    return LoadedPlugin(
        name, version, "disabled" if problems else "active", tuple(problems), read.plugin, declaration, path
    )
