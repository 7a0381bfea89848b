"""The settings a plugin declares, with the values administrators chose."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.configuration import upsert
from lowcode.database.schema import settings
from lowcode.declare.fields import Field
from lowcode.errors import Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context


def read(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give each declared setting's value as JSON; its default where nothing was chosen."""
    chosen = ctx.configuration.settings.get(plugin, {})
    return {name: chosen.get(name, _default(declared)) for name, declared in declared_settings(ctx, plugin).items()}


def values(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give the values as rules see them: decimals, dates, codes."""
    declared = declared_settings(ctx, plugin)
    return {
        name: None if raw is None else FIELD_TYPES[declared[name].type].parse_operand(declared[name], raw)
        for name, raw in read(ctx, plugin).items()
    }


def write(ctx: "Context", plugin: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Choose values. What the payload leaves out stays."""
    ctx.lock_configuration()
    declared = declared_settings(ctx, plugin)
    errors: dict[str, list[str]] = {}
    chosen: dict[str, Any] = {}
    for name, raw in payload.items():
        try:
            chosen[name] = _checked(ctx, declared.get(name), raw)
        except ValueFault as fault:
            errors[name] = [str(fault)]
    if errors:
        raise Invalid(_("请检查填写的内容。"), errors=errors)
    for name, value in chosen.items():
        statement = upsert(ctx.connection, settings).values(plugin=plugin, name=name, value=value)
        ctx.connection.execute(
            statement.on_conflict_do_update(index_elements=["plugin", "name"], set_={"value": value})
        )
    return read(ctx, plugin) | chosen


def declared_settings(ctx: "Context", plugin: str) -> Mapping[str, Field]:
    """Give what a plugin declares."""
    for loaded in ctx.platform.plugins:
        if loaded.name == plugin and loaded.declared is not None:
            return loaded.declared.settings
    raise NotFound(_("没有安装应用“{name}”。", name=plugin))


def _checked(ctx: "Context", declared: Field | None, raw: Any) -> Any:
    if declared is None:
        raise ValueFault(_("没有这个设置项。"))
    if raw is None or raw == "":
        if declared.required:
            raise ValueFault(_("必填。"))
        return None
    kind = FIELD_TYPES[declared.type]
    value = kind.parse(declared, raw)
    if declared.type == "choice" and value not in ctx.dictionary(declared.dictionary or ""):
        raise ValueFault(_("请从选项中选择。"))
    return kind.dump(declared, value)


def _default(declared: Field) -> Any:
    if declared.default is None:
        return None
    kind = FIELD_TYPES[declared.type]
    return kind.dump(declared, kind.parse_operand(declared, declared.default))
