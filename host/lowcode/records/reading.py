"""One record as JSON: values, titles of what it points at, labels of choices, and what the person may do."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.errors import NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import deriving, masking, store
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
    shown = show(ctx, form, records, names)
    submitters = runs.submitters(ctx, form, records)
    merged = store.merged(ctx, form, [record.id for record in records if record.deleted_at is not None])
    for each, record in zip(shown, records, strict=True):
        each["$can"] = [] if record.id in merged else can(ctx, form, record, submitters.get(record.id))
    return shown


def show(
    ctx: "Context", form: LiveForm, records: Sequence[Record], names: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Turn records into JSON as `serialise` does, without what the person may do with them."""
    shown = _rows(ctx, form, records, names)
    access.know(ctx, form, records)
    _load_lines_that_decide(ctx, form, records)
    if not form.masked or ctx.is_system:
        return shown
    return [
        masking.hide(form, each, masking.hidden(ctx, form, record)) for each, record in zip(shown, records, strict=True)
    ]


def draft(ctx: "Context", form: LiveForm, record: Record, original: Record | None) -> dict[str, Any]:
    """Turn a draft into JSON: what the record itself hides from the person stays hidden, whatever the draft says."""
    values = _rows(ctx, form, [record], None)[0]
    if original is None:
        return values | {"$can": []}
    kept = [name for name in masking.hidden(ctx, form, original) if getattr(record, name) == getattr(original, name)]
    return masking.hide(form, values, kept) | {"$can": can(ctx, form, original, None)}


def _rows(
    ctx: "Context", form: LiveForm, records: Sequence[Record], names: Iterable[str] | None
) -> list[dict[str, Any]]:
    """Turn records into JSON with every value whole."""
    known = form.fields if ctx.is_system else visible_fields(form, ctx.user.roles)
    asked = [name for name in known if names is None or name in names]
    deriving.fill(ctx, form, records, asked)
    showing = _showing(ctx, form, asked, is_kept=names is None)
    showing.prepare(ctx, records)
    labels: Labels = {}
    return [_record(ctx, form, showing, record, labels) for record in records]


def _load_lines_that_decide(ctx: "Context", form: LiveForm, records: Sequence[Record]) -> None:
    """Read the lines of a list's records where what the person may do with them depends on lines."""
    bare = [each for each in records if each.id is not None and any(getattr(each, n) is None for n in form.line_tables)]
    if bare and not ctx.is_system and access.looks_into_lines(ctx, form):
        store.load_lines(ctx, form, bare)


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
    open_to = [verb for verb in ("edit", "delete") if form.allows(verb, record)]
    verbs = [verb for verb in open_to if access.permits(ctx, form, verb, record)]
    if form.declared.team and access.permits(ctx, form, "edit", record, shared=False):
        verbs.append("share")
    return verbs + machine.available(ctx, form, record, submitter)
