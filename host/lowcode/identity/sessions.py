"""Server-side sessions: opened by a password, found by one query, ended at once."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from lowcode.database.engine import Database
from lowcode.database.schema import state
from lowcode.errors import NotFound, NotSignedIn
from lowcode.i18n import _
from lowcode.identity import passwords, throttle, totp
from lowcode.identity.loading import PEOPLE, PERSON, person
from lowcode.identity.model import User
from lowcode.identity.names import username_key
from lowcode.identity.policy import EXPIRY_DAYS
from lowcode.identity.tables import sessions, users

if TYPE_CHECKING:
    from lowcode.platform import Platform

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)


ID_LENGTH = 16
"""What a session is called by: the beginning of its token's hash, which opens nothing."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one look-up of a token tells about the request.

    `user` is whose access counts. Where an administrator looks through somebody's eyes, he is the `viewer`, and it is
    his password that may be due.
    """

    user: User
    viewer: User | None
    expires_at: datetime
    password_since: datetime
    cache_version: int


def sign_in(
    platform: "Platform", username: str, password: str, address: str, *, agent: str = "", code: str | None = None
) -> tuple[str, User]:
    """Open a session and return its token. Raises `NotSignedIn` or, after too many guesses, `TooMany`.

    Who has a second proof needs `code` too; without one the refusal is called `totp_required`.
    """
    now, db, key = datetime.now(UTC), platform.db, username_key(username)
    counters = throttle.limits(key, address)
    throttle.reserve(db, counters, now)
    with db.read() as connection:
        account = connection.execute(_ACCOUNT.where(users.c.username_key == key)).first()
    right = passwords.verify(account.password_hash if account else None, password)
    if account is None or not right or not account.is_active:
        raise _wrong(code)
    if account.totp_secret and not code:
        db.run(lambda connection: throttle.refund(connection, counters, now))  # the password was no guess
        raise NotSignedIn(_("请输入身份验证器中的动态验证码。"), code="totp_required")

    def work(connection: Connection) -> str:
        _prove(connection, account, code or "", now)
        throttle.refund(connection, counters, now)
        throttle.sweep(connection, now)
        connection.execute(delete(sessions).where(sessions.c.expires_at < now))
        return open_session(connection, account.id, now, address, agent)

    token = db.run(work)
    return token, require(db, token).user


_ACCOUNT = select(users.c.id, users.c.password_hash, users.c.is_active, users.c.totp_secret)


def _prove(connection: Connection, account: Any, code: str, now: datetime) -> None:
    """Raise `NotSignedIn` when the account has changed since its password was checked, or the code is not right."""
    unchanged = select(users.c.id).where(
        users.c.id == account.id,
        users.c.password_hash == account.password_hash,
        users.c.totp_secret.is_not_distinct_from(account.totp_secret),
        users.c.is_active,
    )
    lock = unchanged.with_for_update() if account.totp_secret else unchanged.with_for_update(read=True)
    if connection.scalar(lock) is None:
        raise _wrong(code)
    if account.totp_secret:
        step = totp.matching_step(account.totp_secret, code, now)
        if step is None or not totp.use(connection, account.id, step):
            raise _wrong(code)


def _wrong(code: str | None) -> NotSignedIn:
    """Make the one answer to every wrong proof; it does not tell which was wrong."""
    both = _("用户名或密码不正确，请检查后重新输入。")
    return NotSignedIn(_("用户名、密码或验证码不正确，请检查后重新输入。") if code else both, code="wrong_credentials")


def open_session(connection: Connection, user_id: int, now: datetime, address: str = "", agent: str = "") -> str:
    """Start a session of a person who has proved who they are; the token is shown this once.

    Address and agent (the browser) are kept so that the person recognises the session in a list.
    """
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(sessions).values(
            token_hash=hash_token(token),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LIFETIME,
            address=address[:64] or None,
            agent=agent[:200] or None,
        )
    )
    return token


def authenticate(db: Database, token: str) -> Session | None:
    """Return the living session of a token, or None."""
    now, viewer = datetime.now(UTC), None
    with db.read() as connection:
        row = connection.execute(_LOOKUP, {"token_hash": hash_token(token)}).first()
        if row and row.viewing_as:  # seldom enough for a second query
            viewer = connection.execute(_OWNER, {"id": row.owner}).first()
    if row is None or row.expires_at <= now or row.last_seen_at <= now - IDLE:
        return None
    owner = viewer or row
    if not owner.is_active:
        return None
    if row.last_seen_at <= now - TOUCH_EVERY:
        _touch(db, token, now)
    is_due = owner.must_change_password or _is_expired(owner.password_since, row.expiry_days, now)
    return Session(
        person(row, is_due),
        person(viewer, is_due) if viewer else None,
        row.expires_at,
        owner.password_since,
        row.cache_version or 0,
    )


def _is_expired(since: datetime, days: int | None, now: datetime) -> bool:
    return bool(days) and since + timedelta(days=days or 0) <= now


def require(db: Database, token: str) -> Session:
    """Return the living session of a token. Raises `NotSignedIn`."""
    session = authenticate(db, token)
    if session is None:
        raise NotSignedIn(_("登录已失效，请重新登录。"))
    return session


def revoke(db: Database, token: str) -> None:
    """End one session."""
    db.run(lambda connection: connection.execute(delete(sessions).where(sessions.c.token_hash == hash_token(token))))


def revoke_all(connection: Connection, user_id: int) -> None:
    """End every session of a person: after disabling, a new password or other roles."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def revoke_one(connection: Connection, user_id: int, session_id: str) -> None:
    """End one session of a person, named as `list_sessions` does. Raises `NotFound`."""
    mine = (sessions.c.user_id == user_id) & (func.substr(sessions.c.token_hash, 1, ID_LENGTH) == session_id)
    if not connection.execute(delete(sessions).where(mine)).rowcount:
        raise NotFound(_("没有这个登录，它可能已经退出，请刷新列表。"))


def revoke_others(connection: Connection, user_id: int, token: str) -> None:
    """End every session of a person but the one at hand."""
    others = (sessions.c.user_id == user_id) & (sessions.c.token_hash != hash_token(token))
    connection.execute(delete(sessions).where(others))


def list_sessions(connection: Connection, user_id: int, token: str | None = None) -> list[dict[str, Any]]:
    """List a person's living sessions, the last used first; the one at hand is `current`."""
    now = datetime.now(UTC)
    alive = (sessions.c.expires_at > now) & (sessions.c.last_seen_at > now - IDLE)
    statement = select(sessions).where(sessions.c.user_id == user_id, alive)
    rows: Sequence[Row[Any]] = connection.execute(statement.order_by(sessions.c.last_seen_at.desc())).all()
    return [
        {
            "id": row.token_hash[:ID_LENGTH],
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
            "address": row.address,
            "agent": row.agent,
            "current": token is not None and row.token_hash == hash_token(token),
        }
        for row in rows
    ]


def hash_token(token: str) -> str:
    """Give what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _touch(db: Database, token: str, now: datetime) -> None:
    """Note that the session is in use; a database that cannot write now must not end a request that only reads."""
    statement = update(sessions).where(sessions.c.token_hash == hash_token(token)).values(last_seen_at=now)
    with suppress(OperationalError):
        db.run(lambda connection: connection.execute(statement))


_SINCE = func.coalesce(users.c.password_changed_at, users.c.created_at).label("password_since")

_LOOKUP = (
    select(
        *PERSON,
        _SINCE,
        sessions.c.user_id.label("owner"),
        sessions.c.viewing_as,
        sessions.c.expires_at,
        sessions.c.last_seen_at,
        EXPIRY_DAYS.label("expiry_days"),
        select(state.c.value).where(state.c.key == "cache_version").scalar_subquery().label("cache_version"),
    )
    .select_from(sessions.join(PEOPLE, users.c.id == func.coalesce(sessions.c.viewing_as, sessions.c.user_id)))
    .where(sessions.c.token_hash == bindparam("token_hash"))
)
"""The one query of each request: session, person, roles, departments and the version of what processes keep."""

_OWNER = select(*PERSON, _SINCE).select_from(PEOPLE).where(users.c.id == bindparam("id"))
