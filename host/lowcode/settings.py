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


SECRET = "secret"  # noqa: S105 (the name of a field type)
IS_SET: Mapping[str, Any] = {"is_set": True}
"""What is answered instead of a secret."""


def read(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give each setting's value as JSON, its default where nothing was chosen; of a secret only whether it is set."""
    return _without_secrets(declared_settings(ctx, plugin), _chosen(ctx, plugin))


def values(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give the values as rules see them: decimals, dates, codes."""
    declared = declared_settings(ctx, plugin)
    return {
        name: None if raw is None else FIELD_TYPES[declared[name].type].parse_operand(declared[name], raw)
        for name, raw in _chosen(ctx, plugin).items()
    }


def printable(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give the values that templates may show: all but secrets."""
    declared = declared_settings(ctx, plugin)
    return {name: value for name, value in values(ctx, plugin).items() if declared[name].type != SECRET}


def write(ctx: "Context", plugin: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Choose values. What the payload leaves out stays; so does a secret for which nothing is typed."""
    ctx.lock_configuration()
    declared = declared_settings(ctx, plugin)
    errors: dict[str, list[str]] = {}
    chosen: dict[str, Any] = {}
    for name, raw in payload.items():
        if name in declared and is_kept(declared[name], raw):
            continue
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
    return _without_secrets(declared, _chosen(ctx, plugin) | chosen)


def secrets(ctx: "Context", plugin: str) -> list[str]:
    """Give the secrets that are set, to hide them where calls are logged."""
    known = _chosen(ctx, plugin)
    return [known[name] for name, each in declared_settings(ctx, plugin).items() if each.type == SECRET and known[name]]


def is_kept(declared: Field, raw: Any) -> bool:
    """Tell whether what was sent for a secret leaves it as it is: an empty control, or what reading it answers."""
    return declared.type == SECRET and (raw == "" or raw == IS_SET)


def _chosen(ctx: "Context", plugin: str) -> dict[str, Any]:
    chosen = ctx.configuration.settings.get(plugin, {})
    return {name: chosen.get(name, _default(declared)) for name, declared in declared_settings(ctx, plugin).items()}


def _without_secrets(declared: Mapping[str, Field], known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: IS_SET if value is not None and declared[name].type == SECRET else value for name, value in known.items()
    }


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
