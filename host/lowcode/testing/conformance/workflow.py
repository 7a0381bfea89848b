"""Checks of workflows: of all states, moves and people exactly the declared triples succeed."""

from collections.abc import Iterator
from dataclasses import dataclass

from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.testing.client import Api
from lowcode.testing.conformance.base import Checks, need, path
from lowcode.testing.examples import DEPARTMENT, Examples
from lowcode.testing.watching import nothing_written

REFUSED = (403, 404, 422)


@dataclass(frozen=True)
class Actor:
    """Somebody who tries a move."""

    name: str
    api: Api
    roles: frozenset[str]


@dataclass(frozen=True)
class Subject:
    """A record in some state, with the ids of its owner and of who submitted its open run."""

    id: int
    state: str
    owner: int | None
    submitter: int | None


class WorkflowChecks(Checks):
    """Checks of who may move what from where."""

    def test_exactly_the_declared_moves_succeed(self, form: LiveForm, examples: Examples) -> None:
        """For each state, move and actor: what the declaration allows is done, or refused by a rule; all else is not.

        A refusal changes nothing.
        """
        need(form.workflow and form.workflow.moves, "This form has no moves.")
        assert form.workflow is not None
        people = list(_actors(examples))
        for state in form.workflow.states:
            subject = _bring(form, examples, state)
            triples = [(move, actor) for move in form.workflow.moves.values() for actor in people]
            allowed = [(move, actor) for move, actor in triples if _is_allowed(form, subject, move, actor)]
            params = {move.name: examples.params(move.params) for move, _actor in triples}
            with nothing_written(examples.platform):
                for move, actor in triples:
                    if (move, actor) not in allowed:
                        answer = actor.api.post(_address(form, subject.id, move), params[move.name])
                        assert answer.status in REFUSED, f"{actor.name} may {move.name} from {state}: {answer}"
            for move, actor in allowed:
                self._succeeds(form, examples, subject, move, actor)
                subject = _bring(form, examples, state)

    def test_states_say_what_may_be_changed(self, form: LiveForm, examples: Examples) -> None:
        """For each state: edits and deletions are refused where it declares none, and offered where it does."""
        need(form.workflow, "This form has no workflow.")
        need(examples.may(form.name, "edit") and examples.may(form.name, "delete"), "No role edits or deletes.")
        assert form.workflow is not None
        for name, state in form.workflow.states.items():
            record = examples.read(form.name, _bring(form, examples, name).id)
            address, version = path(form, record["id"]), record["version"]
            for verb, is_open in (("edit", state.editable), ("delete", state.editable or state.deletable)):
                assert is_open or verb not in record["$can"], f"'{verb}' is offered in {name}."
                if not is_open:
                    refused = examples.api.patch(address, {}, version) if verb == "edit" else None
                    refused = refused or examples.api.delete(address, version)
                    assert refused.status in REFUSED, f"'{verb}' in {name}: {refused}"

    def _succeeds(self, form: LiveForm, examples: Examples, subject: Subject, move: Move, actor: Actor) -> None:
        answer = actor.api.post(_address(form, subject.id, move), examples.params(move.params))
        told = f"{actor.name} may not {move.name} from {subject.state}: {answer}"
        assert answer.status in (200, 422), told
        if answer.status == 422:  # a rule may say no, the workflow may not
            assert answer.json["code"] != "not_allowed_now", told
        else:
            after = examples.inspect(form.name, subject.id)["status"]
            assert move.approval or after == move.to, f"{move.name} leads to {after}."


def _actors(examples: Examples) -> Iterator[Actor]:
    """Give the owner, who has every role; one person for each role; and one without any."""
    platform = examples.platform
    yield Actor("the owner", examples.api, frozenset({"admin", *platform.roles}))
    for role in ("admin", *platform.roles):
        api = examples.admin.as_user(role, department=DEPARTMENT)
        yield Actor(f"a person with the role {role}", api, frozenset({role}))
    yield Actor("a person without roles", examples.admin.as_user(department=DEPARTMENT), frozenset())


def _bring(form: LiveForm, examples: Examples, state: str) -> Subject:
    """Make a record in a state: by the move that submits it where there is one, else as a rule might."""
    assert form.workflow is not None
    record = examples.create(form.name, full=True)
    submitter = None
    for move in form.workflow.moves.values():
        if move.approval and move.to == state and submitter is None:
            examples.force(form.name, record["id"], {"status": move.from_[0]})
            answer = examples.api.post(_address(form, record["id"], move), examples.params(move.params))
            submitter = examples.api.user_id if answer.status == 200 else None
    shown = examples.inspect(form.name, record["id"])
    if shown["status"] != state:
        examples.force(form.name, record["id"], {"status": state})
        submitter = None
    owner = shown[form.declared.owner or "created_by"]
    return Subject(record["id"], state, owner["id"] if owner else None, submitter)


def _is_allowed(form: LiveForm, subject: Subject, move: Move, actor: Actor) -> bool:
    """Tell by the declaration alone whether somebody may make a move; who may not see the record may not.

    Nor may a role that does not read it. Who has one role sees it by that one; the owner has all, and reads his own.
    """
    grants = (form.declared.access.get(role) for role in actor.roles & set(move.by))
    is_for = any(grant and grant.read for grant in grants)
    is_for = is_for or ("owner" in move.by and subject.owner == actor.api.user_id)
    is_for = is_for or ("submitter" in move.by and subject.submitter == actor.api.user_id)
    if subject.state not in move.from_ or not is_for:
        return False
    return actor.api.get(path(form, subject.id)).status == 200 and _holds(form, subject, move, actor)


def _holds(form: LiveForm, subject: Subject, move: Move, actor: Actor) -> bool:
    if move.when is None:
        return True
    with actor.api.platform.reading(actor.api.user_or_fail) as ctx:
        record = store.load(ctx, form, subject.id)
        return record is not None and form.condition(move.when).matches(record, ctx.tokens)


def _address(form: LiveForm, record_id: int, move: Move) -> str:
    return f"{path(form, record_id)}/actions/{move.name}"
