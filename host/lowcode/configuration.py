"""What administrators configure, kept in memory by each process until its version changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from lowcode.database.schema import approval_definitions, dictionary_items, number_rules, settings, state

CACHE_VERSION = "cache_version"


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a dictionary, as administrators keep it."""

    code: str
    label: str
    sort: int = 0
    colour: str | None = None
    parent: str | None = None
    is_default: bool = False
    enabled: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How one kind of serial number looks."""

    name: str
    label: str
    pattern: str
    reset: str


@dataclass(frozen=True, slots=True)
class KeptSteps:
    """The steps of one approval, as administrators keep them."""

    version: int
    steps: list[dict[str, Any]]
    edited: bool
    copy_to: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything at one version."""

    version: int
    dictionaries: Mapping[str, Mapping[str, Item]]
    rules: Mapping[str, NumberRule]
    settings: Mapping[str, Mapping[str, Any]]
    approvals: Mapping[tuple[str, str], KeptSteps]


def read_version(connection: Connection) -> int:
    """Read the version of what is configured now."""
    return connection.scalar(select(state.c.value).where(state.c.key == CACHE_VERSION)) or 0


def load(connection: Connection, version: int) -> Configuration:
    """Read the whole configuration."""
    dictionaries: dict[str, dict[str, Item]] = {}
    for row in connection.execute(select(dictionary_items).order_by(dictionary_items.c.sort, dictionary_items.c.code)):
        values = dict(row._mapping)
        dictionary = dictionaries.setdefault(values.pop("dictionary"), {})
        dictionary[row.code] = Item(**values)
    chosen: dict[str, dict[str, Any]] = {}
    for row in connection.execute(select(settings)):
        chosen.setdefault(row.plugin, {})[row.name] = row.value
    rules = {row.name: NumberRule(**row._mapping) for row in connection.execute(select(number_rules))}
    return Configuration(version, dictionaries, rules, chosen, _kept_steps(connection))


def _kept_steps(connection: Connection) -> dict[tuple[str, str], KeptSteps]:
    newest: dict[tuple[str, str], KeptSteps] = {}
    for row in connection.execute(select(approval_definitions).order_by(approval_definitions.c.version)):
        newest[row.workflow, row.approval] = KeptSteps(row.version, row.steps, row.edited, row.copy_to)
    return newest


def touch(connection: Connection) -> None:
    """Tell every process, at the end of this transaction, that the configuration has changed.

    It also makes administrators wait for each other: whoever touches reads what the one before has written.
    """
    connection.info["touched"] = True
    statement = upsert(connection, state).values(key=CACHE_VERSION, value=1)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": state.c.value + 1}))


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Give the `INSERT … ON CONFLICT` of the database in use."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
