"""What the loader makes of files that are right, and how it names what is wrong."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lowcode.declare.load import Loaded, load_plugin
from lowcode.declare.model import Form, Plugin, Problem
from lowcode.declare.problems import MOST_SHOWN, PROBLEMS, Report, Spot, hint
from lowcode.declare.reader import Node, read

Load = Callable[[dict[str, str | bytes]], Loaded]
HERE = Path(__file__).parent
SOURCES = Path(__file__).parents[2] / "lowcode" / "declare"


def scalar(text: str) -> object:
    """Read one value."""
    root = read(f"x: {text}\n".encode(), Spot(Report(), "x.yaml"))
    assert root is not None
    assert isinstance(root.value, dict)
    return root.value["x"].value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-12", -12),
        ("1.50", Decimal("1.50")), ("-0.1", Decimal("-0.1")), ("no", "no"), ("yes", "yes"), ("on", "on"),
        ("Off", "Off"), ("y", "y"), ("1:30", "1:30"), ("010", "010"), ("0x1F", "0x1F"), ("0o7", "0o7"),
        ("1_000", "1_000"), ("+1", "+1"), ("1e3", "1e3"), ("2026-01-01", "2026-01-01"), ("1.2.3", "1.2.3"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"), ("'true'", "true"), ('"12"', "12"),
        ("=", "="), ("中文", "中文"), (">\n  two\n  lines\n", "two lines\n"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


def lines(node: Node, path: str = "") -> dict[str, int]:
    """Return the line of every node by its path."""
    found = {path: node.line}
    if isinstance(node.value, dict):
        for name, value in node.value.items():
            found |= lines(value, f"{path}/{name}")
    elif isinstance(node.value, list):
        for index, value in enumerate(node.value):
            found |= lines(value, f"{path}/{index}")
    return found


def test_every_value_keeps_its_line() -> None:
    root = read(b"# note\na: 1\nb:\n  - x\n  - {c: 1,\n     d: 2}\ne:\n  f: |\n    text\n", Spot(Report(), "x.yaml"))
    assert root is not None
    assert lines(root) == {
        "": 2, "/a": 2, "/b": 3, "/b/0": 4, "/b/1": 5, "/b/1/c": 5, "/b/1/d": 6, "/e": 7, "/e/f": 8,
    }  # fmt: skip


@pytest.fixture
def plugin(good: dict[str, str | bytes], load: Load) -> Plugin:
    loaded = load(good)
    assert loaded.problems == []
    assert loaded.plugin is not None
    return loaded.plugin


@pytest.fixture
def loan(plugin: Plugin) -> Form:
    return plugin.forms["loan"]


def test_names_come_from_keys_and_files(plugin: Plugin, loan: Form, tmp_path: Path) -> None:
    assert (plugin.name, plugin.root) == ("library", tmp_path)
    assert (loan.name, loan.file) == ("loan", "forms/loan.yaml")
    assert loan.fields["due"].name == "due"
    assert loan.actions["extend"].params["days"].name == "days"
    assert plugin.dictionaries["genre"].items["13"].code == "13"
    assert plugin.workflows["loan"].moves["ask"].name == "ask"


def test_one_text_is_a_list_of_one(plugin: Plugin) -> None:
    assert plugin.forms["book"].lists["all"].search == ("name",)
    assert plugin.forms["book"].lists["all"].sort == ("-created_at",)
    assert plugin.workflows["loan"].moves["ask"].from_ == ("draft",)


def test_same_is_written_as_list_or_mapping(plugin: Plugin, loan: Form) -> None:
    assert loan.fields["earlier"].same == {"book": "book"}
    assert plugin.forms["book"].fields["last"].same == {"book": "id"}


def test_numbers_are_exact(loan: Form) -> None:
    weight = loan.fields["items"].fields["weight"]
    assert (weight.max, weight.more_than, weight.digits) == (Decimal("9.5"), Decimal(0), 3)
    assert isinstance(weight.more_than, Decimal)


def test_scopes_mix_words_and_conditions(loan: Form) -> None:
    assert loan.access["librarian"].delete == ("own", {"status": "draft"})
    assert loan.access["librarian"].edit == "own"
    assert loan.access["admin"].edit is None


def test_other_keys_of_items_are_attributes(plugin: Plugin) -> None:
    items = plugin.dictionaries["genre"].items
    assert items["novel"].attributes == {"value": 5, "shelf": "A"}
    assert (items["crime"].parent, items["crime"].attributes) == ("novel", {"shelf": "A"})


def test_order_is_kept(plugin: Plugin) -> None:
    assert list(plugin.workflows["loan"].states) == ["draft", "asked", "out"]
    assert list(plugin.forms["book"].fields) == ["name", "genre", "price", "loans", "fees", "last"]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(good: dict[str, str | bytes], load: Load) -> None:
    text = good["forms/book.yaml"]
    assert isinstance(text, str)
    assert load({**good, "forms/book.yaml": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()}).problems == []


def test_manifest_missing(tmp_path: Path) -> None:
    loaded = load_plugin(tmp_path / "nowhere")
    assert loaded.plugin is None
    assert [(problem.file, problem.line, problem.id) for problem in loaded.problems] == [("manifest.yaml", 1, "E101")]


def test_faults_of_forms_are_found_without_a_manifest(good: dict[str, str | bytes], load: Load) -> None:
    loaded = load({"manifest.yaml": "", "forms/book.yaml": "form: book\nlabel: 5\n"})
    assert loaded.plugin is None
    assert [(problem.file, problem.id) for problem in loaded.problems] == [
        ("forms/book.yaml", "E116"),
        ("forms/book.yaml", "E116"),
        ("forms/book.yaml", "E116"),
        ("forms/book.yaml", "E117"),
        ("manifest.yaml", "E114"),
    ]


def test_other_endings_are_pointed_out(good: dict[str, str | bytes], load: Load) -> None:
    problems = load({**good, "forms/extra.yml": "x: 1\n", "forms/README.md": "Read me."}).problems
    assert [(problem.file, problem.id) for problem in problems] == [("forms/extra.yml", "E123")]


def test_an_unreadable_file_is_a_fault(
    good: dict[str, str | bytes], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(path: Path, mode: str = "r", *others: Any, **more: Any) -> Any:
        if mode == "rb":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, *others, **more)

    monkeypatch.setattr(Path, "open", refuse)
    messages = {problem.message for problem in load(good).problems}
    assert messages == {"The file cannot be read: Permission denied. Check its permissions."}


def test_problems_are_sorted_and_limited(good: dict[str, str | bytes], load: Load) -> None:
    loaded = load({**good, "manifest.yaml": str(good["manifest.yaml"]) + "".join(f"k{n}: 1\n" for n in range(500))})
    assert len(loaded.problems) == MOST_SHOWN + 1
    assert loaded.problems == sorted(loaded.problems, key=lambda problem: (problem.file, problem.line))


def test_a_problem_is_one_readable_line() -> None:
    problem = Problem("forms/book.yaml", 12, "E203", "sections[0].fields.last.form", "It is wrong.")
    assert str(problem) == "forms/book.yaml:12  E203  sections[0].fields.last.form: It is wrong."


def test_hints_name_the_closest_word() -> None:
    assert hint("libarian", ["librarian", "clerk"]) == " Did you mean 'librarian'?"
    assert hint("zebra", ["librarian"]) == ""
    assert hint("c" * 100_000, ["c" * 99_999]) == ""


def test_faults_that_are_not_in_the_table_cannot_be_reported() -> None:
    with pytest.raises(KeyError, match="E999"):
        Report().add("x.yaml", "E999", "", "It is wrong.")


def ids_in(folder: Path) -> set[str]:
    """Return the ids that stand in quotes in the Python files of a folder."""
    return {id for path in folder.glob("*.py") for id in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))}


def test_every_reported_id_is_in_the_table_and_every_id_is_reported() -> None:
    outside = {path.name for path in SOURCES.glob("*.py")} - {"problems.py"}
    used = {id for name in outside for id in re.findall(r'"(E\d{3})"', (SOURCES / name).read_text(encoding="utf-8"))}
    assert used | {"E124"} == set(PROBLEMS)


def test_every_id_of_the_table_is_provoked_by_a_test() -> None:
    assert ids_in(HERE) - {"E999"} == set(PROBLEMS)
