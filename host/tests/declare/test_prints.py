"""Printable pages: their templates are read when the plugin is loaded, and faults are told by their own lines."""

from collections.abc import Callable, Mapping

import pytest

from lowcode.declare.load import Loaded
from lowcode.declare.reader import MAX_BYTES

Files = Mapping[str, str | bytes]
Load = Callable[[Files], Loaded]


def with_print(good: Mapping[str, str | bytes], template: str | bytes) -> dict[str, str | bytes]:
    loan = good["forms/loan.yaml"]
    assert isinstance(loan, str)
    declared = loan.replace("actions:\n", "prints: {slip: {label: Slip, when: {status: out}}}\nactions:\n")
    return {**good, "forms/loan.yaml": declared, "prints/slip.html": template}


def test_a_print_is_declared_with_its_template(good: dict[str, str | bytes], load: Load) -> None:
    loaded = load(with_print(good, "<h1>{{ record.number }}</h1>"))
    assert loaded.problems == []
    assert loaded.plugin is not None
    declared = loaded.plugin.forms["loan"].prints["slip"]
    assert (declared.label, declared.when) == ("Slip", {"status": "out"})


def test_a_parameter_may_set_a_field_of_another_name(good: dict[str, str | bytes], load: Load) -> None:
    flow = good["workflows/loan.yaml"]
    assert isinstance(flow, str)
    params = flow.replace("due: {label: Due, type: date}", "day: {label: Day, type: date, sets: due}")
    loaded = load({**good, "workflows/loan.yaml": params})
    assert loaded.problems == []
    assert loaded.plugin is not None
    assert loaded.plugin.workflows["loan"].moves["ask"].params["day"].sets == "due"


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("<p>\n{% if %}\n</p>", "prints/slip.html:2"),
        ("<p>\n\n{{ record.number | no_such_filter }}</p>", "prints/slip.html:3"),
        (b"\xff\xfe", "forms/loan.yaml:35"),
        ("x" * (MAX_BYTES + 1), "forms/loan.yaml:35"),
    ],
)
def test_a_template_that_cannot_be_used_is_a_fault(
    good: dict[str, str | bytes], load: Load, template: str | bytes, place: str
) -> None:
    (problem,) = load(with_print(good, template)).problems
    assert (problem.id, f"{problem.file}:{problem.line}") == ("E228", place)


def test_a_template_that_is_included_is_checked_too(good: dict[str, str | bytes], load: Load) -> None:
    files = with_print(good, "{% include 'parts/head.html' %}")
    for part, place in ((None, "forms/loan.yaml:35"), ("<p>\n{% if %}", "prints/parts/head.html:2")):
        (problem,) = load(files | ({"prints/parts/head.html": part} if part else {})).problems
        assert (problem.id, f"{problem.file}:{problem.line}") == ("E228", place)
    assert load(files | {"prints/parts/head.html": "{% include 'slip.html' ignore missing %}"}).problems == []


def test_a_template_includes_nothing_beside_its_folder(good: dict[str, str | bytes], load: Load) -> None:
    (problem,) = load(with_print(good, "{% include '../forms/loan.yaml' %}")).problems
    assert (problem.id, "../forms/loan.yaml" in problem.message) == ("E228", True)
