"""Server-side sessions: opened by a password, found by one query, ended at once."""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import OperationalError

from lowcode.database.engine import Database
from lowcode.database.schema import state
from lowcode.errors import NotSignedIn
from lowcode.i18n import _
from lowcode.identity import passwords, throttle
from lowcode.identity.loading import PEOPLE, PERSON, person
from lowcode.identity.model import User
from lowcode.identity.names import username_key
from lowcode.identity.tables import sessions, users

if TYPE_CHECKING:
    from lowcode.platform import Platform

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Session:
    """What one look-up of a token tells about the request."""

    user: User
    expires_at: datetime
    last_seen_at: datetime
    cache_version: int


def sign_in(platform: "Platform", username: str, password: str, address: str) -> tuple[str, User]:
    """Open a session and return its token. Raises `NotSignedIn` or, after too many guesses, `TooMany`."""
    now, db, key = datetime.now(UTC), platform.db, username_key(username)
    counters = throttle.limits(key, address)
    throttle.reserve(db, counters, now)
    with db.read() as connection:
        account = connection.execute(
            select(users.c.id, users.c.password_hash, users.c.is_active).where(users.c.username_key == key)
        ).first()
    right = passwords.verify(account.password_hash if account else None, password)
    if account is None or not right or not account.is_active:
        raise NotSignedIn(_("用户名或密码不正确，请检查后重新输入。"), code="wrong_credentials")
    user_id: int = account.id

    unchanged = select(users.c.id).where(
        users.c.id == user_id, users.c.password_hash == account.password_hash, users.c.is_active
    )

    def work(connection: Connection) -> str:
        if connection.scalar(unchanged.with_for_update(read=True)) is None:  # replaced while the old one was checked
            raise NotSignedIn(_("用户名或密码不正确，请检查后重新输入。"), code="wrong_credentials")
        throttle.refund(connection, counters, now)
        throttle.sweep(connection, now)
        connection.execute(delete(sessions).where(sessions.c.expires_at < now))
        return open_session(connection, user_id, now)

    token = db.run(work)
    return token, require(db, token).user


def open_session(connection: Connection, user_id: int, now: datetime) -> str:
    """Start a session of a person who has proved who they are; the token is shown this once."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(sessions).values(
            token_hash=_hash(token),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return token


def authenticate(db: Database, token: str) -> Session | None:
    """Return the living session of a token, or None."""
    now = datetime.now(UTC)
    with db.read() as connection:
        row = connection.execute(_LOOKUP, {"token_hash": _hash(token)}).first()
    if row is None or row.expires_at <= now or row.last_seen_at <= now - IDLE:
        return None
    if row.last_seen_at <= now - TOUCH_EVERY:
        _touch(db, token, now)
    return Session(person(row), row.expires_at, row.last_seen_at, row.cache_version or 0)


def require(db: Database, token: str) -> Session:
    """Return the living session of a token. Raises `NotSignedIn`."""
    session = authenticate(db, token)
    if session is None:
        raise NotSignedIn(_("登录已失效，请重新登录。"))
    return session


def revoke(db: Database, token: str) -> None:
    """End one session."""
    db.run(lambda connection: connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token))))


def revoke_all(connection: Connection, user_id: int) -> None:
    """End every session of a person: after disabling, a new password or other roles."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _touch(db: Database, token: str, now: datetime) -> None:
    """Note that the session is in use; a database that cannot write now must not end a request that only reads."""
    statement = update(sessions).where(sessions.c.token_hash == _hash(token)).values(last_seen_at=now)
    with suppress(OperationalError):
        db.run(lambda connection: connection.execute(statement))


_LOOKUP = (
    select(
        *PERSON,
        sessions.c.expires_at,
        sessions.c.last_seen_at,
        select(state.c.value).where(state.c.key == "cache_version").scalar_subquery().label("cache_version"),
    )
    .select_from(sessions.join(PEOPLE, users.c.id == sessions.c.user_id))
    .where(sessions.c.token_hash == bindparam("token_hash"), users.c.is_active)
)
"""The one query of each request: session, person, roles, departments and the version of what processes keep."""
