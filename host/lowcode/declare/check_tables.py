"""Check that the tables and indexes made from the names fit both databases."""

from collections.abc import Iterator

from lowcode.declare.model import Form
from lowcode.declare.problems import Spot
from lowcode.declare.scene import Scene
from lowcode.forms import INDEXED

LONGEST = 63
"""PostgreSQL's longest identifier, in bytes."""


def check_tables(scene: Scene) -> None:
    """Report table names that are used twice and identifiers that are too long."""
    owners: dict[str, str] = {}
    for form in scene.plugin.forms.values():
        for table, longest, spot in _tables(form, scene):
            if table in owners:
                message = f"The table '{table}' is also made from {owners[table]}. Rename one of them."
                spot.fault("E222", message)
            owners.setdefault(table, f"{spot.file}, {spot.path}")
            if len(longest) > LONGEST:
                message = (
                    f"The database name '{longest}' is longer than {LONGEST} characters. Shorten one of the names."
                )
                spot.fault("E222", message)


def _tables(form: Form, scene: Scene) -> Iterator[tuple[str, str, Spot]]:
    """Give each table with the longest identifier that comes from it, and its place."""
    spot = scene.file(form.file)
    table = f"{scene.plugin.name}_{form.name}"
    indexed = [name for name, each in scene.fields_of(form).items() if each.type in INDEXED or each.unique]
    yield table, _longest(table, [*indexed, "created_at"]), spot / "form"
    for index, section in enumerate(form.sections):
        for name, declared in section.fields.items():
            if declared.type == "lines":
                lines = f"{table}_{name}"
                references = [column.name for column in declared.fields.values() if column.type == "ref"]
                yield lines, _longest(lines, [*references, "record_id"]), (spot / "sections")[index] / "fields" / name


def _longest(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{max(columns, key=len)}"
