"""Who decides a step. Nobody ever decides on what he submitted himself, or on his own record."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from lowcode.declare.workflows import Step
from lowcode.errors import Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.identity.model import ADMIN
from lowcode.records.record import Record
from lowcode.workflow import flows

if TYPE_CHECKING:
    from lowcode.context import Context


@dataclass(frozen=True, slots=True)
class Search:
    """What people are looked for by: the record, who submitted it, and whom he picked for which step."""

    ctx: "Context"
    form: LiveForm
    record: Record
    submitter: int | None
    chosen: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def deciders(self, step: Step) -> list[int]:
        """Give the people that decide a step; nobody when it may be skipped. Raises Refused when nobody is found.

        The `approvers` hook speaks first, then what the step declares. For who has a stake in it (`parties`) the head
        of the next department up stands in, or nobody. A step that is left without people goes to the administrators,
        unless it says otherwise; one that would be the submitter's or owner's own is never skipped.
        """
        hooks = self.ctx.platform.hooks
        named = hooks.first(self.form.name, "approvers", record=self.record, step=step, ctx=self.ctx.system)
        people: list[int | None] = list(
            active(self.ctx, self._declared(step.approvers, step.name) if named is None else named)
        )
        parties = self.parties(step)
        is_own = not parties.isdisjoint(people)
        people = [self._deputy(user, step, parties) if user in parties else user for user in people]
        if others := list(dict.fromkeys(user for user in people if user is not None)):
            return others
        if step.empty == "skip" and not is_own:
            return []
        found = self.ctx.users.with_role(ADMIN) if step.empty != "refuse" else []
        if others := [user for user in found if user not in parties]:
            return others
        raise no_approver(step)

    def parties(self, step: Step) -> set[int | None]:
        """Give who must not decide: the submitter, and the record's owner unless the step asks exactly him."""
        owner = self.form.declared.owner
        asks_owner = owner in flows.names(step.approvers.get("field", ()))
        return {self.submitter, None if owner is None or asks_owner else getattr(self.record, owner)} - {None}

    def readers(self, sources: Mapping[str, Any]) -> list[int]:
        """Give the people that sources name, but for the submitter, who knows."""
        found = active(self.ctx, self._declared(sources, ""))
        return [user for user in found if user != self.submitter]

    def _declared(self, sources: Mapping[str, Any], step: str) -> Iterator[int | None]:
        users, levels = self.ctx.users, sources.get("levels", 1)
        for source, value in sources.items():
            if source == "chosen":
                yield from self.chosen.get(step, ())
            elif source == "levels":
                continue
            else:
                for name in flows.names(value):
                    if source == "role":
                        yield from users.with_role(name)
                    elif source == "users":
                        yield users.with_username(name)
                    elif source == "field":
                        yield getattr(self.record, name)
                    else:
                        person = self.submitter if name == "submitter" else getattr(self.record, name)
                        yield from islice(self._heads_over(person), levels)

    def _deputy(self, person: int | None, step: Step, parties: Container[int | None]) -> int | None:
        """Give the nearest head over a person who may decide in his place."""
        if step.own == "drop":
            return None
        return next((head for head in self._heads_over(person) if head not in parties), None)

    def _heads_over(self, person: int | None) -> list[int]:
        """Give the heads over a person other than the person, nearest first, each once."""
        return [head for head in dict.fromkeys(self.ctx.users.heads_over(person)) if head != person]


def active(ctx: "Context", wanted: Iterable[Any]) -> list[int]:
    """Give those of the people that exist and are active, in order, each once."""
    ids = list(dict.fromkeys(user for user in wanted if user is not None))
    rows = ctx.users.rows(ids)
    return [user for user in ids if user in rows and rows[user].is_active]


def no_approver(step: Step) -> Refused:
    """Make the refusal of a step that nobody could decide."""
    return Refused(_("“{step}”没有可以审批的人，请联系管理员设置审批人。", step=_(step.label)), code="no_approver")
