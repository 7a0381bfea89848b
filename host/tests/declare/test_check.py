"""Bad declarations: each is refused with the file, the line and the id of the fault."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lowcode.config import Config
from lowcode.declare.load import Loaded
from lowcode.declare.model import Problem
from lowcode.platform import Platform

MANIFEST, GENRE = "manifest.yaml", "dictionaries/genre.yaml"
BOOK, LOAN, FLOW = "forms/book.yaml", "forms/loan.yaml", "workflows/loan.yaml"

# The file that is spoilt, the text that is replaced, what replaces it, the fault, where it is found.
BAD: list[tuple[str, str, str, str, str]] = [
    (MANIFEST, "plugin: library", "plugin library", "E105", "manifest.yaml:2"),
    (BOOK, "label: Book\n", "label: Book\nlabel: Tome\n", "E110", "forms/book.yaml:3"),
    (BOOK, "title: name\n", "titel: name\n", "E115", "forms/book.yaml:3"),
    (BOOK, "title: name\n", "title: name\ntitel: name\n", "E115", "forms/book.yaml:4"),
    (BOOK, "title: name\n", "", "E116", "forms/book.yaml:1"),
    (BOOK, "{label: Price, type: money, min: 0}", "{type: money, min: 0}", "E116", "forms/book.yaml:9"),
    (BOOK, "required: true", "required: yes", "E117", "forms/book.yaml:7"),
    (BOOK, "label: Book\n", "label: 2024\n", "E117", "forms/book.yaml:2"),
    (BOOK, "max: 100", "max: 010", "E117", "forms/book.yaml:7"),
    (BOOK, "sections:\n", "sections: nothing\nx:\n", "E117", "forms/book.yaml:4"),
    (BOOK, "label: Book\n", "label:\n", "E117", "forms/book.yaml:2"),
    (GENRE, "{label: Thirteen}", "{label: Thirteen, many: [1]}", "E117", "dictionaries/genre.yaml:6"),
    (MANIFEST, "every: day", "every: days", "E118", "manifest.yaml:18"),
    (FLOW, "mode: all", "mode: every", "E118", "workflows/loan.yaml:24"),
    (LOAN, "columns: [number]\n", "columns: []\n", "E119", "forms/loan.yaml:33"),
    (BOOK, "label: Book\n", 'label: ""\n', "E119", "forms/book.yaml:2"),
    (BOOK, "      price: {", "      Price: {", "E120", "forms/book.yaml:9"),
    (GENRE, '"13"', '"1 3"', "E120", "dictionaries/genre.yaml:6"),
    (BOOK, "form: book\n", "form: books\n", "E121", "forms/book.yaml:1"),
    (BOOK, "type: money, min: 0", "type: mony, min: 0", "E201", "forms/book.yaml:9"),
    (BOOK, "type: money, min: 0", "type: money, digits: 2", "E202", "forms/book.yaml:9"),
    (BOOK, "type: ref, form: loan, same", "type: ref, form: loam, same", "E203", "forms/book.yaml:12"),
    (BOOK, "type: ref, form: loan, same: {book: id}", "type: ref", "E204", "forms/book.yaml:12"),
    (
        LOAN,
        "genre: {label: Genre, type: choice, dictionary: genre}",
        "genre: {label: Genre, type: choice, dictionary: gender}",
        "E205",
        "forms/loan.yaml:11",
    ),
    (GENRE, ", value: 5", "", "E205", "forms/loan.yaml:25"),
    (LOAN, "fill: {genre: genre}", "fill: {gender: genre}", "E206", "forms/loan.yaml:10"),
    (LOAN, "fill: {genre: genre}", "fill: {genre: gendre}", "E206", "forms/loan.yaml:10"),
    (LOAN, "same: [book]", "same: [books]", "E206", "forms/loan.yaml:15"),
    (BOOK, "title: name\n", "title: nam\n", "E206", "forms/book.yaml:3"),
    (LOAN, "owner: owner\n", "owner: own\n", "E206", "forms/loan.yaml:6"),
    (LOAN, "fill: {genre: genre}", "fill: {due: price}", "E207", "forms/loan.yaml:10"),
    (LOAN, "fill: {genre: genre}", "fill: {fee: price}", "E207", "forms/loan.yaml:10"),
    (BOOK, "same: {book: id}", "same: {owner: id}", "E208", "forms/book.yaml:12"),
    (LOAN, "same: [book]", "same: {book: genre}", "E208", "forms/loan.yaml:15"),
    (LOAN, "where: {price__gte: 0}", "where: {prise__gte: 0}", "E209", "forms/loan.yaml:10"),
    (LOAN, "when: {status: out}", "when: {state: out}", "E209", "forms/loan.yaml:39"),
    (BOOK, "where: {shelf: A}", "where: {worth: 1}", "E209", "forms/book.yaml:8"),
    (BOOK, "where: {shelf: A}", "where: {shelf: B}", "E210", "forms/book.yaml:8"),
    (BOOK, "where: {shelf: A}", "where: {shelf__in: [A]}", "E209", "forms/book.yaml:8"),
    (BOOK, "where: {shelf: A}", "where: [{shelf: A}]", "E210", "forms/book.yaml:8"),
    (MANIFEST, "type: integer, min: 1, default: 30", "type: date, default: today", "E216", "manifest.yaml:16"),
    (LOAN, "title: number", "title: book", "E219", "forms/loan.yaml:3"),
    (BOOK, "same: {book: id}}", "same: {book: id}, where: {items__weight__gt: 1}}", "E209", "forms/book.yaml:12"),
    (
        LOAN,
        "copy: {label: Copy, type: text}",
        "copy: {label: Copy, type: ref, form: loan, same: {book: copy}}",
        "E206",
        "forms/loan.yaml:24",
    ),
    (LOAN, "where: {price__gte: 0}", "where: {price__ge: 0}", "E210", "forms/loan.yaml:10"),
    (LOAN, "where: {price__gte: 0}", "where: {price__contains: 0}", "E210", "forms/loan.yaml:10"),
    (LOAN, "where: {price__gte: 0}", "where: {price__gte: cheap}", "E210", "forms/loan.yaml:10"),
    (LOAN, "when: {status: out}", "when: {status: gone}", "E210", "forms/loan.yaml:39"),
    (
        LOAN,
        "where: {price__gte: 0}",
        "where: [{price__gte: 0}, {genre__in: [novel, crim]}]",
        "E210",
        "forms/loan.yaml:10",
    ),
    (BOOK, "      price: {", "      version: {", "E211", "forms/book.yaml:9"),
    (BOOK, "where: {status: out}", "where: {owner: $me}", "E214", "forms/book.yaml:11"),
    (BOOK, "where: {status: out}", "where: {items__weight__gt: 1}", "E214", "forms/book.yaml:11"),
    (LOAN, "copy: {label: Copy, type: text}", "copy: {label: Copy, type: image}", "E213", "forms/loan.yaml:24"),
    (LOAN, "label: Copy, type: text", "label: Copy, type: text, create_only: true", "E213", "forms/loan.yaml:24"),
    (LOAN, "  all:\n", "  bin:\n", "E211", "forms/loan.yaml:27"),
    (BOOK, "      price: {", "      class: {", "E211", "forms/book.yaml:9"),
    (LOAN, "      due: {label: Due,", "      status: {label: Due,", "E211", "forms/loan.yaml:13"),
    (LOAN, "copy: {label", "position: {label", "E211", "forms/loan.yaml:24"),
    (LOAN, "days: {label: Days", "ids: {label: Days", "E211", "forms/loan.yaml:41"),
    (
        LOAN,
        "  - label: Items\n    fields:\n",
        "  - label: Items\n    fields:\n      book: {label: Again, type: text}\n",
        "E212",
        "forms/loan.yaml:18",
    ),
    (LOAN, "computed: true", "computed: true, required: true", "E213", "forms/loan.yaml:14"),
    (
        LOAN,
        "days: {label: Days, type: integer,",
        "days: {label: Days, type: integer, unique: true,",
        "E213",
        "forms/loan.yaml:41",
    ),
    (
        LOAN,
        "copy: {label: Copy, type: text}",
        "copy: {label: Copy, type: text, unique: true}",
        "E213",
        "forms/loan.yaml:24",
    ),
    (BOOK, "rollup: {form: loan, by: book}", "rollup: {form: loan, by: owner}", "E214", "forms/book.yaml:10"),
    (BOOK, "by: book, sum: fee", "by: book, sum: fees", "E214", "forms/book.yaml:11"),
    (BOOK, "by: book, sum: fee", "by: book, sum: due", "E214", "forms/book.yaml:11"),
    (BOOK, "type: integer, rollup", "type: money, rollup", "E214", "forms/book.yaml:10"),
    *(
        (BOOK, "type: integer, rollup: {form: loan, by: book}", f"{word}, difference: {pair}", id, "forms/book.yaml:10")
        for word, pair, id in (
            ("type: money", "[price]", "E236"),
            ("type: money", "[price, fees, price]", "E236"),
            ("type: money", "[price, fee]", "E236"),
            ("type: money", "[price, name]", "E236"),
            ("type: number", "[price, fees]", "E236"),
            ("type: money", "[price, loans]", "E236"),
            ("type: money, readonly: true", "[price, fees]", "E213"),
            ("type: money, computed: true", "[price, fees]", "E213"),
            ("type: money, default: 0", "[price, fees]", "E213"),
            ("type: text", "[price, fees]", "E202"),
        )
    ),
    (LOAN, "type: money, computed: true", "type: money, difference: [due, due]", "E236", "forms/loan.yaml:14"),
    (LOAN, "more_than: 0, max: 9.5", "difference: [weight, weight]", "E213", "forms/loan.yaml:25"),
    (
        LOAN,
        "label: Days, type: integer,",
        "label: Days, type: money, difference: [fee, fee],",
        "E213",
        "forms/loan.yaml:41",
    ),
    (LOAN, "digits: 3", "digits: 7", "E215", "forms/loan.yaml:25"),
    (LOAN, "min: 1\n        max: 20", "min: 21\n        max: 20", "E215", "forms/loan.yaml:21"),
    (LOAN, "more_than: 0, max: 9.5", "more_than: 10, max: 9.5", "E215", "forms/loan.yaml:25"),
    (BOOK, "max: 100,", "max: 99.5,", "E215", "forms/book.yaml:7"),
    (LOAN, "default: today+30", "default: tomorrow", "E216", "forms/loan.yaml:13"),
    (LOAN, "default: me", "default: 7", "E216", "forms/loan.yaml:12"),
    (BOOK, "default: crime", "default: crimes", "E216", "forms/book.yaml:8"),
    (MANIFEST, "default: 30", "default: 0", "E216", "manifest.yaml:16"),
    (BOOK, '"[A-Z].*"', '"[A-Z.*"', "E217", "forms/book.yaml:7"),
    (BOOK, '"[A-Z].*"', '"([A-Z]+)+"', "E217", "forms/book.yaml:7"),
    (BOOK, "  clerk: {read", "  clark: {read", "E218", "forms/book.yaml:17"),
    (LOAN, "roles: [librarian]", "roles: [liberian]", "E218", "forms/loan.yaml:38"),
    (FLOW, "by: [submitter, librarian]", "by: [submiter, librarian]", "E218", "workflows/loan.yaml:17"),
    (MANIFEST, "roles: [librarian]}", "roles: [librarians]}", "E218", "manifest.yaml:11"),
    (BOOK, "min: 0}", "min: 0, visible_to: [boss]}", "E218", "forms/book.yaml:9"),
    (LOAN, "title: number", "title: items", "E219", "forms/loan.yaml:3"),
    (LOAN, "owner: owner\n", "owner: genre\n", "E220", "forms/loan.yaml:6"),
    (BOOK, "columns: [name, genre", "columns: [name, gender", "E221", "forms/book.yaml:14"),
    (LOAN, "search: [number]", "search: [due]", "E221", "forms/loan.yaml:30"),
    (LOAN, "sort: [-due, number]", "sort: [-dew, number]", "E221", "forms/loan.yaml:31"),
    (LOAN, "filters: [status, owner]", "filters: [status, items]", "E221", "forms/loan.yaml:29"),
    (LOAN, "columns: [number, book", "columns: [items, book", "E221", "forms/loan.yaml:28"),
    (
        LOAN,
        "items:\n        label",
        "items_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:\n        label",
        "E222",
        "forms/loan.yaml:18",
    ),
    (LOAN, "copy: {label: Copy, type: text}", "copy: {label: Copy, type: lines}", "E223", "forms/loan.yaml:24"),
    (BOOK, "type: money, min: 0", "type: money, masked_without: edit", "E202", "forms/book.yaml:9"),
    (BOOK, "required: true, pattern", "required: true, masked_without: read, pattern", "E118", "forms/book.yaml:7"),
    (BOOK, "required: true, pattern", "required: true, masked_without: edit, pattern", "E219", "forms/book.yaml:3"),
    (LOAN, "label: Copy, type: text", "label: Copy, type: text, masked_without: edit", "E213", "forms/loan.yaml:24"),
    (BOOK, "title: name\n", "title: name\nteam: true\n", "E225", "forms/book.yaml:4"),
    (LOAN, "  extend:\n", "  ask:\n", "E224", "forms/loan.yaml:36"),
    (BOOK, "clerk: {read: {price__lt: 100}}", "clerk: {read: own}", "E225", "forms/book.yaml:17"),
    (LOAN, "clerk: {read: department}", "clerk: {read: departement}", "E225", "forms/loan.yaml:44"),
    (LOAN, "clerk: {read: department}", "clerk: {read: with due}", "E225", "forms/loan.yaml:44"),
    (LOAN, "clerk: {read: department}", "clerk: {read: [own, with boo]}", "E206", "forms/loan.yaml:44"),
    (LOAN, "    when: {status: out}\n", "    conflict: gone\n", "E213", "forms/loan.yaml:39"),
    (LOAN, "{status: out}\n    pa", "{status: out}\n    seen: {due: $today}\n    pa", "E213", "forms/loan.yaml:40"),
    (
        LOAN,
        "    when: {status: out}\n",
        "    when: {status: out}\n    conflict: gone\n    seen: {dew: $today}\n",
        "E209",
        "forms/loan.yaml:41",
    ),
    (LOAN, "number: loan\n", "number: loans\n", "E226", "forms/loan.yaml:4"),
    (LOAN, "actions:\n", "prints: {slip: {label: Slip}}\nactions:\n", "E228", "forms/loan.yaml:35"),
    (LOAN, "actions:\n", "prints: {slip: {label: Slip, when: {state: out}}}\nactions:\n", "E209", "forms/loan.yaml:35"),
    (LOAN, "label: Days, type: integer,", "label: Days, type: integer, sets: due,", "E213", "forms/loan.yaml:41"),
    (LOAN, "label: Due, type: date,", "label: Due, type: date, sets: fee,", "E213", "forms/loan.yaml:13"),
    (LOAN, "workflow: loan\n", "workflow: lend\n", "E227", "forms/loan.yaml:5"),
    (GENRE, "parent: novel", "parent: novels", "E301", "dictionaries/genre.yaml:5"),
    (GENRE, "default: true,", "parent: crime,", "E302", "dictionaries/genre.yaml:4"),
    (GENRE, "{label: Crime,", "{label: Crime, default: true,", "E303", "dictionaries/genre.yaml:5"),
    (GENRE, "{label: Crime,", "{label: Crime, color: red,", "E304", "dictionaries/genre.yaml:5"),
    (FLOW, "form: loan\n", "form: book\n", "E401", "workflows/loan.yaml:3"),
    (FLOW, "form: loan\n", "form: lone\n", "E203", "workflows/loan.yaml:3"),
    (LOAN, "workflow: loan\n", "", "E401", "workflows/loan.yaml:3"),
    (FLOW, "to: asked\n", "to: askd\n", "E402", "workflows/loan.yaml:12"),
    (FLOW, "from: [asked, out]", "from: [asked, gone]", "E402", "workflows/loan.yaml:17"),
    (FLOW, "approved: out", "approved: over", "E402", "workflows/loan.yaml:20"),
    (FLOW, "{head_of: owner}", "{head_of: owner, levels: 0}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "{head_of: owner}", "{role: librarian, levels: 2}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "{head_of: owner}", "{chosen: false}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "name: desk, label: Desk", "name: start, label: Desk", "E405", "workflows/loan.yaml:24"),
    (FLOW, "approval: desk", "approval: desc", "E403", "workflows/loan.yaml:13"),
    (FLOW, "{head_of: owner}", "{head_of: genre}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "{head_of: owner}", "{boss_of: owner}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "{head_of: owner}", "{head_of: owner, role: clerk}", "E404", "workflows/loan.yaml:23"),
    (FLOW, "{role: admin}", "{role: [admin, boss]}", "E218", "workflows/loan.yaml:25"),
    (FLOW, "due_hours: 8", "due_hours: 0", "E404", "workflows/loan.yaml:24"),
    (FLOW, "due_hours: 8", "due_hours: 8761", "E404", "workflows/loan.yaml:24"),
    (FLOW, "name: head", "name: desk", "E405", "workflows/loan.yaml:24"),
    (FLOW, "due: {label: Due, type: date}", "due: {label: Due, type: text}", "E406", "workflows/loan.yaml:16"),
    *(
        (FLOW, "due: {label: Due, type: date}", f"day: {{label: Day, type: date, sets: {name}}}", "E407", where)
        for where in ["workflows/loan.yaml:16"]
        for name in ("dew", "genre", "items", "fee", "status", "created_at")
    ),
    (FLOW, "editable: true", "editable: true, deletable: true", "E408", "workflows/loan.yaml:5"),
    (FLOW, "{label: Asked}", "{label: Asked, deletable: true}", "E408", "workflows/loan.yaml:6"),
    (FLOW, "when: {fee__gt: 10}", "when: {fees__gt: 10}", "E209", "workflows/loan.yaml:23"),
    (MANIFEST, "version: 1.2.0", "version: newest", "E501", "manifest.yaml:3"),
    (MANIFEST, "version: 1.2.0", "version: 1.2", "E117", "manifest.yaml:3"),
    (MANIFEST, '">=1.0,<2"', '"1.x"', "E502", "manifest.yaml:4"),
    (MANIFEST, "  clerk: Clerk", "  admin: Clerk", "E503", "manifest.yaml:7"),
    (MANIFEST, "-{seq:04}", "-{seq:4}", "E504", "manifest.yaml:9"),
    (MANIFEST, "-{seq:04}", "", "E504", "manifest.yaml:9"),
    (MANIFEST, "-{seq:04}", "-{seq:04}{", "E504", "manifest.yaml:9"),
    (MANIFEST, "{mm}{dd}", "{mm}", "E505", "manifest.yaml:9"),
    (MANIFEST, "panel: home}", "label2: x}", "E115", "manifest.yaml:13"),
    (MANIFEST, ", list: loan/all}", "}", "E506", "manifest.yaml:14"),
    (MANIFEST, "list: loan/all", "list: loan/al", "E507", "manifest.yaml:14"),
    (MANIFEST, "panel: home}", "panel: house}", "E507", "manifest.yaml:13"),
    (MANIFEST, "at: 02:30", "at: 24:30", "E508", "manifest.yaml:18"),
    (MANIFEST, "every: day, at: 02:30", "every: hour, at: 02:30", "E508", "manifest.yaml:18"),
    (MANIFEST, "type: integer, min: 1, default: 30", "type: files", "E509", "manifest.yaml:16"),
    (MANIFEST, "plugin: library", "plugin: login", "E510", "manifest.yaml:1"),
    (MANIFEST, "  late: Late", "  handed_over: Late", "E511", "manifest.yaml:20"),
    (MANIFEST, "  late: Late", "  Late: Late", "E120", "manifest.yaml:20"),
]

Load = Callable[[dict[str, str | bytes]], Loaded]


def spoil(files: dict[str, str | bytes], file: str, old: str, new: str) -> dict[str, str | bytes]:
    text = files[file]
    assert isinstance(text, str)
    assert old in text, "The case no longer fits the good plugin."
    return {**files, file: text.replace(old, new, 1)}


@pytest.mark.parametrize(("file", "old", "new", "id", "place"), BAD)
def test_bad_declaration_is_found(
    file: str, old: str, new: str, id: str, place: str, good: dict[str, str | bytes], load: Load
) -> None:
    problems = load(spoil(good, file, old, new)).problems
    assert (place, id) in {(f"{problem.file}:{problem.line}", problem.id) for problem in problems}, problems


@pytest.mark.parametrize(("file", "old", "new", "id", "place"), BAD)
def test_messages_are_sentences_with_a_remedy(
    file: str, old: str, new: str, id: str, place: str, good: dict[str, str | bytes], load: Load
) -> None:
    for problem in load(spoil(good, file, old, new)).problems:
        assert len(problem.message.split()) >= 5
        assert problem.message[-1] in ".>}?"
        assert problem.path


def test_good_plugin_has_no_problem(good: dict[str, str | bytes], load: Load) -> None:
    assert load(good).problems == []


def found(problems: list[Problem], id: str) -> Problem:
    return next(problem for problem in problems if problem.id == id)


def test_paths_lead_to_the_key(good: dict[str, str | bytes], load: Load) -> None:
    problems = load(spoil(good, BOOK, "type: ref, form: loan, same", "type: ref, form: loam, same")).problems
    assert str(found(problems, "E203")) == (
        "forms/book.yaml:12  E203  sections[0].fields.last.form: 'loam' is not a declared form. "
        "Did you mean 'loan'? Forms are declared in forms/<name>.yaml."
    )


def test_all_faults_of_all_files_are_collected(good: dict[str, str | bytes], load: Load) -> None:
    files = spoil(good, BOOK, "title: name", "title: nam")
    files = spoil(files, BOOK, "type: money, min: 0", "type: mony, min: 0")
    files = spoil(files, FLOW, "to: asked", "to: askd")
    files = spoil(files, GENRE, "parent: novel", "parent: novels")
    ids = [(problem.file, problem.id) for problem in load(files).problems]
    assert ids == [(GENRE, "E301"), (BOOK, "E206"), (BOOK, "E201"), (FLOW, "E402")]


def test_an_unreadable_form_is_not_reported_again_by_those_that_name_it(
    good: dict[str, str | bytes], load: Load
) -> None:
    loaded = load({**good, BOOK: "form: [book"})
    assert [problem.id for problem in loaded.problems] == ["E105"]


def test_two_files_that_declare_one_name(good: dict[str, str | bytes], load: Load) -> None:
    text = good[BOOK]
    problems = load({**good, "forms/tome.yaml": text}).problems
    assert {("forms/tome.yaml", "E121"), ("forms/tome.yaml", "E122")} <= {(p.file, p.id) for p in problems}


def test_tables_made_from_two_declarations(good: dict[str, str | bytes], load: Load) -> None:
    text = good[BOOK]
    assert isinstance(text, str)
    twin = "form: loan_items\nlabel: Twin\ntitle: name\n" + text.split("title: name\n")[1].split("      loans:")[0]
    twin += "lists:\n  all: {columns: [name]}\n"
    problems = load({**good, "forms/loan_items.yaml": twin}).problems
    assert found(problems, "E222").message.startswith("The table 'library_loan_items' is also made from forms/loan")


def test_no_list_is_sorted_by_what_is_masked(good: dict[str, str | bytes], load: Load) -> None:
    files = spoil(
        good, BOOK, "      price: {", "      code: {label: Code, type: text, masked_without: edit}\n      price: {"
    )
    assert load(files).problems == []
    files = spoil(files, BOOK, "sort: -created_at", "sort: -code")
    assert found(load(files).problems, "E221").message == "An order by 'code' would tell what is masked. Remove it."


@pytest.mark.parametrize(("title", "ids"), [("number", set()), ("due", {"E221"})])
def test_only_what_is_named_by_a_text_is_searched(
    title: str, ids: set[str], good: dict[str, str | bytes], load: Load
) -> None:
    files = spoil(spoil(good, LOAN, "title: number", f"title: {title}"), LOAN, "search: [number]", "search: [earlier]")
    assert {problem.id for problem in load(files).problems} == ids


def test_states_nobody_reaches_are_no_fault(good: dict[str, str | bytes], load: Load) -> None:
    assert (
        load(spoil(good, FLOW, "  out: {label: Out}\n", "  out: {label: Out}\n  lost: {label: Lost}\n")).problems == []
    )


@pytest.mark.parametrize(("file", "old", "new", "id", "place"), BAD)
def test_a_plugin_with_a_bad_declaration_leaves_the_host_up(
    file: str,
    old: str,
    new: str,
    id: str,
    place: str,
    good: dict[str, str | bytes],
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(spoil(good, file, old, new))
    entry = "from pathlib import Path\nfrom lowcode.api import Declaration, hookimpl\n\n\n@hookimpl\ndef declare():\n"
    (tmp_path / "faulty_entry.py").write_text(f"{entry}    return Declaration(root=Path(__file__).parent)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "faulty_entry", raising=False)
    started = Platform.start(Config(home=tmp_path), ["faulty_entry"])
    (plugin,) = started.plugins
    assert (plugin.state, started.forms) == ("disabled", {})
    assert place in {f"{problem.file}:{problem.line}" for problem in plugin.problems if isinstance(problem, Problem)}
    started.db.engine.dispose()
