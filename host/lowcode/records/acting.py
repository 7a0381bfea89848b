"""Buttons of a record: declared actions and state moves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.errors import Fault, Forbidden, Invalid, NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import draft as drafts
from lowcode.records import masking, reading, references, saving, store
from lowcode.records.draft import Draft
from lowcode.records.record import Record, Row, copy_of
from lowcode.schemas import decode
from lowcode.workflow import approval, machine, runs

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_IDS = 200
NO_RECORD = 0


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
    record = reading.require(ctx, form, record_id, lock=None if preview else "change")
    step = step_of(form, name)
    _authorise(ctx, form, record, step, version)
    if preview and not (isinstance(step, Action) and step.preview):
        raise Invalid(_("“{label}”没有预览。", label=_(step.label)), code="no_preview")
    if isinstance(step, Move):
        move(ctx, form, record, step, params)
        return _answer(ctx, form, record_id, _("“{label}”已完成。", label=_(step.label)), None)
    result = _call(ctx, form, record, step, _params(ctx, form, step.params, name, params, record))
    if preview:
        return {"plan": dict(result.plan or {})}
    return _answer(ctx, form, record_id, result.message, result.open)


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
            results.append({"id": raw, "status": fault.status, "code": fault.code, "message": fault.detail})
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


def for_many(ctx: "Context", form: LiveForm) -> list[Move]:
    """List what lists offer for picked rows: the moves that ask for an approval and for nothing else."""
    if not access.is_allowed(ctx, form, "edit"):
        return []
    return [each for each in machine.offered(ctx, form) if isinstance(each, Move) and each.approval and not each.params]


def step_of(form: LiveForm, name: str) -> Action | Move:
    """Find an action or a move by its name. Raises NotFound."""
    moves = form.workflow.moves if form.workflow else {}
    step = form.declared.actions.get(name) or moves.get(name)
    if step is None:
        raise NotFound(_("没有操作“{name}”。", name=name))
    return step


def _authorise(ctx: "Context", form: LiveForm, record: Record, step: Action | Move, version: int | None) -> None:
    submitter = runs.submitters(ctx, form, [record]).get(record.id)
    if not machine.may(ctx, form, record, step, submitter):
        raise Forbidden(_("您没有权限进行“{label}”。", label=_(step.label)))
    if version is not None and version != record.version:
        raise store.stale()
    require_fit(ctx, form, record, step)


def require_fit(ctx: "Context", form: LiveForm, record: Record, step: Action | Move) -> None:
    """Refuse what the record's state and fields do not allow."""
    if not machine.fits(ctx, form, record, step):
        raise Refused(
            _("这条记录现在不能进行“{label}”，请刷新后查看它的状态。", label=_(step.label)), code="not_allowed_now"
        )


def _params(
    ctx: "Context", form: LiveForm, declared: Mapping[str, Field], name: str, raw: Mapping[str, Any], record: Record
) -> dict[str, Any]:
    """Check what the dialog sent: types, required values, choices and references."""
    values, errors = decode(form.params[name], raw)
    holder = _Holder(declared, {key: values.get(key, drafts.default(ctx, field)) for key, field in declared.items()})
    chosen = [
        references.Place(key, field, holder, None, declared)
        for key, field in declared.items()
        if field.type in references.NAMING and getattr(holder, key) is not None
    ]
    errors |= {
        path: sentences
        for path, sentences in references.check(ctx, record, chosen, references.find(ctx, chosen)).items()
        if path not in errors
    }
    for key, field in declared.items():
        if field.required and getattr(holder, key) is None:
            errors.setdefault(key, [_("必填。")])
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return {key: getattr(holder, key) for key in declared}


class _Holder(Row):
    """The values of a dialog, as a row whose references can be checked."""

    def __init__(self, declared: Mapping[str, Field], values: Mapping[str, Any]) -> None:
        for key in declared:
            setattr(self, key, values[key])


def _call(ctx: "Context", form: LiveForm, record: Record, action: Action, params: Mapping[str, Any]) -> Any:
    return ctx.platform.hooks.first(form.name, f"action_{action.name}", record=record, params=params, ctx=ctx.system)


def move(ctx: "Context", form: LiveForm, original: Record, step: Move, raw: Mapping[str, Any]) -> Record:
    """Change the state of a loaded record; what the dialog asks for goes into the fields it sets."""
    picked = {"approvers"} if step.approval else set()  # whom the submitter picks is no field of the dialog
    asked = {key: value for key, value in raw.items() if key not in picked - step.params.keys()}
    values = _params(ctx, form, step.params, step.name, asked, original)
    record = copy_of(original)
    for key, declared in step.params.items():
        target = declared.sets or key
        if target in form.declared.fields and not masking.is_echo(ctx, form, original, target, values[key]):
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
