"""Creating and changing records: one pipeline for the API, the pages, imports and rules."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode import access, files, numbering
from lowcode.errors import Conflict, Forbidden, NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import alike, differences, history, reading, rollups, store, team
from lowcode.records import draft as drafts
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.workflow import runs

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_TAKEN_NUMBERS = 1000


def preview(
    ctx: "Context",
    form: LiveForm,
    payload: Mapping[str, Any],
    record_id: int | None = None,
    changed: str | None = None,
) -> dict[str, Any]:
    """Compute a draft's values and faults; write nothing. The same first half as a save."""
    return shown(ctx, form, drafted(ctx, form, payload, record_id, changed))


def drafted(
    ctx: "Context", form: LiveForm, payload: Mapping[str, Any], record_id: int | None, changed: str | None
) -> Draft:
    """Prepare a draft, of a new record or of a change to one. Raises as a save would for who may not."""
    access.require(ctx, form, "edit" if record_id else "create")
    original = reading.require(ctx, form, record_id) if record_id else None
    if original is not None and not access.permits(ctx, form, "edit", original):
        raise Forbidden(_("您可以查看这条记录，但没有权限进行这项操作。"))
    draft = drafts.prepare(ctx, form, payload, original, changed, rules_anyway=True)
    for line_name in form.line_tables:
        setattr(draft.record, line_name, getattr(draft.record, line_name) or [])
    return draft


def shown(ctx: "Context", form: LiveForm, draft: Draft) -> dict[str, Any]:
    """Write a draft's values and faults for the HTTP API."""
    return {"values": reading.draft(ctx, form, draft.record, draft.original), "errors": draft.errors}


def create(ctx: "Context", form: LiveForm, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Create a record and answer it."""
    return reading.serialise(ctx, form, [_latest(ctx, form, create_record(ctx, form, payload))])[0]


def create_fields(ctx: "Context", form: LiveForm, values: Mapping[str, Any]) -> Record:
    """Let a rule create a record with any of its fields, those that people may not write and the number included."""
    filled = {name: value for name, value in values.items() if name in form.fields and form.fields[name].filled_by_host}
    return create_record(ctx, form, {name: value for name, value in values.items() if name not in filled}, filled)


def create_record(
    ctx: "Context", form: LiveForm, payload: Mapping[str, Any], filled: Mapping[str, Any] | None = None
) -> Record:
    """Create a record. `filled` is what a rule sets of the fields that people may not write."""
    access.require(ctx, form, "create")
    draft = drafts.prepare(ctx, form, payload, filled=filled)
    draft.require_no_errors()
    record = draft.record
    record.version = 1
    record.created_at, record.created_by = ctx.now, ctx.user.id or None
    _stamp(ctx, form, record, None)
    if not access.permits(ctx, form, "read", record):
        raise Forbidden(_("您不能新增不归您管理的记录，请检查负责人。"), code="out_of_scope")
    _before(ctx, draft)
    _insert(ctx, form, record)
    _after(ctx, draft, "create")
    return record


def _insert(ctx: "Context", form: LiveForm, record: Record) -> None:
    """Write a new record with the next number, unless a rule has given it one.

    After a change of the pattern a number may be taken: then count on.
    """
    is_numbered = form.declared.number is not None and record.number is not None
    for _attempt in range(1 if is_numbered else MOST_TAKEN_NUMBERS):
        if form.declared.number and not is_numbered:
            record.number = numbering.take(ctx, form.declared.number)
        if store.insert_record(ctx, form, record):
            return
    if is_numbered:
        raise store.taken(form, "number")
    raise Conflict(
        _("接下来的 {count} 个编号都已被使用，请管理员检查编号规则。", count=MOST_TAKEN_NUMBERS), code="numbers_taken"
    )


def update(ctx: "Context", form: LiveForm, record_id: int, version: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Change a record that is still at `version` and answer it."""
    access.require(ctx, form, "edit")
    original = reading.require(ctx, form, record_id, lock="change")
    require_change(ctx, form, original, "edit", version)
    return reading.serialise(ctx, form, [_latest(ctx, form, update_record(ctx, form, original, payload))])[0]


def _latest(ctx: "Context", form: LiveForm, record: Record) -> Record:
    """Give the record as it stands now: a rule that ran after the save may have changed it again."""
    if ctx.written.get((form.name, record.id), record.version) == record.version:
        return record
    return store.load(ctx, form, record.id) or record


def update_record(ctx: "Context", form: LiveForm, original: Record, payload: Mapping[str, Any]) -> Record:
    """Change a loaded record."""
    draft = drafts.prepare(ctx, form, payload, original)
    draft.require_no_errors()
    return write_changes(ctx, draft)


def write_changes(ctx: "Context", draft: Draft, action: str = "edit") -> Record:
    """Write a checked draft of a standing record; nothing is written when nothing differs."""
    form, record, original = draft.form, draft.record, draft.original
    assert original is not None
    if not history.changes(form, record, original) and action == "edit":
        return original
    _stamp(ctx, form, record, original)
    if action == "edit":
        _require_still_managed(ctx, form, record, original)
    _before(ctx, draft)
    store.update_record(ctx, form, record, original)
    if form.workflow and record.status != original.status:
        runs.leave(ctx, form, record.id)
    team.release_owner(ctx, form, record, original)
    _after(ctx, draft, action)
    return record


def give_deleted(ctx: "Context", form: LiveForm, original: Record, owner: int, action: str) -> None:
    """Change the owner of a record in the recycle bin, where rules do not look."""
    record = copy_of(original)
    setattr(record, form.declared.owner or "created_by", owner)
    _stamp(ctx, form, record, original)
    store.update_record(ctx, form, record, original)
    team.release_owner(ctx, form, record, original)
    history.write(ctx, form, record, action, original)


def _require_still_managed(ctx: "Context", form: LiveForm, record: Record, original: Record) -> None:
    """Refuse an edit that takes a record out of the person's hands, or into those of a team member who has none."""
    if not access.permits(ctx, form, "edit", record):
        raise Forbidden(_("修改后的记录将不归您管理，请检查负责人。"), code="out_of_scope")
    owner = form.declared.owner
    moved = owner is not None and getattr(record, owner) != getattr(original, owner)
    if moved and not access.permits(ctx, form, "edit", original, shared=False):
        raise Forbidden(_("协作成员不能更换负责人，请联系负责人。"), code="out_of_scope")


def write_fields(ctx: "Context", form: LiveForm, original: Record, values: Mapping[str, Any]) -> Record:
    """Let a rule set any field of a standing record, those that people may not write included."""
    changed = copy_of(original)
    writable = {name: value for name, value in values.items() if not form.fields[name].filled_by_host}
    for name in values.keys() - writable.keys():
        setattr(changed, name, values[name])
    draft = drafts.prepare(ctx, form, writable, changed)
    draft.require_no_errors()
    draft.original = original
    return write_changes(ctx, draft)


def require_change(ctx: "Context", form: LiveForm, record: Record, verb: str, version: int | None) -> None:
    """Refuse a change that the role, the state or the version does not allow."""
    if not access.permits(ctx, form, verb, record):
        raise Forbidden(_("您可以查看这条记录，但没有权限进行这项操作。"))
    if version is not None and version != record.version:
        raise store.stale()
    if sentence := locked(form, record, verb):
        raise Refused(sentence, code="not_editable")


def locked(form: LiveForm, record: Record, verb: str) -> str | None:
    """Say why the record's state allows no edit, or no deletion; None when it does."""
    if form.workflow is None or form.allows(verb, record):
        return None
    state = _(form.workflow.states[record.status].label)
    if form.allows("delete", record):
        return _("“{state}”状态的记录不能修改，可以删除。", state=state)
    return _("“{state}”状态的记录不能修改或删除。", state=state)


def require_deleted(ctx: "Context", form: LiveForm, record_id: int) -> Record:
    """Load a record from the recycle bin."""
    access.require(ctx, form, "delete")
    record = store.load(ctx, form, record_id, access.clause(ctx, form, "delete"), lock="change", deleted=True)
    if record is None:
        raise NotFound(_("回收站中没有这条记录，或者您无权查看。"))
    return record


def _stamp(ctx: "Context", form: LiveForm, record: Record, original: Record | None) -> None:
    record.updated_at, record.updated_by = ctx.now, ctx.user.id or None
    if original:
        record.version = original.version + 1
    owner = form.declared.owner
    if owner and (original is None or getattr(record, owner) != getattr(original, owner)):
        record.owner_department = ctx.users.department_of(getattr(record, owner))


def _before(ctx: "Context", draft: Draft) -> None:
    differences.fill(draft.form, draft.record)
    ctx.platform.hooks.call(
        draft.form.name, "before_save", record=draft.record, original=draft.original, ctx=ctx.system
    )


def _after(ctx: "Context", draft: Draft, action: str) -> None:
    files.hold(ctx, draft.form, draft.record)
    rollups.refresh(ctx, draft.form, draft.record, draft.original)
    alike.keep(ctx, draft.form, draft.record, draft.original)
    history.write(ctx, draft.form, draft.record, action, draft.original)
    ctx.platform.hooks.call(draft.form.name, "after_save", record=draft.record, original=draft.original, ctx=ctx.system)
