"""Every Chinese text of the declarations and rules has an English translation, and none is left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from babel.messages.pofile import read_po

from crm_plugin import ROOT

CHINESE = re.compile(r"[\u3400-\u9fff]")
DECLARATIONS = sorted(
    path for pattern in ("manifest.yaml", "forms/*", "dictionaries/*", "workflows/*") for path in ROOT.glob(pattern)
)
CALL = re.compile(r"""\b_\(\s*"((?:[^"\\]|\\.)*)\"""")
PRINTS = sorted(path for folder in ("prints", "panels") for path in ROOT.glob(f"{folder}/**/*.html"))
MODULES = sorted(Path(ROOT, "crm_plugin").rglob("*.py"))


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str) and CHINESE.search(node):
        yield node


def messages(module: Path) -> Iterator[str]:
    """Find the literals that `_` translates, beside labels, and the texts of notifications, which readers translate."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "notify":
            text = node.args[2]
            assert isinstance(text, ast.Constant), f"{module.name}:{node.lineno} hides the text of a notification."
            yield str(text.value)


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    messages = []
    for catalogue in sorted((ROOT / "locale/en/LC_MESSAGES").glob("*.po")):
        with catalogue.open("rb") as file:
            messages += [message for message in read_po(file) if message.id]
    assert len(messages) == len({_all_forms(message.id) for message in messages}), "A text is translated twice."
    return {_all_forms(message.id).split("\n")[0]: _all_forms(message.string) for message in messages}


def _all_forms(text: object) -> str:
    """Give a text, or the singular and the plural of one, each on a line."""
    return "\n".join(map(str, text)) if isinstance(text, list | tuple) else str(text)


def used() -> set[str]:
    declared = {text for path in DECLARATIONS for text in texts(yaml.safe_load(path.read_text("utf-8")))}
    printed = {text for template in PRINTS for text in CALL.findall(template.read_text("utf-8"))}
    return declared | printed | {text for module in MODULES for text in messages(module)}


def test_templates_say_nothing_around_the_catalogue() -> None:
    for template in PRINTS:
        assert CHINESE.search(CALL.sub("", template.read_text("utf-8"))) is None, template.name


def test_every_text_is_translated(english: dict[str, str]) -> None:
    assert sorted(text for text in used() if not english.get(text)) == []


def test_no_translation_is_left_over(english: dict[str, str]) -> None:
    assert sorted(english.keys() - used()) == []


def test_translations_are_english_and_keep_the_places(english: dict[str, str]) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    assert [text for text, translated in english.items() if CHINESE.search(translated)] == []
    assert [text for text, translated in english.items() if places(text) != places(translated)] == []


def test_what_rules_refuse_with_is_translatable() -> None:
    """A refusal is written `Refused(_("…"))`, or with a `sentence = _("…")`, never with a bare text."""
    for module in MODULES:
        nodes = [*ast.walk(ast.parse(module.read_text("utf-8")))]
        assigned = [node for node in nodes if isinstance(node, ast.Assign) and _translates(node.value)]
        sentences = {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                (said, *_rest) = node.args
                is_known = isinstance(said, ast.Name) and said.id in sentences
                assert is_known or _translates(said), f"{module.name}:{node.lineno}"


def _translates(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
