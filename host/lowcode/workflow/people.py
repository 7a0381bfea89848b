"""Who decides a step. Nobody ever decides on what he submitted himself."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lowcode.declare.workflows import Step
from lowcode.forms import LiveForm
from lowcode.identity.model import ADMIN
from lowcode.records.record import Record
from lowcode.workflow import flows

if TYPE_CHECKING:
    from lowcode.context import Context


def resolve(ctx: "Context", form: LiveForm, record: Record, step: Step, submitter: int | None) -> list[int]:
    """Give the people that decide a step; an empty list when the whole platform has nobody who could.

    The `approvers` hook speaks first, then what the step declares. The head of the next department up stands in for
    the submitter. A step that is left without people goes to the administrators.
    """
    named = ctx.platform.hooks.first(form.name, "approvers", record=record, step=step, ctx=ctx.system)
    wanted = list(_declared(ctx, record, step, submitter)) if named is None else list(named)
    people = _active(ctx, wanted)
    if submitter in people:
        deputy = next((head for head in ctx.users.heads_over(submitter) if head != submitter), None)
        people = [deputy if user == submitter else user for user in people]
    others = list(dict.fromkeys(user for user in people if user is not None))
    return others or [user for user in ctx.users.with_role(ADMIN) if user != submitter]


def _declared(ctx: "Context", record: Record, step: Step, submitter: int | None) -> Iterator[int | None]:
    for source, value in step.approvers.items():
        for name in flows.names(value):
            if source == "role":
                yield from ctx.users.with_role(name)
            elif source == "users":
                yield ctx.users.with_username(name)
            elif source == "field":
                yield getattr(record, name)
            else:
                yield _head_of(ctx, submitter if name == "submitter" else getattr(record, name))


def _head_of(ctx: "Context", person: int | None) -> int | None:
    """Give the nearest head over a person other than the person."""
    return next((head for head in ctx.users.heads_over(person) if head != person), None)


def _active(ctx: "Context", wanted: Iterable[Any]) -> list[int | None]:
    ids = list(dict.fromkeys(user for user in wanted if user is not None))
    rows = ctx.users.rows(ids)
    return [user for user in ids if user in rows and rows[user].is_active]
