"""Checks of one record's life: preview, save, read, edit, history, recycle bin."""

from typing import Any

from lowcode.forms import HOST_FIELDS, LiveForm
from lowcode.testing import values
from lowcode.testing.conformance.base import Checks, need, path, records
from lowcode.testing.examples import Examples
from lowcode.testing.watching import nothing_written, rule_changes

TAKEN_LATER = frozenset({*HOST_FIELDS, "number", "owner_department"})
"""Fields that a draft does not have yet."""


class RecordChecks(Checks):
    """Checks that make records."""

    def test_a_record_reads_back_as_it_was_sent(self, form: LiveForm, examples: Examples) -> None:
        """Every field that people may write comes back as it went in, unless a rule of the form sets it."""
        need(examples.may(form.name, "read"), "No role reads this form.")
        sent = examples.payload(form.name)
        with rule_changes(examples.platform, form.name) as ruled:
            created = examples.save(form.name, sent)
        assert examples.read(form.name, created["id"]) == created
        fields = form.declared.fields
        lost = {
            name: (value, created[name])
            for name, value in sent.items()
            if name not in ruled and not values.is_kept(fields[name], value, created[name])
        }
        assert lost == {}, f"What was sent, and what came back: {lost}"

    def test_what_no_value_is_given_for_has_its_default(self, form: LiveForm, examples: Examples) -> None:
        """A record made of as little as possible is complete: required fields are filled, lists are lists."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        created = examples.create(form.name)
        empty = [
            name
            for name, field in form.declared.fields.items()
            if field.required and not field.filled_by_host and created[name] in (None, [])
        ]
        assert empty == []
        assert created["version"] == 1
        assert bool(created.get("number")) == bool(form.declared.number)

    def test_the_preview_is_what_is_saved(self, form: LiveForm, examples: Examples) -> None:
        """Preview and save compute the same, line by line; what a rule derives may need the saved record."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        sent = examples.payload(form.name)
        answer = examples.api.post(f"/forms/{form.name}/preview", sent).expect(200)
        assert answer["errors"] == {}
        with rule_changes(examples.platform, form.name) as ruled:
            saved = examples.save(form.name, sent)
        names = form.fields.keys() - TAKEN_LATER - ruled - form.derived
        shown = {name: _comparable(form, name, answer["values"][name]) for name in names}
        assert shown == {name: _comparable(form, name, saved[name]) for name in names}

    def test_a_preview_writes_nothing(self, form: LiveForm, examples: Examples) -> None:
        """Neither the preview of a new record nor that of a change leaves a trace; an empty draft has a preview too."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        sent, address = examples.payload(form.name), f"/forms/{form.name}/preview"
        standing = examples.create(form.name)
        with nothing_written(examples.platform):
            examples.api.post(address, sent).expect(200)
            examples.api.post(address, {}).expect(200)
            if examples.may(form.name, "edit"):
                examples.api.post(address, {}, id=standing["id"]).expect(200)

    def test_an_edit_changes_what_it_names_and_history_tells(self, form: LiveForm, examples: Examples) -> None:
        """Only the named field, what is computed and what rules set differ; history names the field, old and new."""
        record = examples.create(form.name, full=True)
        need("edit" in record["$can"], "A new record of this form cannot be edited.")
        change = examples.change(form, record)
        need(change, "No single field of this form can be edited alone.")
        with rule_changes(examples.platform, form.name) as ruled:
            edited = examples.api.patch(path(form, record["id"]), change, record["version"]).expect(200)
        (name,) = change or {}
        assert edited["version"] == record["version"] + 1
        assert name in ruled or values.is_kept(form.declared.fields[name], (change or {})[name], edited[name])
        followers = {
            each for each, field in form.fields.items() if field.computed or field.rollup or field.type == "lines"
        } | {*form.derived, *form.differences}
        allowed = {name, *ruled, *followers, *form.declared.fields[name].fill, "version", "updated_at", "updated_by"}
        others = {key for key in record if not key.startswith("$") and record[key] != edited[key]} - allowed
        assert others == set(), f"These changed too: {others}"
        entries = examples.api.get(f"{path(form, record['id'])}/history").expect(200)
        assert len(entries) >= 2, "The history lacks the creation or the edit."
        newest = entries[0]
        told = {each["field"]: each for each in newest["changes"]}
        assert newest["action"] == "edit"
        assert newest["by"]["id"] == examples.api.user_id
        assert name in told or name in ruled
        assert name in ruled or told[name]["old"] != told[name]["new"]

    def test_a_deleted_record_is_in_the_bin_and_comes_back(self, form: LiveForm, examples: Examples) -> None:
        """After DELETE it is in the recycle bin and nowhere else; after restoring only what rules set differs."""
        record = examples.create(form.name, full=True)
        need("delete" in record["$can"], "A new record of this form cannot be deleted.")
        answer = examples.api.delete(path(form, record["id"]), record["version"])
        need(answer.status != 422, "A rule refuses to delete a new record of this form.")
        answer.expect(204)
        examples.api.get(path(form, record["id"])).expect(404)
        assert not self._is_listed(form, examples, record["id"], "records")
        assert self._is_listed(form, examples, record["id"], "bin")
        with rule_changes(examples.platform, form.name) as ruled:
            restored = examples.api.post(f"{path(form, record['id'])}/restore", {}).expect(200)
        assert _without(restored, ruled) == _without(record, ruled)
        assert self._is_listed(form, examples, record["id"], "records")
        assert not self._is_listed(form, examples, record["id"], "bin")
        examples.api.post(f"{path(form, record['id'])}/restore", {}).expect(404)

    def test_hostile_texts_are_kept_as_they_are(self, form: LiveForm, examples: Examples) -> None:
        """Each text is stored identically, or refused with 422 by a rule or a pattern."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        fields = self._texts(form)
        need(fields, "This form has no texts.")
        base = examples.payload(form.name, full=False)
        for text in values.HOSTILE:
            sent = {**base, **{name: text[: int(field.max or 255)] for name, field in fields.items()}}
            answer = examples.api.post(records(form), self._renewed(form, examples, sent))
            assert answer.status in (201, 422), f"{text!r}: {answer}"
            for name, field in fields.items() if answer.status == 201 else ():
                assert values.is_kept(field, sent[name], answer.json[name]), f"{name}: {text!r} → {answer.json[name]!r}"

    def test_control_characters_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """Characters that cannot be stored on every database, or shown, are refused on all of them."""
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        fields, base = self._texts(form), examples.payload(form.name, full=False)
        with nothing_written(examples.platform):
            for name in fields:
                for text in values.UNSTORABLE:
                    errors = examples.api.post(records(form), {**base, name: text}).errors
                    assert name in errors, f"{name} took {text!r}"
                examples.api.raw("POST", f"/api/v1{records(form)}", b'{"%s": "\\ud800"}' % name.encode()).expect(400)

    def _texts(self, form: LiveForm) -> dict[str, Any]:
        fields = form.declared.fields.items()
        return {name: f for name, f in fields if f.type in values.TEXTS and not f.filled_by_host and not f.pattern}

    def _renewed(self, form: LiveForm, examples: Examples, sent: dict[str, Any]) -> dict[str, Any]:
        """Give unique fields that the texts leave alone, and files, values of their own."""
        own = {name for name, field in form.declared.fields.items() if field.unique or field.type in values.HELD}
        again = [name for name in own & sent.keys() if name not in self._texts(form)]
        return {**sent, **{name: examples.value(form.declared.fields[name]) for name in again}}

    def _is_listed(self, form: LiveForm, examples: Examples, record_id: int, where: str) -> bool:
        found = examples.api.get(f"/forms/{form.name}/{where}", id=record_id).expect(200)
        return [item["id"] for item in found["items"]] == [record_id]


def _comparable(form: LiveForm, name: str, shown: Any) -> Any:
    """Drop the ids of lines and what is derived in them, which only saved ones have."""
    columns = form.fields[name].fields
    if columns:
        later = {"id", *(each for each, column in columns.items() if column.derived)}
        return [{key: value for key, value in row.items() if key not in later} for row in shown]
    return shown


def _without(record: dict[str, Any], ruled: set[str]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in {"version", "updated_at", "updated_by", *ruled}}
