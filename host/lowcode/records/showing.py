"""How the values of some fields become JSON: what there is to do is sorted once, then done for many rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from lowcode import files
from lowcode.declare.fields import Field
from lowcode.declare.workflows import Workflow
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.i18n import _
from lowcode.records import titles
from lowcode.records.record import Row
from lowcode.records.titles import POINTERS, target

if TYPE_CHECKING:
    from lowcode.context import Context

Labels = dict[tuple[str, Any], str]


class Showing:
    """A set of fields: of records, with their line items, or of line items.

    Texts and the like are written as they are, so that each row costs one copy and then only what needs work.
    """

    def __init__(self, fields: Mapping[str, Field], workflow: Workflow | None = None) -> None:
        plain = [each for each in fields.values() if each.type != "lines"]
        self._workflow = workflow
        self._names = tuple(each.name for each in plain)
        self._read = _reader(self._names)
        self._dumped = tuple((each.name, dump) for each in plain if (dump := _dumper(each)))
        self._pointers = tuple((each.name, target(each)) for each in plain if each.type in POINTERS)
        self._choices = tuple((each.name, each.dictionary) for each in plain if each.type == "choice")
        self._images = tuple(each.name for each in plain if each.type == "image")
        self._files = tuple(each.name for each in plain if each.type == "files")
        self.lines = {name: Showing(each.fields) for name, each in fields.items() if each.type == "lines"}

    def prepare(self, ctx: "Context", records: Sequence[Row]) -> None:
        """Look up the titles and files of all records at once."""
        wanted: dict[str, set[int]] = {}
        held: set[str] = set()
        for showing, rows in self._all_rows(records):
            showing._collect(rows, wanted, held)
        titles.look_up(ctx, wanted)
        if missing := held - ctx.file_facts.keys():
            ctx.file_facts |= files.facts(ctx, missing)

    def values(self, ctx: "Context", row: Row) -> dict[str, Any]:
        """Write a row's values; those of line items are not in it."""
        shown = dict(zip(self._names, self._read(row), strict=True))
        for name, dump in self._dumped:
            if (value := shown[name]) is not None:
                shown[name] = dump(value)
        for name, form in self._pointers:
            if (value := shown[name]) is not None:
                shown[name] = {"id": value, "title": ctx.titles[form].get(value, "")}
        for name in self._images:
            shown[name] = ctx.file_facts.get(shown[name] or "")
        for name in self._files:
            shown[name] = [ctx.file_facts[each] for each in shown[name] or () if each in ctx.file_facts]
        return shown

    def labels(self, ctx: "Context", shown: Mapping[str, Any], known: Labels) -> dict[str, str]:
        """Give the labels of a row's choices; `known` remembers them from row to row."""
        labels: dict[str, str] = {}
        for name, dictionary in self._choices:
            if (code := shown[name]) is not None and (dictionary or self._workflow):
                key = (dictionary or "", code)
                labels[name] = known.get(key) or known.setdefault(key, self._label(ctx, dictionary, code))
        return labels

    def _label(self, ctx: "Context", dictionary: str | None, code: str) -> str:
        if dictionary:
            item = ctx.dictionary(dictionary).get(code)
            return _(item.label) if item else code
        return _(self._workflow.states[code].label) if self._workflow else code

    def _all_rows(self, records: Sequence[Row]) -> Iterator[tuple["Showing", Sequence[Row]]]:
        yield self, records
        for name, showing in self.lines.items():
            yield showing, [line for record in records for line in getattr(record, name) or ()]

    def _collect(self, rows: Sequence[Row], wanted: dict[str, set[int]], held: set[str]) -> None:
        for name, form in self._pointers:
            wanted.setdefault(form, set()).update(filter(None, map(attrgetter(name), rows)))
        for name in self._images:
            held.update(filter(None, map(attrgetter(name), rows)))
        for name in self._files:
            for ids in map(attrgetter(name), rows):
                held.update(ids or ())


def instant(at: datetime | None) -> str | None:
    """Write an instant."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if at is not None else None


def person(names: Mapping[int, str], user: int | None) -> dict[str, Any] | None:
    """Write a person; nobody for the platform itself."""
    return {"id": user, "title": names.get(user, "")} if user is not None else None


def _dumper(declared: Field) -> Callable[[Any], Any] | None:
    return FIELD_TYPES[declared.type].dumper(declared)


def _reader(names: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    """Read several attributes at once; `attrgetter` gives a bare value for one name and takes no fewer."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda row: tuple(getattr(row, name) for name in names)
