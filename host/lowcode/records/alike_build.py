"""Keys of duplicates for records from before a form declared them: made at the start, once for each declaration."""

import hashlib
import json
import logging
from collections.abc import Iterable
from functools import partial

from sqlalchemy import Connection, MetaData, delete, select

from lowcode.configuration import upsert
from lowcode.database.engine import Database
from lowcode.database.metadata import NAMING
from lowcode.database.migrate import exclusive
from lowcode.database.schema import alike_keys, state
from lowcode.forms import LiveForm, build_forms
from lowcode.plugins.loading import LoadedPlugin
from lowcode.records import alike

log = logging.getLogger(__name__)

RULES = 1
"""Grows when values are normalised in another way: then all keys are made anew."""

CHUNK = 1000


def mark(form: str) -> str:
    """Give the key in `state` under which it is remembered what was made."""
    return f"alike:{form}"


def build(db: Database, loaded: Iterable[LoadedPlugin], chunk: int = CHUNK) -> list[str]:
    """Make the keys of all records of each form whose declaration has changed since; give the names of those forms.

    A form may be begun again whenever a start was cut short; what is made twice is the same.
    """
    active = [each.declared for each in loaded if each.state == "active" and each.declared is not None]
    forms = [form for each in active for form in build_forms(each, MetaData(naming_convention=NAMING)).values()]
    built = []
    with exclusive(db):
        for form in forms:
            if _is_built(db, form):
                continue
            _build_form(db, form, chunk)
            built.append(form.name)
            log.info("The keys of duplicates of %s were made.", form.name)
    return built


def signature(form: LiveForm) -> int:
    """Give a number for what the keys of a form are made of; 0 for a form without any."""
    if not form.declared.alike:
        return 0
    fields = {kind: [name, form.fields[name].type] for kind, name in form.declared.alike.items()}
    digest = hashlib.sha256(json.dumps([RULES, fields], sort_keys=True).encode()).digest()
    return int.from_bytes(digest[:7]) or 1


def _is_built(db: Database, form: LiveForm) -> bool:
    with db.read() as connection:
        return (connection.scalar(select(state.c.value).where(state.c.key == mark(form.name))) or 0) == signature(form)


def _build_form(db: Database, form: LiveForm, chunk: int) -> None:
    last: int | None = 0
    while last is not None:
        last = db.run(partial(_build_chunk, form=form, after=last, chunk=chunk))
    db.run(lambda connection: _finish(connection, form))


def _build_chunk(connection: Connection, form: LiveForm, after: int, chunk: int) -> int | None:
    """Make the keys of the next records anew, locked so that nobody changes one meanwhile; None after the last."""
    if not form.declared.alike:
        return None
    table = form.table
    columns = [table.c.id, table.c.deleted_at, *(table.c[name] for name in sorted(set(form.declared.alike.values())))]
    rows = connection.execute(
        select(*columns).where(table.c.id > after).order_by(table.c.id).limit(chunk).with_for_update(key_share=True)
    ).all()
    if not rows:
        return None
    last: int = rows[-1].id
    within = (alike_keys.c.record > after) & (alike_keys.c.record <= last)
    connection.execute(delete(alike_keys).where(alike_keys.c.form == form.name, within))
    live = {row.id: alike.keys(form, dict(row._mapping)) for row in rows if row.deleted_at is None}
    alike.add(connection, form, live)
    return last


def _finish(connection: Connection, form: LiveForm) -> None:
    """Drop kinds that are no longer declared, and remember what was made."""
    stale = alike_keys.c.kind.not_in(list(form.declared.alike))
    connection.execute(delete(alike_keys).where(alike_keys.c.form == form.name, stale))
    made = {"key": mark(form.name), "value": signature(form)}
    statement = upsert(connection, state).values(made)
    connection.execute(statement.on_conflict_do_update(index_elements=[state.c.key], set_={"value": made["value"]}))
