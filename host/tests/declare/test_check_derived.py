"""Derived fields are shown and nothing else: wherever a stored value is needed they are refused."""

from collections.abc import Callable

import pytest

from lowcode.declare.load import Loaded
from tests.declare.test_check import BOOK, FLOW, LOAN, spoil

Files = dict[str, str | bytes]

FIELDS = """\
      left: {label: Left, type: integer, derived: true}
      sum: {label: Sum, type: money, derived: true}
      word: {label: Word, type: text, derived: true}
      kind: {label: Kind, type: choice, dictionary: genre, derived: true}
      who: {label: Who, type: user, derived: true}
      day: {label: Day, type: date, derived: true}
      another: {label: Another, type: ref, form: book, derived: true}
      earlier:"""


@pytest.fixture
def derived(good: Files) -> Files:
    """Give the good plugin with some derived fields, shown in a list."""
    files = spoil(good, LOAN, "      earlier:", FIELDS)
    return spoil(files, LOAN, "columns: [number, book,", "columns: [number, left, another, book,")


def test_they_are_shown(derived: Files, load: Callable[[Files], Loaded]) -> None:
    assert load(derived).problems == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault", "path"),
    [
        (LOAN, "title: number", "title: word", "E233", "title"),
        (LOAN, "owner: owner", "owner: who", "E233", "owner"),
        (LOAN, "filters: [status,", "filters: [left,", "E233", "lists.all.filters[0]"),
        (LOAN, "search: [number]", "search: [word]", "E233", "lists.all.search[0]"),
        (LOAN, "sort: [-due,", "sort: [-left,", "E233", "lists.all.sort[0]"),
        (LOAN, "due__lt: $today", "day__lt: $today", "E233", "lists.late.where.day__lt"),
        (LOAN, "when: {status: out}", "when: {left: 1}", "E233", "actions.extend.when.left"),
        (LOAN, "{status: draft}]", "{left: 1}]", "E233", "access.librarian.delete[1].left"),
        (LOAN, "edit: own,", "edit: with another,", "E225", "access.librarian.edit"),
        (LOAN, "title: number\n", "title: number\ntimeline: {at: day, text: [number]}\n", "E233", "timeline.at"),
        (LOAN, "title: number\n", "title: number\nalike: {word: word}\n", "E233", "alike.word"),
        (LOAN, "fill: {genre: genre}", "fill: {kind: genre}", "E207", "sections[0].fields.book.fill.kind"),
        (LOAN, "same: [book]", "same: [another]", "E233", "sections[0].fields.earlier.same.another"),
        (LOAN, "type: integer, derived", "type: integer, required: true, derived", "E213", "left.required"),
        (LOAN, "type: integer, derived", "type: integer, computed: true, derived", "E213", "left.computed"),
        (LOAN, "type: integer, derived", "type: files, derived", "E213", "left.derived"),
        (
            LOAN,
            "copy: {label: Copy, type: text}",
            "copy: {label: C, type: url, derived: true}",
            "E213",
            "copy.derived",
        ),
        (LOAN, "type: integer, required: true}", "type: integer, derived: true}", "E213", "params.days.derived"),
        (BOOK, "sum: fee, where", "sum: sum, where", "E233", "sections[0].fields.fees.rollup.sum"),
        (BOOK, "by: book}", "by: another}", "E233", "sections[0].fields.loans.rollup.by"),
        (BOOK, "where: {status: out}", "where: {left: 1}", "E233", "fees.rollup.where.left"),
        (BOOK, "same: {book: id}", "same: {another: id}", "E233", "sections[0].fields.last.same.another"),
        (BOOK, "form: loan, same: {book: id}", "form: loan, fill: {name: word}", "E233", "last.fill.name"),
        (FLOW, "when: {fee__gt: 10}", "when: {left__gt: 10}", "E233", "approvals.desk.steps[0].when.left__gt"),
        (FLOW, "{head_of: owner}", "{head_of: who}", "E404", "approvals.desk.steps[0].approvers.head_of"),
        (FLOW, "due: {label: Due, type: date}", "day: {label: Day, type: date}", "E233", "moves.ask.params.day"),
        (FLOW, "type: date}", "type: date, sets: day}", "E233", "moves.ask.params.due"),
    ],
)
def test_places_that_need_a_stored_field(
    file: str, old: str, new: str, fault: str, path: str, derived: Files, load: Callable[[Files], Loaded]
) -> None:
    problems = load(spoil(derived, file, old, new)).problems
    found = [each for each in problems if each.id == fault and each.path.endswith(path)]
    assert [each.file for each in found] == [file], problems
    assert found[0].message[-1] == "."
