"""Merging a record into another of its form: what pointed at the one points at the other, and nothing is lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update

from lowcode import access, files
from lowcode.database.schema import merged_records
from lowcode.declare.fields import Field
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import deleting, differences, pointing, reading, saving, store, team, words
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of, values_of

if TYPE_CHECKING:
    from lowcode.context import Context

Texts = Mapping[str, str]
"""The values of a record as people read them, by field."""

MOST_FILES = 50


@dataclass(slots=True)
class Filling:
    """What the target takes over: the fields that were empty, files that go along, and files there is no room for."""

    record: Record
    filled: list[str] = field(default_factory=list)
    carried: set[str] = field(default_factory=set)
    left: int = 0


def merge(ctx: "Context", form: LiveForm, source_id: int, target_id: int) -> dict[str, Any]:
    """Merge one record into another and tell what was done, as the plan of an action has it.

    The source goes to the recycle bin for good: deletion rules, which keep what others point at, are not asked.
    Raises Refused for a record merged with itself or under approval, and NotFound for one that is gone.
    """
    if source_id == target_id:
        raise Refused(_("不能把一条记录合并到它自己，请选择另一条记录。"), code="merge_refused")
    source, target = _locked(ctx, form, source_id, target_id)
    pointing.require_no_review(ctx, form, {source.id, target.id})
    shown = {each.id: _texts(ctx, form, each) for each in (source, target)}
    moved = pointing.move(ctx, form, source, target)
    source, target = _locked(ctx, form, source_id, target_id)  # their own line items may have pointed there
    team.join(ctx, form, source, target)
    deleting.put_away(ctx, form, source, "merged")  # first: only then are its unique values free for the target
    _remember(ctx, form, source.id, target.id)
    filling = _fill(ctx, form, source, target)
    files.hand_on(ctx, form, filling.carried, source.id, target.id)
    saving.write_changes(ctx, Draft(form, filling.record, target), action="merge")
    return _plan(form, moved, filling, shown[source.id], shown[target.id])


def _locked(ctx: "Context", form: LiveForm, source_id: int, target_id: int) -> tuple[Record, Record]:
    """Lock both, in the order of their ids; nobody may begin to point at the source any more."""
    found: dict[int, Record] = {}
    for record_id in sorted((source_id, target_id)):
        lock: store.Lock = "delete" if record_id == source_id else "change"
        record = store.load(ctx, form, record_id, access.clause(ctx, form), lock=lock)
        if record is None:
            raise NotFound(_("没有这条记录，或者您无权查看。"))
        found[record_id] = record
    return found[source_id], found[target_id]


def _remember(ctx: "Context", form: LiveForm, source: int, target: int) -> None:
    """Note where the source went; what was merged into it before goes on with it."""
    before = (merged_records.c.form == form.name) & (merged_records.c.target == source)
    ctx.connection.execute(update(merged_records).where(before).values(target=target))
    row = {"form": form.name, "source": source, "target": target}
    ctx.connection.execute(insert(merged_records), row | {"merged_at": ctx.now, "merged_by": ctx.user.id or None})


def _fill(ctx: "Context", form: LiveForm, source: Record, target: Record) -> Filling:
    """Fill what the target has not; what its rules would refuse stays empty."""
    filling = Filling(copy_of(target))
    for name, declared in form.declared.fields.items():
        if declared.derived:
            continue
        mine, theirs = (_other(form, declared, getattr(each, name), source, target) for each in (target, source))
        if mine is None:
            setattr(filling.record, name, None)
        if declared.filled_by_host or name == form.declared.owner or not theirs:
            continue
        if declared.type == "files":
            _join_files(filling, declared, mine or [], theirs)
        elif mine is None or mine == []:
            _take(filling, declared, theirs)
    _drop_refused(ctx, form, filling, target)
    return filling


def _other(form: LiveForm, declared: Field, value: Any, source: Record, target: Record) -> Any:
    """Leave out a reference from one of the two to the other: nothing points at itself."""
    is_own = declared.type == "ref" and declared.form == form.name and value in (source.id, target.id)
    return None if is_own else value


def _join_files(filling: Filling, declared: Field, mine: list[str], theirs: list[str]) -> None:
    room = max(int(declared.max or MOST_FILES) - len(mine), 0)
    filling.left += len(theirs[room:])
    if taken := theirs[:room]:
        setattr(filling.record, declared.name, [*mine, *taken])
        filling.carried.update(taken)
        filling.filled.append(declared.name)


def _take(filling: Filling, declared: Field, value: Any) -> None:
    if declared.type == "lines":
        value = [type(line).of((values_of(line) | {"id": None}).values()) for line in value]
    if declared.type == "image":
        filling.carried.add(value)
    setattr(filling.record, declared.name, value)
    filling.filled.append(declared.name)


def _drop_refused(ctx: "Context", form: LiveForm, filling: Filling, target: Record) -> None:
    """Ask the form's rules, and take back what they find fault with."""
    hooks = ctx.platform.hooks
    asked = {"record": filling.record, "original": target, "ctx": ctx.system}
    hooks.call(form.name, "compute", record=filling.record, ctx=ctx.system)
    differences.fill(form, filling.record)
    faults = {path.partition(".")[0] for found in hooks.call(form.name, "validate", **asked) for path in found}
    for name in faults.intersection(filling.filled):
        setattr(filling.record, name, getattr(target, name))
        filling.filled.remove(name)
    if faults:
        hooks.call(form.name, "compute", record=filling.record, ctx=ctx.system)


def _texts(ctx: "Context", form: LiveForm, record: Record) -> Texts:
    """Write what the person who acts may see of a record; the platform itself sees all."""
    viewer = ctx.person if ctx.user.id else ctx
    values = reading.show(viewer, form, [record])[0]
    labels, fields = values["$labels"], form.declared.fields
    return {
        name: labels.get(name) or _text(ctx, declared, values[name])
        for name, declared in fields.items()
        if values.get(name) not in (None, "", [])
    }


def _text(ctx: "Context", declared: Field, value: Any) -> str:
    return _("{count} 行", count=len(value)) if declared.type == "lines" else words.text(ctx, declared, value)


def _plan(
    form: LiveForm, moved: Mapping[str, set[int]], filling: Filling, source: Texts, target: Texts
) -> dict[str, Any]:
    title = str(getattr(filling.record, form.declared.title) or filling.record.id)
    to = {"form": form.name, "id": filling.record.id, "title": title}
    kept = _kept(form, filling, source, target)
    sentences = [_("有 {count} 个附件放不下，留在被合并的记录中。", count=filling.left)] if filling.left else []
    return {
        "moved": [{"form": name, "count": len(ids)} for name, ids in moved.items()],
        "filled": [{**to, "field": name, "value": source[name]} for name in filling.filled if name in source],
        "kept": [{"field": name, "value": target[name], "other": source[name]} for name in kept],
        "warnings": sentences,
    }


def _kept(form: LiveForm, filling: Filling, source: Texts, target: Texts) -> Iterable[str]:
    """Name the fields where both have a value and the target's stays."""
    for name, declared in form.declared.fields.items():
        if name in filling.filled or declared.filled_by_host or name not in source or name not in target:
            continue
        if source[name] != target[name] or declared.type == "lines":
            yield name
