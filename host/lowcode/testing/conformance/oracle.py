"""What the declarations say about who may do what: worked out from `access:` alone, not through `lowcode.access`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lowcode.conditions import Condition
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.records.record import Record
from lowcode.testing.client import Api

WITH = "with "
SHARED = {"read": ("read", "write"), "edit": ("write",)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who tries everything: nobody, or a person with no role, one or several."""

    name: str
    api: Api
    roles: frozenset[str] = frozenset()

    @property
    def is_nobody(self) -> bool:
        """Whether he has not signed in."""
        return self.api.user is None


@dataclass(slots=True)
class Place:
    """A record, and how it stands to an actor: his own, his department's, another's, nobody's, or shared with him."""

    name: str
    record: Record
    file: str | None = None
    shared: str | None = None
    owner: int | None = None
    followed: Mapping[str, "Place"] = field(default_factory=dict)
    """The records it points to, by the fields that its form's scopes follow."""


@dataclass(slots=True)
class Oracle:
    """Answers from the declarations and from the plugin's `row_scope` rules."""

    platform: Platform
    _narrowing: dict[tuple[str, str, str], tuple[list[Condition], Mapping[str, Any]]] = field(default_factory=dict)

    def grants(self, actor: Actor, form: LiveForm, verb: str, roles: Iterable[str] | None = None) -> list[Any]:
        """Collect the parts of the scopes that the actor's roles grant, or those of `roles` that he has."""
        parts: list[Any] = []
        for role in actor.roles if roles is None else actor.roles & set(roles):
            scope = getattr(form.declared.access.get(role), verb, None)
            if scope is True:
                parts.append("all")
            elif scope:
                parts += [scope] if isinstance(scope, str | Mapping) else list(scope)
        return parts

    def reaches(
        self,
        actor: Actor,
        form: LiveForm,
        verb: str,
        place: Place,
        *,
        shared: bool = True,
        roles: Iterable[str] | None = None,
    ) -> bool:
        """Tell whether a verb covers a record; with `roles`, by what these grant."""
        parts = self.grants(actor, form, verb, roles)
        if not parts:
            return False
        narrowing, tokens = self._narrowed(actor, form, verb)
        lent = shared and form.declared.team and place.shared in SHARED.get(verb, ())
        covered = any(
            form.condition(part).matches(place.record, tokens)
            if isinstance(part, Mapping)
            else self._follows(actor, form, verb, part.removeprefix(WITH), place)
            if part.startswith(WITH)
            else part == "all"
            or place.name == "own"
            or (part == "department" and place.name == "department")
            or bool(lent)
            for part in parts
        )
        return covered and all(each.matches(place.record, tokens) for each in narrowing)

    def _follows(self, actor: Actor, form: LiveForm, verb: str, name: str, place: Place) -> bool:
        """Tell whether the actor reaches the record that this one points to: to change it, where this is changed."""
        there = place.followed.get(name)
        followed = self.platform.forms[form.fields[name].form or ""]
        return there is not None and self.reaches(actor, followed, "read" if verb == "read" else "edit", there)

    def may(self, actor: Actor, form: LiveForm, step: Action | Move, place: Place) -> bool:
        """Tell whether a button is for the actor on a record, and whether the record's fields allow it."""
        if not self.reaches(actor, form, "read", place):
            return False
        if isinstance(step, Action):
            return self.reaches(actor, form, step.access, place, roles=step.roles)
        is_for = self.reaches(actor, form, "read", place, roles=step.by)
        return is_for or ("owner" in step.by and place.name == "own")

    def exports(self, actor: Actor, form: LiveForm, place: Place) -> bool:
        """Tell whether a record is in what the actor exports: a role that exports has to read it itself."""
        roles = [role for role in actor.roles if self.grants(actor, form, "export", [role])]
        return self.reaches(actor, form, "export", place) and self.reaches(actor, form, "read", place, roles=roles)

    def _narrowed(self, actor: Actor, form: LiveForm, verb: str) -> tuple[list[Condition], Mapping[str, Any]]:
        key = (actor.name, form.name, verb)
        if key not in self._narrowing:
            with self.platform.reading(actor.api.user_or_fail) as ctx:
                wheres = self.platform.hooks.row_scope(form, verb, ctx)
                self._narrowing[key] = ([form.condition(where) for where in wheres], ctx.tokens)
        return self._narrowing[key]
