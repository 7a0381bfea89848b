"""Walk the whole trail and name the first entry that is not as it was written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from lowcode.database.among import among
from lowcode.database.schema import approvals, trail, trail_head
from lowcode.i18n import _
from lowcode.workflow import document
from lowcode.workflow.trail import REMOVED, START, digest_of

CHUNK = 500


def verify(connection: Connection, known: str | None = None) -> dict[str, Any]:
    """Check every entry, in order, and the end of the trail.

    `known` is the hash of the end that an earlier check told: it still has to be in the trail. Whoever can write to the
    database can write the whole trail anew; only such a hash, kept elsewhere, shows that.
    """
    walk = _Walk(connection, known)
    while walk.may_have_grown():  # others append while this reads
        for rows in _chunks(connection, walk.seq - 1 or None):
            walk.read_documents(rows)
            for row in rows:
                if fault := walk.fault_of(row):
                    return walk.answer(broken_at=walk.seq, reason=fault)
                walk.go_past(row)
    if fault := walk.fault_of_end():
        return walk.answer(broken_at=walk.seq, reason=fault)
    return walk.answer()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """An entry that the database can no longer read."""

    seq: int
    form: str = ""
    approval_id: int = 0


_END = select(trail_head.c.seq, trail_head.c.hash, select(func.max(trail.c.seq)).scalar_subquery().label("last"))


def _chunks(connection: Connection, last: int | None) -> Iterator[list[Any]]:
    """Give the entries after one in order, a few at a time: how many there are must not matter."""
    while True:
        ahead = select(trail).order_by(trail.c.seq).limit(CHUNK)
        rows = _read(connection, ahead if last is None else ahead.where(trail.c.seq > last))
        yield rows
        if len(rows) < CHUNK:
            return
        last = rows[-1].seq


def _read(connection: Connection, statement: Select[Any]) -> list[Any]:
    """Read entries; where one of them is no longer JSON or an instant, each for itself."""
    try:
        return list(connection.execute(statement))
    except ValueError:
        rows: list[Any] = []
        for seq in connection.scalars(statement.with_only_columns(trail.c.seq)).all():
            try:
                rows.append(connection.execute(select(trail).where(trail.c.seq == seq)).one())
            except ValueError:
                rows.append(_Unreadable(seq))
        return rows


@dataclass(slots=True)
class _Walk:
    """How far the check has come: `seq` is the entry it looks at, `previous` the hash of the one before."""

    connection: Connection
    known: str | None
    seq: int = 1
    previous: str = START
    met: bool = False
    digests: dict[int, str | None] = field(default_factory=dict)
    end: tuple[int, str] | None = None
    _removed: Mapping[str, int] | None = None

    def may_have_grown(self) -> bool:
        """Read where the trail ends now; tell whether whole entries stand there that were not looked at."""
        row = self.connection.execute(_END).first()
        is_first = self.end is None
        self.end = (row.seq, row.hash) if row else (0, START)
        return is_first or (row is not None and self.seq - 1 < row.seq <= (row.last or 0))

    def read_documents(self, rows: Iterable[Any]) -> None:
        """Work out the digests of the documents that entries are about, as they are stored now."""
        wanted = {row.approval_id for row in rows} - self.digests.keys()
        for run in wanted:
            self.digests[run] = None
        statement = select(approvals.c.id, cast(approvals.c.document, Text)).where(among(approvals.c.id))
        for run, kept in self.connection.execute(statement, {"ids": wanted}) if wanted else ():
            self.digests[run] = _digest(kept)

    def fault_of(self, row: Any) -> str | None:
        """Say what is wrong with an entry."""
        if row.seq != self.seq:
            return _("第 {seq} 条记录缺失。", seq=self.seq)
        if isinstance(row, _Unreadable):
            return _("第 {seq} 条记录被修改过。", seq=self.seq)
        if digest_of(row._mapping) != row.hash:
            if row.previous != self.previous and self._is_elsewhere(row.previous):
                return _("第 {seq} 条记录的位置被调换过。", seq=self.seq)
            return _("第 {seq} 条记录被修改过。", seq=self.seq)
        if row.previous != self.previous:
            return _("第 {seq} 条记录与前一条不相连：前面的记录被替换过。", seq=self.seq)
        if self._document(row) != row.digest:
            return _("第 {seq} 条记录所依据的单据被修改过。", seq=self.seq)
        return None

    def go_past(self, row: Any) -> None:
        """Go on to the next entry."""
        self.met = self.met or row.hash == self.known
        self.seq, self.previous = self.seq + 1, row.hash

    def fault_of_end(self) -> str | None:
        """Say what is wrong with the end: entries that were cut off, or a trail that was written anew."""
        if self.end != (self.seq - 1, self.previous):
            return _("第 {seq} 条记录缺失：末尾的记录被删除过。", seq=self.seq)
        if self.known not in (None, START) and not self.met:
            return _("记录里没有上次核对时的末尾 {head}：记录被重写过。", head=self.known or "")
        return None

    def answer(self, broken_at: int | None = None, reason: str | None = None) -> dict[str, Any]:
        """Tell the result."""
        entries = self.connection.scalar(select(func.count()).select_from(trail)) or 0
        return {"entries": entries, "broken_at": broken_at, "reason": reason, "head": self.previous}

    def _is_elsewhere(self, hash_: str) -> bool:
        return self.connection.scalar(select(trail.c.seq).where(trail.c.hash == hash_).limit(1)) is not None

    def _document(self, row: Any) -> str | None:
        """Give the digest of the document as it is stored now; of an app whose data was removed it is believed."""
        known = self.digests[row.approval_id]
        is_gone = known is None and (row.action == REMOVED or self._removals().get(row.form, 0) > row.seq)
        return row.digest if is_gone else known

    def _removals(self) -> Mapping[str, int]:
        """Give the last removal of each form's data."""
        if self._removed is None:
            statement = select(trail.c.form, func.max(trail.c.seq).label("last")).where(trail.c.action == REMOVED)
            rows = self.connection.execute(statement.group_by(trail.c.form)).all()
            self._removed = {row.form: row.last for row in rows}
        return self._removed


def _digest(kept: str) -> str | None:
    """Give the digest of a stored document; none when it is no longer JSON."""
    try:
        return document.digest(json.loads(kept))
    except ValueError:
        return None
