"""The kinds of notifications: the host's own and those that plugins declare, and how people may switch them off."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from lowcode.declare.names import HOST_KINDS
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

CHANNELS = ("bell", "mail")


def declared(platform: "Platform") -> dict[str, str]:
    """Give the kinds that plugins declare, with their labels."""
    found: dict[str, str] = {}
    for plugin in platform.active_plugins:
        found |= plugin.declared.notifications if plugin.declared else {}
    return found


def known(platform: "Platform") -> dict[str, str]:
    """Give every kind with its label."""
    return {**HOST_KINDS, **declared(platform)}


def switches(ctx: "Context") -> list[dict[str, Any]]:
    """Tell for each kind by which ways it reaches the person."""
    muted = _muted(ctx.connection, ctx.user.id)
    return [
        {"kind": kind, "label": _(label), **{channel: f"{kind}:{channel}" not in muted for channel in CHANNELS}}
        for kind, label in known(ctx.platform).items()
    ]


def switch(ctx: "Context", wanted: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Switch kinds on and off as in the answer of `switches`; what is not named stays as it is. Raises Invalid."""
    muted = _muted(ctx.connection, ctx.user.id)
    everything = known(ctx.platform)
    for each in wanted:
        if not isinstance(each, Mapping) or each.get("kind") not in everything:
            raise _wrong(_("没有这种通知。"))
        for channel in each.keys() - {"kind", "label"}:
            if channel not in CHANNELS or not isinstance(each[channel], bool):
                raise _wrong(_("每种通知只能用 bell 和 mail 打开（true）或关闭（false）。"))
            name = f"{each['kind']}:{channel}"
            muted = muted - {name} if each[channel] else muted | {name}
    mine = update(users).where(users.c.id == ctx.user.id)
    ctx.connection.execute(mine.values(muted=sorted(muted)))
    return switches(ctx)


def _muted(connection: Connection, user_id: int) -> set[str]:
    return set(connection.scalar(select(users.c.muted).where(users.c.id == user_id)) or ())


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, errors={"kinds": [sentence]})
