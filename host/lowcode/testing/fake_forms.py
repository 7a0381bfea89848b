"""Forms of a fake context: the calls of `ctx.forms`, answered from memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lowcode.conditions import parse
from lowcode.errors import Conflict, Invalid, NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.records import alike, deriving, differences
from lowcode.records import draft as drafts
from lowcode.records import totals as figures
from lowcode.records.alike import Match
from lowcode.records.proxy import FormProxy, Forms, declared_move
from lowcode.records.record import Record, copy_of
from lowcode.records.team import check_level
from lowcode.records.totals import Total
from lowcode.schemas import decode
from lowcode.testing.rows import make_record

if TYPE_CHECKING:
    from lowcode.testing.fakes import FakeContext


@dataclass(slots=True)
class Store:
    """The records of a fake context by form and id, and what is known of the forms."""

    records: dict[str, dict[int, Record]] = field(default_factory=dict)
    forms: dict[str, LiveForm] = field(default_factory=dict)


class FakeForms(Forms):
    """All forms that the test names."""

    def __init__(self, ctx: "FakeContext", store: Store) -> None:
        self._fake = ctx
        self._store = store

    def __getattr__(self, name: str) -> FormProxy:
        if name not in self._store.records:
            raise AttributeError(f"This FakeContext knows no form '{name}'. Give records={{'{name}': [...]}}.")
        return FakeForm(self._fake, self._store, name)


class FakeForm(FormProxy):
    """One form. What is read is a copy, as from a database: only `update` changes what is kept."""

    def __init__(self, ctx: "FakeContext", store: Store, name: str) -> None:
        self._fake = ctx
        self._name = name
        self._live = store.forms.get(name)
        self._kept = store.records[name]
        self._all, self._forms = store.records, store.forms

    def get(self, record_id: int, *, lock: bool = False) -> Record:
        """Read one record. Raises NotFound."""
        return copy_of(self._standing(record_id))

    def find(self, limit: int = 1000, order_by: str = "id", **condition: Any) -> list[Record]:
        """Read the records that satisfy a condition."""
        name = order_by.removeprefix("-")
        found = self._matching(condition)
        valued = [record for record in found if getattr(record, name) is not None]
        empty = [record for record in found if getattr(record, name) is None]
        valued.sort(key=lambda record: getattr(record, name), reverse=order_by.startswith("-"))
        return [copy_of(record) for record in (*valued, *empty)][:limit]

    def count(self, **condition: Any) -> int:
        """Count the records that satisfy a condition."""
        return len(self._matching(condition))

    def exists(self, **condition: Any) -> bool:
        """Tell whether any record satisfies a condition."""
        return bool(self._matching(condition))

    def may_read(self, record: Record | int) -> bool:
        """Tell that the test's person may see a record, for a fake context hides none. Raises NotFound."""
        if isinstance(record, int):
            self._standing(record)
        return True

    def may_edit(self, record: Record | int) -> bool:
        """Tell whether the test's person may change a record: those that nobody owns, or that person does."""
        owner = self._declared_form().declared.owner
        found = self._standing(record) if isinstance(record, int) else record
        return owner is None or getattr(found, owner) in (None, self._fake.user.id)

    def may_own(self, user_id: int) -> bool:
        """Tell whether the roles of a known person grant the form; whoever is unknown or has none counts as able to."""
        person = self._fake.people.get(user_id)
        roles = person.roles if person else frozenset()
        scopes = [grant.edit for role, grant in self._declared_form().declared.access.items() if role in roles]
        return not roles or any(scope in ("own", "department", "all") for scope in scopes)

    def create(self, values: Mapping[str, Any]) -> Record:
        """Create a record with the defaults of its fields. Raises Invalid for a value that its field does not take."""
        form = self._declared_form()
        deriving.refuse(form, values)
        own = _filled_by_host(form, values)
        record = make_record(form.declared)
        for name, declared in form.declared.fields.items():
            if declared.type != "lines":
                setattr(record, name, drafts.default(self._fake, declared))
        if form.workflow:
            record.status = next(iter(form.workflow.states))
        self._assign(form, record, {name: value for name, value in values.items() if name not in own})
        for name, value in own.items():
            setattr(record, name, value)
        differences.fill(form, record)
        self._refuse_taken_number(record)
        record.id = max(self._kept, default=0) + 1
        record.version = 1
        record.created_at = record.updated_at = self._fake.now
        record.created_by = record.updated_by = self._fake.user.id
        self._kept[record.id] = record
        return copy_of(record)

    def update(self, record: Record | int, values: Mapping[str, Any]) -> Record:
        """Change a record; fields that people may not write may be set here."""
        form = self._declared_form()
        deriving.refuse(form, values)
        changed = copy_of(self._standing(record if isinstance(record, int) else record.id))
        own = _filled_by_host(form, values)
        self._assign(form, changed, {name: value for name, value in values.items() if name not in own})
        for name, value in own.items():
            setattr(changed, name, value)
        return self._keep(changed)

    def move(self, record: Record | int, name: str, values: Mapping[str, Any] | None = None) -> Record:
        """Move a record on as its workflow declares; nobody is asked to approve. Raises Refused, Invalid, KeyError."""
        form = self._declared_form()
        step = declared_move(form, name)
        changed = copy_of(self._standing(record if isinstance(record, int) else record.id))
        fits = step.when is None or parse(step.when, form.fields).matches(changed, self._fake.tokens)
        if changed.status not in step.from_ or not fits:
            raise Refused(f"'{self._name}' {changed.id} cannot be moved on by '{name}' now.", code="not_allowed_now")
        given, errors = decode(form.params[name], values or {})
        for key, declared in step.params.items():
            value = given.get(key, drafts.default(self._fake, declared))
            if declared.required and value is None:
                errors.setdefault(key, ["A value is required."])
            if (target := declared.sets or key) in form.declared.fields:
                setattr(changed, target, value)
        if errors:
            raise Invalid(f"'{name}' does not take these values: {errors}", errors=errors)
        changed.status = step.to
        return self._keep(changed)

    def decide(self, record: Record | int, opinion: str | None = None, *, agree: bool = True) -> Record:
        """Refuse: in a fake context nobody is ever asked to decide."""
        raise NotFound("A FakeContext has no approvals. Test this with the `platform` fixture instead.")

    def totals(self, by: Sequence[str] = (), sum: Sequence[str] = (), **condition: Any) -> list[Total]:
        """Count records and add up fields by the values of others."""
        groups: dict[tuple[Any, ...], list[Record]] = {} if by else {(): []}
        if self._live is not None:
            figures.check(self._live, by, sum)
        for record in self._matching(condition):
            groups.setdefault(tuple(self._key(record, key) for key in by), []).append(record)
        return figures.in_order(
            Total(dict(zip(by, keys, strict=True)), len(found), {name: _sum(found, name) for name in sum})
            for keys, found in groups.items()
        )

    def share(self, record: Record | int, user_id: int, level: str | None) -> None:
        """Keep the level of a colleague in the context's `teams`."""
        check_level(level)
        team = self._team(record)
        owner = getattr(self._standing(record if isinstance(record, int) else record.id), self._owner())
        team.pop(user_id, None)
        if level is not None and user_id != owner:
            team[user_id] = level

    def unshare(self, record: Record | int) -> None:
        """Empty the team of a record."""
        self._team(record).clear()

    def alike(self, values: Record | Mapping[str, Any]) -> list[Match]:
        """Find the records of this context's forms that a record, or values, would be a duplicate of."""
        if self._live is None:
            return []  # the test says that there are none
        own, person = values.id if isinstance(values, Record) else None, self._fake.user.id
        wanted = alike.keys(self._live, values)
        found = [
            _match(live, each, kind, person)
            for live in self._forms.values()
            for each in self._all[live.name].values()
            if each.deleted_at is None and (live is not self._live or each.id != own)
            for kind, key in alike.keys(live, each).items()
            if wanted.get(kind) == key
        ]
        return alike.in_order(self._live, found)

    def merge(self, source: Record | int, target: Record | int) -> dict[str, Any]:
        """Refuse: what points at a record is known to a database only."""
        raise Refused("A FakeContext merges nothing. Test this with the `platform` fixture instead.")

    def delete(self, record: Record | int) -> None:
        """Move a record to the recycle bin."""
        gone = copy_of(self._standing(record if isinstance(record, int) else record.id))
        gone.deleted_at, gone.deleted_by = self._fake.now, self._fake.user.id
        self._kept[gone.id] = gone

    def _key(self, record: Record, key: str) -> Any:
        name, colon, _part = key.partition(":")
        value = getattr(record, name)
        if isinstance(value, datetime) and colon:
            value = value.astimezone(self._fake.time_zone)
        return f"{value:%Y-%m}" if colon and value is not None else value

    def _owner(self) -> str:
        return self._declared_form().declared.owner or "created_by"

    def _team(self, record: Record | int) -> dict[int, str]:
        if not self._declared_form().declared.team:
            raise NotFound(f"The form '{self._name}' declares no `team:`.")
        return self._fake.teams.setdefault((self._name, record if isinstance(record, int) else record.id), {})

    def _keep(self, changed: Record) -> Record:
        """Keep a changed record as a new version and give a copy."""
        differences.fill(self._declared_form(), changed)
        changed.version = (changed.version or 0) + 1
        changed.updated_at, changed.updated_by = self._fake.now, self._fake.user.id
        self._kept[changed.id] = changed
        return copy_of(changed)

    def _refuse_taken_number(self, record: Record) -> None:
        number = getattr(record, "number", None)
        live = (each for each in self._kept.values() if each.deleted_at is None)
        if number is not None and any(each.number == number for each in live):
            raise Conflict(f"Another record of '{self._name}' has the number {number}.", code="duplicate")

    def _declared_form(self) -> LiveForm:
        if self._live is None:
            raise TypeError(f"This FakeContext knows no fields of '{self._name}'. Give it a record, or plugin=….")
        return self._live

    def _standing(self, record_id: int) -> Record:
        record = self._kept.get(record_id)
        if record is None or record.deleted_at is not None:
            raise NotFound(f"No record {record_id} of '{self._name}' was given to this FakeContext.")
        return record

    def _matching(self, condition: Mapping[str, Any]) -> list[Record]:
        if self._live is None:
            return []  # the test says that there are none
        compiled, tokens = parse(condition, self._live.fields), self._fake.tokens
        live = (record for record in self._kept.values() if record.deleted_at is None)
        return [record for record in sorted(live, key=lambda each: each.id) if compiled.matches(record, tokens)]

    def _assign(self, form: LiveForm, record: Record, values: Mapping[str, Any]) -> None:
        parsed, errors = decode(form.schema, values)
        if errors:
            raise Invalid(f"'{self._name}' does not take these values: {errors}", errors=errors)
        for name, value in parsed.items():
            make = form.record_class.__lines__.get(name)
            if make is None:
                setattr(record, name, value)
                continue
            columns = form.declared.fields[name].fields
            defaults = {column: drafts.default(self._fake, declared) for column, declared in columns.items()}
            setattr(record, name, [make(**defaults | row) for row in value or ()])


def _match(form: LiveForm, record: Record, kind: str, person: int) -> Match:
    owner = getattr(record, form.declared.owner or "created_by")
    title = str(getattr(record, form.declared.title) or record.id)
    return Match(form.name, record.id, title, kind, owner, not person or owner in (None, person))


def _sum(records: Iterable[Record], name: str) -> Decimal:
    return sum((Decimal(getattr(record, name) or 0) for record in records), Decimal())


def _filled_by_host(form: LiveForm, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of fields that people may not write; a name that is no field is refused with the others."""
    return {key: value for key, value in values.items() if key in form.fields and form.fields[key].filled_by_host}
