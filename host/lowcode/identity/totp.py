"""A second proof at sign-in: codes that an authenticator app counts from a shared secret and the time (TOTP)."""

import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import Connection, select, update

from lowcode import auditing
from lowcode.errors import Conflict
from lowcode.i18n import _
from lowcode.identity.names import invalid
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.context import Context

STEPS = (-1, 0, 1)
"""Clocks may be half a minute apart; a code is typed within half a minute more."""


def begin(ctx: "Context") -> dict[str, str]:
    """Make a secret for the person who has just proved their password; it counts once `confirm` has seen a code."""
    if _secret(ctx):
        raise Conflict(_("已经开启了动态验证码，请先关闭再重新设置。"))
    secret = pyotp.random_base32()
    ctx.connection.execute(update(users).where(users.c.id == ctx.user.id).values(totp_pending=secret))
    uri = pyotp.TOTP(secret).provisioning_uri(name=ctx.user.username, issuer_name=_("低代码平台"))
    return {"secret": secret, "uri": uri}


def confirm(ctx: "Context", code: str) -> None:
    """Switch the second proof on when the code is right. Raises `Invalid`."""
    pending = ctx.connection.scalar(select(users.c.totp_pending).where(users.c.id == ctx.user.id).with_for_update())
    if pending is None:
        raise Conflict(_("请先开始设置动态验证码，再填写验证码。"))
    step = matching_step(pending, code, datetime.now(UTC))
    if step is None:
        raise invalid("code", _("验证码不正确，请检查手机时间后重新输入。"))
    values = {"totp_secret": pending, "totp_pending": None, "totp_used": step}
    ctx.connection.execute(update(users).where(users.c.id == ctx.user.id).values(values))
    _tell(ctx, {"totp": [False, True]})


def remove(ctx: "Context") -> None:
    """Switch the second proof off, for the person who has just proved their password."""
    if _secret(ctx):
        _tell(ctx, {"totp": [True, False]})
    ctx.connection.execute(update(users).where(users.c.id == ctx.user.id).values(CLEARED))


def _tell(ctx: "Context", changes: auditing.Changes) -> None:
    auditing.write(ctx.connection, ctx.user.id, auditing.USER, ctx.user.id, "edit", changes, ctx.now)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Give the time step whose code this is, or None."""
    totp, typed = pyotp.TOTP(secret), "".join(code.split())
    present = totp.timecode(now)
    right = [step for step in STEPS if hmac.compare_digest(totp.generate_otp(present + step).encode(), typed.encode())]
    return present + right[-1] if right else None


def use(connection: Connection, user_id: int, step: int) -> bool:
    """Use up the code of a step; False when it or a later one has been used."""
    unused = users.c.totp_used.is_(None) | (users.c.totp_used < step)
    statement = update(users).where(users.c.id == user_id, unused).values(totp_used=step)
    return bool(connection.execute(statement).rowcount)


CLEARED = {"totp_secret": None, "totp_pending": None, "totp_used": None}
"""The columns of a person without a second proof."""


def _secret(ctx: "Context") -> str | None:
    return ctx.connection.scalar(select(users.c.totp_secret).where(users.c.id == ctx.user.id).with_for_update())
