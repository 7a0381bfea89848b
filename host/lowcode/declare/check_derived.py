"""Check that fields which are not stored stand only where values are shown."""

from collections.abc import Iterator
from itertools import pairwise

from lowcode.declare.fields import Field
from lowcode.declare.model import Form
from lowcode.declare.problems import Spot
from lowcode.declare.scene import Scene

HELD = ("lines", "image", "files")


def check_derived(form: Form, scene: Scene) -> None:
    """Report fields that cannot be derived, and places that need more of a derived field than to show it."""
    spot = scene.file(form.file)
    for index, section in enumerate(form.sections):
        for name, declared in section.fields.items():
            _check_field(declared, (spot / "sections")[index] / "fields" / name)
    for name, at in (*_heads(form, spot), *_lists(form, spot)):
        refuse(form.fields.get(name), at)


def refuse(declared: Field | None, spot: Spot) -> bool:
    """Report a derived field where a stored one is needed, and tell whether it was one."""
    if declared is None or not declared.derived:
        return False
    spot.fault("E233", f"'{declared.name}' is derived: it has a value only while it is shown. Name a stored field.")
    return True


def _check_field(declared: Field, spot: Spot) -> None:
    if declared.derived and declared.type in HELD:
        message = (
            f"A field of type {declared.type} is stored apart from its record. Remove 'derived', or change 'type'."
        )
        (spot / "derived").fault("E213", message)
    columns = list(declared.fields.values())
    for column, following in pairwise(columns):
        if column.derived and not following.derived:
            message = "Derived columns stand last, since they are not stored. Move it behind the others."
            (spot / "fields" / column.name / "derived").fault("E213", message)


def _heads(form: Form, spot: Spot) -> Iterator[tuple[str, Spot]]:
    yield form.title, spot / "title"
    yield form.owner or "", spot / "owner"
    yield from ((name, spot / "alike" / kind) for kind, name in form.alike.items())
    if form.timeline is not None:
        yield form.timeline.at, spot / "timeline" / "at"


def _lists(form: Form, spot: Spot) -> Iterator[tuple[str, Spot]]:
    for view in form.lists.values():
        at = spot / "lists" / view.name
        for word, names in (("filters", view.filters), ("search", view.search), ("sort", view.sort)):
            yield from ((name.removeprefix("-"), (at / word)[index]) for index, name in enumerate(names))
