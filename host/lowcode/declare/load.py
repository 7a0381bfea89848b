"""Load a plugin's declarations: every file, every fault, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lowcode.declare.build import build
from lowcode.declare.check import check
from lowcode.declare.model import Dictionary, Form, Plugin, Problem
from lowcode.declare.problems import Report, Spot, quote
from lowcode.declare.reader import MAX_BYTES, Node, read
from lowcode.declare.scene import Scene
from lowcode.declare.workflows import Workflow

MANIFEST = "manifest.yaml"

D = TypeVar("D", Form, Dictionary, Workflow)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin as declared, and what is wrong with it.

    With problems, `plugin` still serves to show what was declared (its name and label), but must not be run:
    unusable values are empty. It is None when the manifest itself cannot be read.
    """

    plugin: Plugin | None
    problems: list[Problem]


def load_plugin(root: Path) -> Loaded:
    """Read and check manifest.yaml, forms/, dictionaries/ and workflows/ below `root`."""
    report = Report()
    manifest = _read(root, MANIFEST, report)
    broken: set[str] = set()
    parts = (
        _load_folder(root, "forms", Form, report, broken),
        _load_folder(root, "dictionaries", Dictionary, report, broken),
        _load_folder(root, "workflows", Workflow, report, broken),
    )
    plugin = None
    if manifest is not None:
        built = build(Plugin, manifest, Spot(report, MANIFEST))
        plugin = replace(built, root=root, forms=parts[0], dictionaries=parts[1], workflows=parts[2])
        check(Scene(plugin, report, frozenset(broken)))
    return Loaded(plugin, report.sorted())


def _load_folder(root: Path, folder: str, cls: type[D], report: Report, broken: set[str]) -> dict[str, D]:
    """Build every file of one folder, by its stem. What is too broken for cross checks is only named in `broken`."""
    found: dict[str, D] = {}
    files: dict[str, str] = {}
    for file in _files(root, folder, report):
        stem = Path(file).stem
        node = _read(root, file, report)
        declared = None if node is None else build(cls, node, Spot(report, file), file=file)
        if declared is None or (isinstance(declared, Form) and not declared.fields):
            broken.add(f"{folder}/{stem}")
            continue
        spot = Spot(report, file) / cls.__name__.lower()
        name = declared.name or stem
        if name != stem:
            broken.add(f"{folder}/{name}")
            spot.fault("E121", f"The file is called {quote(stem)} but declares {quote(name)}. Rename one of them.")
        if name in files:
            spot.fault("E122", f"{quote(name)} is already declared in {files[name]}. Choose another name.")
        files.setdefault(name, file)
        found[stem] = replace(declared, name=stem)
    return found


def _files(root: Path, folder: str, report: Report) -> Iterator[str]:
    """Give the YAML files of a folder, in order, relative to the root."""
    directory = root / folder
    if not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        file = f"{folder}/{path.name}"
        if path.suffix == ".yaml":
            yield file
        elif path.suffix.lower() in (".yml", ".yaml"):
            report.add(file, "E123", "", "Only files that end in .yaml are read. Rename this file.")


def _read(root: Path, file: str, report: Report) -> Node | None:
    """Read one file, never more of it than is allowed."""
    path = root / file
    try:
        if not path.is_file():
            report.add(file, "E101", "", "The file is missing, or is not a regular file. Create it.")
            return None
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        report.add(file, "E101", "", f"The file cannot be read: {error.strerror}. Check its permissions.")
        return None
    return read(data, Spot(report, file))
