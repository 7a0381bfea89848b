"""The bell in the header, the page of all notifications, and the switches by kind."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode import paging
from lowcode.i18n import _
from lowcode.notify import bell, kinds
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.links import local_path
from lowcode.web.pages.formdata import LOCAL
from lowcode.web.pages.shell import done

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("notifications", __name__)

HERE = "/notifications"
PER_PAGE = 20
IN_POPOVER = 6


@bp.app_context_processor
def _shared() -> dict[str, Any]:
    return {"unread_notifications": unread, "notification_switches": switches, "most_counted": bell.MOST_COUNTED}


def unread() -> int:
    """Count what the person has not read."""
    with current_platform().db.read() as connection:
        return bell.count_unread(connection, current_user().id)


def switches() -> list[dict[str, Any]]:
    """Tell which kinds reach the person by which ways, for `notification_switches.html`."""
    with current_platform().reading(current_user()) as ctx:
        return kinds.switches(ctx)


@bp.get(HERE)
@policy("signed_in")
def show() -> str:
    """Show a page of the person's notifications."""
    page = paging.page(request.args.get("page"))
    with current_platform().reading(current_user()) as ctx:
        found = bell.listing(ctx, page=page, per_page=PER_PAGE)
        pages = paging.pages(found["total"], PER_PAGE)
        labels = {kind: _(label) for kind, label in kinds.known(ctx.platform).items()}
        return render_template("notifications.html", found=_timed(ctx, found), pages=pages, labels=labels, here=HERE)


@bp.get(f"{HERE}/recent")
@policy("signed_in")
def recent() -> str:
    """Show what is new, below the bell."""
    with current_platform().reading(current_user()) as ctx:
        found = bell.listing(ctx, per_page=IN_POPOVER)
        return render_template("notifications_recent.html", found=_timed(ctx, found))


@bp.post(f"{HERE}/<int:notification_id>/open")
@policy("signed_in")
def open_one(notification_id: int) -> BaseResponse:
    """Mark one as read and go where it leads."""

    def work(ctx: "Context") -> str | None:
        bell.mark_read(ctx, [notification_id])
        return bell.url_of(ctx, notification_id)

    return redirect(local_path(current_platform().writing(current_user(), work), HERE), 303)


@bp.post(f"{HERE}/read")
@policy("signed_in")
def read() -> Response:
    """Mark one as read, all without `id`."""
    chosen = [int(raw) for raw in request.form.getlist("id") if raw.isascii() and raw.isdigit() and len(raw) < 19]
    ids = chosen if "id" in request.form else None
    current_platform().writing(current_user(), lambda ctx: bell.mark_read(ctx, ids))
    return done(_("已标记为已读。") if ids else _("全部标记为已读。"))


@bp.post(f"{HERE}/switches")
@policy("signed_in")
def save_switches() -> Response:
    """Keep which kinds reach the person by which ways: what is ticked in the form of the switches does."""
    ticked, offered = set(request.form.getlist("on")), request.form.getlist("kind")
    wanted = [
        {"kind": kind, **{channel: f"{kind}:{channel}" in ticked for channel in kinds.CHANNELS}} for kind in offered
    ]
    current_platform().writing(current_user(), lambda ctx: kinds.switch(ctx, wanted))
    return done(_("已保存通知设置。"), stay=True)


def _timed(ctx: "Context", found: dict[str, Any]) -> dict[str, Any]:
    """Write the instants in the business zone."""
    zone = ctx.platform.config.time_zone
    return found | {"items": [each | {"when": each["at"].astimezone(zone).strftime(LOCAL)} for each in found["items"]]}
