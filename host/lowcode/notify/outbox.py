"""The outbox: mails are rows, written with the change they tell of; workers claim them, send them and say how it went.

A claim is a lease. A worker that is killed leaves its mail `sending`; when the lease ends another one sends it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select, update

from lowcode.addresses import check_address, check_subject
from lowcode.configuration import upsert
from lowcode.database.engine import Database, after_commit
from lowcode.database.schema import mails
from lowcode.errors import NotFound
from lowcode.i18n import _
from lowcode.notify import queue as queues

if TYPE_CHECKING:
    from lowcode.context import Context

LEASE = timedelta(minutes=5)
"""How long a worker may take for one mail; all time-outs of one delivery together are shorter."""

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""After the first, second, … attempt that may succeed later; then the mail has failed."""

CUT_SHORT = "发送过程多次中断，已放弃；原因请看任务进程的日志。"
LONGEST_ERROR = 500
LONGEST_EVENT = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that this process may send now; `attempt` counts from 1 and tells its claim from later ones."""

    id: int
    event: str
    recipient: str
    subject: str
    text: str
    html: str | None
    created_at: datetime
    attempt: int


def mail(ctx: "Context", event: str, recipient: str, subject: str, text: str, html: str | None = None) -> None:
    """Queue a mail in this transaction, once for each `event`. Raises Invalid for an address or a subject that is none.

    It waits where no SMTP server is configured.
    """
    words = {"subject": check_subject(subject), "text": text, "html": html}
    queue(ctx, event, check_address(recipient), words)


def short(event: str) -> str:
    """Give the name of an event, or what stands for one that is too long to keep."""
    return event if len(event) <= LONGEST_EVENT else hashlib.sha256(event.encode()).hexdigest()


def queue(ctx: "Context", event: str, recipient: str, words: Mapping[str, str | None]) -> None:
    """Write a mail whose words and address are known to be good."""
    row = {
        "event": short(event),
        "recipient": recipient,
        **words,
        "created_at": ctx.now,
        "created_by": ctx.user.id or None,
        "state": "due",
        "attempts": 0,
        "next_at": ctx.now,
    }
    ctx.connection.execute(upsert(ctx.connection, mails).on_conflict_do_nothing(index_elements=["event"]), row)
    _wake(ctx)


def _wake(ctx: "Context") -> None:
    """Have a worker look at once when this is committed; otherwise it would look within a minute."""
    config = ctx.platform.config
    if config.smtp is not None:
        after_commit(ctx.connection, "deliver", lambda: queues.wake(config))


def claim(db: Database, now: datetime) -> Letter | None:
    """Take the mail that has waited longest; no other worker takes it while the lease lasts."""
    while True:
        letter, is_done = db.run(lambda connection: _claim(connection, now))
        if is_done:
            return letter


def _claim(connection: Connection, now: datetime) -> tuple[Letter | None, bool]:
    """Take the next mail; give it, and whether the search is over: one that was cut short too often is given up."""
    waits = mails.c.state.in_(("due", "sending")) & (mails.c.next_at <= now)
    row = connection.execute(
        select(mails).where(waits).order_by(mails.c.next_at, mails.c.id).limit(1).with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None, True
    mine = update(mails).where(mails.c.id == row.id)
    if row.attempts > len(PAUSES):
        connection.execute(mine.values(state="failed", error=CUT_SHORT))
        return None, False
    connection.execute(mine.values(state="sending", attempts=row.attempts + 1, next_at=now + LEASE))
    return _letter(row), True


def _letter(row: Row[Any]) -> Letter:
    return Letter(row.id, row.event, row.recipient, row.subject, row.text, row.html, row.created_at, row.attempts + 1)


def mark_sent(db: Database, letter: Letter, now: datetime) -> None:
    """Note that the server has taken a mail."""
    _mark(db, letter, {"state": "sent", "sent_at": now, "error": None})


def mark_refused(db: Database, letter: Letter, now: datetime, error: str, *, for_good: bool) -> None:
    """Note why a mail could not be sent: it is tried again after a pause, or has failed."""
    if for_good or letter.attempt > len(PAUSES):
        _mark(db, letter, {"state": "failed", "error": error[:LONGEST_ERROR]})
    else:
        again = now + PAUSES[letter.attempt - 1]
        _mark(db, letter, {"state": "due", "next_at": again, "error": error[:LONGEST_ERROR]})


def _mark(db: Database, letter: Letter, values: Mapping[str, Any]) -> None:
    """Say how it went, unless the lease has ended and another worker has claimed the mail since."""
    mine = (mails.c.id == letter.id) & (mails.c.state == "sending") & (mails.c.attempts == letter.attempt)
    db.run(lambda connection: connection.execute(update(mails).where(mine).values(values)))


def note_unreachable(db: Database, now: datetime, error: str) -> None:
    """Note beside all mails that are due why none is sent. It is not their fault: they stay due."""
    waits = (mails.c.state == "due") & (mails.c.next_at <= now)
    db.run(lambda connection: connection.execute(update(mails).where(waits).values(error=error[:LONGEST_ERROR])))


def has_due(db: Database, now: datetime) -> bool:
    """Tell whether any mail may be sent now."""
    waits = mails.c.state.in_(("due", "sending")) & (mails.c.next_at <= now)
    with db.read() as connection:
        return connection.scalar(select(mails.c.id).where(waits).limit(1)) is not None


def listing(connection: Connection, page: int = 1, per_page: int = 50) -> tuple[list[Row[Any]], int]:
    """Give a page of the mails, newest first, and how many there are."""
    shown = (
        mails.c.id, mails.c.recipient, mails.c.subject, mails.c.created_at, mails.c.state, mails.c.attempts,
        mails.c.next_at, mails.c.sent_at, mails.c.error,
    )  # fmt: skip
    statement = select(*shown).order_by(mails.c.id.desc()).limit(per_page).offset((page - 1) * per_page)
    total = connection.scalar(select(func.count()).select_from(mails)) or 0
    return list(connection.execute(statement)), total


def send_again(ctx: "Context", mail_id: int) -> None:
    """Queue a mail again that has failed. Raises NotFound."""
    failed = (mails.c.id == mail_id) & (mails.c.state == "failed")
    again = {"state": "due", "attempts": 0, "next_at": ctx.now}
    if ctx.connection.execute(update(mails).where(failed).values(again)).rowcount != 1:
        raise NotFound(_("没有这封发送失败的邮件，请刷新页面查看最新状态。"))
    _wake(ctx)
