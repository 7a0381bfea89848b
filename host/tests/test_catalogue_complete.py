"""Whatever the host says in Chinese it can say in English, with the same values in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
from babel.messages.pofile import read_po

import lowcode

HOST = Path(lowcode.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CALL = re.compile(r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
PLACE = re.compile(r"\{\w*(?::\w*)?\}")
OWN_NAME = "中文"
"""A language is offered under its own name."""

NOT_SHOWN_TRANSLATED = {
    *("零壹贰叁肆伍陆柒捌玖", *"亿万仟佰拾元角分零整负", "零元整"),  # amounts in words are Chinese by their nature
    "管理员",  # the name the first administrator gets, which is data from then on
    r"\+?[0-9][0-9 ()-]{4,23}[0-9]((#|转|ext\.? ?)[0-9]{1,6})?",  # a pattern of phone numbers
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?([ T]+([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?)?",  # of days
}


def sources() -> list[Path]:
    """Give the host's modules but those that only tests use."""
    return [path for path in sorted(HOST.rglob("*.py")) if path.relative_to(HOST).parts[0] != "testing"]


def templates() -> list[Path]:
    return sorted((HOST / "web" / "templates").rglob("*.html"))


def said(source: str) -> Iterator[str]:
    """Give the texts of a module: what it passes to `_` or a `Sentence`, and any other constant that is Chinese."""
    nodes = list(ast.walk(ast.parse(source)))
    first = {name: [each.args[0] for each in nodes if is_call(each, name)] for name in ("_", "Sentence", "key")}
    explaining = {id(each.value) for each in nodes if isinstance(each, ast.Expr)} | {id(each) for each in first["key"]}
    passed = {id(each) for name in ("_", "Sentence") for each in first[name]}
    for each in nodes:
        text = each.value if isinstance(each, ast.Constant) and id(each) not in explaining else None
        if isinstance(text, str) and (id(each) in passed or CHINESE.search(text)):
            yield text


def is_call(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and bool(node.args)


def called(source: str) -> set[str]:
    """Give the texts that a template passes to `_`."""
    return {re.sub(r"\\(.)", r"\1", double or single) for double, single in CALL.findall(source)}


def english() -> dict[str, str]:
    """Read every catalogue of the host."""
    known: dict[str, str] = {}
    for file in sorted((HOST / "locale" / "en" / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as content:
            known |= {str(entry.id): str(entry.string) for entry in read_po(content) if entry.id and entry.string}
    return known


def used() -> dict[str, str]:
    """Give every text with the file that holds it."""
    found = {text: str(path.relative_to(HOST)) for path in sources() for text in said(path.read_text("utf-8"))}
    found |= {text: str(path.relative_to(HOST)) for path in templates() for text in called(path.read_text("utf-8"))}
    return {text: place for text, place in found.items() if text not in NOT_SHOWN_TRANSLATED}


def test_texts_are_found() -> None:
    assert {"版本", "没有这个字段。", "平台已启动：{address}", "请先登录。"} <= used().keys()


def test_every_text_has_an_english_one() -> None:
    known = english()
    assert {f"{place}: {text}" for text, place in used().items() if text not in known} == set()


def test_no_english_text_is_left_over() -> None:
    assert english().keys() - used().keys() == set()


def test_no_english_text_is_chinese() -> None:
    assert {text: shown for text, shown in english().items() if CHINESE.search(shown)} == {}


def test_both_have_the_same_values() -> None:
    """A value that one of them lacks would go unsaid, one that it has too much would be a fault at run time."""
    pairs = english().items()
    wrong = {text: shown for text, shown in pairs if set(PLACE.findall(text)) != set(PLACE.findall(shown))}
    assert wrong == {}


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_templates_say_nothing_around_the_catalogue(path: Path) -> None:
    source = CALL.sub("", COMMENT.sub("", path.read_text("utf-8")))
    assert CHINESE.findall(source.replace(OWN_NAME, "")) == []
