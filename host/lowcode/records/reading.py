"""One record as JSON: values, titles of what it points at, labels of choices, and what the person may do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lowcode import access, files
from lowcode.declare.model import Field
from lowcode.errors import NotFound
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import store
from lowcode.records.record import Record, Row
from lowcode.workflow import machine, runs

if TYPE_CHECKING:
    from lowcode.context import Context

HIDDEN = frozenset({"deleted_at", "deleted_by", "owner_department"})


def read(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Read one record. Raises NotFound when it does not exist or is out of scope."""
    return serialise(ctx, form, [require(ctx, form, record_id)])[0]


def require(ctx: "Context", form: LiveForm, record_id: int, lock: bool = False) -> Record:
    """Load a record the person may see."""
    access.require(ctx, form, "read")
    record = store.load(ctx, form, record_id, access.clause(ctx, form), lock=lock)
    if record is None:
        raise NotFound(_("没有这条记录，或者您无权查看。"))
    return record


def serialise(
    ctx: "Context", form: LiveForm, records: Sequence[Record], names: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Turn records into the JSON of the HTTP contract. `names` limits the fields."""
    known = form.fields if ctx.is_system else visible_fields(form, ctx.user.roles)
    fields = {name: f for name, f in known.items() if name not in HIDDEN and (names is None or name in names)}
    _resolve(ctx, fields, records)
    submitters = runs.submitters(ctx, form, records)
    return [
        _record(ctx, form, fields, record) | {"$can": can(ctx, form, record, submitters.get(record.id))}
        for record in records
    ]


def _record(ctx: "Context", form: LiveForm, fields: Mapping[str, Field], record: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": record.id, "version": record.version}
    shown |= _values(ctx, fields, record)
    for name, declared in fields.items():
        if declared.type == "lines" and getattr(record, name) is not None:
            shown[name] = [
                {
                    "id": line.id,
                    **_values(ctx, declared.fields, line),
                    "$labels": _labels(ctx, form, declared.fields, line),
                }
                for line in getattr(record, name)
            ]
    shown["$title"] = str(getattr(record, form.declared.title) or record.id)
    shown["$labels"] = _labels(ctx, form, fields, record)
    return shown


def _values(ctx: "Context", fields: Mapping[str, Field], row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, declared in fields.items():
        if declared.type == "lines":
            continue
        value = getattr(row, name)
        if value is None:
            shown[name] = [] if declared.type == "files" else None
        elif declared.type in _TITLED:
            shown[name] = {"id": value, "title": ctx.titles[_target(declared)].get(value, "")}
        elif declared.type == "image":
            shown[name] = ctx.file_facts.get(value)
        elif declared.type == "files":
            shown[name] = [ctx.file_facts[each] for each in value if each in ctx.file_facts]
        else:
            shown[name] = FIELD_TYPES[declared.type].dump(declared, value)
    return shown


def _labels(ctx: "Context", form: LiveForm, fields: Mapping[str, Field], row: Row) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, declared in fields.items():
        if declared.type != "choice" or (code := getattr(row, name)) is None:
            continue
        if declared.dictionary:
            item = ctx.dictionary(declared.dictionary).get(code)
            labels[name] = _(item.label) if item else code
        elif form.workflow:
            labels[name] = _(form.workflow.states[code].label)
    return labels


def can(ctx: "Context", form: LiveForm, record: Record, submitter: int | None) -> list[str]:
    """List what the person may do with the record now: the one source of buttons in pages and of `$can`."""
    editable = form.is_editable(record)
    verbs = [verb for verb in ("edit", "delete") if editable and access.permits(ctx, form, verb, record)]
    return verbs + machine.available(ctx, form, record, submitter)


_TITLED = frozenset({"ref", "user", "department"})


def _target(declared: Field) -> str:
    return declared.form or f"${declared.type}"


def _resolve(ctx: "Context", fields: Mapping[str, Field], records: Sequence[Record]) -> None:
    """Look up titles and files of all records at once: one query for each form pointed at."""
    wanted: dict[str, set[int]] = {}
    held: set[str] = set()
    for declared, row in _cells(fields, records):
        value = getattr(row, declared.name)
        if declared.type in _TITLED:
            known = wanted.setdefault(_target(declared), set())
            if value is not None:
                known.add(value)
        elif value and declared.type in {"image", "files"}:
            held.update([value] if declared.type == "image" else value)
    for name, ids in wanted.items():
        titles = ctx.titles.setdefault(name, {})
        if missing := ids - titles.keys():
            titles |= _titles(ctx, name, missing)
    if missing_files := held - ctx.file_facts.keys():
        ctx.file_facts |= files.facts(ctx, missing_files)


def _cells(fields: Mapping[str, Field], records: Sequence[Record]) -> Iterable[tuple[Field, Row]]:
    interesting = _TITLED | {"image", "files"}
    header = [declared for declared in fields.values() if declared.type in interesting]
    columns = {
        name: [column for column in declared.fields.values() if column.type in interesting]
        for name, declared in fields.items()
        if declared.type == "lines"
    }
    for record in records:
        yield from ((declared, record) for declared in header)
        for name, declared_columns in columns.items():
            for line in getattr(record, name) or ():
                yield from ((column, line) for column in declared_columns)


def _titles(ctx: "Context", name: str, ids: set[int]) -> dict[int, str]:
    if name == "$user":
        return ctx.users.names(ids)
    if name == "$department":
        return ctx.users.department_names(ids)
    form = ctx.platform.forms[name]
    title = form.table.c[form.declared.title]
    rows = ctx.connection.execute(select(form.table.c.id, title).where(form.table.c.id.in_(sorted(ids))))
    return {row[0]: str(row[1] if row[1] is not None else row[0]) for row in rows}
