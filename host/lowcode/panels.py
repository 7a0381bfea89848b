"""Panels: pages of figures that plugins make, seen through the person's own row filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from lowcode import settings
from lowcode.declare.fields import Field
from lowcode.declare.model import Panel
from lowcode.errors import Errors, Forbidden, Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.i18n import _
from lowcode.records import asking, draft
from lowcode.schemas import build

if TYPE_CHECKING:
    from lowcode.context import Context


WORDS: Mapping[str, Any] = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Found:
    """A panel that the person may see, and the plugin it belongs to."""

    plugin: str
    declared: Panel

    @property
    def params(self) -> Mapping[str, Field]:
        """What the page lets people choose."""
        return self.declared.params


def find(ctx: "Context", name: str) -> Found:
    """Find a panel. Raises NotFound and Forbidden."""
    for plugin in ctx.platform.active_plugins:
        panel = plugin.declared.panels.get(name) if plugin.declared else None
        if panel is None:
            continue
        if ctx.user.roles.isdisjoint(panel.roles):
            raise Forbidden(_("您的角色不能查看“{label}”。", label=_(panel.label)))
        return Found(plugin.name, panel)
    raise NotFound(_("没有“{name}”这个页面。", name=name))


def chosen(ctx: "Context", panel: Found, asked: Mapping[str, str]) -> dict[str, Any]:
    """Read the query string of a panel as rules see values; an empty one chooses nothing. Raises Invalid."""
    return _checked(ctx, panel, typed(panel, asked))


def _checked(ctx: "Context", panel: Found, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check parameters; the figures of people who have left still count, and may be looked at."""
    known = defaults(ctx, panel)
    return asking.checked(ctx, _schema(ctx, panel), panel.params, raw, defaults=known, may_have_left=True)


def typed(panel: Found, asked: Mapping[str, str]) -> dict[str, Any]:
    """Read the words for yes and no, which a query string cannot say otherwise."""
    return {
        name: WORDS.get(text, text) if name in panel.params and panel.params[name].type == "boolean" else text
        for name, text in asked.items()
    }


def defaults(ctx: "Context", panel: Found) -> dict[str, Any]:
    """Give what a panel starts with: the declared default, else the setting of the same name."""
    known = settings.values(ctx, panel.plugin)
    return {
        name: known.get(name) if declared.default is None else draft.default(ctx, declared)
        for name, declared in panel.params.items()
    }


def data(ctx: "Context", panel: Found, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let the plugin make a panel's plain data of what the person may see."""
    made: Mapping[str, Any] = ctx.platform.hooks.named(
        f"panel_{panel.declared.name}", panel.plugin, ctx=ctx.personal, params=params
    )
    return made


def asked(ctx: "Context", name: str, query: Mapping[str, str]) -> tuple[Found, dict[str, Any], Mapping[str, Any]]:
    """Find a panel, read a query string and make the data of it. Raises NotFound, Forbidden and Invalid."""
    panel = find(ctx, name)
    params = chosen(ctx, panel, query)
    return panel, params, data(ctx, panel, params)


def faults(data: Mapping[str, Any]) -> Errors:
    """Give what a panel finds wrong with its parameters and shows all the same, by their names."""
    found: Errors = data.get("faults", {})
    return found


def saved_names(ctx: "Context", panel: Found) -> list[str]:
    """Name the parameters that are settings too, where the panel lets administrators save them."""
    if not panel.declared.saves or not ctx.user.is_admin:
        return []
    known = settings.declared_settings(ctx, panel.plugin)
    return [name for name in panel.params if name in known]


def save(ctx: "Context", name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Make what was chosen the settings of the same names; what the payload leaves out stays.

    Raises Invalid, also for what the panel itself refuses or finds fault with when it is shown.
    """
    panel = find(ctx, name)
    names = saved_names(ctx, panel)
    if not names:
        raise NotFound(_("“{label}”没有可以保存的设置。", label=_(panel.declared.label)))
    told = faults(data(ctx, panel, _checked(ctx, panel, payload)))
    if errors := {key: told[key] for key in names if key in payload and key in told}:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return settings.write(ctx, panel.plugin, {key: payload[key] for key in names if key in payload})


def written(panel: Found, params: Mapping[str, Any]) -> dict[str, Any]:
    """Write parameters as JSON has them."""
    return {
        name: None if value is None else FIELD_TYPES[panel.params[name].type].dump(panel.params[name], value)
        for name, value in params.items()
    }


def _schema(ctx: "Context", panel: Found) -> Schema:
    key = ("panel", panel.plugin, panel.declared.name)
    if key not in ctx.platform.prepared:
        ctx.platform.prepared[key] = build(f"panel_{panel.declared.name}", panel.params)
    made: Schema = ctx.platform.prepared[key]
    return made
