"""The outbox, for administrators: what was sent, what waits, what failed and why."""

import secrets
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select

from lowcode import notify, paging
from lowcode.i18n import _
from lowcode.identity.tables import users
from lowcode.notify import outbox
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import LOCAL
from lowcode.web.pages.shell import done

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("mails", __name__)

HERE = "/mails"
PER_PAGE = 50


@bp.get(HERE)
@policy("admin")
def show() -> str:
    """Show the newest mails with their states."""
    page = paging.page(request.args.get("page"))
    platform = current_platform()
    with platform.db.read() as connection:
        rows, total = outbox.listing(connection, page, PER_PAGE)
        own = connection.scalar(select(users.c.email).where(users.c.id == current_user().id))
    zone = platform.config.time_zone
    return render_template(
        "mails.html",
        mails=rows,
        total=total,
        page=page,
        pages=paging.pages(total, PER_PAGE),
        states=_states(),
        when=lambda at: at.astimezone(zone).strftime(LOCAL) if at else "",
        own_address=own or "",
        has_server=platform.config.smtp is not None,
        here=HERE,
    )


@bp.post(f"{HERE}/<int:mail_id>/again")
@policy("admin")
def send_again(mail_id: int) -> Response:
    """Queue a failed mail again."""
    current_platform().writing(current_user(), lambda ctx: outbox.send_again(ctx, mail_id))
    return done(_("邮件已重新排队，很快就会发送。"))


@bp.post(f"{HERE}/test")
@policy("admin")
def send_test() -> Response:
    """Queue a mail that shows whether the settings are right."""
    to, event = request.form.get("to", "").strip(), f"test:{secrets.token_hex(16)}"

    def work(ctx: "Context") -> None:
        subject = _("测试邮件")
        text = _("这是 {name} 从低代码平台发出的测试邮件。收到它说明邮件设置正确。", name=ctx.user.name)
        notify.mail(ctx, event, to, subject, text)

    current_platform().writing(current_user(), work)
    return done(_("测试邮件已排队，请稍后刷新查看结果。"))


def _states() -> dict[str, tuple[str, str]]:
    """Give the words and colours of the states."""
    return {
        "due": (_("等待发送"), "blue"),
        "sending": (_("正在发送"), "azure"),
        "sent": (_("已发送"), "green"),
        "failed": (_("发送失败"), "red"),
    }
