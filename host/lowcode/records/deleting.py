"""Deleting to the recycle bin and restoring from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.errors import Invalid, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import alike, history, listing, reading, references, rollups, saving, store, titles
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.workflow import machine, runs

if TYPE_CHECKING:
    from lowcode.context import Context


def delete(ctx: "Context", form: LiveForm, record_id: int, version: int) -> None:
    """Move a record to the recycle bin."""
    access.require(ctx, form, "delete")
    original = reading.require(ctx, form, record_id, lock="delete")
    saving.require_change(ctx, form, original, "delete", version)
    delete_record(ctx, form, original)


def delete_record(ctx: "Context", form: LiveForm, original: Record) -> None:
    """Move a loaded record to the recycle bin unless a rule refuses."""
    if sentence := ctx.platform.hooks.first(form.name, "before_delete", record=original, ctx=ctx.system):
        raise Refused(sentence, code="delete_refused")
    record = put_away(ctx, form, original, "delete")
    runs.leave(ctx, form, record.id)
    ctx.platform.hooks.call(form.name, "after_delete", record=record, ctx=ctx.system)


def put_away(ctx: "Context", form: LiveForm, original: Record, action: str) -> Record:
    """Put a loaded record into the recycle bin without asking any rule; `action` is what its history says."""
    record = copy_of(original)
    record.deleted_at, record.deleted_by = ctx.now, ctx.user.id or None
    _write(ctx, form, record, original, action)
    return record


def restore(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """Take a record out of the recycle bin. Raises Conflict when a unique value is taken meanwhile."""
    original = saving.require_deleted(ctx, form, record_id)
    _require_not_merged(ctx, form, record_id)
    record = copy_of(original)
    record.deleted_at = record.deleted_by = None
    if machine.is_in_review(form, record):  # its approval ended with the deletion
        record.status = machine.state_to_correct(form, record)
    _require_what_it_points_at(ctx, form, record)
    hooks = {"record": record, "original": original, "ctx": ctx.system}
    ctx.platform.hooks.call(form.name, "before_save", **hooks)
    _write(ctx, form, record, original, "restore")
    ctx.platform.hooks.call(form.name, "after_save", **hooks)
    return reading.serialise(ctx, form, [record])[0]


def _require_not_merged(ctx: "Context", form: LiveForm, record_id: int) -> None:
    """Refuse to bring back what is left of a merged record, and say where everything of it went."""
    target = history.merged_into(ctx, form, record_id)
    if target is None:
        return
    record = store.load(ctx, form, target, access.clause(ctx, form))
    if record is None:
        raise Refused(_("这条记录已合并到另一条记录，不能恢复。"), code="merged")
    title = str(getattr(record, form.declared.title) or record.id)
    raise Refused(_("这条记录已合并到“{title}”，不能恢复；它的内容都在那里。", title=title), code="merged")


def _require_what_it_points_at(ctx: "Context", form: LiveForm, record: Record) -> None:
    """Refuse to bring back a record while something it points at is in the recycle bin."""
    chosen = [place for place in references.chosen(ctx, Draft(form, record, None)) if place.field.type == "ref"]
    found = references.find(ctx.system, chosen, form)
    gone = [place for place in chosen if place.value in found.missing[titles.target(place.field)]]
    if gone:
        sentence = _("它指向的记录已被删除，请先恢复那条记录。")
        raise Invalid(sentence, code="reference_deleted", errors={place.path: [sentence] for place in gone})


def bin(ctx: "Context", form: LiveForm, args: Mapping[str, list[str]]) -> dict[str, Any]:
    """List the recycle bin."""
    access.require(ctx, form, "delete")
    return listing.list_records(ctx, form, args, deleted=True)


def _write(ctx: "Context", form: LiveForm, record: Record, original: Record, action: str) -> None:
    record.version = original.version + 1
    record.updated_at, record.updated_by = ctx.now, ctx.user.id or None
    store.update_record(ctx, form, record, original)
    rollups.refresh(ctx, form, record, None)
    alike.keep(ctx, form, record, original)
    history.write(ctx, form, record, action)
