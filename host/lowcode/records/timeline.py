"""The activity of a record: what other records tell of it, its changes and its approvals, the newest first.

Each source answers with a page's worth of instants, then only what stands on the page is read: the number of queries
does not grow with what there is.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from lowcode import access, instants
from lowcode.database.schema import approvals, audit, trail
from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.fieldtypes.numbers import LARGEST
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import changed, history, masking, reading, store, words
from lowcode.records.showing import instant
from lowcode.workflow import runs
from lowcode.workflow import timeline as decisions

if TYPE_CHECKING:
    from lowcode.context import Context

PER_PAGE = 30
LAST_YEAR = 9999

Item = dict[str, Any]


class Place(NamedTuple):
    """Where an item stands: by instant, then by source, then by id, the last first."""

    at: datetime
    rank: int
    id: int


class Source(Protocol):
    """Something that tells of a record."""

    def places(self, before: Place | None, rank: int) -> list[Place]:
        """Give the next places behind `before`, one more than a page holds."""

    def items(self, ids: Sequence[int]) -> dict[int, Item]:
        """Write what stands at these places."""


def timeline(ctx: "Context", form: LiveForm, record_id: int, before: str | None = None) -> dict[str, Any]:
    """Answer one page. Raises NotFound, and Invalid for a cursor that is none."""
    hidden = masking.hidden(ctx, form, reading.require(ctx, form, record_id))
    behind = _read(before) if before else None
    merged = history.merged_titles(ctx, form, record_id)
    ids = [record_id, *merged]
    sources: list[Source] = [
        *(_Records(ctx, other, by, ids) for other, by in telling(ctx, form)),
        _Approvals(ctx, form, ids),
        _Changes(ctx, form, ids, hidden, merged),
    ]
    found = [place for rank, source in enumerate(sources) for place in source.places(behind, rank)]
    found.sort(key=lambda place: (place.at, -place.rank, place.id), reverse=True)
    page = found[:PER_PAGE]
    shown = {
        rank: source.items(wanted)
        for rank, source in enumerate(sources)
        if (wanted := [place.id for place in page if place.rank == rank])
    }
    items = [{"at": instant(place.at), **shown[place.rank][place.id]} for place in page]
    return {"items": items, "next": _written(page[-1]) if len(found) > PER_PAGE else None}


def telling(ctx: "Context", form: LiveForm) -> list[tuple[LiveForm, list[Field]]]:
    """Find the forms whose records tell of this form's, and the fields by which they point at it."""
    found: dict[str, list[Field]] = {}
    for name, by in form.referring:
        other = ctx.platform.forms[name]
        known = visible_fields(other, ctx.user.roles)
        if other.declared.timeline and by.name in known and access.is_allowed(ctx, other, "read"):
            found.setdefault(name, []).append(by)
    return [(ctx.platform.forms[name], by) for name, by in found.items()]


@dataclass(frozen=True, slots=True)
class _Records:
    """Records of another form that point at this one."""

    ctx: "Context"
    form: LiveForm
    by: list[Field]
    ids: list[int]

    def places(self, before: Place | None, rank: int) -> list[Place]:
        """Read the newest, through the row filter."""
        assert self.form.declared.timeline is not None
        name, key = self.form.declared.timeline.at, self.form.table.c.id
        at, zone = self.form.column(name), None
        if self.form.fields[name].type == "date":
            zone = self.ctx.time_zone
        else:
            at = func.coalesce(at, self.form.column("created_at"))
        pointing = or_(*(self.form.column(each.name).in_(self.ids) for each in self.by))
        where = [pointing, self.form.table.c.deleted_at.is_(None), at.is_not(None), access.clause(self.ctx, self.form)]
        rows = self.ctx.connection.execute(_newest(select(key, at).where(*where), at, key, before, rank, zone))
        return [Place(instants.start(found, zone) if zone else found, rank, number) for number, found in rows]

    def items(self, ids: Sequence[int]) -> dict[int, Item]:
        """Show what the declaration names, as far as the person sees it."""
        declared = self.form.declared
        assert declared.timeline is not None
        table = self.form.table
        records = store.load_many(self.ctx, self.form, select(table).where(table.c.id.in_(ids)))
        known = visible_fields(self.form, self.ctx.user.roles)
        texts = [known[name] for name in declared.timeline.text if name in known]
        names = {each.name for each in texts} | {declared.owner or "created_by", "created_by"}
        return {shown["id"]: self._item(shown, texts) for shown in reading.show(self.ctx, self.form, records, names)}

    def _item(self, shown: Mapping[str, Any], texts: Sequence[Field]) -> Item:
        told = ((_(each.label), words.of_field(self.ctx, each, shown)) for each in texts)
        return {
            "kind": "record",
            "form": self.form.name,
            "id": shown["id"],
            "title": shown["$title"],
            "text": [{"label": label, "text": text} for label, text in told if text],
            "by": shown.get(self.form.declared.owner or "created_by") or shown["created_by"],
        }


@dataclass(frozen=True, slots=True)
class _Approvals:
    """What people decided about the record."""

    ctx: "Context"
    form: LiveForm
    ids: list[int]

    def places(self, before: Place | None, rank: int) -> list[Place]:
        """Read the newest entries of the trail; a form without approvals has none."""
        if self.form.workflow is None or not self.form.workflow.approvals:
            return []
        mine = select(approvals.c.id).where(approvals.c.form == self.form.name, approvals.c.record.in_(self.ids))
        wanted = select(trail.c.seq, trail.c.at).where(trail.c.approval_id.in_(mine))
        rows = self.ctx.connection.execute(_newest(wanted, trail.c.at, trail.c.seq, before, rank))
        return [Place(at, rank, seq) for seq, at in rows]

    def items(self, ids: Sequence[int]) -> dict[int, Item]:
        """Say who did what, and what they wrote."""
        rows = self.ctx.connection.execute(select(trail).where(trail.c.seq.in_(ids))).all()
        of_rows = runs.selection().where(approvals.c.id.in_({row.approval_id for row in rows}))
        known = {run.id: run for run in map(runs.run_of, self.ctx.connection.execute(of_rows))}
        names = self.ctx.users.names(decisions.people(rows))
        found = {}
        for row in rows:
            flow = known[row.approval_id].flow
            (entry,) = decisions.timeline([row], flow, names)
            opinion = [{"label": _("意见"), "text": entry["opinion"]}] if entry["opinion"] else []
            found[row.seq] = {
                "kind": "approval",
                "form": self.form.name,
                "id": row.record,
                "title": _(flow.label),
                "text": [{"label": "", "text": entry["text"]}, *opinion],
                "by": entry["user"],
            }
        return found


@dataclass(frozen=True, slots=True)
class _Changes:
    """The record's own history, and that of records merged into it."""

    ctx: "Context"
    form: LiveForm
    ids: list[int]
    hidden: frozenset[str]
    merged: Mapping[int, str]

    def places(self, before: Place | None, rank: int) -> list[Place]:
        """Read the newest entries."""
        wanted = select(audit.c.id, audit.c.at).where(audit.c.form == self.form.name, audit.c.record.in_(self.ids))
        rows = self.ctx.connection.execute(_newest(wanted, audit.c.at, audit.c.id, before, rank))
        return [Place(at, rank, number) for number, at in rows]

    def items(self, ids: Sequence[int]) -> dict[int, Item]:
        """Say what was changed from what to what."""
        rows = self.ctx.connection.execute(select(audit).where(audit.c.id.in_(ids))).all()
        entries = history.describe(self.ctx, self.form, rows, self.hidden, self.merged)
        changed.in_words(self.ctx, self.form, entries)
        return {row.id: self._item(row.record, entry) for row, entry in zip(rows, entries, strict=True)}

    def _item(self, record_id: int, entry: Mapping[str, Any]) -> Item:
        return {
            "kind": "change",
            "form": self.form.name,
            "id": record_id,
            "title": entry["label"],
            "text": [
                {"label": change["label"], "text": f"{change['old']} → {change['new']}"} for change in entry["changes"]
            ],
            "by": entry["by"],
        }


def _newest(
    wanted: Select[Any],
    at: ColumnElement[Any],
    key: ColumnElement[Any],
    before: Place | None,
    rank: int,
    zone: ZoneInfo | None = None,
) -> Select[Any]:
    """Take one more than a page of what stands behind a place; `zone` is that of a column of days."""
    if before is not None:
        wanted = wanted.where(_behind(at, key, before, rank, zone))
    return wanted.order_by(at.desc(), key.desc()).limit(PER_PAGE + 1)


def _behind(
    at: ColumnElement[Any], key: ColumnElement[Any], before: Place, rank: int, zone: ZoneInfo | None
) -> ColumnElement[bool]:
    moment: Any = before.at
    if zone is not None:
        moment = instants.local(before.at, zone).date()
        if instants.start(moment, zone) < before.at:  # the whole day stands behind an instant later in it
            rank = before.rank + 1
    earlier: ColumnElement[bool] = at < moment
    if rank < before.rank:
        return earlier
    return or_(earlier, at == moment if rank > before.rank else and_(at == moment, key < before.id))


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([instant(place.at), place.rank, place.id]).encode()).decode()


def _read(cursor: str) -> Place:
    try:
        at, rank, number = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        place = Place(datetime.fromisoformat(at).astimezone(UTC), int(rank), int(number))
        if not (1 < place.at.year < LAST_YEAR and 0 <= place.id < LARGEST):  # beyond what databases compare with
            raise ValueError
        return place
    except (ValueError, TypeError, RecursionError, OverflowError):
        sentence = _("游标无效，请从第一页重新开始。")
        raise Invalid(sentence, errors={"before": [sentence]}) from None
