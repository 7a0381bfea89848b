"""Checks of bad input: each is refused by name, and nothing changes."""

from collections.abc import Iterator
from typing import Any

from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, LinesType, TextType
from lowcode.forms import LiveForm
from lowcode.testing import values
from lowcode.testing.conformance.base import Checks, need, path, records
from lowcode.testing.examples import Examples
from lowcode.testing.watching import nothing_written

Payload = dict[str, Any]
LONG = 200_000


class RefusalChecks(Checks):
    """Checks that post what must not be saved. `create: true` of some role is what they need."""

    def test_missing_required_fields_are_named(self, form: LiveForm, examples: Examples) -> None:
        """Null in a required field, of a line too, is 422 and names it, unless a rule fills the field."""
        base = self._base(form, examples)
        with nothing_written(examples.platform):
            for where, field, payload in spots(form, base):
                if field.required and not field.filled_by_host and not _fills(form, examples, where, payload(None)):
                    self._refused(form, examples, where, payload(None))

    def test_unknown_fields_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """A field that is not declared is 422 and named, in lines too."""
        base = self._base(form, examples)
        with nothing_written(examples.platform):
            for name in ("no_such_field", "__class__", "$labels", "$can", "password_hash", "id "):
                self._refused(form, examples, name, {**base, name: 1})
                for lines in form.line_tables:
                    rows = [{**row, name: 1} for row in base.get(lines) or [{}]]
                    self._refused(form, examples, f"{lines}.0.{name}", {**base, lines: rows})

    def test_what_the_host_fills_cannot_be_posted(self, form: LiveForm, examples: Examples) -> None:
        """Computed, read-only, rolled-up and the host's own fields are 422 on create, edit and preview."""
        base, record = self._base(form, examples), examples.create(form.name, full=True)
        own = {name: field for name, field in form.fields.items() if field.filled_by_host}
        with nothing_written(examples.platform):
            for name in own:
                value = record.get(name) or 1
                self._refused(form, examples, name, {**base, name: value})
                assert name in examples.api.post(f"/forms/{form.name}/preview", {name: value}).expect(200)["errors"]
                if name != "version" and "edit" in record["$can"]:
                    answer = examples.api.patch(path(form, record["id"]), {name: value}, record["version"])
                    assert name in answer.expect(422)["errors"]
            for where, field, payload in spots(form, base):
                if field.filled_by_host and "." in where:
                    self._refused(form, examples, where, payload("1"))

    def test_texts_that_are_too_long_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """One character more than declared is 422; so are hundreds of thousands."""
        base = self._base(form, examples)
        with nothing_written(examples.platform):
            for where, field, payload in spots(form, base):
                kind = FIELD_TYPES[field.type]
                if isinstance(kind, TextType) and not field.filled_by_host:
                    self._refused(form, examples, where, payload("字" * (kind.limit(field) + 1)))
                    self._refused(form, examples, where, payload("x" * LONG))

    def test_values_of_the_wrong_kind_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """Each field, of a line too, names itself when it gets what its type and bounds do not take."""
        base = self._base(form, examples)
        with nothing_written(examples.platform):
            for where, field, payload in spots(form, base):
                if not field.filled_by_host:
                    for value in values.bad(field):
                        self._refused(form, examples, where, payload(value))

    def test_json_that_is_no_json_is_refused(self, form: LiveForm, examples: Examples) -> None:
        """NaN, infinities, numbers without end, repeated keys and other shapes are 400."""
        self._base(form, examples)
        name = next(iter(form.declared.fields)).encode()
        with nothing_written(examples.platform):
            for body in (
                b'{"%s": NaN}', b'{"%s": Infinity}', b'{"%s": -Infinity}', b'{"%s": 1e999}', b'{"%s": 1e-999}',
                b'{"%s": 1, "%s": 2}', b'["%s"]', b'"%s"', b"{'%s': 1}", b'{"%s": 1', b'{"%s": "\xff"}',
                b'{"%s": ' + b"[" * 200 + b"]" * 200 + b"}", b'{"%s": ' + b"9" * 5000 + b"}",
            ):  # fmt: skip
                filled = body.replace(b"%s", name)
                examples.api.raw("POST", f"/api/v1{records(form)}", filled).expect(400)
            examples.api.call("POST", records(form), data=b"a=1").expect(415)
            examples.api.raw("POST", f"/api/v1{records(form)}", b'{"a": "%s"}' % (b"x" * 2**20)).expect(413)

    def test_disabled_and_misplaced_choices_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """A disabled item, one that the field's `where` leaves out and one above the leaves are 422."""
        base = self._base(form, examples)
        choices = [spot for spot in spots(form, base) if spot[1].type == "choice" and not spot[1].filled_by_host]
        need(choices, "This form has no choices.")
        for where, field, payload in choices:
            for code in self._misplaced(examples, field):
                self._refused(form, examples, where, payload(code))
            item = f"/dictionaries/{field.dictionary}/items/{examples.value(field)}"
            examples.admin.patch(item, {"enabled": False}).expect(200)
            with nothing_written(examples.platform):
                self._refused(form, examples, where, payload(item.rpartition("/")[2]))
            examples.admin.patch(item, {"enabled": True}).expect(200)

    def test_references_to_what_does_not_fit_are_refused(self, form: LiveForm, examples: Examples) -> None:
        """A record that does not exist, was deleted or is of another whole (`same`) cannot be chosen."""
        base = self._base(form, examples)
        spotted = [spot for spot in spots(form, base) if spot[1].type == "ref" and not spot[1].filled_by_host]
        need(spotted, "This form has no references.")
        for where, field, payload in spotted:
            gone = int(examples.create(field.form or "")["id"])
            live = examples.platform.forms[field.form or ""]
            assert gone
            examples.delete(live, gone)
            with nothing_written(examples.platform):
                self._refused(form, examples, where, payload(gone))
                self._refused(form, examples, where, payload(gone + 10**6))

    def test_lines_are_counted_and_their_own(self, form: LiveForm, examples: Examples) -> None:
        """Too few lines, too many, lines of another record and the same line twice are 422."""
        need(form.line_tables, "This form has no line items.")
        base, record = self._base(form, examples), examples.create(form.name, full=True)
        for name in form.line_tables:
            declared, rows = form.declared.fields[name], base.get(name) or [{}]
            if not record[name]:
                continue  # the example is told to have none
            foreign = record[name][0]["id"]
            with nothing_written(examples.platform):
                if declared.min and not examples.platform.hooks.has(form.name, "prefill"):  # which may fill them
                    self._refused(form, examples, name, {**base, name: []})
                self._refused(
                    form, examples, name, {**base, name: [rows[0]] * (int(declared.max or LinesType.most) + 1)}
                )
                for line_id in (foreign, 10**12):
                    self._refused(form, examples, f"{name}.0.id", {**base, name: [{**rows[0], "id": line_id}]})
                if "edit" in record["$can"]:
                    twice = {f"{name}.1.id": [{"id": foreign}, {"id": foreign}]}
                    for where, wrong in (twice | {name: []} if declared.min else twice).items():
                        answer = examples.api.patch(path(form, record["id"]), {name: wrong}, record["version"])
                        assert where in answer.expect(422)["errors"]

    def _base(self, form: LiveForm, examples: Examples) -> Payload:
        need(examples.may(form.name, "create"), "No role creates records of this form.")
        base = examples.payload(form.name, full=True)
        return {name: value for name, value in base.items() if form.declared.fields[name].type not in values.HELD}

    def _refused(self, form: LiveForm, examples: Examples, where: str, payload: Payload) -> None:
        answer = examples.api.post(records(form), payload)
        shown = str(payload.get(where.partition(".")[0]))[:100]
        assert answer.status == 422, f"{where} took {shown}: {answer.status} {answer.json}"
        named = [key for key in answer.errors if key == where or key.startswith(f"{where}.")]
        assert named, f"{where} is at fault with {shown}, but these are named: {answer.errors}"

    def _misplaced(self, examples: Examples, field: Field) -> Iterator[str]:
        items = examples.items(field)
        wanted = field.where if isinstance(field.where, dict) else {}
        parents = {item.parent for item in items.values()}
        for item in items.values():
            fits = all(item.attributes.get(key) == value for key, value in wanted.items())
            if not fits or (field.leaf and item.code in parents):
                yield item.code


def spots(form: LiveForm, base: Payload) -> Iterator[tuple[str, Field, Any]]:
    """Walk over all fields and columns: path, declaration, and what makes the payload with another value there."""
    for name, field in form.declared.fields.items():
        yield name, field, lambda value, name=name: {**base, name: value}
        rows = base.get(name) or [{}]
        for column, declared in field.fields.items():

            def with_column(value: Any, name: str = name, column: str = column, rows: Any = rows) -> Payload:
                return {**base, name: [{**rows[0], column: value}, *rows[1:]]}

            yield f"{name}.0.{column}", declared, with_column


def _fills(form: LiveForm, examples: Examples, where: str, payload: Payload) -> bool:
    """Tell whether `prefill` fills a field of a new record that was left empty, as the preview shows."""
    if "." in where or not examples.platform.hooks.has(form.name, "prefill"):
        return False
    shown = examples.api.post(f"/forms/{form.name}/preview", payload).expect(200)["values"]
    return shown[where] not in (None, [])
