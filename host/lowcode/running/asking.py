"""Asking other systems about records that are due: read, call without a transaction, write what came of it.

One worker at a time is at a connection, and each connection has a thread of its own: a slow partner keeps nobody else
waiting. A record is asked about again and again until its rule takes it out of the connection's condition.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import exists, select

from lowcode.conditions import Token, parse
from lowcode.connections import breaker
from lowcode.connections.partner import RULE_FAILED, Partner, ask_about
from lowcode.connections.tables import calls
from lowcode.database import locks
from lowcode.platform import Platform

log = logging.getLogger(__name__)

MOST_CALLS = 20
MOST_LOOKED_AT = 200
"""How many records a round asks about, and how many it looks at when rules want nothing to be asked."""

MOST_AT_ONCE = 4
RULE_RESTS = timedelta(hours=1)
"""How long a record is left out after its rule has raised, so that the others have their turn."""


def tick(platform: Platform, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Do one round of every connection, some at a time."""
    partners = [
        Partner(platform, plugin.name, declared)
        for plugin in platform.active_plugins
        for declared in (plugin.declared.connections.values() if plugin.declared else ())
    ]
    if not partners:
        return
    with ThreadPoolExecutor(min(len(partners), MOST_AT_ONCE)) as pool:
        for each in partners:
            pool.submit(_guarded, each, is_stopping)


def ask(partner: Partner, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Do one round and tell how many calls were made; none while another worker is at it, or the partner rests."""
    name = f"asking:{partner.plugin}.{partner.declared.name}"
    with locks.alone(partner.platform.db, partner.platform.config.home, name) as is_mine:
        return sum(_round(partner, is_stopping)) if is_mine else 0


def _guarded(partner: Partner, is_stopping: Callable[[], bool]) -> None:
    try:
        ask(partner, is_stopping=is_stopping)
    except Exception:
        log.exception("Asking %s of %s failed.", partner.declared.name, partner.plugin)


def _round(partner: Partner, is_stopping: Callable[[], bool]) -> Iterator[bool]:
    """Go through the records that are due; True for each that was asked about."""
    made = 0
    for record_id in _due(partner):
        if made == MOST_CALLS or is_stopping():
            return
        with partner.platform.db.read() as connection:
            if not breaker.may_call(connection, partner.plugin, partner.declared.name, partner.moment()):
                return
        has_asked = ask_about(partner, record_id)
        made += has_asked
        yield has_asked


def _due(partner: Partner) -> Sequence[int]:
    """Find the records that are due, those first that have been so for longest."""
    form, now = partner.form, partner.moment()
    with partner.platform.db.read() as connection:
        ctx = partner.context(connection)
        clause = parse(partner.declared.when, form.fields).clause(form, ctx.tokens)
        mine = (calls.c.plugin == partner.plugin, calls.c.name == partner.declared.name)
        rests = exists().where(
            calls.c.form == form.name,
            calls.c.record == form.table.c.id,
            *mine,
            calls.c.outcome == RULE_FAILED,
            calls.c.at > now - RULE_RESTS,
        )
        statement = select(form.table.c.id).where(form.table.c.deleted_at.is_(None), clause, ~rests)
        order = [form.column(name).nulls_first() for name in _moments(partner)]
        return connection.scalars(statement.order_by(*order, form.table.c.id).limit(MOST_LOOKED_AT)).all()


def _moments(partner: Partner) -> list[str]:
    """Name the fields that the condition compares with the clock: since when a record is due."""
    condition = parse(partner.declared.when, partner.form.fields)
    named = {
        test.field: None
        for tests in condition.alternatives
        for test in tests
        if test.line is None and isinstance(test.value, Token) and test.operator in {"lt", "lte"}
    }
    return list(named)
