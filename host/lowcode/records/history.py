"""Who changed which field from what to what, and when."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lowcode import auditing
from lowcode.database.schema import audit, merged_records
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import masking, reading
from lowcode.records.record import Line, Record
from lowcode.records.showing import instant, person

if TYPE_CHECKING:
    from lowcode.context import Context

LABELS = {
    "create": "新增",
    "edit": "编辑",
    "delete": "删除",
    "restore": "恢复",
    "team": "设置协作成员",
    "hand_over": "移交",
    "merge": "合并",
    "merged": "合并到其他记录",
}
TEAM = "$team"
"""The path of a change of the team, which is no field."""

OUTCOMES = {"approved": "审批通过", "rejected": "审批驳回", "returned": "审批退回"}
STAMPS = frozenset({"version", "updated_at", "updated_by"})


def write(ctx: "Context", form: LiveForm, record: Record, action: str, original: Record | None = None) -> None:
    """Add one entry, in the transaction of the change."""
    found = changes(form, record, original) if original else {}
    auditing.write(ctx.connection, ctx.user.id, form.name, record.id, action, found, ctx.now)


def write_many(ctx: "Context", form: LiveForm, action: str, found: Mapping[int, dict[str, list[Any]]]) -> None:
    """Add an entry for each of many records that one action changed, with its changes."""
    auditing.write_many(ctx.connection, ctx.user.id, form.name, action, found, ctx.now)


def write_team(
    ctx: "Context", form: LiveForm, record: Record, before: Mapping[int, str], after: Mapping[int, str]
) -> None:
    """Add the entry of a changed team."""
    old, new = ([[user, level] for user, level in each.items()] for each in (before, after))
    auditing.write(ctx.connection, ctx.user.id, form.name, record.id, "team", {TEAM: [old, new]}, ctx.now)


def changes(form: LiveForm, record: Record, original: Record) -> dict[str, list[Any]]:
    """Compare two states of a record: `{path: [old, new]}`; a line is named by its id."""
    found: dict[str, list[Any]] = {}
    for name, declared in form.fields.items():
        if declared.type == "lines":
            found |= _line_changes(name, declared, getattr(original, name), getattr(record, name))
        elif name not in STAMPS and not declared.derived and getattr(record, name) != getattr(original, name):
            found[name] = [_dump(declared, getattr(original, name)), _dump(declared, getattr(record, name))]
    return found


def history(ctx: "Context", form: LiveForm, record_id: int) -> list[dict[str, Any]]:
    """Read a record's entries, newest first, without fields the person may not see; those of merged records too."""
    hidden = masking.hidden(ctx, form, reading.require(ctx, form, record_id))
    merged = merged_titles(ctx, form, record_id)
    told = select(audit).where(audit.c.form == form.name, audit.c.record.in_([record_id, *merged]))
    entries = ctx.connection.execute(told.order_by(audit.c.id.desc())).all()
    return describe(ctx, form, entries, hidden, merged)


def describe(
    ctx: "Context", form: LiveForm, entries: Sequence[Any], hidden: frozenset[str], merged: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Write entries of one record, in whose current state these fields are `hidden`, and of those `merged` into it."""
    names = ctx.users.names({entry.user for entry in entries if entry.user} | _team_users(entries))
    known = {*visible_fields(form, ctx.user.roles), TEAM}
    return [
        {
            "at": instant(entry.at),
            "by": person(names, entry.user),
            "action": entry.action,
            "label": _entry_label(form, entry, merged),
            "changes": [
                {"field": path, "label": _label(form, path), "old": old, "new": new}
                for path, (old, new) in _shown(form, entry.changes, hidden, names)
                if path.partition(".")[0] in known
            ],
        }
        for entry in entries
    ]


def merged_into(ctx: "Context", form: LiveForm, record_id: int) -> int | None:
    """Give the record that another one was merged into."""
    of_source = (merged_records.c.form == form.name) & (merged_records.c.source == record_id)
    return ctx.connection.scalar(select(merged_records.c.target).where(of_source))


def merged_titles(ctx: "Context", form: LiveForm, record_id: int) -> dict[int, str]:
    """Give the records that were merged into this one, with the titles they had."""
    sources = select(merged_records.c.source).where(
        merged_records.c.form == form.name, merged_records.c.target == record_id
    )
    table = form.table
    rows = ctx.connection.execute(select(table.c.id, form.column(form.declared.title)).where(table.c.id.in_(sources)))
    return {key: str(key if title is None else title) for key, title in rows}


def _team_users(entries: Iterable[Any]) -> set[int]:
    changed = [each for entry in entries for each in entry.changes.get(TEAM, ())]
    return {user for each in changed for user, _level in each}


def _shown(
    form: LiveForm, changed: Mapping[str, list[Any]], hidden: frozenset[str], names: Mapping[int, str]
) -> Iterator[tuple[str, list[Any]]]:
    """Give the changes as the person may see them: masked values masked, members with their names."""
    for path, values in changed.items():
        if path == TEAM:
            yield path, [[{"user": person(names, user), "level": at} for user, at in each] for each in values]
        elif path in hidden:
            yield path, [masking.mask(form.fields[path], value) if value else value for value in values]
        else:
            yield path, values


def _entry_label(form: LiveForm, entry: Any, merged: Mapping[int, str]) -> str:
    label = _action_label(form, entry.action)
    if entry.record not in merged:
        return label
    return _("{label}（已合并的“{title}”）", label=label, title=merged[entry.record])


def _action_label(form: LiveForm, action: str) -> str:
    declared = form.declared.actions.get(action) or (form.workflow.moves.get(action) if form.workflow else None)
    others = LABELS | OUTCOMES  # an approval writes `review.approved`
    return _(declared.label if declared else others.get(action.rpartition(".")[2], action))


def _label(form: LiveForm, path: str) -> str:
    if path == TEAM:
        return _("协作成员")
    name, _dot, column = path.partition(".")
    label = _(form.fields[name].label)
    inner = form.fields[name].fields.get(column.rpartition(".")[2])
    return f"{label} · {_(inner.label)}" if inner else label


def _line_changes(name: str, declared: Field, before: list[Line], after: list[Line]) -> dict[str, list[Any]]:
    old = {line.id: line for line in before}
    found: dict[str, list[Any]] = {}
    for line in after:
        earlier = old.pop(line.id, None)
        for column, field in declared.fields.items():
            was, now = getattr(earlier, column, None), getattr(line, column)
            if was != now:
                found[f"{name}.{line.id}.{column}"] = [_dump(field, was), _dump(field, now)]
    kept = {line.id for line in after}
    order = [[line.id for line in lines if line.id in kept] for lines in (before, after)]
    if order[0] != [line_id for line_id in order[1] if line_id in set(order[0])]:
        found[name] = order
    for line in old.values():
        for column, field in declared.fields.items():
            if getattr(line, column) is not None:
                found[f"{name}.{line.id}.{column}"] = [_dump(field, getattr(line, column)), None]
    return found


def _dump(declared: Field, value: Any) -> Any:
    return None if value is None else FIELD_TYPES[declared.type].dump(declared, value)
