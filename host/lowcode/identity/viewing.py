"""Looking through another person's eyes: an administrator's session that reads as somebody else and changes nothing."""

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from lowcode import auditing
from lowcode.errors import Forbidden, NotFound, NotSignedIn
from lowcode.i18n import _
from lowcode.identity.names import invalid
from lowcode.identity.sessions import hash_token
from lowcode.identity.tables import sessions, users

if TYPE_CHECKING:
    from lowcode.context import Context


def start(ctx: "Context", token: str, user_id: int) -> None:
    """Let the session of an administrator read as another active person. Raises `Invalid`, `NotFound`, `Forbidden`."""
    if not ctx.user.is_admin:
        raise Forbidden(_("只有管理员可以使用此功能，请联系管理员。"))
    if user_id == ctx.user.id:
        raise invalid("user", _("不能以自己的身份查看，请选择其他用户。"))
    name = ctx.connection.scalar(select(users.c.name).where(users.c.id == user_id, users.c.is_active))
    if name is None:
        raise NotFound(_("没有找到用户 {id}，请刷新列表。", id=user_id))
    mine = (sessions.c.token_hash == hash_token(token)) & (sessions.c.user_id == ctx.user.id)
    free = update(sessions).where(mine, sessions.c.viewing_as.is_(None)).values(viewing_as=user_id)
    if not ctx.connection.execute(free).rowcount:
        raise NotSignedIn(_("登录已失效，请重新登录。"))
    auditing.write(ctx.connection, ctx.user.id, auditing.USER, user_id, "view_as", {}, ctx.now)


def stop(ctx: "Context", token: str) -> None:
    """Go back to one's own eyes."""
    own = sessions.c.token_hash == hash_token(token)
    ctx.connection.execute(update(sessions).where(own).values(viewing_as=None))
