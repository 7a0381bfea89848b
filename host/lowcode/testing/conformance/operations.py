"""Every way to reach a record: what is sent, what the declarations say about it, and how an answer is read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lowcode.declare.fields import Field
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.testing.client import Answer
from lowcode.testing.conformance.oracle import Actor, Oracle, Place

DENIED = (401, 403, 404, 302, 303)
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """One form with what its calls need."""

    form: LiveForm
    oracle: Oracle
    payloads: Mapping[str, Mapping[str, Any]]
    """What each actor creates a record from; it points at records of his own."""

    params: Mapping[str, Mapping[str, Any]]
    pickers: tuple[tuple[LiveForm, Field], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that an actor may try on a record."""

    name: str
    call: Callable[[Scene, Actor, Place], Answer]
    expected: Callable[[Scene, Actor, Place], bool]
    is_done: Callable[[Answer], bool] = lambda answer: answer.status not in DENIED
    state: str | None = None
    """The state that the record is put into before."""

    is_deleted: bool = False
    """Whether the record is put into the recycle bin before."""


def operations(scene: Scene) -> Iterator[Operation]:
    """Give everything that can be tried on a record of a form."""
    yield from _reading()
    yield from _writing(scene)
    for target, declared in scene.pickers[:1]:
        yield _picking(target, declared)
    moves = scene.form.workflow.moves.values() if scene.form.workflow else ()
    for step in (*scene.form.declared.actions.values(), *moves):
        yield from _acting(step)


def _reading() -> Iterator[Operation]:
    yield Operation("list", _get("{records}?id={id}"), _reads, _lists)
    yield Operation("read", _get("{record}"), _reads)
    yield Operation("history", _get("{record}/history"), _reads)
    yield Operation("page", _page("/f/{form}/{id}"), _reads)
    yield Operation("approval", _get("{record}/approval"), _reads, _knows_the_record)
    yield Operation("team", _get("{record}/team"), lambda s, a, p: s.form.declared.team and _reads(s, a, p))
    yield Operation("export", _get("/forms/{form}/export?id={id}"), _exports, _has_rows)
    yield Operation("bin", _get("/forms/{form}/bin?id={id}"), _lists_deleted, _lists, is_deleted=True)


def _writing(scene: Scene) -> Iterator[Operation]:
    owner = scene.form.declared.fields.get(scene.form.declared.owner or "")
    version = {"If-Match": '"{version}"'}
    yield Operation("create", _create(owner), _creates(owner), lambda answer: answer.status == 201)
    yield Operation("preview", _post("/forms/{form}/preview", lambda _s, _p: {}), _granted("create"))
    yield Operation("preview edit", _post("/forms/{form}/preview?id={id}", lambda _s, _p: {}), _edits)
    yield Operation("edit", _send("PATCH", "{record}", lambda _s, _p: {}, version), _edits)
    yield Operation("delete", _send("DELETE", "{record}", lambda _s, _p: None, version), _verb("delete"))
    yield Operation("restore", _post("{record}/restore", lambda _s, _p: {}), _deletes, is_deleted=True)
    yield Operation("share", _send("PUT", "{record}/team", lambda _s, _p: {"members": []}), _shares)
    yield Operation(
        "file",
        lambda s, a, p: a.api.get(f"/files/{p.file}"),
        lambda s, a, p: p.file is not None and _reads(s, a, p) and _sees_files(s.form, a),
    )


def _acting(step: Action | Move) -> Iterator[Operation]:
    state = step.from_[0] if isinstance(step, Move) else None

    def may(scene: Scene, actor: Actor, place: Place) -> bool:
        return scene.oracle.may(actor, scene.form, step, place)

    one = _post(f"{{record}}/actions/{step.name}", lambda s, _p: s.params[step.name])
    many = _post(f"/forms/{{form}}/actions/{step.name}", lambda s, p: {"ids": [p.record.id], **s.params[step.name]})
    yield Operation(step.name, one, may, state=state)
    yield Operation(f"{step.name} for many", many, may, _did_one, state=state)


def _picking(target: LiveForm, declared: Field) -> Operation:
    """Try to choose the record in another form."""

    def offered(scene: Scene, actor: Actor, place: Place) -> bool:
        may_use = bool(scene.oracle.grants(actor, target, "read") or scene.oracle.grants(actor, target, "create"))
        fits = scene.form.condition(declared.where or {}).matches(place.record, {})
        sees = not declared.visible_to or bool(actor.roles & set(declared.visible_to))
        return may_use and sees and fits and _reads(scene, actor, place)

    def call(scene: Scene, actor: Actor, place: Place) -> Answer:
        title = getattr(place.record, scene.form.declared.title)
        found = _open(actor, "GET", f"/f/{target.name}/pick/{declared.name}?search={title}")
        listed = isinstance(found.json, dict) and str(place.record.id) in [i["value"] for i in found.json["items"]]
        return found if found.status != 200 or listed else Answer(404, None, {}, found.call)

    return Operation(f"pick in {target.name}", call, offered)


def _reads(scene: Scene, actor: Actor, place: Place) -> bool:
    return scene.oracle.reaches(actor, scene.form, "read", place)


def _verb(verb: str) -> Callable[[Scene, Actor, Place], bool]:
    return lambda s, a, p: _reads(s, a, p) and s.oracle.reaches(a, s.form, verb, p)


def _edits(scene: Scene, actor: Actor, place: Place) -> bool:
    return _verb("edit")(scene, actor, place)


def _shares(scene: Scene, actor: Actor, place: Place) -> bool:
    may = _reads(scene, actor, place) and scene.oracle.reaches(actor, scene.form, "edit", place, shared=False)
    return scene.form.declared.team and may


def _deletes(scene: Scene, actor: Actor, place: Place) -> bool:
    return scene.oracle.reaches(actor, scene.form, "delete", place)


def _lists_deleted(scene: Scene, actor: Actor, place: Place) -> bool:
    return bool(scene.oracle.grants(actor, scene.form, "read")) and _deletes(scene, actor, place)


def _exports(scene: Scene, actor: Actor, place: Place) -> bool:
    return scene.oracle.exports(actor, scene.form, place)


def _granted(verb: str) -> Callable[[Scene, Actor, Place], bool]:
    return lambda s, a, _p: bool(s.oracle.grants(a, s.form, verb))


def _creates(owner: Field | None) -> Callable[[Scene, Actor, Place], bool]:
    def expected(scene: Scene, actor: Actor, place: Place) -> bool:
        form = scene.form
        return bool(scene.oracle.grants(actor, form, "create")) and (
            owner is None or owner.filled_by_host or scene.oracle.reaches(actor, form, "read", place, shared=False)
        )

    return expected


def _sees_files(form: LiveForm, actor: Actor) -> bool:
    held = [each for each in form.declared.fields.values() if each.type in {"image", "files"}]
    return any(not each.visible_to or actor.roles & set(each.visible_to) for each in held[:1])


def _create(owner: Field | None) -> Callable[[Scene, Actor, Place], Answer]:
    def call(scene: Scene, actor: Actor, place: Place) -> Answer:
        mine = {owner.name: place.owner} if owner and not owner.filled_by_host else {}
        return actor.api.post(f"/forms/{scene.form.name}/records", {**scene.payloads[actor.name], **mine})

    return call


def _address(text: str, scene: Scene, place: Place) -> str:
    base = f"/forms/{scene.form.name}/records"
    record = place.record
    parts = {"form": scene.form.name, "id": record.id, "records": base, "record": f"{base}/{record.id}"}
    return text.format(**parts, version=record.version)


def _get(path: str) -> Callable[[Scene, Actor, Place], Answer]:
    return lambda s, a, p: a.api.call("GET", _address(path, s, p))


def _page(path: str) -> Callable[[Scene, Actor, Place], Answer]:
    return lambda s, a, p: _open(a, "GET", _address(path, s, p))


def _open(actor: Actor, method: str, address: str) -> Answer:
    return actor.api.open(method, address, actor.api.credentials)


def _post(path: str, body: Callable[[Scene, Place], Body | None]) -> Callable[[Scene, Actor, Place], Answer]:
    return _send("POST", path, body)


def _send(
    method: str, path: str, body: Callable[[Scene, Place], Body | None], headers: Mapping[str, str] | None = None
) -> Callable[[Scene, Actor, Place], Answer]:
    def call(scene: Scene, actor: Actor, place: Place) -> Answer:
        sent = {name: _address(value, scene, place) for name, value in (headers or {}).items()}
        return actor.api.call(method, _address(path, scene, place), body(scene, place), sent)

    return call


def _lists(answer: Answer) -> bool:
    return answer.status == 200 and answer.json["total"] == 1


def _has_rows(answer: Answer) -> bool:
    return answer.status == 200 and answer.headers["X-Total-Count"] == "1"


def _did_one(answer: Answer) -> bool:
    return answer.status == 200 and answer.json[0]["status"] not in DENIED


def _knows_the_record(answer: Answer) -> bool:
    return answer.status == 200 or (answer.status == 404 and answer.json["code"] == "no_approval")
