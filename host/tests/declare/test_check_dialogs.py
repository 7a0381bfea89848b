"""Dialogs with tables, what they list, and the buttons of rows: what makes no sense is found."""

from collections.abc import Callable, Mapping

import pytest

from lowcode.declare.load import Loaded

BOOK, LOAN, FLOW = "forms/book.yaml", "forms/loan.yaml", "workflows/loan.yaml"
DAYS = "days: {label: Days, type: integer, required: true}"
DUE = "due: {label: Due, type: date}"
COLUMNS = "{copy: {label: Copy, type: text}, of: {label: Of, type: integer, hidden: true}}"
ROWS = f"rows: {{label: Rows, type: lines, max: 9, fields: {COLUMNS}}}"

Load = Callable[[Mapping[str, "str | bytes"]], Loaded]


def replaced(good: Mapping[str, str | bytes], file: str, old: str, new: str) -> dict[str, str | bytes]:
    text = good[file]
    assert isinstance(text, str)
    assert text.count(old) == 1, "The case no longer fits the good plugin."
    return {**good, file: text.replace(old, new)}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (LOAN, DAYS, ROWS),
        (FLOW, DUE, ROWS),
        (LOAN, DAYS, ROWS.replace("type: text", "type: text, readonly: true")),
        (LOAN, "    when: {status: out}", "    proposes: true\n    related: [loan]"),
        (
            LOAN,
            "    columns: [number]\n",
            "    columns: [number]\n    actions: {open: A, edit: B, ask: C, extend: D, delete: E}\n",
        ),
    ],
)
def test_what_makes_sense_is_taken(file: str, old: str, new: str, good: dict[str, str | bytes], load: Load) -> None:
    assert load(replaced(good, file, old, new)).problems == []


@pytest.mark.parametrize(
    ("file", "old", "new", "id", "path"),
    [
        (LOAN, DAYS, ROWS.replace("type: text", "type: lines"), "E223", "actions.extend.params.rows.fields.copy"),
        (
            LOAN,
            DAYS,
            ROWS.replace("text", "text, computed: true"),
            "E213",
            "actions.extend.params.rows.fields.copy.computed",
        ),
        (
            LOAN,
            DAYS,
            ROWS.replace("text", "text, unique: true"),
            "E213",
            "actions.extend.params.rows.fields.copy.unique",
        ),
        (LOAN, DAYS, "days: {label: Days, type: integer, hidden: true}", "E213", "actions.extend.params.days.hidden"),
        (LOAN, DAYS, "rows: {label: Rows, type: lines}", "E204", "actions.extend.params.rows"),
        (FLOW, DUE, ROWS.replace("rows", "items"), "E406", "moves.ask.params.items"),
        (FLOW, DUE, ROWS.replace("lines,", "lines, sets: items,"), "E406", "moves.ask.params.rows"),
        (LOAN, "    when: {status: out}", "    related: [bok]", "E203", "actions.extend.related[0]"),
        (LOAN, f"    params:\n      {DAYS}\n", "    proposes: true\n", "E213", "actions.extend.proposes"),
        (
            LOAN,
            "    columns: [number]\n",
            "    columns: [number]\n    actions: {extent: A}\n",
            "E238",
            "lists.late.actions.extent",
        ),
    ],
)
def test_what_makes_no_sense_is_found(
    file: str, old: str, new: str, id: str, path: str, good: dict[str, str | bytes], load: Load
) -> None:
    found = load(replaced(good, file, old, new)).problems
    assert (id, path) in {(each.id, each.path) for each in found}, found
    assert all(len(each.message.split()) >= 5 and each.message[-1] in ".?" for each in found)


def test_a_form_in_a_dialog_points_to_its_record(good: dict[str, str | bytes], load: Load) -> None:
    alone = replaced(good, BOOK, "      last: {label: Last loan, type: ref, form: loan, same: {book: id}}\n", "")
    (problem,) = load(replaced(alone, LOAN, "    when: {status: out}", "    related: [book]")).problems
    assert (problem.id, problem.path) == ("E239", "actions.extend.related[0]")
