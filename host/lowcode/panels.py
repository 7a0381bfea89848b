"""Panels: pages of figures that plugins make, seen through the person's own row filter."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.declare.model import Panel
from lowcode.errors import Forbidden, NotFound
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context


def show(ctx: "Context", name: str) -> tuple[Panel, Mapping[str, Any]]:
    """Make a panel's plain data. Raises NotFound and Forbidden."""
    for plugin in ctx.platform.active_plugins:
        panel = plugin.declared.panels.get(name) if plugin.declared else None
        if panel is None:
            continue
        if ctx.user.roles.isdisjoint(panel.roles):
            raise Forbidden(_("您的角色不能查看“{label}”。", label=_(panel.label)))
        return panel, ctx.platform.hooks.named(f"panel_{name}", plugin.name, ctx=ctx.personal)
    raise NotFound(_("没有“{name}”这个页面。", name=name))
