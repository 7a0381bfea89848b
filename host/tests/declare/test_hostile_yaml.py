"""Hostile files: each is refused quickly, with its line, and nothing of it comes to life."""

import dataclasses
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from lowcode.declare.load import Loaded, load_plugin

HEAD = "form: book\nlabel: Book\ntitle: name\n"
FIELDS = "sections:\n- label: Basics\n  fields:\n    name: {label: Name, type: text"
LISTS = "}\nlists:\n  all: {columns: [name]}\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def field(rest: str) -> str:
    """A form whose only field has further keys; they stand in line 7."""
    return HEAD + FIELDS + rest + LISTS


# What it is, the file, the fault, the line.
HOSTILE: list[tuple[str, str | bytes, str, int]] = [
    ("billion laughs", LAUGHS, "E107", 1),
    ("alias without anchor", HEAD + "x: *nothing\n", "E107", 4),
    ("a list that holds itself", "x: &x [*x]\n", "E107", 1),
    ("anchored text", HEAD + "x: &x text\n", "E107", 4),
    ("merge key", HEAD + "<<: {label: Other}\n", "E107", 4),
    ("python call", 'x: !!python/object/apply:os.system ["touch /tmp/owned"]\n', "E108", 1),
    ("python object", HEAD + "x: !!python/object/new:pathlib.Path {}\n", "E108", 4),
    ("python name", "x: !!python/name:os.system\n", "E108", 1),
    ("python module", HEAD + "x: !!python/module:os\n", "E108", 4),
    ("python tuple as key", "? !!python/tuple [a]\n: 1\n", "E108", 1),
    ("binary", HEAD + "x: !!binary aGVsbG8=\n", "E108", 4),
    ("set", HEAD + "x: !!set {a, b}\n", "E108", 4),
    ("harmless tag", HEAD + "x: !!str 1\n", "E108", 4),
    ("private tag", HEAD + "x: !secret 1\n", "E108", 4),
    ("tag on the root", "!!map\nform: book\n", "E108", 1),
    ("non-specific tag", HEAD + "x: ! 1\n", "E108", 4),
    ("tag directive", "%TAG ! tag:example.com,2000:\n---\nform: book\n", "E108", 1),
    ("version directive", "%YAML 1.1\n---\nform: book\n", "E108", 1),
    ("flow lists too deep", "x: " + "[" * 100_000, "E109", 1),
    ("flow mappings too deep", "{a: " * 50_000, "E109", 1),
    ("block lists too deep", "x:\n" + "- " * 50_000 + "y\n", "E109", 2),
    ("just too deep", "x: " + "[" * 20 + "]" * 20 + "\n", "E109", 1),
    ("duplicate key", HEAD + "label: Tome\n", "E110", 4),
    ("duplicate key in a flow", HEAD + "sections: [{label: A, fields: {}, label: B}]\n", "E110", 4),
    ("duplicate key in quotes", HEAD + '"label": Tome\n', "E110", 4),
    ("whole number as key", HEAD + "13: x\n", "E111", 4),
    ("decimal number as key", HEAD + "1.5: x\n", "E111", 4),
    ("truth value as key", HEAD + "true: x\n", "E111", 4),
    ("nothing as key", HEAD + "~: x\n", "E111", 4),
    ("no key at all", HEAD + ": x\n", "E105", 4),
    ("list as key", HEAD + "? [a, b]\n: x\n", "E111", 4),
    ("mapping as key", HEAD + "{a: b}: x\n", "E111", 4),
    ("not a number", field(", min: .nan"), "E112", 7),
    ("infinite", field(", max: -.inf"), "E112", 7),
    ("100,000 digits", field(", max: " + "9" * 100_000), "E112", 7),
    ("a power of ten without end", field(", max: 1e999999999"), "E117", 7),
    ("too many values", "x: [" + "1," * 100_000 + "1]\n", "E113", 1),
    ("too many keys", "".join(f"k{n}: 1\n" for n in range(20_000)), "E113", 5000),
    ("too large", HEAD + "#" * 300_000, "E102", 1),
    ("NUL", HEAD + "x: a\x00b\n", "E104", 4),
    ("bell", HEAD + "x: a\x07b\n", "E104", 4),
    ("escape sequence of a terminal", HEAD + "x: \x1b[31mred\n", "E104", 4),
    ("delete", HEAD + "x: a\x7fb\n", "E104", 4),
    ("line separator", HEAD + "x: a\u2028label: b\n", "E104", 4),
    ("text that runs backwards", HEAD + "x: \u202egnp.exe\n", "E104", 4),
    ("byte order mark inside", HEAD + "\ufefflabel: x\n", "E104", 4),
    ("escaped NUL", HEAD + 'x: "a\\0b"\n', "E104", 4),
    ("escaped line that runs backwards", HEAD + 'x: "\\u202e"\n', "E104", 4),
    ("escaped surrogate", HEAD + 'x: "\\ud800"\n', "E105", 4),
    ("not UTF-8", HEAD.encode() + b"x: \xff\n", "E103", 4),
    ("overlong NUL", HEAD.encode() + b"x: \xc0\x80\n", "E103", 4),
    ("surrogate in UTF-8", HEAD.encode() + b"x: \xed\xa0\x80\n", "E103", 4),
    ("UTF-16", HEAD.encode("utf-16"), "E103", 1),
    ("UTF-32 without mark", HEAD.encode("utf-32-be"), "E104", 1),
    ("Latin-1", HEAD.encode() + "x: é\n".encode("latin-1"), "E103", 4),
    ("two documents", HEAD + "---\nform: loan\n", "E106", 4),
    ("two documents after an end mark", HEAD + "...\n---\nform: loan\n", "E106", 5),
    ("nothing", "", "E114", 1),
    ("only comments", "# form\n# book\n", "E114", 1),
    ("a text", "form\n", "E114", 1),
    ("a list", "- form\n- book\n", "E114", 1),
    ("null", "~\n", "E114", 1),
    ("unclosed quote", HEAD + 'x: "open\n' + "y: 1\n" * 5, "E105", 10),
    ("unclosed list", HEAD + "x: [1, 2\n", "E105", 5),
    ("tab as indentation", HEAD + "x:\n\ty: 1\n", "E105", 5),
    ("wrong indentation", HEAD + "  x: 1\n y: 2\n", "E105", 4),
    ("percent at the start", "%", "E105", 1),
    ("backquote", HEAD + "x: `id`\n", "E105", 4),
    ("at sign", HEAD + "@x: 1\n", "E105", 4),
    ("a key of 100,000 letters", HEAD + "? " + "k" * 100_000 + "\n: 1\n", "E115", 4),
    ("thousands of unknown keys", HEAD + "".join(f"lable{n}: 1\n" for n in range(4000)), "E124", 102),
    ("thousands of bad names", HEAD + "lists:\n" + "".join(f"  N{n}: {{}}\n" for n in range(3000)), "E124", 55),
    ("no as a truth value", field(", required: no"), "E117", 7),
    ("on as a truth value", field(", required: on"), "E117", 7),
    ("sexagesimal number", field(", max: 1:30"), "E117", 7),
    ("octal number", field(", max: 010"), "E117", 7),
    ("new octal number", field(", max: 0o17"), "E117", 7),
    ("hexadecimal number", field(", max: 0x10"), "E117", 7),
    ("number with underscores", field(", max: 1_000"), "E117", 7),
    ("day as a number", field(", max: 2026-01-01"), "E117", 7),
    ("decimal places of a count", field(", max: 1.5"), "E215", 7),
    ("slow pattern", field(", pattern: '(a+)+$'"), "E217", 7),
    ("deep pattern", field(f", pattern: '{'(' * 400}{')' * 400}'"), "E217", 7),
    ("endless pattern", field(f", pattern: '{'a' * 5000}'"), "E217", 7),
    ("pattern that repeats too often", field(", pattern: 'a{99999999999}'"), "E217", 7),
]
IDS = [case[0] for case in HOSTILE]
MANIFEST = 'plugin: library\nlabel: Library\nversion: 1.0.0\nhost_api: ">=1"\n'


@pytest.mark.parametrize(("what", "content", "id", "line"), HOSTILE, ids=IDS)
def test_hostile_file_is_refused(
    what: str, content: str | bytes, id: str, line: int, load: Callable[[dict[str, str | bytes]], Loaded]
) -> None:
    start = time.perf_counter()
    loaded = load({"manifest.yaml": MANIFEST, "forms/book.yaml": content})
    assert time.perf_counter() - start < 1
    places = {(problem.file, problem.line, problem.id) for problem in loaded.problems}
    assert ("forms/book.yaml", line, id) in places, loaded.problems
    assert all(len(problem.message) < 1000 and len(problem.path) < 1000 for problem in loaded.problems)
    assert loaded.plugin is not None
    assert_plain(loaded.plugin)


def assert_plain(value: object) -> None:
    """Fail on anything that is not of the model or a plain value."""
    if dataclasses.is_dataclass(value):
        assert type(value).__module__.startswith("lowcode.declare.")
        for each in dataclasses.fields(value):
            assert_plain(getattr(value, each.name))
    elif isinstance(value, (dict, tuple)):
        assert type(value) in (dict, tuple)
        for item in value.items() if isinstance(value, dict) else value:
            assert_plain(item)
    else:
        assert isinstance(value, (str, bool, int, Decimal, Path, type(None)))


@pytest.mark.parametrize(("what", "content", "id", "line"), HOSTILE, ids=IDS)
def test_hostile_manifest_does_not_raise(what: str, content: str | bytes, id: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert load_plugin(tmp_path).problems


MEASURE = """
import resource, sys
from pathlib import Path
from lowcode.declare.load import load_plugin
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for root in sorted(Path(sys.argv[1]).iterdir()):
    assert load_plugin(root).problems
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_all_hostile_files_together_take_less_than_100_megabytes(tmp_path: Path) -> None:
    for index, (_, content, _, _) in enumerate(HOSTILE):
        folder = tmp_path / f"{index:03}" / "forms"
        folder.mkdir(parents=True)
        (folder.parent / "manifest.yaml").write_text(MANIFEST)
        (folder / "book.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout) < 100


def test_a_pipe_or_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").symlink_to("/dev/zero")
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "book.yaml").mkdir()
    assert [(problem.file, problem.id) for problem in load_plugin(tmp_path).problems] == [
        ("forms/book.yaml", "E101"),
        ("manifest.yaml", "E101"),
    ]


PIECES = ("null", "[]", "{}", "5", "-1.5", "true", "''", "[a, [b]]", "{a: {b: c}}", "x" * 300, "[{a: 1}, b]", "ünï")


@pytest.mark.parametrize("seed", range(5))
def test_no_misplaced_value_stops_the_loader(
    seed: int, good: dict[str, str | bytes], load: Callable[[dict[str, str | bytes]], Loaded]
) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        file = chance.choice(list(good))
        words = re.split(r"([:{}\[\],\n] *)", str(good[file]))
        for _ in range(chance.randint(1, 3)):
            words[chance.randrange(len(words))] = chance.choice(PIECES)
        for problem in load({**good, file: "".join(words)}).problems:
            assert problem.line >= 1
            assert problem.message
