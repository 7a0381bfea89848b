"""Checks of permissions: what each role may do is what `access:` grants, and refusals change nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lowcode.declare.fields import Field, Where
from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.testing import values
from lowcode.testing.client import Api
from lowcode.testing.conformance.base import Checks, need, path, records
from lowcode.testing.conformance.reaching import reaches
from lowcode.testing.examples import Examples
from lowcode.testing.watching import nothing_written

MISSING = 10**15
REFUSED = (403, 404)
PLACE = re.compile(r"<(?:any\(([^)]*)\):|\w+:)?\w+>")
"""A place in a route."""

PLACES = ("own", "colleague", "stranger")


@dataclass(frozen=True, slots=True)
class Scene:
    """One person of one role, and a record of each kind: their own, a colleague's, a stranger's."""

    api: Api
    role: str
    records: Mapping[str, dict[str, Any]]


class AccessChecks(Checks):
    """Checks that call as somebody else."""

    def test_roles_may_do_what_is_granted_and_nothing_else(self, form: LiveForm, examples: Examples) -> None:
        """Role by role: what is not granted is 403 or 404 and writes nothing; what is granted works."""
        for role in ("admin", *examples.platform.roles):
            scene = stage(form, examples, role)
            grant = form.declared.access.get(role)
            granted = {verb for verb in ("read", "create", "edit", "delete") if grant and getattr(grant, verb)}
            calls = _calls(form, examples, scene)  # making a payload may make what it points at
            with nothing_written(examples.platform):
                for verb, method, address, body in calls:
                    if verb not in granted:
                        answer = scene.api.call(method, address, body, _if_match(method))
                        assert answer.status in REFUSED, f"{role} may not {verb}: {answer}"
            self._use(form, examples, scene, granted)

    def test_scopes_limit_what_is_read_and_changed(self, form: LiveForm, examples: Examples) -> None:
        """Own, department and conditions hold for lists, records, edits and deletions alike."""
        for role in form.declared.access:
            scene = stage(form, examples, role)
            reach = {verb: self._within(form, examples, scene, verb) for verb in ("read", "edit", "delete")}
            if form.declared.access[role].read:
                ids = [item["id"] for item in self._all(form, scene.api)]
                listed = {place for place in PLACES if scene.records[place]["id"] in ids}
                assert listed == reach["read"], f"{role} lists {listed} and should list {reach['read']}."
            for place in PLACES:
                self._hold_to_scope(form, examples, scene, place, {verb for verb in reach if place in reach[verb]})

    def test_what_is_out_of_scope_looks_like_what_does_not_exist(self, form: LiveForm, examples: Examples) -> None:
        """Every call on a record out of scope answers word for word as for an id that nobody has."""
        held = 0
        for role in form.declared.access:
            scene = stage(form, examples, role)
            for place in set(PLACES) - self._within(form, examples, scene, "read"):
                held += 1
                record = scene.records[place]["id"]
                for method, tail in _single_calls(form):
                    there, nowhere = (
                        scene.api.call(
                            method, path(form, each) + tail, {} if method != "GET" else None, _if_match(method)
                        )
                        for each in (record, MISSING)
                    )
                    assert (there.status, there.json) == (nowhere.status, nowhere.json), f"{role}: {method} {tail}"
                    assert there.status in REFUSED
        need(held, "Every role reads every record of this form.")

    def test_references_out_of_scope_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """Whoever may not see a record cannot point at it either."""
        held = 0
        for role, grant in form.declared.access.items():
            for name, field in form.declared.fields.items():
                if field.type != "ref" or field.filled_by_host or not grant.create:
                    continue
                target = examples.platform.forms[field.form or ""]
                scene = stage(target, examples, role, field.where)
                for place in set(PLACES) - self._within(target, examples, scene, "read"):
                    held += 1
                    pointing = _pointing(field, target, scene.records[place])
                    with nothing_written(examples.platform):
                        answer = scene.api.post(records(form), pointing)
                        assert name in answer.expect(422)["errors"], f"{role} pointed {name} at a hidden record."
        need(held, "Every role that creates records sees all that they may point at.")

    def test_hidden_fields_are_neither_shown_nor_taken(self, form: LiveForm, examples: Examples) -> None:
        """A field that is for other roles does not exist for this one: not shown, filtered, sorted or written."""
        hidden = {name: field for name, field in form.declared.fields.items() if field.visible_to}
        need(hidden, "Everybody who sees this form sees all its fields.")
        record = examples.create(form.name, full=True)
        for role, grant in form.declared.access.items():
            api = examples.admin.as_user(role, department="Examples")
            for name in (name for name, field in hidden.items() if role not in field.visible_to and grant.read):
                described = api.get(f"/forms/{form.name}").expect(200)
                assert name not in [field["name"] for part in described["sections"] for field in part["fields"]]
                for item in (*self._all(form, api), api.get(path(form, record["id"])).json):
                    assert name not in item
                for argument in ({name: "1"}, {"sort": name}, {"fields": name}):
                    api.get(records(form), **argument).expect(422)
                if grant.create:
                    assert name in api.post(records(form), {name: record[name]}).expect(422)["errors"]

    def test_masked_values_are_whole_for_whom_they_are_meant(self, form: LiveForm, examples: Examples) -> None:
        """Who may not do what a mask asks for reads the ends only, in records, lists and histories, and finds none."""
        need(form.masked, "No field of this form is masked.")
        for role in (role for role, grant in form.declared.access.items() if grant.read):
            scene = stage(form, examples, role)
            reach = {verb: self._within(form, examples, scene, verb) for verb in {"read", *form.masked.values()}}
            for place in reach["read"]:
                record_id = scene.records[place]["id"]
                for name, verb in form.masked.items():
                    whole = str(examples.value(form.fields[name]))
                    examples.force(form.name, record_id, {name: whole})
                    sees, address = place in reach[verb], path(form, record_id)
                    listed = scene.api.get(records(form), id=record_id).expect(200)["items"]
                    for shown in (scene.api.get(address).expect(200), *listed):
                        assert (shown[name] == whole) is sees, f"{role}, {place}: {name}"
                    changes = [each for entry in scene.api.get(f"{address}/history").json for each in entry["changes"]]
                    assert (whole in [each["new"] for each in changes if each["field"] == name]) is sees
                    if any(name in {*view.filters, *view.columns} for view in form.declared.lists.values()):
                        begins = {f"{name}__startswith": whole[:4], "id": record_id}
                        assert scene.api.get(records(form), **begins).expect(200)["total"] == int(sees)

    def test_nobody_gets_in_without_signing_in(self, examples: Examples) -> None:
        """Every route that is not public answers 401, or leads to the sign-in page, whatever the method."""
        app, nobody = examples.api.app, examples.api.as_nobody()
        swept = 0
        for rule in app.url_map.iter_rules():
            if app.view_functions[rule.endpoint].__dict__["policy"] in ("public", "signed"):
                continue
            address = _address(rule.rule)
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                swept += 1
                answer = nobody.open(method, address)
                expected = (401,) if address.startswith("/api/") else (302, 303)
                assert answer.status in expected, f"{method} {address} answers anybody {answer.status}."
        assert swept > 20

    def test_no_message_gets_in_without_its_signature(self, examples: Examples) -> None:
        """Every endpoint answers 401 to what is not signed, whatever is sent, and also to administrators."""
        for plugin in examples.api.platform.active_plugins:
            for name in plugin.declared.endpoints if plugin.declared else ():
                for caller in (examples.api, examples.api.as_nobody()):
                    answer = caller.post(f"/apps/{plugin.name}/receive/{name}", {})
                    assert answer.expect(401)["code"] == "bad_signature"

    def _use(self, form: LiveForm, examples: Examples, scene: Scene, granted: set[str]) -> None:
        if "read" in granted:
            scene.api.get(records(form)).expect(200)
            scene.api.get(f"/forms/{form.name}").expect(200)
        if "create" in granted:
            payload = examples.payload(form.name, full=False)
            unseen = {
                name for name, f in form.declared.fields.items() if f.visible_to and scene.role not in f.visible_to
            }
            mine = {name: value for name, value in payload.items() if name not in unseen}
            answer = scene.api.post(records(form), {**mine, **self._owned(form, scene)})
            out_of_sight = self._unseen(form, examples, scene)
            assert answer.status == 201 or set(answer.errors) <= out_of_sight != set(), f"{scene.role}: {answer}"
        if "delete" in granted:
            scene.api.get(f"/forms/{form.name}/bin").expect(200)

    def _owned(self, form: LiveForm, scene: Scene) -> dict[str, int]:
        owner = form.declared.fields.get(form.declared.owner or "")
        return {owner.name: scene.api.user_id} if owner and not owner.filled_by_host else {}

    def _unseen(self, form: LiveForm, examples: Examples, scene: Scene) -> set[str]:
        """Name what may point at records that the role does not see."""
        seen: set[str] = set()
        for name, field in form.declared.fields.items():
            for where, each in ((name, field), *((f"{name}.0.{c}", f) for c, f in field.fields.items())):
                if each.type == "ref":
                    grant = examples.platform.forms[each.form or ""].declared.access.get(scene.role)
                    if grant is None or grant.read != "all":
                        seen.add(where)
        return seen

    def _within(self, form: LiveForm, examples: Examples, scene: Scene, verb: str) -> set[str]:
        """Work out from the declaration, and from `row_scope`, which of the three records a verb reaches."""
        with examples.platform.reading(scene.api.user_or_fail) as ctx:
            return {
                place
                for place, shown in scene.records.items()
                if reaches(ctx, form, scene.role, verb, store.load(ctx, form, shown["id"]))
            }

    def _hold_to_scope(self, form: LiveForm, examples: Examples, scene: Scene, place: str, reach: set[str]) -> None:
        record = scene.records[place]
        address, who = path(form, record["id"]), f"{scene.role} on a record of {place}"
        shown = scene.api.get(address)
        assert shown.status == 200 if "read" in reach else shown.status in REFUSED, f"{who}: {shown}"
        possible, version = examples.inspect(form.name, record["id"])["$can"], record["version"]
        for verb, method in (("edit", "PATCH"), ("delete", "DELETE")):
            if not {"read", verb} <= reach:
                with nothing_written(examples.platform):
                    refused = scene.api.call(method, address, {}, {"If-Match": f'"{record["version"]}"'})
                    assert refused.status in REFUSED, f"{who}: {refused}"
            elif verb in possible:
                assert verb in shown.json["$can"], f"{who}: `$can` lacks {verb}."
                done = scene.api.call(method, address, {}, {"If-Match": f'"{version}"'})
                assert done.status in (200, 204, 422), f"{who}: {done}"
                version = done.json["version"] if done.status == 200 else version  # rules may have changed something

    def _all(self, form: LiveForm, api: Api) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"per_page": 200, "sort": "-id"}
        while True:
            answer = api.get(records(form), **query).expect(200)
            found += answer["items"]
            if "next" not in answer:
                return found
            query["after"] = answer["next"]


def stage(form: LiveForm, examples: Examples, role: str, where: Where | None = None) -> Scene:
    """Make a person with one role and a record of each kind of owner; the records satisfy a condition."""
    person = examples.admin.as_user(role, department=f"{role} department")
    owners = {
        "own": person.user_id,
        "colleague": examples.admin.as_user(role, department=f"{role} department").user_id,
        "stranger": examples.admin.as_user(role, department="Elsewhere").user_id,
    }
    made: dict[str, dict[str, Any]] = {}
    for place, owner in owners.items():
        record_id = examples.fitting(form.name, where)
        examples.force(form.name, record_id, {form.declared.owner or "created_by": owner})
        made[place] = examples.inspect(form.name, record_id)
    return Scene(person, role, made)


def _pointing(field: Field, target: LiveForm, record: dict[str, Any]) -> dict[str, Any]:
    """Make a payload that chooses a record, and agrees with it where it has to."""
    agreeing = {
        mine: values.canonical(target.fields[theirs], record[theirs])
        for theirs, mine in field.same.items()
        if mine != "id"
    }
    return {**agreeing, field.name: record["id"]}


def _calls(form: LiveForm, examples: Examples, scene: Scene) -> list[tuple[str, str, str, Any]]:
    """List every call on a form with the verb it needs."""
    payload = examples.payload(form.name, full=False)
    calls: list[tuple[str, str, str, Any]] = [
        ("read", "GET", records(form), None),
        ("read", "GET", f"/forms/{form.name}", None),
        ("create", "POST", records(form), payload),
        ("create", "POST", f"/forms/{form.name}/preview", payload),
        ("delete", "GET", f"/forms/{form.name}/bin", None),
    ]
    for record in scene.records.values():
        address = path(form, record["id"])
        calls += [
            ("read", "GET", address, None),
            ("read", "GET", f"{address}/history", None),
            ("edit", "PATCH", address, {}),
            ("edit", "POST", f"/forms/{form.name}/preview?id={record['id']}", {}),
            ("delete", "DELETE", address, None),
            ("delete", "POST", f"{address}/restore", {}),
        ]
    return calls


def _single_calls(form: LiveForm) -> list[tuple[str, str]]:
    moves = form.workflow.moves if form.workflow else {}
    steps = [("POST", f"/actions/{name}") for name in (*form.declared.actions, *moves)]
    return [("GET", ""), ("GET", "/history"), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore"), *steps]


def _if_match(method: str) -> dict[str, str]:
    return {"If-Match": '"1"'} if method in {"PATCH", "DELETE"} else {}


def _address(rule: str) -> str:
    """Fill the places of a route with the first value that fits."""
    return PLACE.sub(lambda place: (place[1] or "1").split(",")[0].strip(" \"'"), rule)
