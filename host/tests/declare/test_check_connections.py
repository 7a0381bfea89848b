"""Endpoints, connections and secrets: what cannot work, or would be seen, is refused when the plugin is loaded."""

from collections.abc import Callable

import pytest

from lowcode.declare.load import Loaded

MANIFEST, BOOK, LOAN = "manifest.yaml", "forms/book.yaml", "forms/loan.yaml"
SETTINGS = "settings:\n"
MORE = """\
endpoints:
  news:
    label: News
    secret: key
    about: name
    sequence: number
    params:
      name: {label: Name, type: text, max: 100, required: true}
      number: {label: Number, type: integer, required: true}
      genre: {label: Genre, type: choice, dictionary: genre}
connections:
  price: {label: Price, form: book, when: {price__isnull: true}}
settings:
  key: {label: Key, type: secret}
  rate: {label: Rate, type: money}
"""

Files = dict[str, str | bytes]
Load = Callable[[Files], Loaded]

BAD = [
    (MANIFEST, "secret: key", "secret: kye", "E513", "endpoints.news.secret"),
    (MANIFEST, "secret: key", "secret: days", "E513", "endpoints.news.secret"),
    (MANIFEST, "about: name", "about: nam", "E513", "endpoints.news.about"),
    (MANIFEST, "about: name", "about: genre", "E513", "endpoints.news.about"),
    (MANIFEST, "sequence: number", "sequence: name", "E513", "endpoints.news.sequence"),
    (MANIFEST, "sequence: number", "sequence: count", "E513", "endpoints.news.sequence"),
    (MANIFEST, "type: integer, required: true}\n      genre", "type: integer}\n      genre", "E513", "endpoints.news"),
    (MANIFEST, "max: 100, required", "max: 300, required", "E513", "endpoints.news.params.name.max"),
    (MANIFEST, "type: choice, dictionary: genre", "type: files", "E513", "endpoints.news.params.genre.type"),
    (MANIFEST, "type: choice, dictionary: genre", "type: secret", "E237", "endpoints.news.params.genre.type"),
    (MANIFEST, "dictionary: genre}\nconn", "dictionary: genres}\nconn", "E205", "endpoints.news.params.genre"),
    (MANIFEST, "genre: {label: Genre, ", "genre: {label: Genre, unique: true, ", "E213", "endpoints.news.params.genre"),
    (MANIFEST, "    about: name\n", "", "E116", "endpoints.news"),
    (MANIFEST, "form: book", "form: boo", "E203", "connections.price.form"),
    (MANIFEST, "price__isnull: true", "prise__isnull: true", "E209", "connections.price.when"),
    (MANIFEST, "{price__isnull: true}", "{}", "E210", "connections.price.when"),
    (MANIFEST, "  price: {label", "  Price: {label", "E120", "connections"),
    (MANIFEST, "type: secret}", "type: secret, default: x}", "E202", "settings.key.default"),
    (
        MANIFEST,
        "home: {label: Home, roles: [librarian]}",
        "home: {label: Home, roles: [librarian], params: {key: {label: Key, type: text}}}",
        "E512",
        "panels.home.params.key",
    ),
    (BOOK, "type: money, min: 0", "type: secret", "E237", "sections[0].fields.price.type"),
    (LOAN, "copy: {label: Copy, type: text}", "copy: {label: Copy, type: secret}", "E237", "sections[1].fields.items"),
    (LOAN, "days: {label: Days, type: integer", "days: {label: Days, type: secret", "E237", "actions.extend.params"),
]


@pytest.fixture
def files(good: Files) -> Files:
    """Give the good plugin with more in its manifest."""
    text = good[MANIFEST]
    assert isinstance(text, str)
    return {**good, MANIFEST: text.replace(SETTINGS, MORE, 1)}


def test_good_declarations(files: Files, load: Load) -> None:
    assert load(files).problems == []


@pytest.mark.parametrize(("file", "old", "new", "id", "path"), BAD)
def test_bad_declarations(files: Files, load: Load, file: str, old: str, new: str, id: str, path: str) -> None:
    text = files[file]
    assert isinstance(text, str)
    assert old in text, "The case no longer fits the good plugin."
    problems = load({**files, file: text.replace(old, new, 1)}).problems
    assert any(each.id == id and each.path.startswith(path) for each in problems), problems
    for each in problems:
        assert len(each.message.split()) >= 5
        assert each.message[-1] in ".>}?"
