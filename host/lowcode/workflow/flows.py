"""Approvals as data: what a run keeps, and which steps count now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from lowcode.configuration import KeptSteps
from lowcode.database.schema import approval_definitions
from lowcode.declare.workflows import Step, Workflow

if TYPE_CHECKING:
    from lowcode.context import Context


@dataclass(frozen=True, slots=True)
class Flow:
    """One approval with the steps that count."""

    label: str
    approved: str
    rejected: str
    steps: tuple[Step, ...]
    copy_to: Mapping[str, Any] = field(default_factory=dict)

    @property
    def returned(self) -> str:
        """The state of a record that an approver hands back to its submitter."""
        return self.rejected


def current(ctx: "Context", workflow: Workflow, name: str) -> Flow:
    """Give an approval with the steps administrators keep; with the declared ones before initialise."""
    declared = workflow.approvals[name]
    kept = ctx.configuration.approvals.get((workflow.name, name))
    steps = declared.steps if kept is None else steps_of(kept.steps)
    copy_to = declared.copy_to if kept is None or kept.copy_to is None else kept.copy_to
    return Flow(declared.label or workflow.label, declared.approved, declared.rejected, steps, copy_to)


def version(ctx: "Context", workflow: Workflow, name: str) -> int:
    """Give the version of the steps that count; 0 before initialise."""
    kept = ctx.configuration.approvals.get((workflow.name, name))
    return kept.version if kept else 0


def store(
    ctx: "Context", workflow: str, name: str, steps: Iterable[Step], copy_to: Mapping[str, Any], *, edited: bool
) -> int:
    """Write another version of an approval's steps, which counts from now on; give its number."""
    kept = ctx.configuration.approvals.get((workflow, name))
    number = kept.version + 1 if kept else 1
    values = {"workflow": workflow, "approval": name, "version": number, "edited": edited}
    values |= {"steps": steps_json(steps), "copy_to": plain(copy_to)}
    values |= {"changed_at": ctx.now, "changed_by": ctx.user.id or None}
    ctx.connection.execute(insert(approval_definitions), values)
    return number


def is_same(kept: KeptSteps, steps: Iterable[Step], copy_to: Mapping[str, Any]) -> bool:
    """Tell whether stored steps say the same as these; what older versions did not know counts as its default."""
    copies = plain(copy_to) if kept.copy_to is None else kept.copy_to
    return steps_json(steps_of(kept.steps)) == steps_json(steps) and copies == plain(copy_to)


def difference(ctx: "Context", workflow: Workflow, name: str) -> dict[str, Any] | None:
    """Tell what the declaration has and the edited steps have not; None for steps that nobody edited, or that agree.

    `added` are declared steps that are missing, `removed` steps that are not declared, `changed` those that differ.
    """
    kept, declared = ctx.configuration.approvals.get((workflow.name, name)), workflow.approvals[name]
    if kept is None or not kept.edited or is_same(kept, declared.steps, declared.copy_to):
        return None
    theirs = {step["name"]: step for step in steps_json(declared.steps)}
    ours = {step["name"]: step for step in steps_json(steps_of(kept.steps))}
    return {
        "approval": name,
        "kept_version": kept.version,
        "added": [each for each in theirs if each not in ours],
        "removed": [each for each in ours if each not in theirs],
        "changed": [each for each in theirs if each in ours and theirs[each] != ours[each]],
        "reordered": [each for each in theirs if each in ours] != [each for each in ours if each in theirs],
        "copies": kept.copy_to is not None and kept.copy_to != plain(declared.copy_to),
    }


def to_json(flow: Flow) -> dict[str, Any]:
    """Write what a run keeps."""
    shown = {each.name: getattr(flow, each.name) for each in fields(Flow)}
    return {**shown, "steps": steps_json(flow.steps), "copy_to": plain(flow.copy_to)}


def from_json(kept: Mapping[str, Any]) -> Flow:
    """Read what a run kept."""
    return Flow(**{**kept, "steps": steps_of(kept["steps"])})


def steps_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read stored steps."""
    return tuple(Step(**row) for row in rows)


def steps_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Write steps so that equal ones are equal JSON."""
    return [{each.name: plain(getattr(step, each.name)) for each in fields(Step)} for step in steps]


def names(value: Any) -> tuple[str, ...]:
    """Give the names of a source of people, which takes one or a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def plain(value: Any) -> Any:
    """Write a declared value so that equal ones are equal JSON."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value
