"""Runs of approvals and their tasks in the database. No rules, no permissions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, insert, select, update

from lowcode.database.among import among
from lowcode.database.schema import approval_tasks, approvals
from lowcode.forms import LiveForm
from lowcode.records.record import Record
from lowcode.workflow import flows, trail
from lowcode.workflow.flows import Flow

if TYPE_CHECKING:
    from lowcode.context import Context

PENDING = ("waiting", "open")


@dataclass(frozen=True, slots=True)
class Run:
    """One approval of one record. `step` counts from 0; after the last agreement it is the number of steps."""

    id: int
    form: str
    record: int
    approval: str
    flow: Flow
    submitted_by: int | None
    submitted_at: datetime
    step: int
    outcome: str | None
    closed_at: datetime | None
    digest: str
    version: int | None = None
    chosen: Mapping[str, Sequence[int]] | None = None
    urged_at: datetime | None = None
    title: str = ""


def add(
    ctx: "Context",
    form: LiveForm,
    record: Record,
    approval: str,
    flow: Flow,
    document: Mapping[str, Any],
    digest: str,
    chosen: Mapping[str, Sequence[int]],
) -> Run:
    """Begin a run; the database refuses a second open one of the same record."""
    assert form.workflow is not None
    run = Run(
        id=0,
        form=form.name,
        record=record.id,
        approval=approval,
        flow=flow,
        submitted_by=ctx.user.id or None,
        submitted_at=ctx.now,
        step=0,
        outcome=None,
        closed_at=None,
        digest=digest,
        version=flows.version(ctx, form.workflow, approval),
        chosen=dict(chosen) or None,
        title=document["$title"],
    )
    values = {name: getattr(run, name) for name in _WRITTEN}
    kept = {"workflow": form.workflow.name, "definition": flows.to_json(flow), "document": document}
    return replace(run, id=ctx.connection.scalar(insert(approvals).returning(approvals.c.id), values | kept) or 0)


_WRITTEN = tuple("form record title approval digest submitted_by submitted_at step version chosen".split())


def lock(ctx: "Context", run_id: int) -> Run:
    """Read a run and keep it from everybody else until the end of the transaction."""
    return _one(ctx, selection().where(approvals.c.id == run_id).with_for_update())


def selection() -> "Select[Any]":
    """Select runs without their documents."""
    wanted = (column for column in approvals.c if column.name not in {"document", "workflow"})
    return select(*wanted)


def run_of(row: Row[Any]) -> Run:
    """Make a run of a selected row."""
    values = dict(row._mapping)
    return Run(flow=flows.from_json(values.pop("definition")), **values)


def enter(ctx: "Context", run: Run, step: int, people: Sequence[int]) -> list[tuple[int, int]]:
    """Go to a step and ask its people: all at once, or in sequence the first of them. Give tasks with their people."""
    if step != run.step:
        ctx.connection.execute(update(approvals).where(approvals.c.id == run.id).values(step=step))
    if not people:
        return []
    asked = people[:1] if run.flow.steps[step].mode == "sequence" else people
    opened = add_tasks(ctx, run, step, {"state": "open"}, [*enumerate(asked)])
    add_tasks(ctx, run, step, {"state": "waiting"}, [*enumerate(people)][len(asked) :])
    return opened


def add_tasks(
    ctx: "Context", run: Run, step: int, values: Mapping[str, Any], people: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Add a task for each position and person; `values` are common to all. Give the tasks with their people."""
    if not people:
        return []
    common = {"approval_id": run.id, "step": step, "submitted_by": run.submitted_by, **values}
    if values["state"] == "open":
        common |= _opening(ctx, run, step)
    rows = [{**common, "position": position, "user": user} for position, user in people]
    statement = insert(approval_tasks).returning(approval_tasks.c.id, sort_by_parameter_order=True)
    ids = ctx.connection.scalars(statement, rows).all()
    return [(task, user) for task, (_position, user) in zip(ids, people, strict=True)]


def tasks(ctx: "Context", run_id: int) -> list[Row[Any]]:
    """Read the tasks of a run in order."""
    order = (approval_tasks.c.step, approval_tasks.c.position, approval_tasks.c.id)
    statement = select(approval_tasks).where(approval_tasks.c.approval_id == run_id).order_by(*order)
    return list(ctx.connection.execute(statement))


def decide(ctx: "Context", task_id: int, state: str, opinion: str | None) -> None:
    """Write a decision."""
    values = {"state": state, "opinion": opinion, "decided_at": ctx.now}
    ctx.connection.execute(update(approval_tasks).where(approval_tasks.c.id == task_id).values(values))


def open_task(ctx: "Context", run: Run, task: Row[Any]) -> None:
    """Ask a person who had to wait."""
    values = {"state": "open", "reminded_at": None, **_opening(ctx, run, task.step)}
    ctx.connection.execute(update(approval_tasks).where(approval_tasks.c.id == task.id).values(values))


def hold(ctx: "Context", task_id: int) -> None:
    """Let a person wait for others that he asked."""
    ctx.connection.execute(update(approval_tasks).where(approval_tasks.c.id == task_id).values(state="waiting"))


def hand_over(ctx: "Context", task_id: int) -> None:
    """Take a task from a person, who has decided nothing."""
    ctx.connection.execute(update(approval_tasks).where(approval_tasks.c.id == task_id).values(state="transferred"))


def cancel(ctx: "Context", task_ids: Collection[int]) -> None:
    """Ask some people no more."""
    if task_ids:
        gone = update(approval_tasks).where(among(approval_tasks.c.id)).values(state="cancelled")
        ctx.connection.execute(gone, {"ids": task_ids})


def supersede(ctx: "Context", run_id: int, step: int) -> None:
    """Let what was asked in a step and in those after it count no more."""
    undone = (approval_tasks.c.approval_id == run_id) & (approval_tasks.c.step >= step)
    cancel_tasks(ctx, run_id)
    ctx.connection.execute(update(approval_tasks).where(undone).values(superseded=True))


def cancel_tasks(ctx: "Context", run_id: int) -> None:
    """Ask nobody any more."""
    pending = (approval_tasks.c.approval_id == run_id) & approval_tasks.c.state.in_(PENDING)
    ctx.connection.execute(update(approval_tasks).where(pending).values(state="cancelled"))


def close(ctx: "Context", run_id: int, outcome: str) -> None:
    """End a run."""
    cancel_tasks(ctx, run_id)
    values = {"outcome": outcome, "closed_at": ctx.now}
    ctx.connection.execute(update(approvals).where(approvals.c.id == run_id).values(values))


def leave(ctx: "Context", form: LiveForm, record_id: int) -> None:
    """End the open run of a record that leaves its state, or is deleted, without a decision."""
    if form.workflow is None or not form.workflow.approvals:
        return
    statement = selection().where(_open(form), approvals.c.record == record_id).with_for_update()
    row = ctx.connection.execute(statement).first()
    if row is not None:
        own = row.submitted_by is not None and row.submitted_by == ctx.user.id
        close(ctx, row.id, "withdrawn" if own else "cancelled")
        trail.append(ctx, row, trail.Entry("withdraw" if own else "cancel"))


def open_run_of(ctx: "Context", form: LiveForm, record_id: int) -> int | None:
    """Find the open run of a record."""
    return ctx.connection.scalar(select(approvals.c.id).where(_open(form), approvals.c.record == record_id))


def under_review(ctx: "Context", form: LiveForm, ids: Collection[int]) -> set[int]:
    """Name those of these records that have an open run."""
    if form.workflow is None or not ids:
        return set()
    statement = select(approvals.c.record).where(_open(form), among(approvals.c.record))
    return set(ctx.connection.scalars(statement, {"ids": ids}))


def submitters(ctx: "Context", form: LiveForm, records: Iterable[Record]) -> dict[int, int | None]:
    """Tell who submitted the open runs of those records that a submitter could move now."""
    moves = form.workflow.moves.values() if form.workflow else ()
    states = {state for move in moves if "submitter" in move.by for state in move.from_}
    ids = [record.id for record in records if states and record.id is not None and record.status in states]
    if not ids or ctx.is_system:
        return {}
    statement = select(approvals.c.record, approvals.c.submitted_by).where(_open(form), approvals.c.record.in_(ids))
    return {row.record: row.submitted_by for row in ctx.connection.execute(statement)}


def _opening(ctx: "Context", run: Run, step: int) -> dict[str, Any]:
    hours = run.flow.steps[step].due_hours
    return {"opened_at": ctx.now, "due_at": ctx.now + timedelta(hours=hours) if hours else None}


def _open(form: LiveForm) -> Any:
    return (approvals.c.form == form.name) & approvals.c.outcome.is_(None)


def _one(ctx: "Context", statement: "Select[Any]") -> Run:
    return run_of(ctx.connection.execute(statement).one())
