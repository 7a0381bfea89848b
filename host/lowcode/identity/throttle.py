"""The limit on guessing passwords, counted in the database so that all workers share it.

An attempt is counted before the password is looked at and taken back when it was right, so parallel
guesses cannot slip through. Refused attempts are not counted: the wait never grows, nobody is locked out for good.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lowcode.database.engine import Database
from lowcode.errors import TooMany
from lowcode.i18n import _
from lowcode.identity.tables import login_attempts

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 100
PER_COMPARISON = 120
PER_PUSHER = 60

Limit = tuple[str, int]


def limits(account: str, address: str) -> Sequence[Limit]:
    """Name the two counters of an attempt; hashed, so that the table tells nothing of what people typed."""
    return (_subject("account", account), PER_ACCOUNT), (_subject("address", address), PER_ADDRESS)


def proofs(user_id: int) -> Sequence[Limit]:
    """Name the counter of what a signed-in person proves; strangers who guess at signing in do not fill it."""
    return ((f"proof:{user_id}", PER_ACCOUNT),)


def comparisons(user_id: int) -> Sequence[Limit]:
    """Name the counter of what a person asks about records that may be anybody's."""
    return ((f"compare:{user_id}", PER_COMPARISON),)


def pushes(address: str) -> Sequence[Limit]:
    """Name the counter of wrong signatures of messages that come from an address."""
    return ((_subject("push", address), PER_PUSHER),)


def wait(connection: Connection, counters: Sequence[Limit], now: datetime) -> int:
    """Give the seconds until another attempt will be counted; 0 when it is now. Counts and locks nothing."""
    start = (now - WINDOW).timestamp()
    waits = [0]
    for subject, limit in counters:
        query = select(login_attempts.c.attempts).where(login_attempts.c.subject == subject)
        times = sorted(float(time) for time in connection.scalar(query) or () if time > start)
        if len(times) >= limit:
            waits.append(_wait(times, limit, now))
    return max(waits)


def reserve(db: Database, counters: Sequence[Limit], now: datetime) -> None:
    """Count one attempt, or raise `TooMany` and count nothing."""
    wait = db.run(lambda connection: _reserve(connection, counters, now))
    if wait:
        raise TooMany(_("尝试次数过多，请在 {seconds} 秒后再试。", seconds=wait), retry_after=wait)


def is_counted(connection: Connection, counters: Sequence[Limit], now: datetime) -> bool:
    """Count one attempt inside a transaction, or tell that it is one too many and count nothing."""
    return not _reserve(connection, counters, now)


def refund(connection: Connection, counters: Sequence[Limit], now: datetime) -> None:
    """Take back the attempt counted at `now`: it was no guess."""
    for subject, _limit in counters:
        times = _locked(connection, subject, now)
        if now.timestamp() in times:
            times.remove(now.timestamp())
            _store(connection, subject, times, now)


def sweep(connection: Connection, now: datetime) -> None:
    """Forget counters that no longer count anything."""
    connection.execute(delete(login_attempts).where(login_attempts.c.updated_at < now - WINDOW))


def _subject(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def _reserve(connection: Connection, counters: Sequence[Limit], now: datetime) -> int:
    """Return 0 when the attempt was counted, else the seconds to wait."""
    counted = [(subject, limit, _locked(connection, subject, now)) for subject, limit in counters]
    waits = [_wait(times, limit, now) for _s, limit, times in counted if len(times) >= limit]
    if waits:
        return max(waits)
    for subject, _limit, times in counted:
        _store(connection, subject, [*times, now.timestamp()], now)
    return 0


def _wait(times: Sequence[float], limit: int, now: datetime) -> int:
    return int(times[-limit] - now.timestamp() + WINDOW.total_seconds()) + 1


def _locked(connection: Connection, subject: str, now: datetime) -> list[float]:
    """Lock the row of a subject, made if missing, and return its attempts within the window, oldest first."""
    query = select(login_attempts.c.attempts).where(login_attempts.c.subject == subject).with_for_update()
    times = connection.scalar(query)
    if times is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(login_attempts).values(subject=subject, attempts=[], updated_at=now))
        except IntegrityError:  # another process made it in between
            times = connection.scalar(query)
    start = (now - WINDOW).timestamp()
    return sorted(float(time) for time in times or () if time > start)


def _store(connection: Connection, subject: str, times: Sequence[float], now: datetime) -> None:
    values = {"attempts": list(times), "updated_at": now.astimezone(UTC)}
    connection.execute(update(login_attempts).where(login_attempts.c.subject == subject).values(values))
