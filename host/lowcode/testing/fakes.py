"""A context without a database: the clock, the person and the records are what the test says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from lowcode.addresses import check_address, check_subject
from lowcode.configuration import Item
from lowcode.context import Context
from lowcode.declare.model import DictionaryItem, Plugin
from lowcode.errors import NotFound
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.identity.model import User
from lowcode.identity.people import People
from lowcode.records.proxy import Forms
from lowcode.records.record import Record
from lowcode.testing.fake_forms import FakeForms, Store
from lowcode.testing.rows import form_of, live_form

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
"""The clock of a context that is not given one: 10:15 in Shanghai."""

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
ITEM_KEYS = frozenset(field.name for field in dataclass_fields(Item)) - {"code", "attributes"}

Items = Mapping[str, "str | Mapping[str, Any] | Item"]


class FakeContext(Context):
    """What a rule gets, made by hand.

    `records` holds the records of each form; name a form without records too, as `{"member": []}`, when a rule asks
    for it. `dictionaries` are items by code: a label, or a mapping with `label` and attributes. `people` are the users
    and `departments` names by id. `plugin` makes all its forms, dictionaries and defaults of settings known at once.

    `ctx.forms` reads and writes these records in memory under the same conditions and field checks as the host, but
    runs no rules, fills nothing in from references and checks no permission.

    `notified` and `mailed` are what the rules sent through `ctx.notify` and `ctx.mail`, by the names of the arguments.
    `teams` holds with whom they shared records: by form and id the level of each person. `copied` holds of each new
    file which one it is a copy of.
    """

    def __init__(
        self,
        *,
        now: datetime = NOW,
        user_id: int = 1,
        roles: Iterable[str] = (),
        department_id: int | None = None,
        records: Mapping[str, Sequence[Record]] | None = None,
        dictionaries: Mapping[str, Items] | None = None,
        settings: Mapping[str, Any] | None = None,
        people: Iterable[User] = (),
        departments: Mapping[int, str] | None = None,
        plugin: Plugin | None = None,
        time_zone: ZoneInfo = BUSINESS_ZONE,
        configuration_version: int = 1,
    ) -> None:
        own = frozenset({department_id} if department_id else ())
        self.user = User(user_id, f"user{user_id}", f"User {user_id}", department_id, own, frozenset(roles))
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.is_system = True
        self.titles = {}
        self.file_facts = {}
        self.time_zone = time_zone
        self.departments = dict(departments or {})
        self.people = {person.id: person for person in (self.user, *people)}
        self._dictionaries = _dictionaries(plugin, dictionaries or {})
        self._settings = _settings(plugin) | dict(settings or {})
        self._store = _store(plugin, records or {})
        self.notified: list[dict[str, Any]] = []
        self.mailed: list[dict[str, Any]] = []
        self.teams: dict[tuple[str, int], dict[int, str]] = {}
        self.copied: dict[str, str] = {}
        self._version = configuration_version
        self._kinds = plugin.notifications if plugin else None

    def __getattr__(self, name: str) -> Any:
        if name in {"platform", "connection"}:
            raise AttributeError(f"A FakeContext has no {name}. Test this with the `platform` fixture instead.")
        raise AttributeError(f"A context has no '{name}'.")

    @property
    def is_writing(self) -> bool:
        """Tell that rules are asked as in a preview."""
        return False

    @cached_property
    def today(self) -> date:
        """The day in the business time zone."""
        return self.now.astimezone(self.time_zone).date()

    @property
    def configuration_version(self) -> int:
        """The given number."""
        return self._version or 0

    def lock(self, *names: str) -> None:
        """Take nothing: nobody else is there."""

    def copy_files(self, ids: Iterable[str]) -> list[str]:
        """Give new ids, and keep in `copied` what each is a copy of."""
        made = {f"copy{len(self.copied) + number}": each for number, each in enumerate(ids, 1)}
        self.copied |= made
        return list(made)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The given settings."""
        return self._settings

    @cached_property
    def forms(self) -> Forms:
        """The given records."""
        return FakeForms(self, self._store)

    @cached_property
    def users(self) -> People:
        """The given people."""
        return FakePeople(self)

    def dictionary(self, name: str) -> Mapping[str, Item]:
        """Give the items of a given dictionary by code."""
        return self._dictionaries.get(name, {})

    def notify(
        self,
        users: Iterable[int],
        kind: str,
        text: str,
        record: Record | None = None,
        event: str | None = None,
        **values: Any,
    ) -> None:
        """Keep the notification in `notified`. Raises ValueError for a kind that the given plugin does not declare."""
        if self._kinds is not None and kind not in self._kinds:
            raise ValueError(f"The kind '{kind}' is not declared. Add it to `notifications:` of manifest.yaml.")
        text.format(**values)
        sent = {"users": [*users], "kind": kind, "text": text, "record": record, "event": event, "values": values}
        self.notified.append(sent)

    def mail(self, to: str, subject: str, text: str, html: str | None = None, event: str | None = None) -> None:
        """Keep the mail in `mailed`. Raises Invalid for a wrong address or subject, as the host does."""
        check_address(to)
        check_subject(subject)
        self.mailed.append({"to": to, "subject": subject, "text": text, "html": html, "event": event})

    def savepoint(self) -> AbstractContextManager[None]:
        """Keep what was written: these records cannot be taken back."""
        return nullcontext()

    def print(self, record: Record, name: str) -> str:
        """Give a page that says what it would print. Raises NotFound for one that the form does not declare."""
        if name not in form_of(record).prints:
            raise NotFound(f"The form has no printable page '{name}'.")
        return f"<p>{name} {record.id}</p>"

    @contextmanager
    def as_user(self, user_id: int) -> Iterator[Context]:
        """Act as another person on the same records."""
        twin = object.__new__(type(self))
        shared = {name: value for name, value in vars(self).items() if name not in {"forms", "users", "tokens"}}
        vars(twin).update(shared, user=self.users.load(user_id))
        yield twin


class FakePeople(People):
    """The people of a fake context."""

    def __init__(self, ctx: FakeContext) -> None:
        self._fake = ctx

    def rows(self, ids: Iterable[int]) -> dict[int, Any]:
        """Give id, name, department and whether the person is active: all of them are."""
        known = ((key, self._fake.people.get(key)) for key in set(ids))
        return {
            key: SimpleNamespace(id=key, name=person.name, department_id=person.department_id, is_active=True)
            for key, person in known
            if person is not None
        }

    def department_rows(self, ids: Iterable[int]) -> dict[int, Any]:
        """Give id and name of departments."""
        known = self._fake.departments
        return {key: SimpleNamespace(id=key, name=known[key]) for key in set(ids) if key in known}

    def with_role(self, role: str) -> list[int]:
        """Give the ids of the people with a role."""
        return [key for key, person in self._fake.people.items() if role in person.roles]

    def departments_over(self, user_id: int | None) -> list[int]:
        """Give the person's department alone: the departments of a fake context stand side by side."""
        department = self.department_of(user_id)
        return [department] if department else []

    def departments_below(self, department_id: int) -> list[int]:
        """Give the department alone: the departments of a fake context stand side by side."""
        return [department_id]

    def load(self, user_id: int) -> User:
        """Give a person. Raises KeyError for one that was not given."""
        return self._fake.people[user_id]


def _store(plugin: Plugin | None, records: Mapping[str, Sequence[Record]]) -> Store:
    """Keep the records by form and id; what a form is, its first record tells."""
    store = Store()
    for name, form in (plugin.forms if plugin else {}).items():
        workflow = plugin.workflows.get(form.workflow or "") if plugin else None
        store.forms[name] = live_form(form, workflow)
        store.records[name] = {}
    for name, given in records.items():
        kept = store.records.setdefault(name, {})
        for record in given:
            store.forms.setdefault(name, live_form(form_of(record)))
            record.id = record.id or max(kept, default=0) + 1
            kept[record.id] = record
    return store


def _dictionaries(plugin: Plugin | None, given: Mapping[str, Items]) -> dict[str, dict[str, Item]]:
    declared: dict[str, dict[str, Item]] = {
        name: {code: _declared_item(item, at) for at, (code, item) in enumerate(dictionary.items.items(), 1)}
        for name, dictionary in (plugin.dictionaries if plugin else {}).items()
    }
    for name, items in given.items():
        declared[name] = {code: _given_item(code, item) for code, item in items.items()}
    return declared


def _declared_item(item: DictionaryItem, position: int) -> Item:
    return Item(
        item.code, item.label, position * 10, item.colour, item.parent, item.default, attributes=dict(item.attributes)
    )


def _given_item(code: str, item: str | Mapping[str, Any] | Item) -> Item:
    if isinstance(item, Item):
        return item
    values: dict[str, Any] = {"label": item} if isinstance(item, str) else dict(item)
    known: dict[str, Any] = {key: values.pop(key) for key in ITEM_KEYS & values.keys()}
    return Item(**{"label": code, **known}, code=code, attributes=values)


def _settings(plugin: Plugin | None) -> dict[str, Any]:
    declared = plugin.settings.items() if plugin else ()
    return {
        name: None if field.default is None else FIELD_TYPES[field.type].parse_operand(field, field.default)
        for name, field in declared
    }
