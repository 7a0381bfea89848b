"""One record as JSON: values, titles of what it points at, labels of choices, and what the person may do."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.errors import NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import store
from lowcode.records.record import Line, Record
from lowcode.records.showing import Labels, Showing
from lowcode.workflow import machine, runs

if TYPE_CHECKING:
    from lowcode.context import Context

HIDDEN = frozenset({"deleted_at", "deleted_by", "owner_department"})


def read(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Read one record. Raises NotFound when it does not exist or is out of scope."""
    return serialise(ctx, form, [require(ctx, form, record_id)])[0]


def require(ctx: "Context", form: LiveForm, record_id: int, lock: store.Lock | None = None) -> Record:
    """Load a record the person may see."""
    access.require(ctx, form, "read")
    record = store.load(ctx, form, record_id, access.clause(ctx, form), lock=lock)
    if record is None:
        raise NotFound(_("没有这条记录，或者您无权查看。"))
    return record


def serialise(
    ctx: "Context", form: LiveForm, records: Sequence[Record], names: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Turn records into the JSON of the HTTP API. `names` limits the fields."""
    known = form.fields if ctx.is_system else visible_fields(form, ctx.user.roles)
    showing = _showing(ctx, form, [name for name in known if names is None or name in names], is_kept=names is None)
    showing.prepare(ctx, records)
    submitters = runs.submitters(ctx, form, records)
    labels: Labels = {}
    return [
        _record(ctx, form, showing, record, labels) | {"$can": can(ctx, form, record, submitters.get(record.id))}
        for record in records
    ]


def _showing(ctx: "Context", form: LiveForm, names: list[str], is_kept: bool) -> Showing:
    """Give the form's sorted fields; those of whole records are kept, one set for each set of visible fields."""
    key = ("showing", form.name, tuple(names))
    showing: Showing | None = ctx.platform.prepared.get(key)
    if showing is None:
        showing = Showing({name: form.fields[name] for name in names if name not in HIDDEN}, form.workflow)
        if is_kept:
            ctx.platform.prepared[key] = showing
    return showing


def _record(ctx: "Context", form: LiveForm, showing: Showing, record: Record, labels: Labels) -> dict[str, Any]:
    values = showing.values(ctx, record)
    shown: dict[str, Any] = {"id": record.id, "version": record.version, **values}
    for name, columns in showing.lines.items():
        if (lines := getattr(record, name)) is not None:
            shown[name] = [_line(ctx, columns, line, labels) for line in lines]
    shown["$title"] = str(getattr(record, form.declared.title) or record.id)
    shown["$labels"] = showing.labels(ctx, values, labels)
    return shown


def _line(ctx: "Context", columns: Showing, line: Line, labels: Labels) -> dict[str, Any]:
    values = columns.values(ctx, line)
    return {"id": line.id, **values, "$labels": columns.labels(ctx, values, labels)}


def can(ctx: "Context", form: LiveForm, record: Record, submitter: int | None) -> list[str]:
    """List what the person may do with the record now: the one source of buttons in pages and of `$can`."""
    if record.id is None:
        return []
    if record.deleted_at is not None:
        return ["restore"] if access.permits(ctx, form, "delete", record) else []
    editable = form.is_editable(record)
    verbs = [verb for verb in ("edit", "delete") if editable and access.permits(ctx, form, verb, record)]
    return verbs + machine.available(ctx, form, record, submitter)
