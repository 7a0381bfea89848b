"""The calls from and to other systems, for administrators: what came of each, and which connections rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Row

from lowcode import access, paging
from lowcode.connections import breaker, log
from lowcode.errors import NotFound
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.shell import done

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.platform import Platform

bp = Blueprint("calls", __name__)

HERE = "/admin/calls"
PER_PAGE = 50
WHEN = "%Y-%m-%d %H:%M:%S"

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One call, ready for the template."""

    row: Row[Any]
    when: str
    name: str
    sentence: str
    link: str | None


@bp.get(HERE)
@policy("admin")
def show() -> str:
    """Show the newest calls, and the connections that rest."""
    platform, page = current_platform(), paging.page(request.args.get("page"))
    names = _names(platform)
    asked = {key: text for key in ("name", "outcome") if (text := request.args.get(key, "").strip())}
    plugin, _dot, name = asked.get("name", "").partition(".")
    with platform.reading(current_user()) as ctx:
        rows, total = log.listing(
            ctx.connection, page, PER_PAGE, name=(plugin, name) if plugin else None, outcome=asked.get("outcome")
        )
        shown = [_shown(ctx, names, row) for row in rows]
        resting = breaker.resting(ctx.connection)
    return render_template(
        "calls.html",
        calls=shown,
        total=total,
        page=page,
        pages=paging.pages(total, PER_PAGE),
        names={".".join(key): label for key, label in names.items()},
        outcomes=_outcomes(),
        asked=asked,
        resting=[(each, names.get((each.plugin, each.name), each.name)) for each in resting],
        rest_seconds=int(breaker.REST.total_seconds()),
        since=lambda at: at.astimezone(platform.config.time_zone).strftime(WHEN),
        link=lambda number: f"{HERE}?{urlencode({**asked, 'page': number})}",
        here=HERE,
    )


@bp.post(f"{HERE}/<plugin>/<name>/again")
@policy("admin")
def again(plugin: str, name: str) -> Response:
    """Let a connection that rests be used at once."""
    if (plugin, name) not in _names(current_platform()):
        raise NotFound(_("没有找到这个地址，请检查后重试。"))
    current_platform().writing(current_user(), lambda ctx: breaker.close(ctx.connection, plugin, name))
    return done(_("已恢复调用，下一分钟会重新尝试。"))


def _names(platform: "Platform") -> Mapping[Name, str]:
    """Name the endpoints and connections of the installed apps."""
    declared = [plugin.declared for plugin in platform.active_plugins if plugin.declared]
    inbound = {(plugin.name, name): _(each.label) for plugin in declared for name, each in plugin.endpoints.items()}
    outbound = {(plugin.name, name): _(each.label) for plugin in declared for name, each in plugin.connections.items()}
    return inbound | outbound


def _shown(ctx: "Context", names: Mapping[Name, str], row: Row[Any]) -> Shown:
    form = ctx.platform.forms.get(row.form or "")
    may_read = form is not None and access.is_allowed(ctx, form, "read")
    return Shown(
        row,
        row.at.astimezone(ctx.platform.config.time_zone).strftime(WHEN),
        names.get((row.plugin, row.name), row.name),
        _(row.message, **row.values),
        f"/f/{row.form}/{row.record}" if may_read else None,
    )


def _outcomes() -> dict[str, tuple[str, str]]:
    """Give the words and colours of the outcomes."""
    return {
        "applied": (_("已处理"), "green"),
        "repeated": (_("重复消息"), "blue"),
        "outdated": (_("过时消息"), "grey"),
        "answered": (_("已答复"), "green"),
        "refused": (_("被拒绝"), "orange"),
        "failed": (_("调用失败"), "red"),
        "rule_failed": (_("规则出错"), "red"),
    }
