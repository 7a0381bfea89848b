"""The permission matrix: every actor tries every operation on every kind of record of every form.

What has to happen is worked out from the declarations alone (`oracle`); what does happen is read from the answers.
Each cell starts from the same rows (`undone`), and a refusal that changes any row of any table is a mismatch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import insert, update

from lowcode.database.schema import files, team_members
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.testing.conformance.base import Checks
from lowcode.testing.conformance.operations import Operation, Scene, operations
from lowcode.testing.conformance.oracle import WITH, Actor, Oracle, Place
from lowcode.testing.examples import Examples
from lowcode.testing.undone import Undone, undone

STRANGER = ("stranger", "Elsewhere")
SHOWN = 30
"""So many mismatches are told."""


class MatrixChecks(Checks):
    """One check over all forms, whose cells are counted."""

    least_cells: ClassVar[int] = 0
    """A plugin may say how many cells its matrix has at least."""

    def test_the_permission_matrix(self, examples: Examples) -> None:
        """Nobody may do more, or less, than `access:` says; what is refused leaves every table as it was."""
        actors = list(actors_of(examples))
        oracle, mismatches, cells = Oracle(examples.platform), list[str](), 0
        for form in examples.platform.forms.values():
            scene = _scene(form, examples, oracle, actors)
            tries = list(operations(scene))
            places = {actor.name: list(places_of(form, examples, actor)) for actor in actors}
            with undone(examples.platform) as state:
                for actor in actors:
                    for place in places[actor.name]:
                        for operation in tries:
                            cells += 1
                            mismatches += _cell(scene, actor, place, operation, state)
                assert state.is_as_at_first(), f"{form.name}: something was left behind."
        print(f"permission matrix: {cells} cells, {len(mismatches)} mismatches")  # noqa: T201 (told with -s)
        assert not mismatches, f"{len(mismatches)} of {cells} cells:\n" + "\n".join(mismatches[:SHOWN])
        assert cells >= self.least_cells, f"The matrix has only {cells} cells."


def _cell(scene: Scene, actor: Actor, place: Place, operation: Operation, state: Undone) -> Iterator[str]:
    """Try one cell; tell what is wrong with it."""
    where = f"{scene.form.name}: {actor.name} × {operation.name} × {place.name}"
    status = getattr(place.record, "status", None)
    with state.attempt():
        _prepare(scene, place, operation)
        expected = not actor.is_nobody and operation.expected(scene, actor, place)
        state.watch()
        answer = operation.call(scene, actor, place)
        done = operation.is_done(answer)
        changed = [] if done else state.changed()
    if operation.state is not None:
        place.record.status = status
    if done != expected:
        yield f"{where}: {'done' if done else 'refused'}, and should not be ({answer.status} {answer.json})"
    elif not done and changed:
        yield f"{where}: refused with {answer.status}, and these tables changed: {', '.join(changed)}"
    elif actor.is_nobody and answer.status not in (401, 302, 303):
        yield f"{where}: answers somebody who is not signed in with {answer.status}"


def _prepare(scene: Scene, place: Place, operation: Operation) -> None:
    """Put the record into the state, or into the bin, where the operation makes sense."""
    table, record = scene.form.table, place.record
    values: dict[str, Any] = {}
    if operation.state is not None:
        values["status"] = record.status = operation.state
    if operation.is_deleted:
        values |= {"deleted_at": record.updated_at}
    if values:
        with scene.oracle.platform.db.write() as connection:
            connection.execute(update(table).where(table.c.id == record.id).values(values))


def actors_of(examples: Examples) -> Iterator[Actor]:
    """Give nobody, somebody without a role, a person of each role, and one who has all of the plugin's.

    They are of one department. What one role of the last reads and another may do are two things.
    """
    yield Actor("nobody", examples.admin.as_nobody())
    yield Actor("no role", examples.admin.as_user(department="Matrix"))
    for role in ("admin", *examples.platform.roles):
        yield Actor(role, examples.admin.as_user(role, department="Matrix"), frozenset({role}))
    roles = frozenset(examples.platform.roles)
    yield Actor("all roles", examples.admin.as_user(*sorted(roles), department="Matrix"), roles)


def _scene(form: LiveForm, examples: Examples, oracle: Oracle, actors: Iterable[Actor]) -> Scene:
    moves = form.workflow.moves if form.workflow else {}
    steps: dict[str, Action | Move] = {**form.declared.actions, **moves}
    forms = examples.platform.forms
    pickers = tuple((forms[name], declared) for name, declared in form.referring if not declared.filled_by_host)
    payloads = {actor.name: _payload(form, examples, actor) for actor in actors}
    params = {name: examples.params(step.params) for name, step in steps.items()}
    return Scene(form, oracle, payloads, params, pickers)


def _payload(form: LiveForm, examples: Examples, actor: Actor) -> dict[str, Any]:
    """Make what the actor creates a record from, so that only permission can be in the way."""
    payload = examples.payload(form.name, full=False)
    grants = (form.declared.access.get(role) for role in actor.roles)
    for name in payload if any(grant and grant.create for grant in grants) else ():
        field = form.declared.fields[name]
        target = examples.platform.forms[field.form].declared if field.type == "ref" and field.form else None
        if target and target.owner:
            payload[name] = examples.fitting(target.name, field.where)
            examples.force(target.name, payload[name], {target.owner: actor.api.user_id})
    return payload


def places_of(form: LiveForm, examples: Examples, actor: Actor) -> Iterator[Place]:
    """Make the records an actor tries his luck with."""
    own = actor.api.user.id if actor.api.user else None
    colleague = _known(examples, "colleague", "Matrix")
    stranger = _known(examples, *STRANGER)
    yield _place(form, examples, "own", own or stranger)
    yield _place(form, examples, "department", colleague)
    yield _place(form, examples, "other", stranger)
    owner = form.declared.fields.get(form.declared.owner or "")
    if owner is not None and not owner.required:
        yield _place(form, examples, "pool", None)
    if form.declared.team and own is not None:
        for level in ("read", "write"):
            yield _place(form, examples, f"shared to {level}", stranger, own, level)
    for name in followed_by(form):
        target = examples.platform.forms[form.fields[name].form or ""]
        for whose, standing in (("own", own or stranger), ("department", colleague), ("other", stranger)):
            there = _place(target, examples, whose, standing)
            yield _pointing(form, examples, _place(form, examples, f"with {whose} {name}", stranger), {name: there})


def followed_by(form: LiveForm) -> list[str]:
    """Name the references that some scope of the form follows."""
    scopes = (scope for grant in form.declared.access.values() for scope in (grant.read, grant.edit, grant.delete))
    parts = (part for scope in scopes if scope for part in (scope if isinstance(scope, tuple) else (scope,)))
    words = (part.removeprefix(WITH) for part in parts if isinstance(part, str) and part.startswith(WITH))
    return list(dict.fromkeys(words))


def _elsewhere(form: LiveForm, examples: Examples) -> dict[str, Place]:
    """Give a stranger's record for each reference that the form's scopes follow and that may not be empty."""
    targets = {name: form.fields[name] for name in followed_by(form)}
    return {
        name: _place(examples.platform.forms[field.form or ""], examples, "other", _known(examples, *STRANGER))
        for name, field in targets.items()
        if field.required
    }


def _pointing(form: LiveForm, examples: Examples, place: Place, followed: Mapping[str, Place]) -> Place:
    """Let a record point to these, and to no other one that its scopes follow."""
    refs = dict.fromkeys(followed_by(form)) | {name: there.record.id for name, there in followed.items()}
    if not refs:
        return place
    if all(getattr(place.record, name) == value for name, value in refs.items()):
        return replace(place, followed=followed)
    with examples.platform.db.write() as connection:
        connection.execute(update(form.table).where(form.table.c.id == place.record.id).values(refs))
    for each, value in refs.items():
        setattr(place.record, each, value)
    return replace(place, followed=followed)


def _known(examples: Examples, name: str, department: str) -> int:
    """Make the owner of foreign records, who may own any, once for each platform."""
    username, roles = f"matrix-{name}", sorted(examples.platform.roles)
    return examples.platform.as_system(lambda ctx: ctx.users.ensure(username, name, roles, department))


def _place(
    form: LiveForm,
    examples: Examples,
    name: str,
    owner: int | None,
    member: int | None = None,
    level: str | None = None,
) -> Place:
    record_id = examples.fitting(form.name)
    examples.force(form.name, record_id, {form.declared.owner or "created_by": owner})
    file = _attach(form, examples, record_id)
    if member is not None:
        row = {"form": form.name, "record": record_id, "user": member, "level": level}
        with examples.platform.db.write() as connection:
            connection.execute(insert(team_members).values(**row, added_at=datetime.now(UTC)))
    record = examples.platform.as_system(lambda ctx: store.load(ctx, form, record_id))
    assert record is not None
    return _pointing(form, examples, Place(name, record, file, level, owner), _elsewhere(form, examples))


def _attach(form: LiveForm, examples: Examples, record_id: int) -> str | None:
    """Let the record hold a file in the first of its fields that can."""
    held = next((each for each in form.declared.fields.values() if each.type in {"image", "files"}), None)
    if held is None:
        return None
    file_id = examples.picture()
    value: Any = file_id if held.type == "image" else [file_id]
    with examples.platform.db.write() as connection:
        connection.execute(update(form.table).where(form.table.c.id == record_id).values({held.name: value}))
        connection.execute(update(files).where(files.c.id == file_id).values(form=form.name, record=record_id))
    return file_id
