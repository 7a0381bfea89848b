"""What a platform writes: whether anything did change, and which fields a rule changed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select

from lowcode.database.metadata import metadata
from lowcode.platform import Platform
from lowcode.records.record import Record, copy_of, values_of

UNWATCHED = frozenset({"sessions", "login_attempts", "host_secrets"})
"""Tables that any request may touch."""

CHANGING = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")


def snapshot(platform: Platform) -> dict[str, str]:
    """Hash the rows of every table."""
    tables = [table for each in (metadata, *platform.tables.values()) for table in each.tables.values()]
    hashes: dict[str, str] = {}
    with platform.db.read() as connection:
        for table in tables:
            if table.name not in UNWATCHED:
                rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
                hashes[table.name] = hashlib.sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest()
    return hashes


@contextmanager
def nothing_written(platform: Platform) -> Iterator[None]:
    """Raise AssertionError when any row differs afterwards."""
    before = snapshot(platform)
    yield
    after = snapshot(platform)
    changed = sorted(name for name in after if after[name] != before[name])
    assert not changed, f"These tables changed, and nothing should have been written: {', '.join(changed)}."


@contextmanager
def statements(platform: Platform) -> Iterator[list[str]]:
    """Collect the statements that change something, also those that are rolled back."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(CHANGING):
            seen.append(statement)

    event.listen(platform.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(platform.db.engine, "before_cursor_execute", note)


@contextmanager
def queries(platform: Platform) -> Iterator[list[str]]:
    """Collect all statements."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(platform.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(platform.db.engine, "before_cursor_execute", note)


@contextmanager
def rule_changes(platform: Platform, form: str) -> Iterator[set[str]]:
    """Collect the fields of a form's records that its `before_save` rules set."""
    changed: set[str] = set()
    hooks, call = platform.hooks, platform.hooks.call

    def watched(name: str, hook: str, /, **arguments: Any) -> Any:
        record = arguments.get("record")
        if name != form or hook != "before_save" or not isinstance(record, Record):
            return call(name, hook, **arguments)
        before = copy_of(record)
        answer = call(name, hook, **arguments)
        changed.update(differing(before, record))
        return answer

    hooks.call = watched  # type: ignore[method-assign]
    try:
        yield changed
    finally:
        del hooks.call


def differing(before: Record, after: Record) -> set[str]:
    """Name the fields in which two records differ; a lines field counts as one."""
    old, new = values_of(before), values_of(after)
    fields = {name for name in old if name not in before.__lines__ and old[name] != new[name]}
    return fields | {name for name in before.__lines__ if _rows(old[name]) != _rows(new[name])}


def _rows(lines: Any) -> list[dict[str, Any]]:
    return [values_of(line) for line in lines or ()]
