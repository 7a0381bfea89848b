"""What the platform itself does by the clock: reminders, and dropping rows that nobody needs any more."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from lowcode import notify
from lowcode.connections import log as calls
from lowcode.database.schema import mails, notifications
from lowcode.identity import policy
from lowcode.workflow.reminders import remind

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

log = logging.getLogger(__name__)

READ_KEPT = timedelta(days=180)
SENT_KEPT = timedelta(days=90)


def every_minute(platform: "Platform") -> None:
    """Remind people of what they have to decide."""
    _guarded(platform, remind)


def every_hour(platform: "Platform") -> None:
    """Remind people of passwords that expire, and drop old rows."""
    _guarded(platform, remind_of_passwords)
    _guarded(platform, clean_up)


def _guarded(platform: "Platform", work: Callable[["Context"], object]) -> None:
    """Do one thing; what it raises stops no other, and it is done again at its next time."""
    try:
        platform.as_system(work)
    except Exception:
        log.exception("%s failed.", work.__name__)


def remind_of_passwords(ctx: "Context") -> None:
    """Tell people whose passwords expire soon, once for each expiry."""
    for user_id, expires_at in policy.expiring(ctx.connection, ctx.now):
        day = expires_at.astimezone(ctx.platform.config.time_zone).date()
        notify.send(
            ctx,
            [user_id],
            "password_expiring",
            "您的密码将于 {day} 到期，请在此之前修改密码。",
            {"day": day},
            "/password",
            event=f"password_expiring:{expires_at.isoformat()}",
        )


def clean_up(ctx: "Context") -> None:
    """Drop notifications read and mails sent long ago, not what is unread or failed, and what is old of calls."""
    ctx.connection.execute(delete(notifications).where(notifications.c.read_at < ctx.now - READ_KEPT))
    ctx.connection.execute(delete(mails).where(mails.c.state == "sent", mails.c.sent_at < ctx.now - SENT_KEPT))
    calls.clean_up(ctx.connection, ctx.now)
