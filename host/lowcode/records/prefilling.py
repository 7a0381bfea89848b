"""What rules fill of a new record while it is open: the hook `prefill`, held to what nobody has given yet."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lowcode.declare.fields import Field
from lowcode.records.record import Row, copy_of, values_of

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.records.draft import Draft


@dataclass(frozen=True, slots=True)
class Made:
    """A row that a rule has made: what people could have given, and what only rules and the host fill."""

    given: Mapping[str, Any]
    filled: Mapping[str, Any]


def ask(ctx: "Context", draft: "Draft") -> dict[str, list[Made]]:
    """Call the hook and give the rows that it makes for line items which were empty.

    Rules do not see what is at fault, which may be out of the person's sight. What was given stays as it was.
    """
    record, before = draft.record, copy_of(draft.record)
    standing = {name: list(getattr(record, name)) for name in record.__lines__}
    with without_faults(draft):
        ctx.platform.hooks.call(draft.form.name, "prefill", record=record, ctx=ctx.system)
    made = {name: getattr(record, name) or [] for name, lines in standing.items() if not lines}
    _keep(draft, "", record, before, draft.form.declared.fields.keys() - standing.keys())
    for name, lines in standing.items():
        setattr(record, name, lines)
        for index, (line, was) in enumerate(zip(lines, getattr(before, name), strict=True)):
            _keep(draft, f"{name}.{index}.", line, was, draft.form.fields[name].fields)
    fields = draft.form.fields
    return {name: [_made(fields[name].fields, row) for row in rows] for name, rows in made.items() if rows}


def following(ctx: "Context", draft: "Draft", changed: str) -> set[str]:
    """Name the line items whose rows follow from the reference just picked: without it the rule makes none."""
    record = draft.record
    if changed not in draft.form.declared.fields or changed in draft.errors:
        return set()
    made, alone = copy_of(record), copy_of(record)
    wrong = draft.errors.keys() & (draft.form.declared.fields.keys() - record.__lines__.keys())
    for each, unseen in ((made, wrong), (alone, wrong | {changed})):
        for name in unseen:
            setattr(each, name, None)
        for name in record.__lines__:
            setattr(each, name, [])
        ctx.platform.hooks.call(draft.form.name, "prefill", record=each, ctx=ctx.system)
    return {name for name in record.__lines__ if getattr(made, name) and not getattr(alone, name)}


@contextmanager
def without_faults(draft: "Draft") -> Iterator[None]:
    """Keep what is at fault from rules meanwhile: a reference may point at what is out of the person's sight."""
    hidden = [(row, name, getattr(row, name)) for row, name in _at_fault(draft)]
    for row, name, _value in hidden:
        setattr(row, name, None)
    try:
        yield
    finally:
        for row, name, value in hidden:
            setattr(row, name, value)


def _at_fault(draft: "Draft") -> list[tuple[Row, str]]:
    """Find the values that are at fault, of the record and of its lines."""
    found: list[tuple[Row, str]] = []
    for path in draft.errors:
        name, _dot, rest = path.partition(".")
        index, _dot, column = rest.partition(".")
        lines = getattr(draft.record, name) if name in draft.record.__lines__ else ()
        if index.isdigit() and int(index) < len(lines) and column in lines[int(index)].__fields__:
            found.append((lines[int(index)], column))
        elif not rest and name in draft.form.declared.fields and name not in draft.record.__lines__:
            found.append((draft.record, name))
    return found


def _keep(draft: "Draft", prefix: str, row: Row, before: Row, names: Iterable[str]) -> None:
    """Put back what was given; what the rule has set counts as given from here on."""
    for name in names:
        was = getattr(before, name)
        if getattr(row, name) == was:
            continue
        if prefix + name in draft.given and was is not None:
            setattr(row, name, was)
        else:
            draft.given.add(prefix + name)


def _made(columns: Mapping[str, Field], row: Row | Mapping[str, Any]) -> Made:
    """Sort what a rule says of a row; of a whole line only what it holds."""
    said = row if isinstance(row, Mapping) else {k: v for k, v in values_of(row).items() if v is not None and k != "id"}
    filled = {name: value for name, value in said.items() if name in columns and columns[name].filled_by_host}
    return Made({name: value for name, value in said.items() if name not in filled}, filled)
