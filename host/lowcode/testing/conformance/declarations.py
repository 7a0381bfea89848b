"""Checks of what a plugin brings: declarations, rules, translations, files."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

from build import ProjectBuilder
from pyproject_hooks import quiet_subprocess_runner

from lowcode.declare.model import Plugin
from lowcode.i18n import _, language
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.plugins.loading import LoadedPlugin
from lowcode.testing.conformance.base import Checks

SHOWN = frozenset(
    {"label", "help", "confirm", "summary", "number_label", "status_label", "unit", "roles", "notifications"}
)
"""Keys of declarations whose texts people see."""

DECLARED = ("manifest.yaml", "forms/*.yaml", "dictionaries/*.yaml", "workflows/*.yaml")
BROUGHT = (*DECLARED, "prints/**/*.html", "panels/**/*.html", "locale/*/LC_MESSAGES/*.po", "migrations/versions/*.py")
LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "instance", "node_modules", "*.egg-info", "__pycache__", "host"
)


class DeclarationChecks(Checks):
    """Checks that need no records."""

    def test_declarations_load_without_a_problem(self) -> None:
        """Nothing that the host would disable the plugin for."""
        loaded = plugins.without_conflicts(plugins.load_module(name) for name in self.modules)
        assert [str(problem) for each in loaded for problem in each.problems] == []
        assert [each.state for each in loaded] == ["active"] * len(self.modules)

    def test_every_rule_says_what_it_does(self) -> None:
        """Each hook implementation has a docstring, and so has its module."""
        bare = [name for each in _loaded(self.modules) for name in undocumented(each)]
        assert bare == [], f"These have no docstring: {', '.join(bare)}."

    def test_every_label_is_translated(self, platform: Platform) -> None:
        """Each text that people see has an entry in the English catalogue, when the plugin brings one."""
        for each in platform.active_plugins:
            if each.declared is None or each.locale is None or not (each.locale / "en").is_dir():
                continue
            missing = untranslated(each.declared)
            assert missing == [], f"{each.name} has no English for: {missing}"

    def test_every_file_is_brought_along(self, tmp_path: Path) -> None:
        """All declarations, catalogues and migrations are in the wheel that the project builds, or was installed by."""
        for each in _loaded(self.modules):
            assert each.root is not None
            shipped = _shipped(each.root, tmp_path)
            wanted = [str(file.relative_to(each.root)) for pattern in BROUGHT for file in each.root.glob(pattern)]
            missing = [name for name in wanted if not any(member.endswith(f"/{name}") for member in shipped)]
            assert wanted
            assert missing == [], f"The wheel lacks {missing}."


def _loaded(modules: tuple[str, ...]) -> list[LoadedPlugin]:
    return [plugins.load_module(name) for name in modules]


def undocumented(loaded: LoadedPlugin) -> list[str]:
    """Name the rule modules and hook implementations without a docstring."""
    assert loaded.declaration is not None
    modules = [*loaded.declaration.rules.values(), *loaded.declaration.hooks]
    return [name for module in modules for name in _bare(module)]


def _bare(module: ModuleType) -> Iterator[str]:
    if not module.__doc__:
        yield module.__name__
    for name, value in vars(module).items():
        if hasattr(value, "lowcode_impl") and not value.__doc__:
            yield f"{module.__name__}.{name}"


def untranslated(plugin: Plugin) -> list[str]:
    """Find the texts that stay as they are in English."""
    token = language.set("en")
    try:
        return sorted({text for text in _texts(plugin) if not text.isascii() and _(text) == text})
    finally:
        language.reset(token)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, tuple):
        for value in node:
            yield from _texts(value)
    elif is_dataclass(node):
        for each in fields(node):
            value = getattr(node, each.name)
            if value == each.default:
                continue  # the host's own words
            if each.name in SHOWN and isinstance(value, str | Mapping):
                yield from [value] if isinstance(value, str) else value.values()
            else:
                yield from _texts(value)


def _shipped(root: Path, folder: Path) -> list[str]:
    """List what the wheel of the project holds; without a project, what is there: it was installed."""
    project = next((each for each in (root, root.parent) if (each / "pyproject.toml").is_file()), None)
    if project is None:
        return [f"/{file.relative_to(root)}" for file in root.rglob("*")]
    shutil.copytree(project, folder / "project", ignore=LEFT_OUT)
    builder = ProjectBuilder(folder / "project", runner=quiet_subprocess_runner)
    lacking = builder.check_dependencies("wheel")
    assert not lacking, f"Building the wheel needs {sorted({chain[-1] for chain in lacking})} in this environment."
    with ZipFile(builder.build("wheel", folder / "dist")) as wheel:
        return [f"/{name}" for name in wheel.namelist()]
