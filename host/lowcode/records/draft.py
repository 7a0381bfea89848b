"""The first half of a save, shared word for word by preview: from a payload to a checked record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import differences, masking, prefilling, references
from lowcode.records.record import Line, Record, copy_of, values_of
from lowcode.schemas import decode

if TYPE_CHECKING:
    from lowcode.context import Context

Errors = dict[str, list[str]]


@dataclass(slots=True)
class Draft:
    """A record on its way to being saved. `given` are the paths that the payload names.

    `made` are the line items whose rows a rule has filled in.
    """

    form: LiveForm
    record: Record
    original: Record | None
    given: set[str] = field(default_factory=set)
    errors: Errors = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def require_no_errors(self) -> None:
        """Refuse a draft with faults."""
        if self.errors:
            raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(self.errors)), errors=self.errors)


def prepare(
    ctx: "Context",
    form: LiveForm,
    payload: Mapping[str, Any],
    original: Record | None = None,
    changed: str | None = None,
    rules_anyway: bool = False,
    filled: Mapping[str, Any] | None = None,
) -> Draft:
    """Check a payload and compute what follows from it.

    `changed` is the path of a reference that a person has just picked: what it brings along replaces
    what stood there. `rules_anyway` runs the rules even when fields are at fault, for a live preview.
    `filled` is what a rule sets of the fields that people may not write.
    """
    values, errors = decode(form.schema, masking.without_echoes(ctx, form, payload, original))
    draft = Draft(form, copy_of(original) if original else new_record(ctx, form), original, errors=errors)
    _refuse_unwritable(ctx, draft, values)
    _assign(ctx, draft, values)
    _follow_references(ctx, draft, changed)
    for name, value in (filled or {}).items():
        setattr(draft.record, name, value)
    if original is None and ctx.platform.hooks.has(form.name, "prefill"):
        _prefill(ctx, draft)
    _require(ctx, draft)
    if rules_anyway or not draft.errors:
        _apply_rules(ctx, draft)
    return draft


def new_record(ctx: "Context", form: LiveForm) -> Record:
    """Make an empty record with its defaults."""
    record = form.record_class(version=0)
    for name, declared in form.declared.fields.items():
        setattr(record, name, [] if declared.type == "lines" else default(ctx, declared))
    if form.workflow:
        record.status = next(iter(form.workflow.states))
    differences.fill(form, record)
    return record


def default(ctx: "Context", declared: Field) -> Any:
    """Give a field's value in a new record."""
    if declared.derived:
        return None
    if declared.rollup:
        return 0
    if declared.default is None and declared.type == "choice":
        items = ctx.dictionary(declared.dictionary or "").values()
        return next((item.code for item in items if item.is_default), None)
    return first(ctx, declared)


def first(ctx: "Context", declared: Field) -> Any:
    """Give what a dialog starts with: the declared default. That of a dictionary is for new records."""
    raw = declared.default
    if raw is None and declared.type == "boolean":
        return False
    if raw == "me" and declared.type == "user":
        return ctx.user.id
    if raw == "now" and declared.type == "datetime":
        return ctx.now
    if isinstance(raw, str) and raw.startswith("today") and declared.type == "date":
        return _day(ctx.today, raw)
    return None if raw is None else FIELD_TYPES[declared.type].parse_operand(declared, raw)


def _day(today: date, raw: str) -> date:
    return today + timedelta(days=int(raw.removeprefix("today") or 0))


def _refuse_unwritable(ctx: "Context", draft: Draft, values: dict[str, Any]) -> None:
    known = visible_fields(draft.form, ctx.user.roles) if not ctx.is_system else draft.form.fields
    for name in list(values):
        declared = draft.form.fields[name]
        if name not in known:
            draft.errors[name] = [_("没有这个字段。")]
        elif (
            declared.create_only
            and draft.original
            and values[name] != getattr(draft.original, name)
            and not ctx.is_system
        ):
            draft.errors[name] = [_("这个字段只能在新增时填写，不能修改。")]
        else:
            continue
        del values[name]


def _assign(ctx: "Context", draft: Draft, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        declared = draft.form.fields[name]
        if declared.type == "lines":
            setattr(draft.record, name, _lines(ctx, draft, declared, value or []))
        else:
            setattr(draft.record, name, value)
            draft.given.add(name)


def _lines(ctx: "Context", draft: Draft, declared: Field, rows: list[dict[str, Any]]) -> list[Line]:
    """Build the line items: a row with the id of a line that stands changes that line, any other is new."""
    make = draft.form.record_class.__lines__[declared.name]
    standing = {line.id: line for line in getattr(draft.original, declared.name, None) or ()}
    defaults = {"id": None, **{name: default(ctx, column) for name, column in declared.fields.items()}}
    lines: list[Line] = []
    for index, row in enumerate(rows):
        line_id = row.get("id")
        line = standing.pop(line_id, None) if line_id is not None else None
        if line_id is not None and line is None:
            draft.errors[f"{declared.name}.{index}.id"] = [_("这一行不属于本单据，或者重复了。")]
        base = values_of(line) if line else defaults
        lines.append(make.of({**base, **row, "id": line.id if line else None}.values()))
        prefix = f"{declared.name}.{index}."
        draft.given.update([prefix + name for name in row])
    return lines


def _follow_references(ctx: "Context", draft: Draft, changed: str | None) -> None:
    """Let newly chosen records bring along what they fill, then check everything newly chosen."""
    chosen = references.chosen(ctx, draft)
    found = references.find(ctx, chosen, draft.form)
    bringing = [place for place in chosen if place.field.fill]
    for place in bringing:
        draft.errors |= references.fill(place, found, draft.given, overwrite=place.path == changed)
    if bringing:
        chosen = references.chosen(ctx, draft)
        references.find_more(ctx, chosen, found, draft.form)
    references.remember_titles(ctx, found)
    for path, sentences in references.check(ctx, draft.record, chosen, found).items():
        draft.errors.setdefault(path, sentences)


def _prefill(ctx: "Context", draft: Draft) -> None:
    """Let the rules fill what is open in a new record; their lines are read and completed as if they had been typed."""
    for name, rows in prefilling.ask(ctx, draft).items():
        declared = draft.form.fields[name]
        values, errors = decode(draft.form.schema, {name: [each.given for each in rows]})
        draft.errors |= errors
        lines = _lines(ctx, draft, declared, values.get(name) or [])
        for line, row in zip(lines, rows, strict=False):
            for column, value in row.filled.items():
                setattr(line, column, value)
        setattr(draft.record, name, lines)
        draft.made.add(name)
    _follow_references(ctx, draft, None)


def _require(ctx: "Context", draft: Draft) -> None:
    for name, declared in draft.form.declared.fields.items():
        value = getattr(draft.record, name)
        if declared.filled_by_host:
            continue
        if declared.type in {"lines", "files"}:
            require_rows(draft.errors, name, declared, value or [])
        elif declared.required and value is None:
            draft.errors.setdefault(name, [_("必填。")])


def require_rows(errors: Errors, name: str, declared: Field, rows: list[Any]) -> None:
    """Report too few rows or files, and what is empty in rows although it is needed."""
    least = int(declared.min or 0) or int(declared.required)
    if len(rows) < least:
        errors.setdefault(name, [_("至少需要 {count} 项。", count=least)])
    needed = [column.name for column in declared.fields.values() if column.required and not column.filled_by_host]
    for index, row in enumerate(rows if declared.type == "lines" else ()):
        for column in needed:
            if getattr(row, column) is None:
                errors.setdefault(f"{name}.{index}.{column}", [_("必填。")])


def _apply_rules(ctx: "Context", draft: Draft) -> None:
    """Ask the rules; they neither see nor add to a field that is at fault already, whose value may be out of sight."""
    hooks, form, wrong = ctx.platform.hooks, draft.form.name, set(draft.errors)
    with prefilling.without_faults(draft):
        hooks.call(form, "compute", record=draft.record, ctx=ctx.system)
        differences.fill(draft.form, draft.record)
        found = hooks.call(form, "validate", record=draft.record, original=draft.original, ctx=ctx.system)
    for faults in found:
        for path, sentence in faults.items():
            if path not in wrong:
                draft.errors.setdefault(path, []).append(sentence)
