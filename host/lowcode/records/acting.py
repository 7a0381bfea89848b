"""Buttons of a record: declared actions and state moves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import asking, masking, proposing, reading, references, saving, store
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.workflow import approval, machine, runs

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_IDS = 200
NO_RECORD = 0
OF_ONE = frozenset({"lines", "image", "files"})
"""Fields that one dialog cannot ask for several records at once."""


def act(
    ctx: "Context",
    form: LiveForm,
    record_id: int,
    name: str,
    params: Mapping[str, Any],
    preview: bool = False,
    version: int | None = None,
) -> dict[str, Any]:
    """Run an action or a move on one record, which is still at `version` where that is given."""
    step = step_of(form, name)
    record = _require(ctx, form, record_id, step, None if preview else "change")
    _authorise(ctx, form, record, step, version)
    if preview and not (isinstance(step, Action) and step.preview):
        raise Invalid(_("“{label}”没有预览。", label=_(step.label)), code="no_preview")
    if isinstance(step, Move):
        move(ctx, form, record, step, params)
        return _answer(ctx, form, record_id, _("“{label}”已完成。", label=_(step.label)), None)
    asked = asking.checked(ctx, form.params[name], step.params, params, record=record)
    result = _call(ctx, form, record, step, asked)
    if preview:
        return {"plan": dict(result.plan or {})}
    return _answer(ctx, form, record_id, result.message, result.open)


def first_values(ctx: "Context", form: LiveForm, record_id: int, name: str) -> dict[str, Any]:
    """Give what the dialog of a step starts with, written as the API writes values, to whoever may take the step."""
    step = step_of(form, name)
    record = _require(ctx, form, record_id, step, None)
    _authorise(ctx, form, record, step, None)
    return proposing.first_values(ctx, form, record, step)


def act_on_many(ctx: "Context", form: LiveForm, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run an action on several records, each in a savepoint of its own; one result for each record.

    All are locked before the first is changed: halfway, this would wait for what another batch holds.
    """
    ids = params.get("ids")
    if not isinstance(ids, Sequence) or isinstance(ids, str) or not 0 < len(ids) <= MOST_IDS:
        sentence = _("请填写 1 到 {most} 个记录的编号 (id)。", most=MOST_IDS)
        raise Invalid(sentence, errors={"ids": [sentence]})
    rest = {key: value for key, value in params.items() if key != "ids"}
    asked = _distinct(ids)
    of_batch = form.column("id").in_([number for _raw, number in asked])
    store.lock_many(ctx, form, of_batch, access.clause(ctx, form))
    results: list[dict[str, Any]] = []
    for raw, number in asked:
        try:
            with ctx.connection.begin_nested():
                results.append({"id": raw, "status": 200, **act(ctx, form, number, name, rest)})
        except Fault as fault:
            refused = {"id": raw, "status": fault.status, "code": fault.code, "message": fault.detail}
            results.append(refused | ({"errors": fault.errors} if fault.errors else {}))
    return results


def _distinct(ids: Sequence[Any]) -> list[tuple[Any, int]]:
    """Give each id as it was written with the record it names, each record once."""
    found: list[tuple[Any, int]] = []
    for raw in ids:
        try:
            number = references.record_id(raw)
        except NotFound:
            number = NO_RECORD
        if number == NO_RECORD or number not in {each for _raw, each in found}:
            found.append((raw, number))
    return found


def for_many(ctx: "Context", form: LiveForm) -> list[Action | Move]:
    """List what lists offer for picked rows: moves that only ask for an approval, actions that one dialog can ask for.

    Not actions that show a plan first, and none whose dialog depends on the record or takes files.
    """
    return [each for each in machine.offered(ctx, form) if _is_for_many(ctx, form, each)]


def _is_for_many(ctx: "Context", form: LiveForm, step: Action | Move) -> bool:
    if isinstance(step, Move):
        return step.approval is not None and not step.params and access.is_allowed(ctx, form, "edit")
    is_shared = all(not each.same and each.type not in OF_ONE for each in step.params.values())
    return is_shared and not step.preview and not step.proposes and access.is_allowed(ctx, form, step.access)


def step_of(form: LiveForm, name: str) -> Action | Move:
    """Find an action or a move by its name. Raises NotFound."""
    moves = form.workflow.moves if form.workflow else {}
    step = form.declared.actions.get(name) or moves.get(name)
    if step is None:
        raise NotFound(_("没有操作“{name}”。", name=name))
    return step


def _require(ctx: "Context", form: LiveForm, record_id: int, step: Action | Move, lock: store.Lock | None) -> Record:
    """Read the record for a step. Whoever may have seen it a moment ago hears that somebody was faster, not a 404."""
    try:
        return reading.require(ctx, form, record_id, lock=lock)
    except NotFound:
        if _was_seen(ctx, form, record_id, step):
            raise _taken(step) from None
        raise


def _was_seen(ctx: "Context", form: LiveForm, record_id: int, step: Action | Move) -> bool:
    if not isinstance(step, Action) or step.conflict is None or step.seen is None or not machine.has_role(ctx, step):
        return False
    record = store.load(ctx, form, record_id, form.condition(step.seen).clause(form, ctx.tokens))
    return record is not None and access.permits(ctx, form, "read", _as_it_stood(form, record, step))


def _as_it_stood(form: LiveForm, record: Record, step: Action) -> Record:
    """Give the record as it was while the step was possible, as far as its `when` tells."""
    before = copy_of(record)
    for test in form.condition(step.when or {}).alternatives[0]:
        if test.line is None and test.operator == "eq":
            setattr(before, test.field, test.value)
        elif test.operator == "isnull" and test.value:
            setattr(before, test.field, None)
    return before


def _is_taken(ctx: "Context", form: LiveForm, record: Record, step: Action) -> bool:
    return step.conflict_when is None or form.condition(step.conflict_when).matches(record, ctx.tokens)


def _taken(step: Action | Move) -> Conflict:
    sentence = _("这条记录刚刚已被处理，不能再进行“{label}”，请刷新后查看。", label=_(step.label))
    return Conflict(sentence, code=step.conflict if isinstance(step, Action) else None)


def _authorise(ctx: "Context", form: LiveForm, record: Record, step: Action | Move, version: int | None) -> None:
    submitter = runs.submitters(ctx, form, [record]).get(record.id)
    if not machine.may(ctx, form, record, step, submitter):
        raise Forbidden(_("您没有权限进行“{label}”。", label=_(step.label)))
    if version is not None and version != record.version:
        raise store.stale()
    require_fit(ctx, form, record, step)


def require_fit(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> None:
    """Refuse what the record's state and fields do not allow."""
    if machine.fits(ctx, form, record, step):
        return
    if isinstance(step, Action) and step.conflict is not None and _is_taken(ctx, form, record, step):
        raise _taken(step)
    raise Refused(
        _("这条记录现在不能进行“{label}”，请刷新后查看它的状态。", label=_(step.label)), code="not_allowed_now"
    )


def _call(ctx: "Context", form: LiveForm, record: Record, action: Action, params: Mapping[str, Any]) -> Any:
    return ctx.platform.hooks.first(form.name, f"action_{action.name}", record=record, params=params, ctx=ctx.system)


def move(ctx: "Context", form: LiveForm, original: Record, step: Move, raw: Mapping[str, Any]) -> Record:
    """Change the state of a loaded record; what the dialog asks for goes into the fields it sets."""
    picked = {"approvers"} if step.approval else set()  # whom the submitter picks is no field of the dialog
    asked = {key: value for key, value in raw.items() if key not in picked - step.params.keys()}
    values = asking.checked(ctx, form.params[step.name], step.params, asked, record=original)
    record = copy_of(original)
    for key, declared in step.params.items():
        target = declared.sets or key
        if (
            target in form.declared.fields
            and declared.type != "lines"
            and not masking.is_echo(ctx, form, original, target, values[key])
        ):
            setattr(record, target, values[key])
    record.status = step.to
    saving.write_changes(ctx, Draft(form, record, original), action=step.name)
    ctx.platform.hooks.call(form.name, "after_move", record=record, move=step.name, params=values, ctx=ctx.system)
    if step.approval:
        approval.open_run(ctx, form, record, step, raw.get("approvers"))
    return record


def _answer(
    ctx: "Context", form: LiveForm, record_id: int, message: str, opened: tuple[str, int] | None
) -> dict[str, Any]:
    """Answer with the record as the person sees it now: not at all when the action took it out of sight."""
    try:
        record = reading.read(ctx, form, record_id)
    except NotFound:
        record = None
    return {
        "message": message,
        "record": record,
        "open": {"form": opened[0], "id": opened[1]} if opened else None,
    }
