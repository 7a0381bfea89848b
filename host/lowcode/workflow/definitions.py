"""The steps of approvals as administrators read and edit them. Each change is a version; runs keep theirs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lowcode import access, auditing
from lowcode.condition_words import NOT_ASKED, place_label, places
from lowcode.database.schema import approval_definitions
from lowcode.declare.fields import Field
from lowcode.declare.workflows import Approval, Step, Workflow
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records.showing import instant, person
from lowcode.workflow import checking, flows

if TYPE_CHECKING:
    from lowcode.context import Context


def listing(ctx: "Context") -> list[dict[str, Any]]:
    """List the workflows with approvals of the forms that the person may read."""
    return [
        {
            "name": workflow.name,
            "label": _(workflow.label),
            "form": form.name,
            "approvals": [_summary(ctx, workflow, declared) for declared in workflow.approvals.values()],
        }
        for form, workflow in _workflows(ctx)
        if workflow.approvals and access.is_allowed(ctx, form, "read")
    ]


def read(ctx: "Context", workflow: str, approval: str) -> dict[str, Any]:
    """Read the steps that count now, those that are declared, and what steps may be made of. Raises NotFound."""
    form, flow, declared = _find(ctx, workflow, approval)
    access.require(ctx, form, "read")
    now = flows.current(ctx, flow, approval)
    return {
        "workflow": workflow,
        "approval": approval,
        "form": form.name,
        **_summary(ctx, flow, declared),
        "steps": flows.steps_json(now.steps),
        "copy_to": flows.plain(now.copy_to),
        "declared_steps": flows.steps_json(declared.steps),
        "declared_copy_to": flows.plain(declared.copy_to),
        "choices": _choices(ctx, form),
    }


def write(ctx: "Context", workflow: str, approval: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the steps, and the copies where `copy_to` is given, by those of the payload.

    Raises Invalid with a sentence for each faulty place, and Conflict when `version` is not the newest.
    """
    form, flow, declared = _find(ctx, workflow, approval)
    unknown = payload.keys() - {"version", "steps", "copy_to"}
    if unknown:
        raise Invalid(_("没有这个字段。"), errors={name: [_("没有这个字段。")] for name in sorted(unknown)})
    _lock(ctx, flow, approval, payload)
    copy_to = payload.get("copy_to", flows.plain(flows.current(ctx, flow, approval).copy_to))
    made = checking.checked(ctx, form, flow, declared, payload.get("steps"), copy_to or {})
    kept = ctx.configuration.approvals.get((workflow, approval))
    if kept is None or not flows.is_same(kept, made.steps, made.copy_to):
        _store(ctx, flow, made, "edit", edited=True)
    return read(ctx, workflow, approval)


def reset(ctx: "Context", workflow: str, approval: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Go back to the declared steps, as another version. Raises as `write` does."""
    _form, flow, declared = _find(ctx, workflow, approval)
    _lock(ctx, flow, approval, payload)
    kept = ctx.configuration.approvals.get((workflow, approval))
    if kept is None or kept.edited:
        _store(ctx, flow, declared, "reset", edited=False)
    return read(ctx, workflow, approval)


def versions(ctx: "Context", workflow: str, approval: str) -> list[dict[str, Any]]:
    """List all versions of the steps, the newest first. Raises NotFound."""
    _find(ctx, workflow, approval)
    mine = (approval_definitions.c.workflow == workflow) & (approval_definitions.c.approval == approval)
    statement = select(approval_definitions).where(mine).order_by(approval_definitions.c.version.desc())
    rows = ctx.connection.execute(statement).all()
    names = ctx.users.names({row.changed_by for row in rows if row.changed_by})
    return [
        {
            "version": row.version,
            "edited": row.edited,
            "steps": flows.steps_json(flows.steps_of(row.steps)),
            "copy_to": row.copy_to or {},
            "at": instant(row.changed_at),
            "by": person(names, row.changed_by),
        }
        for row in rows
    ]


def _workflows(ctx: "Context") -> Iterator[tuple[LiveForm, Workflow]]:
    for form in ctx.platform.forms.values():
        if form.workflow is not None:
            yield form, form.workflow


def _find(ctx: "Context", workflow: str, approval: str) -> tuple[LiveForm, Workflow, Approval]:
    for form, found in _workflows(ctx):
        if found.name == workflow and approval in found.approvals:
            return form, found, found.approvals[approval]
    raise NotFound(_("没有这个审批流程。"))


def _summary(ctx: "Context", workflow: Workflow, declared: Approval) -> dict[str, Any]:
    kept = ctx.configuration.approvals.get((workflow.name, declared.name))
    return {
        "name": declared.name,
        "label": _(declared.label or workflow.label),
        "version": kept.version if kept else 0,
        "edited": kept.edited if kept else False,
    }


def _lock(ctx: "Context", workflow: Workflow, approval: str, payload: Mapping[str, Any]) -> None:
    """Wait for whoever edits now, and refuse a change that is not based on what they left."""
    version = payload.get("version")
    if type(version) is not int:
        raise Invalid(_("version 必须是整数。"), errors={"version": [_("version 必须是整数。")]})
    ctx.lock_configuration()
    if version != flows.version(ctx, workflow, approval):
        raise Conflict(_("流程刚刚被别人修改过，请刷新后重新编辑。"), code="stale_version")


def _store(ctx: "Context", workflow: Workflow, made: Approval, action: str, *, edited: bool) -> None:
    before = flows.current(ctx, workflow, made.name)
    number = flows.store(ctx, workflow.name, made.name, made.steps, made.copy_to, edited=edited)
    place = f"{workflow.name}.{made.name}"
    changes = {
        f"{place}.steps": [flows.steps_json(before.steps), flows.steps_json(made.steps)],
        f"{place}.copy_to": [flows.plain(before.copy_to), flows.plain(made.copy_to)],
    }
    auditing.write(ctx.connection, ctx.user.id, auditing.WORKFLOW, number, action, changes, ctx.now)
    ctx.lock_configuration()  # reads what was just written


def _choices(ctx: "Context", form: LiveForm) -> dict[str, Any]:
    """Give what the editor offers: roles, people fields, fields of conditions, and the words of each key."""
    return {
        "roles": [{"name": name, "label": label} for name, label in ctx.platform.role_labels().items()],
        "people": [{"name": field.name, "label": _(field.label)} for field in people_fields(form)],
        "fields": [_field(name, field, place_label(form, name)) for name, field in places(form).items()],
        **{name: list(words) for name, words in checking.words_of(Step).items()},
    }


def people_fields(form: LiveForm) -> list[Field]:
    """Give the fields that may name who decides."""
    return [each for name, each in form.fields.items() if _is_asked(name, each)]


def _is_asked(name: str, declared: Field) -> bool:
    return declared.type == "user" and not declared.derived and name not in NOT_ASKED


def _field(name: str, declared: Field, label: str) -> dict[str, Any]:
    found = {"name": name, "label": label, "type": declared.type}
    operators = sorted(FIELD_TYPES[declared.type].operators)
    return {**found, "operators": operators, "dictionary": declared.dictionary, "form": declared.form}
