"""Approvals as data: what a run keeps, and which steps count now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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


def current(ctx: "Context", workflow: Workflow, name: str) -> Flow:
    """Give an approval with the steps administrators keep; with the declared ones before initialise."""
    declared = workflow.approvals[name]
    kept = ctx.configuration.approvals.get((workflow.name, name))
    steps = declared.steps if kept is None else tuple(Step(**row) for row in kept.steps)
    return Flow(declared.label or workflow.label, declared.approved, declared.rejected, steps)


def to_json(flow: Flow) -> dict[str, Any]:
    """Write what a run keeps."""
    shown = {each.name: getattr(flow, each.name) for each in fields(Flow)}
    return {**shown, "steps": steps_json(flow.steps)}


def from_json(kept: Mapping[str, Any]) -> Flow:
    """Read what a run kept."""
    return Flow(**{**kept, "steps": tuple(Step(**row) for row in kept["steps"])})


def steps_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Write steps so that equal ones are equal JSON."""
    return [{each.name: _plain(getattr(step, each.name)) for each in fields(Step)} for step in steps]


def names(value: Any) -> tuple[str, ...]:
    """Give the names of a source of people, which takes one or a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value
