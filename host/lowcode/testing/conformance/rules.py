"""Checks of a plugin's hooks: what is called pure is."""

from itertools import product

from lowcode.forms import LiveForm
from lowcode.records import store
from lowcode.records.record import Record, copy_of, values_of
from lowcode.testing.conformance.base import Checks, need
from lowcode.testing.examples import Examples
from lowcode.testing.values import TEXTS
from lowcode.testing.watching import differing, queries, statements


class RuleChecks(Checks):
    """Checks that call the rules of a form themselves."""

    def test_compute_is_pure(self, form: LiveForm, examples: Examples) -> None:
        """It changes computed fields only, twice it gives the same, and it writes nothing."""
        record, platform = self._record(form, examples), examples.platform
        _perturb(form, record)
        first, empty = copy_of(record), form.record_class(version=0)
        for name in form.line_tables:
            setattr(empty, name, [])
        with statements(platform) as written, platform.reading(examples.api.user_or_fail) as ctx:
            platform.hooks.call(form.name, "compute", record=first, ctx=ctx.system)
            again = copy_of(first)
            platform.hooks.call(form.name, "compute", record=again, ctx=ctx.system)
            platform.hooks.call(form.name, "compute", record=empty, ctx=ctx.system)
        assert written == []
        changed = differing(record, first)
        assert changed <= _computed(form), f"compute sets fields that are not computed: {changed - _computed(form)}"
        assert _lines_kept(form, record, first), "compute changes columns of lines that are not computed."
        assert differing(first, again) == set(), "A second compute gives another result."

    def test_derive_is_pure(self, form: LiveForm, examples: Examples) -> None:
        """It sets derived fields only, writes nothing, and asks the database no more for many records than for one."""
        need(form.derived, "This form derives nothing.")
        records, platform = [self._record(form, examples) for _each in range(3)], examples.platform
        for record, name in product(records, form.line_tables):
            setattr(record, name, None)  # as lists read them
        asked: list[int] = []
        with statements(platform) as written:
            for some in (records[:1], records[:1], records):
                shown = [type(each).of(values_of(each).values()) for each in some]
                with platform.reading(examples.api.user_or_fail) as ctx, queries(platform) as seen:
                    platform.hooks.call(form.name, "derive", records=shown, ctx=ctx.system)
                asked.append(len(seen))
                changed = set().union(*(differing(before, after) for before, after in zip(some, shown, strict=True)))
                assert changed <= form.derived, f"derive sets fields that are not derived: {changed - form.derived}"
        assert written == []
        assert asked[2] <= asked[1], f"derive asks {asked[1]} times for one record and {asked[2]} times for three."

    def test_validate_is_pure(self, form: LiveForm, examples: Examples) -> None:
        """It changes nothing, writes nothing, and names fields of the form."""
        record = self._record(form, examples)
        platform, twin = examples.platform, copy_of(record)
        with statements(platform) as written, platform.reading(examples.api.user_or_fail) as ctx:
            arguments = {"record": twin, "original": copy_of(record), "ctx": ctx.system}
            answers = platform.hooks.call(form.name, "validate", **arguments)
            again = platform.hooks.call(form.name, "validate", **arguments)
        assert written == []
        assert differing(record, twin) == set()
        assert answers == again
        assert {path.partition(".")[0] for faults in answers for path in faults} <= form.fields.keys()

    def test_computed_fields_are_computed(self, form: LiveForm, examples: Examples) -> None:
        """A complete record has a value in each computed field."""
        names = _computed(form) - form.line_tables.keys()
        need(names, "This form computes nothing.")
        record = examples.create(form.name, full=True)
        assert [name for name in names if record[name] is None] == []

    def _record(self, form: LiveForm, examples: Examples) -> Record:
        made = examples.create(form.name, full=True)
        with examples.platform.reading(examples.api.user_or_fail) as ctx:
            record = store.load(ctx, form, made["id"])
        assert record is not None
        return record


def _perturb(form: LiveForm, record: Record) -> None:
    """Change the texts of a saved record, so that a rule which always writes the same into them is noticed."""
    for name, field in form.declared.fields.items():
        if field.type in TEXTS and not field.filled_by_host and not field.pattern:
            setattr(record, name, f"{getattr(record, name) or ''}~"[-int(field.max or 255) :])


def _computed(form: LiveForm) -> set[str]:
    """Name the computed fields; a lines field with computed columns counts."""
    fields = form.declared.fields.items()
    return {name for name, field in fields if field.computed or any(each.computed for each in field.fields.values())}


def _lines_kept(form: LiveForm, before: Record, after: Record) -> bool:
    """Tell whether the lines are the same ones with the same values beside the computed ones."""
    for name in form.line_tables:
        kept = ["id", *(column.name for column in form.declared.fields[name].fields.values() if not column.computed)]
        old, new = ([[getattr(line, each) for each in kept] for line in getattr(r, name)] for r in (before, after))
        if old != new:
            return False
    return True
