"""By which fields duplicates are recognised: texts that exist, of one type for each kind."""

from collections.abc import Callable

import pytest

from lowcode.declare.load import Loaded
from tests.declare.test_check import BOOK, LOAN, spoil

Files = dict[str, str | bytes]


@pytest.fixture
def alike(good: Files) -> Files:
    """Give the good plugin with fields by which books and loans are compared."""
    files = spoil(good, BOOK, "title: name\n", "title: name\nalike: {name: name}\n")
    files = spoil(files, LOAN, "title: number\n", "title: number\nalike: {name: who}\n")
    return spoil(files, LOAN, "      earlier:", "      who: {label: Who, type: text}\n      earlier:")


def test_forms_may_be_compared(alike: Files, load: Callable[[Files], Loaded]) -> None:
    assert load(alike).problems == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault", "path"),
    [
        (BOOK, "alike: {name: name}", "alike: {name: nam}", "E206", "alike.name"),
        (BOOK, "alike: {name: name}", "alike: {worth: price}", "E234", "alike.worth"),
        (BOOK, "alike: {name: name}", "alike: {name: genre}", "E234", "alike.name"),
        (BOOK, "alike: {name: name}", f"alike: {{{'a' * 51}: name}}", "E234", f"alike.{'a' * 51}"),
        (LOAN, "who: {label: Who, type: text}", "who: {label: Who, type: phone}", "E234", "alike.name"),
    ],
)
def test_fields_that_cannot_be_compared(
    file: str, old: str, new: str, fault: str, path: str, alike: Files, load: Callable[[Files], Loaded]
) -> None:
    problems = load(spoil(alike, file, old, new)).problems
    assert (fault, file, path) in [(each.id, each.file, each.path) for each in problems], problems
    assert all(each.message[-1] == "." for each in problems)
