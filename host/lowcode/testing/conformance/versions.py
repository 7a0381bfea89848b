"""Checks of writes that meet: stale and missing versions, repeated requests."""

from lowcode.forms import LiveForm
from lowcode.testing.conformance.base import Checks, need, path, records
from lowcode.testing.examples import Examples
from lowcode.testing.watching import nothing_written


class VersionChecks(Checks):
    """Checks of optimistic locking and of idempotency keys."""

    def test_a_stale_change_is_refused(self, form: LiveForm, examples: Examples) -> None:
        """Whoever was slower gets 409 `stale_version`, and nothing changes."""
        record = examples.create(form.name)
        verbs = {"edit", "delete"} & set(record["$can"])
        need(verbs, "A new record of this form can be neither edited nor deleted.")
        address, api = path(form, record["id"]), examples.api
        if "edit" in verbs and (change := examples.change(form, record)):
            record = api.patch(address, change, record["version"]).expect(200)
        with nothing_written(examples.platform):
            for version in (record["version"] - 1, record["version"] + 1, 10**15):
                if "edit" in verbs:
                    assert api.patch(address, {}, version).expect(409)["code"] == "stale_version"
                if "delete" in verbs:
                    assert api.delete(address, version).expect(409)["code"] == "stale_version"

    def test_a_change_without_a_version_is_refused(self, form: LiveForm, examples: Examples) -> None:
        """PATCH and DELETE without a version are 428; one that is no number is 400."""
        record = examples.create(form.name)
        need({"edit", "delete"} <= set(record["$can"]), "A new record of this form cannot be edited and deleted.")
        address, api = path(form, record["id"]), examples.api
        with nothing_written(examples.platform):
            api.patch(address, {}).expect(428)
            api.delete(address).expect(428)
            api.call("PATCH", address, {}, {"If-Match": "abc"}).expect(400)
            api.patch(address, {"version": "1"}).expect(400)

    def test_a_repeated_request_makes_one_record(self, form: LiveForm, examples: Examples) -> None:
        """The same Idempotency-Key answers the first result again."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        payload, key = examples.payload(form.name, full=False), f"conformance-{form.name}"
        first = examples.api.post(records(form), payload, key=key)
        before = self._total(form, examples)
        second = examples.api.post(records(form), payload, key=key)
        assert (second.status, second.json) == (first.status, first.json)
        assert second.headers["Location"] == first.headers["Location"]
        assert self._total(form, examples) == before

    def test_a_unique_value_is_taken_once(self, form: LiveForm, examples: Examples) -> None:
        """A second record with a unique value is 409 `duplicate` and names the field."""
        unique = [name for name, field in form.declared.fields.items() if field.unique and not field.filled_by_host]
        need(unique and examples.may(form.name, "create"), "This form has no unique field.")
        for name in unique:
            taken = examples.create(form.name, full=True)
            payload = examples.payload(form.name, {name: taken[name]}, full=False)
            with nothing_written(examples.platform):
                answer = examples.api.post(records(form), payload)
                assert answer.expect(409)["code"] == "duplicate"
                assert name in answer.errors

    def _total(self, form: LiveForm, examples: Examples) -> int:
        return int(examples.api.get(records(form), per_page=1).expect(200)["total"])
