"""What happened in approvals, appended only. Each entry is chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, insert, select, update

from lowcode.configuration import upsert
from lowcode.database.deferred import defer
from lowcode.database.schema import trail, trail_head

if TYPE_CHECKING:
    from lowcode.context import Context

START = "0" * 64
"""What stands before the first entry."""

REMOVED = "removed"
"""The entry of an app whose data was removed: the documents of its runs are gone with it."""

COLUMNS = tuple(column.name for column in trail.c if column.name != "hash")


class Subject(Protocol):
    """The run that something happened in."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def form(self) -> str:
        """The form of its record."""

    @property
    def record(self) -> int:
        """Its record."""

    @property
    def digest(self) -> str:
        """The digest of the document it is about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `details` hold plain JSON; `to` in them names the people it reached."""

    action: str
    step: str | None = None
    opinion: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def append(ctx: "Context", run: Subject, *entries: Entry) -> None:
    """Add entries about a run, in the transaction of what they tell of.

    They are chained to the trail when all else is done: who appends makes everybody else wait until he commits.
    """
    about: dict[str, Any] = {"at": ctx.now, "user": ctx.user.id or None, "approval_id": run.id}
    about |= {"form": run.form, "record": run.record, "digest": run.digest}
    defer(ctx.connection, write, [{**about, **_plain(entry)} for entry in entries])


def note_removal(connection: Connection, forms: Iterable[str]) -> None:
    """Say that the documents of these forms' runs are deleted with the app's data; what was decided stays on record."""
    known = select(trail.c.form).where(trail.c.form.in_(sorted(forms))).distinct()
    about = {"at": datetime.now(UTC), "user": None, "approval_id": 0, "record": 0, "digest": START}
    rows = [{**about, "form": form, **_plain(Entry(REMOVED))} for form in sorted(connection.scalars(known))]
    if rows:
        write(connection, rows)


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Chain rows to the end of the trail."""
    seq, previous = _lock_head(connection)
    chained = []
    for row in rows:
        seq += 1
        full = {**row, "seq": seq, "previous": previous}
        previous = digest_of(full)
        chained.append({**full, "hash": previous})
    connection.execute(insert(trail), chained)
    connection.execute(update(trail_head).values(seq=seq, hash=previous))


def digest_of(row: Mapping[str, Any]) -> str:
    """Give the SHA-256 of an entry's canonical JSON: all columns but the hash, that of the entry before included."""
    values = {name: _word(row[name]) for name in COLUMNS}
    canonical = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(entry: Entry) -> dict[str, Any]:
    return {"action": entry.action, "step": entry.step, "opinion": entry.opinion, "details": dict(entry.details)}


def _word(value: Any) -> Any:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value


def _lock_head(connection: Connection) -> tuple[int, str]:
    head = select(trail_head.c.seq, trail_head.c.hash).with_for_update()
    row = connection.execute(head).first()
    if row is None:  # the first entry ever; of two at once, one makes the head and the other waits for it
        made = upsert(connection, trail_head).values(id=1, seq=0, hash=START).on_conflict_do_nothing()
        connection.execute(made)
        row = connection.execute(head).one()
    return row.seq, row.hash
