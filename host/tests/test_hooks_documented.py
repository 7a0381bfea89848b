"""What plugins may rely on is documented and tested: every hook, every attribute of `ctx`, every name of the API."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

from lowcode import api
from lowcode.context import Context
from lowcode.hookspecs import HookFamilies, HookSpecs
from lowcode.records.proxy import FormProxy

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "plugin_api.md").read_text("utf-8")
HOOKS = {
    name: spec
    for family in (HookSpecs, HookFamilies)
    for name, spec in vars(family).items()
    if inspect.isfunction(spec)
}
INTERNAL = {"configuration", "tokens", "system", "person", "personal", "is_writing", "lock_configuration"}
"""Parts of the context that the host uses itself."""


def signature(name: str) -> str:
    """Write a hook's signature as a plugin would."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(HOOKS[name]))).body
    assert isinstance(function, ast.FunctionDef)
    arguments = ", ".join(f"{each.arg}: {plain(each.annotation)}" for each in function.args.args if each.arg != "self")
    return f"def {documented(name)}({arguments}) -> {plain(function.returns)}:"


def plain(annotation: ast.expr | None) -> str:
    """Write an annotation without the quotes of forward references."""
    assert annotation is not None
    return annotation.value if isinstance(annotation, ast.Constant) and annotation.value else ast.unparse(annotation)


def documented(name: str) -> str:
    """Give the name that the page uses: `action_<name>` for the family."""
    return name.replace("_name", "_<name>") if name in vars(HookFamilies) else name


def test_there_are_hooks() -> None:
    assert {"declare", "compute", "after_move", "job_name"} <= HOOKS.keys()


@pytest.mark.parametrize("name", HOOKS)
def test_the_page_has_the_exact_signature_and_an_example(name: str) -> None:
    heading, _newline, rest = PAGE.partition(f"\n## `{documented(name)}`\n")
    assert rest, f"plugin_api.md has no section for {name}."
    section = rest.partition("\n## ")[0].partition("\n# ")[0]
    assert f"```python\n{signature(name)}\n```" in section
    assert re.search(r"^Called ", section, re.MULTILINE), f"The section of {name} does not say when it is called."
    assert "@hookimpl\n" in section, f"The section of {name} has no example."
    assert f"(#{name})" in heading, f"The table does not link to {name}."


@pytest.mark.parametrize("name", HOOKS)
def test_the_hook_is_tested(name: str) -> None:
    sources = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py")]
    assert any(re.search(rf"^def test_{name}\(", source, re.MULTILINE) for source in sources)


@pytest.mark.parametrize("name", HOOKS)
def test_the_demo_plugin_uses_the_hook(name: str) -> None:
    sources = [path.read_text("utf-8") for path in (TESTS / "demo_plugin").rglob("*.py")]
    pattern = name.replace("_name", "_[a-z]+") if name in vars(HookFamilies) else name
    assert any(re.search(rf"^@hookimpl\ndef {pattern}\(", source, re.MULTILINE) for source in sources)


def test_every_section_is_about_a_hook() -> None:
    sections = re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE)
    assert sections == [documented(name) for name in HOOKS]


@pytest.mark.parametrize("name", api.__all__)
def test_names_of_the_api_are_on_the_page(name: str) -> None:
    assert re.search(rf"`{name}[`(]", PAGE)


def test_the_context_is_on_the_page() -> None:
    attributes = {name for name in vars(Context) if not name.startswith("_")} | {"now", "user"}
    missing = {name for name in attributes - INTERNAL if not re.search(rf"`ctx\.{name}\b", PAGE)}
    assert missing == set()


def test_the_calls_on_forms_are_on_the_page() -> None:
    calls = {name for name in vars(FormProxy) if not name.startswith("_")}
    assert {name for name in calls if f"`.{name}(" not in PAGE} == set()
