"""Duplicates: what live records are recognised by, and which others are recognised by the same.

A form says by `alike:` which of its fields count, each under a kind; forms that name one kind are compared. The
normalised values stand in `alike_keys`, kept equal in the transaction of each change.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, case, delete, or_, select

from lowcode import access
from lowcode.configuration import upsert
from lowcode.database.among import among
from lowcode.database.schema import alike_keys
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm, visible_fields
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

Keys = dict[str, str]
"""For each kind, what a record is recognised by."""

SHORTEST, LONGEST = 2, 200
COUNTRY, NATIONAL = "86", 10
"""The country's code is dropped from numbers that go on for at least so many digits."""

MOST, LOOKED_AT = 20, 200
"""So many matches are told of so many that are looked at: those that the person may see come first."""


@dataclass(frozen=True, slots=True)
class Match:
    """A record that another is recognised in by one kind. `owner` is the id of its owner, None for nobody's."""

    form: str
    id: int
    title: str
    kind: str
    owner: int | None
    is_visible: bool
    """Whether the person who acts may read the record, and its value of this kind whole."""


def key(declared: Field, value: Any) -> str | None:
    """Normalise a value; None for what is too short to recognise anything by."""
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    if declared.type == "phone":
        text = "".join(letter for letter in text if letter.isdecimal() and letter.isascii()).lstrip("0")
        text = text.removeprefix(COUNTRY) if len(text) >= len(COUNTRY) + NATIONAL else text
    else:  # in an address punctuation tells people apart
        dropped = "ZC" if declared.type == "email" else "ZCP"
        text = "".join(letter for letter in text if unicodedata.category(letter)[0] not in dropped)
    if len(text) > LONGEST:
        digest = hashlib.sha256(text.encode()).hexdigest()
        text = text[: LONGEST - len(digest)] + digest
    return text if len(text) >= SHORTEST else None


def keys(form: LiveForm, values: Record | Mapping[str, Any]) -> Keys:
    """Give what a record, or the values of one, is recognised by."""
    read = values.get if isinstance(values, Mapping) else lambda name: getattr(values, name)
    found = ((kind, key(form.fields[name], read(name))) for kind, name in form.declared.alike.items())
    return {kind: each for kind, each in found if each is not None}


def keep(ctx: "Context", form: LiveForm, record: Record, original: Record | None = None) -> None:
    """Keep the keys of a written record; one in the recycle bin has none."""
    if not form.declared.alike:
        return
    before = keys(form, original) if original is not None and original.deleted_at is None else {}
    now = keys(form, record) if record.deleted_at is None else {}
    if now == before:
        return
    if before:
        mine = (alike_keys.c.form == form.name) & (alike_keys.c.record == record.id)
        ctx.connection.execute(delete(alike_keys).where(mine))
    add(ctx.connection, form, {record.id: now})


def add(connection: Any, form: LiveForm, found: Mapping[int, Keys]) -> None:
    """Write the keys of records."""
    rows = [
        {"kind": kind, "key": each, "form": form.name, "record": record_id}
        for record_id, of_record in found.items()
        for kind, each in of_record.items()
    ]
    if rows:
        connection.execute(upsert(connection, alike_keys).on_conflict_do_nothing(), rows)


def find(ctx: "Context", form: LiveForm, wanted: Keys, but: int | None = None) -> list[Match]:
    """Find the live records recognised by any of these keys, except the record `but` of the form itself.

    Those that the person who acts may see come first. A form of which he may know nothing is not named to him; rules
    are told of all.
    """
    by_form: dict[str, dict[int, list[str]]] = {}
    for row in _rows(ctx, form, wanted, but):
        by_form.setdefault(row.form, {}).setdefault(row.record, []).append(row.kind)
    found = [
        match
        for name, kinds in by_form.items()
        if (live := ctx.platform.forms.get(name)) is not None
        for match in _matches(ctx, live, kinds)
    ]
    return in_order(form, found)[:MOST]


def in_order(form: LiveForm, found: Iterable[Match]) -> list[Match]:
    """Sort the matches of a form's record: those that are seen first, then in the order of the declared kinds."""
    kinds = list(form.declared.alike)
    return sorted(found, key=lambda each: (not each.is_visible, kinds.index(each.kind), each.form, each.id))


def changed(form: LiveForm, record: Record, original: Record | None) -> Keys:
    """Give what a draft is newly recognised by; what stands already is nothing to warn of."""
    known = keys(form, original) if original is not None else {}
    return {kind: each for kind, each in keys(form, record).items() if known.get(kind) != each}


def compared_fields(ctx: "Context", form: LiveForm) -> dict[str, Field]:
    """Give the fields by which duplicates of a form are looked for, as far as the person may know of them."""
    known = form.fields if ctx.is_system else visible_fields(form, ctx.user.roles)
    return {name: known[name] for name in form.declared.alike.values() if name in known}


def _rows(ctx: "Context", form: LiveForm, wanted: Keys, but: int | None) -> Sequence[Any]:
    if not wanted:
        return ()
    table = alike_keys.c
    same = or_(*(and_(table.kind == kind, table.key == each) for kind, each in wanted.items()))
    statement = select(table.kind, table.form, table.record).where(same)
    if but is not None:
        statement = statement.where(or_(table.form != form.name, table.record != but))
    return ctx.connection.execute(statement.order_by(table.form, table.record).limit(LOOKED_AT)).all()


def _matches(ctx: "Context", form: LiveForm, kinds: Mapping[int, Iterable[str]]) -> Iterator[Match]:
    """Read what is told of the records of one form, with what the person may see of each."""
    person = ctx.person
    if not ctx.is_system and not any(access.is_allowed(ctx, form, verb) for verb in ("read", "create")):
        return
    known = form.fields if ctx.is_system else visible_fields(form, ctx.user.roles)
    for row in ctx.connection.execute(_facts(person, form), {"ids": kinds.keys()}).all():
        for kind in kinds[row.id]:
            name = form.declared.alike.get(kind)
            if name is None or name not in known:
                continue
            verb = form.masked.get(name, "read")
            is_visible = not person.user.id or bool(row.seen_read and row._mapping[f"seen_{verb}"])
            title = str(row.id if row.title is None else row.title)
            yield Match(form.name, row.id, title, kind, row.owner, is_visible)


def _facts(person: "Context", form: LiveForm) -> Select[Any]:
    table = form.table
    owner = form.column(form.declared.owner or "created_by").label("owner")
    statement = select(table.c.id, form.column(form.declared.title).label("title"), owner)
    for verb in sorted({"read", *form.masked.values()}):
        statement = statement.add_columns(case((access.clause(person, form, verb), 1), else_=0).label(f"seen_{verb}"))
    return statement.where(among(table.c.id), table.c.deleted_at.is_(None))


def hidden_for_person(matches: Iterable[Match]) -> list[Match]:
    """Take id and title from the matches that the person may not see, so that equal ones are told once."""
    shown = (each if each.is_visible else replace(each, id=0, title="") for each in matches)
    return list(dict.fromkeys(shown))
