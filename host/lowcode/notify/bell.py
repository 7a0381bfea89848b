"""Notifications in the platform: written with the change they tell of, once for each person and event."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, literal, select, update

from lowcode.addresses import is_address
from lowcode.configuration import upsert
from lowcode.database.among import among
from lowcode.database.schema import notifications
from lowcode.identity.tables import users
from lowcode.notify import outbox
from lowcode.notify.kinds import known
from lowcode.notify.wording import as_mail, in_language, plain, told

if TYPE_CHECKING:
    from lowcode.context import Context

LONGEST_URL = 300
MOST_COUNTED = 100
"""Counting stops here: nobody needs to know more, and the page need not wait for it."""

_PEOPLE = select(users.c.id, users.c.email, users.c.language, users.c.muted).where(users.c.is_active, among(users.c.id))


def send(
    ctx: "Context",
    people: Iterable[int],
    kind: str,
    text: str,
    values: Mapping[str, Any] | None = None,
    url: str | None = None,
    *,
    event: str,
) -> None:
    """Tell people something, in this transaction; each of them once about an `event`, by the ways they left open.

    `text` is the Chinese source with places in braces for `values`; `url` a path of this platform.
    Raises ValueError for a kind nobody declared, a text that lacks a value, or an address elsewhere.
    """
    if kind not in known(ctx.platform):
        raise ValueError(f"Nobody declares notifications of the kind '{kind}'.")
    if url is not None and (not url.startswith("/") or url.startswith("//") or len(url) > LONGEST_URL):
        raise ValueError(f"A notification leads to a path of this platform, not to {url}.")
    filled = plain(values or {})
    try:
        text.format(**filled)
    except (LookupError, AttributeError) as fault:
        raise ValueError(f"The notification '{text}' lacks a value: {fault}.") from fault
    found = ctx.connection.execute(_PEOPLE, {"ids": set(people)}).all()
    row = {"event": outbox.short(event), "kind": kind, "at": ctx.now, "text": text, "values": filled, "url": url}
    _ring(ctx.connection, [person.id for person in found if f"{kind}:bell" not in (person.muted or ())], row)
    if ctx.platform.config.smtp is not None:
        _post(ctx, (person for person in found if f"{kind}:mail" not in (person.muted or ())), row)


def _ring(connection: Connection, people: list[int], row: Mapping[str, Any]) -> None:
    if people:
        statement = upsert(connection, notifications).on_conflict_do_nothing(index_elements=["user", "event"])
        connection.execute(statement, [{**row, "user": user_id} for user_id in people])


def _post(ctx: "Context", people: Iterable[Any], row: Mapping[str, Any]) -> None:
    """Queue the mails; each speaks its reader's language."""
    base = ctx.platform.config.public_url
    link = f"{base}{row['url']}" if base and row["url"] else ""
    for person in people:
        if person.email and is_address(person.email):
            with in_language(person.language):
                words = as_mail(row["text"], row["values"], link)
            outbox.queue(ctx, f"{row['event']}@{person.id}", person.email, words)


def listing(ctx: "Context", *, only_unread: bool = False, page: int = 1, per_page: int = 20) -> dict[str, Any]:
    """Give a page of the person's own notifications: unread ones first, then the newest."""
    mine = notifications.c.user == ctx.user.id
    if only_unread:
        mine &= notifications.c.read_at.is_(None)
    is_read = notifications.c.read_at.is_not(None)
    statement = select(notifications).where(mine).order_by(is_read, notifications.c.id.desc())
    rows = ctx.connection.execute(statement.limit(per_page).offset((page - 1) * per_page)).all()
    total = ctx.connection.scalar(select(func.count()).select_from(notifications).where(mine)) or 0
    return {
        "items": [_told(row) for row in rows],
        "page": page,
        "per_page": per_page,
        "total": total,
        "unread": count_unread(ctx.connection, ctx.user.id),
    }


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "at": row.at,
        "text": told(row.text, row._mapping["values"]),
        "url": row.url,
        "read_at": row.read_at,
    }


def count_unread(connection: Connection, user_id: int) -> int:
    """Count what a person has not read, up to `MOST_COUNTED`."""
    mine = (notifications.c.user == user_id) & notifications.c.read_at.is_(None)
    some = select(literal(1)).where(mine).limit(MOST_COUNTED).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def mark_read(ctx: "Context", ids: Collection[int] | None = None) -> int:
    """Mark the person's own notifications as read, all without `ids`; give how many that were."""
    mine = (notifications.c.user == ctx.user.id) & notifications.c.read_at.is_(None)
    statement = update(notifications).where(mine if ids is None else mine & among(notifications.c.id))
    done = ctx.connection.execute(statement.values(read_at=ctx.now), {} if ids is None else {"ids": set(ids)})
    return done.rowcount


def url_of(ctx: "Context", notification_id: int) -> str | None:
    """Give where one of the person's own notifications leads."""
    mine = (notifications.c.user == ctx.user.id) & (notifications.c.id == notification_id)
    return ctx.connection.scalar(select(notifications.c.url).where(mine))
