"""Asking about one record: the rule makes the call, it is made outside any transaction, the rule gets the answer."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection as DatabaseConnection

from lowcode import settings
from lowcode.conditions import parse
from lowcode.connections import breaker, calling, log
from lowcode.connections.masking import Mask, excerpt
from lowcode.connections.messages import Answer, Call
from lowcode.context import Context
from lowcode.declare.model import Connection
from lowcode.forms import LiveForm
from lowcode.platform import SYSTEM, Platform
from lowcode.records import store
from lowcode.records.record import Record

logger = logging.getLogger(__name__)

RULE_FAILED = "rule_failed"


@dataclass(frozen=True, slots=True)
class Partner:
    """A connection of a plugin, with the form it asks about and the clock of its rules."""

    platform: Platform
    plugin: str
    declared: Connection
    now: datetime | None = None

    @property
    def form(self) -> LiveForm:
        """The form whose records are asked about."""
        return self.platform.forms[self.declared.form]

    def moment(self) -> datetime:
        """Give the time that it is for the rules."""
        return self.now or datetime.now(UTC).replace(microsecond=0)

    def context(self, connection: DatabaseConnection) -> Context:
        """Make a context for rules that only read."""
        return Context(self.platform, connection, SYSTEM, now=self.now, is_system=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule wants to know about a record, for the call and for the log."""

    record_id: int
    title: str
    call: Call
    mask: Mask
    at: datetime
    started: float


def ask_about(partner: Partner, record_id: int) -> bool:
    """Ask about one record, unless it is not due any more or its rule wants nothing; what rules raise is logged."""
    started = time.monotonic()
    try:
        with partner.platform.db.read() as connection:
            asked = _asked(partner.context(connection), partner, record_id, started)
    except Exception as fault:
        _note_rule(partner, record_id, "request", fault, started)
        return False
    if asked is None:
        return False
    done = calling.make(asked.call)
    try:
        partner.platform.as_system(partial(_settle, partner, asked, done), now=partner.now)
    except Exception as fault:
        partner.platform.db.run(lambda connection: _note(connection, partner, asked, done))
        _note_rule(partner, record_id, "answer", fault, started)
    return True


def _asked(ctx: Context, partner: Partner, record_id: int, started: float) -> _Asked | None:
    """Let the rule make the call of a record that is still due."""
    condition = parse(partner.declared.when, partner.form.fields)
    record = store.load(ctx, partner.form, record_id)
    if record is None or not condition.matches(record, ctx.tokens):
        return None
    name = partner.declared.name
    call: Call | None = ctx.platform.hooks.named(f"request_{name}", partner.plugin, record=record, ctx=ctx)
    if call is None:
        return None
    mask = Mask(settings.secrets(ctx, partner.plugin))
    return _Asked(record_id, _title(partner, record), call, mask, partner.moment(), started)


def _settle(partner: Partner, asked: _Asked, done: calling.Done, ctx: Context) -> None:
    """Log the call, count how it ended, and hand the answer to the rule, in one transaction."""
    _note(ctx.connection, partner, asked, done)
    record = store.load(ctx, partner.form, asked.record_id, lock="change")
    if record is not None:
        name = partner.declared.name
        ctx.platform.hooks.named(f"answer_{name}", partner.plugin, record=record, answer=done.answer, ctx=ctx)


def _note(connection: DatabaseConnection, partner: Partner, asked: _Asked, done: calling.Done) -> None:
    """Log a call and count how it ended."""
    name = partner.declared.name
    breaker.count(connection, partner.plugin, name, partner.moment(), has_failed=done.has_failed)
    call, mask = asked.call, asked.mask
    entry = log.Entry(
        at=asked.at,
        direction=log.OUTBOUND,
        plugin=partner.plugin,
        name=name,
        subject=asked.title,
        form=partner.form.name,
        record=asked.record_id,
        address=f"{call.method.upper()} {mask.address(call.url)}",
        status=done.answer.status,
        tries=done.tries,
        duration=int((time.monotonic() - asked.started) * 1000),
        outcome=_outcome(done.answer),
        message=done.message,
        values={key: mask.text(each) for key, each in done.values.items()},
        request=_sent(call, mask),
        answer=mask.body(done.answer.body),
    )
    log.note(connection, entry)


def _note_rule(partner: Partner, record_id: int, side: str, fault: Exception, started: float) -> None:
    """Log that a rule raised; its record is left out for a while."""
    hook = f"{side}_{partner.declared.name}"
    logger.error("The rule %s of %s failed.", hook, partner.plugin, exc_info=fault)
    entry = log.Entry(
        at=partner.moment(),
        direction=log.OUTBOUND,
        plugin=partner.plugin,
        name=partner.declared.name,
        subject=str(record_id),
        form=partner.form.name,
        record=record_id,
        address=hook,
        tries=0,
        duration=int((time.monotonic() - started) * 1000),
        outcome=RULE_FAILED,
        message="规则 {hook} 出错（{kind}），一小时后再试；原因见平台的运行日志。",
        values={"hook": hook, "kind": type(fault).__name__},
    )
    partner.platform.db.run(lambda connection: log.note(connection, entry))


def _title(partner: Partner, record: Record) -> str:
    """Name a record as links do, by its number where it has one."""
    name = "number" if partner.form.declared.number else partner.form.declared.title
    return str(getattr(record, name) or record.id)


def _outcome(answer: Answer) -> str:
    if answer.status is None or answer.status >= 500:
        return "failed"
    return "answered" if answer.ok else "refused"


def _sent(call: Call, mask: Mask) -> str:
    """Write what was sent: parameters and body, never headers, which say who calls."""
    body = ""
    if call.json is not None:
        body = str(mask.value(call.json))
    elif isinstance(call.data, bytes | str):
        body = mask.body(call.data)
    elif call.data is not None:
        body = mask.pairs(call.data)
    return excerpt("\n".join(part for part in (mask.pairs(call.params), body) if part))
