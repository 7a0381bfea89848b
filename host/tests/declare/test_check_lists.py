"""Tabs, boards and calendars of lists: what cannot work is refused when the plugin is loaded."""

from collections.abc import Callable

import pytest

from lowcode.declare.load import Loaded
from lowcode.declare.model import Problem

LOAN = "forms/loan.yaml"
BOARD = "board: {by: genre, sum: fee, fields: [book, due], action: sort_in, others: {crime: extend}}"
SORT_IN = """\
actions:
  sort_in:
    label: Sort in
    roles: [librarian]
    params:
      genre: {label: Genre, type: choice, dictionary: genre, required: true}
"""

Files = dict[str, str | bytes]
Load = Callable[[Files], Loaded]


@pytest.fixture
def problems(good: Files, load: Load) -> Callable[..., list[Problem]]:
    """Load the good plugin with more keys of two of its lists."""

    def load_with(of_all: str = BOARD, of_late: str = "create: false") -> list[Problem]:
        text = good[LOAN]
        assert isinstance(text, str)
        for old, new in (
            ("filters: [status, owner]", f"filters: [status, owner, genre, due]\n    {of_all}"),
            ("    columns: [number]\n", f"    columns: [number]\n    {of_late}\n"),
            ("actions:\n", SORT_IN),
        ):
            assert old in text, "The case no longer fits the good plugin."
            text = text.replace(old, new, 1)
        return load({**good, LOAN: text}).problems

    return load_with


@pytest.mark.parametrize(
    ("of_all", "of_late"),
    [(BOARD, "under: all"), ("calendar: due", "create: false"), ("board: {by: genre, action: sort_in}", "under: all")],
)
def test_good_ones_have_no_problem(of_all: str, of_late: str, problems: Callable[..., list[Problem]]) -> None:
    assert problems(of_all, of_late) == []


@pytest.mark.parametrize(
    ("old", "new", "id", "path"),
    [
        ("by: genre", "by: gender", "E230", "lists.all.board.by"),
        ("by: genre", "by: due", "E230", "lists.all.board.by"),
        ("by: genre", "by: status", "E230", "lists.all.board.by"),
        ("sum: fee", "sum: fees", "E230", "lists.all.board.sum"),
        ("sum: fee", "sum: due", "E230", "lists.all.board.sum"),
        ("fields: [book, due]", "fields: [book, dew]", "E230", "lists.all.board.fields[1]"),
        ("fields: [book, due]", "fields: [items, due]", "E230", "lists.all.board.fields[0]"),
        ("action: sort_in", "action: sort_out", "E231", "lists.all.board.action"),
        ("action: sort_in", "action: extend", "E231", "lists.all.board.action"),
        ("action: sort_in", "action: ask", "E231", "lists.all.board.action"),
        ("{crime: extend}", "{crimes: extend}", "E231", "lists.all.board.others.crimes"),
        ("{crime: extend}", "{crime: extent}", "E231", "lists.all.board.others.crime"),
        (BOARD, "calendar: dew", "E232", "lists.all.calendar"),
        (BOARD, "calendar: genre", "E232", "lists.all.calendar"),
        (BOARD, "calendar: created_at", "E232", "lists.all.calendar"),
    ],
)
def test_a_bad_board_or_calendar_is_found(
    old: str, new: str, id: str, path: str, problems: Callable[..., list[Problem]]
) -> None:
    found = problems(BOARD.replace(old, new))
    assert (id, path) in {(each.id, each.path) for each in found}, found
    assert all(len(each.message.split()) >= 5 and each.message[-1] in ".?" for each in found)


def test_what_long_columns_lead_to_must_be_a_filter(problems: Callable[..., list[Problem]]) -> None:
    (problem,) = problems("create: true", BOARD)
    assert (problem.id, problem.path) == ("E230", "lists.late.board.by")


@pytest.mark.parametrize(("of_all", "of_late"), [("create: true", "under: al"), ("create: true", "under: late")])
def test_a_tab_stands_under_another_list(of_all: str, of_late: str, problems: Callable[..., list[Problem]]) -> None:
    (problem,) = problems(of_all, of_late)
    assert (problem.id, problem.path) == ("E229", "lists.late.under")


def test_a_tab_has_no_tabs(problems: Callable[..., list[Problem]]) -> None:
    found = problems("under: late", "under: all")
    assert {(each.id, each.path) for each in found} == {("E229", "lists.all.under"), ("E229", "lists.late.under")}
