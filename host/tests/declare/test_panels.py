"""What is wrong with panels and timelines is found when the plugin is loaded."""

from collections.abc import Callable, Mapping

import pytest

from lowcode.declare.load import Loaded

Files = Mapping[str, str | bytes]
Load = Callable[[Files], Loaded]
BARE = "home: {label: Home, roles: [librarian]}"


def with_panel(good: Files, keys: str) -> dict[str, str | bytes]:
    manifest = good["manifest.yaml"]
    assert isinstance(manifest, str)
    return {**good, "manifest.yaml": manifest.replace(BARE, f"home: {{label: Home, roles: [librarian], {keys}}}")}


def with_timeline(good: Files, keys: str, form: str = "loan") -> dict[str, str | bytes]:
    declared = good[f"forms/{form}.yaml"]
    assert isinstance(declared, str)
    spoiled = declared.replace("lists:\n", f"timeline: {{{keys}}}\nlists:\n")
    assert spoiled != declared
    return {**good, f"forms/{form}.yaml": spoiled}


def test_a_panel_may_ask_save_and_have_a_template(good: dict[str, str | bytes], load: Load) -> None:
    files = with_panel(good, "saves: true, params: {days: {label: Days, type: integer}, on: {label: On, type: date}}")
    loaded = load({**files, "panels/home.html": "{{ figures([('Days', params.days)]) }}"})
    assert loaded.problems == []
    assert loaded.plugin is not None
    panel = loaded.plugin.panels["home"]
    assert (panel.saves, list(panel.params), panel.params["on"].type) == (True, ["days", "on"], "date")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("params: {format: {label: F, type: text}}", "E211"),
        ("params: {table: {label: T, type: text}}", "E211"),
        ("params: {x: {label: X, type: files}}", "E512"),
        ("params: {x: {label: X, type: text, readonly: true}}", "E213"),
        ("params: {x: {label: X, type: integer, default: many}}", "E216"),
        ("params: {x: {label: X, type: ref, form: nothing}}", "E203"),
        ("saves: true", "E512"),
        ("saves: true, params: {x: {label: X, type: text}}", "E512"),
        ("saves: true, params: {days: {label: X, type: text}}", "E512"),
    ],
)
def test_what_a_panel_cannot_ask_for(good: dict[str, str | bytes], load: Load, keys: str, code: str) -> None:
    (problem,) = load(with_panel(good, keys)).problems
    assert (problem.id, problem.file) == (code, "manifest.yaml")
    assert problem.line


def test_a_template_of_a_panel_is_read(good: dict[str, str | bytes], load: Load) -> None:
    (problem,) = load({**good, "panels/home.html": "<p>\n{% if %}\n</p>"}).problems
    assert (problem.id, problem.file, problem.line) == ("E228", "panels/home.html", 2)
    (problem,) = load({**good, "panels/home.html": b"\xff\xfe"}).problems
    assert (problem.id, problem.file) == ("E228", "manifest.yaml")


def test_a_timeline_names_fields(good: dict[str, str | bytes], load: Load) -> None:
    loaded = load(with_timeline(good, "at: due, text: [book]"))
    assert loaded.problems == []
    assert loaded.plugin is not None
    timeline = loaded.plugin.forms["loan"].timeline
    assert timeline is not None
    assert (timeline.at, timeline.text) == ("due", ("book",))


@pytest.mark.parametrize(
    "keys", ["at: nothing, text: [book]", "at: book, text: [book]", "text: [nothing]", "text: [items]"]
)
def test_what_a_timeline_cannot_name(good: dict[str, str | bytes], load: Load, keys: str) -> None:
    (problem,) = load(with_timeline(good, keys)).problems
    assert (problem.id, problem.file) == ("E235", "forms/loan.yaml")


def test_a_timeline_needs_something_to_point_at(good: dict[str, str | bytes], load: Load) -> None:
    book = good["forms/book.yaml"]
    assert isinstance(book, str)
    alone = {
        **good,
        "forms/book.yaml": book.replace(
            "      last: {label: Last loan, type: ref, form: loan, same: {book: id}}\n", ""
        ),
    }
    (problem,) = load(with_timeline(alone, "text: [name]", "book")).problems
    assert problem.id == "E235"


def test_the_printable_page_of_a_panel_has_a_template(good: dict[str, str | bytes], load: Load) -> None:
    files = with_panel(good, "print: sheet")
    (problem,) = load(files).problems
    assert (problem.id, problem.file, "prints/sheet.html" in problem.message) == ("E228", "manifest.yaml", True)
    loaded = load({**files, "prints/sheet.html": "{{ data.count }}"})
    assert loaded.problems == []
    assert loaded.plugin is not None
    assert loaded.plugin.panels["home"].print == "sheet"
