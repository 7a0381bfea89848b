"""One's own password: proving it, under the limit on guesses, and replacing it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, select, update

from lowcode import auditing
from lowcode.database.engine import Database
from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.identity import passwords, policy, sessions, throttle
from lowcode.identity.model import User
from lowcode.identity.names import invalid
from lowcode.identity.policy import Policy
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.platform import Platform

T = TypeVar("T")

KEPT = select(users.c.username, users.c.password_hash, users.c.password_history)
"""What has to be known of a person whose password is replaced."""


def prove(platform: "Platform", user: User, password: str) -> None:
    """Raise `Invalid` unless it is the person's password; `TooMany` after too many guesses."""

    def check() -> None:
        with platform.db.read() as connection:
            stored = connection.scalar(select(users.c.password_hash).where(users.c.id == user.id))
        if not passwords.verify(stored, password):
            raise invalid("password", _("密码不正确，请重新输入。"))

    guarded(platform.db, user, check)


def replace(platform: "Platform", user: User, old: str, new: str, address: str, agent: str = "") -> str:
    """Replace a password under the limit on guesses, end every session and open a new one; return its token."""
    return guarded(platform.db, user, lambda: _change(platform.db, user.id, old, new, address, agent))


def guarded(db: Database, user: User, attempt: Callable[[], T]) -> T:
    """Count an attempt of a signed-in person at proving who he is as a guess, unless the proof was right."""
    now = datetime.now(UTC)
    counters = throttle.proofs(user.id)
    throttle.reserve(db, counters, now)
    try:
        result = attempt()
    except Invalid as fault:
        if "new" in fault.errors:  # the old password was right
            db.run(lambda connection: throttle.refund(connection, counters, now))
        raise
    db.run(lambda connection: throttle.refund(connection, counters, now))
    return result


def used_before(kept: Any, rules: Policy) -> Sequence[str]:
    """Give the hashes of the passwords that may not come back; the present one never may."""
    return [kept.password_hash, *(kept.password_history or ())][: max(rules.history, 1)]


def replacement(kept: Any, rules: Policy, new_hash: str) -> dict[str, Any]:
    """Give the columns of a replaced password."""
    return {
        "password_hash": new_hash,
        "password_changed_at": datetime.now(UTC),
        "password_history": [kept.password_hash, *(kept.password_history or ())][: rules.history],
    }


def _change(db: Database, user_id: int, old: str, new: str, address: str, agent: str) -> str:
    with db.read() as connection:
        kept = connection.execute(KEPT.where(users.c.id == user_id)).one()
        rules = policy.read(connection)
    # Hashing is slow by design, so it happens before the transaction that would keep other writers waiting.
    if not passwords.verify(kept.password_hash, old):
        raise invalid("old", _("原密码不正确，请重新输入。"))
    if sentence := passwords.fault(new, kept.username, rules, used_before(kept, rules)):
        raise invalid("new", sentence)
    values = replacement(kept, rules, passwords.hash_password(new)) | {"must_change_password": False}
    same = (users.c.id == user_id) & (users.c.password_hash == kept.password_hash)

    def work(connection: Connection) -> str:
        now = datetime.now(UTC)
        if not connection.execute(update(users).where(same).values(**values, updated_at=now)).rowcount:
            raise Conflict(_("密码刚刚已被修改，请重新登录。"))
        sessions.revoke_all(connection, user_id)
        changes = {"password": [auditing.SECRET, auditing.SECRET]}
        auditing.write(connection, user_id, auditing.USER, user_id, "edit", changes)
        return sessions.open_session(connection, user_id, now, address, agent)

    return db.run(work)
