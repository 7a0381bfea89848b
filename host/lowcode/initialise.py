"""Initialise: seed what a plugin declares into what administrators keep. A plan first, then the same plan applied.

It only adds. What an administrator changed, added or disabled stays, so it may be run again after each upgrade.
"""

from typing import TYPE_CHECKING, Any

from lowcode.configuration import upsert
from lowcode.database.schema import dictionary_items, number_rules
from lowcode.declare.model import DictionaryItem, Plugin
from lowcode.declare.workflows import Approval, Workflow
from lowcode.errors import NotFound
from lowcode.i18n import _
from lowcode.workflow import flows

if TYPE_CHECKING:
    from lowcode.context import Context


def plan(ctx: "Context", plugin_name: str) -> dict[str, Any]:
    """Say what would be added and what is there already."""
    plugin = _plugin(ctx, plugin_name)
    return {
        "dictionaries": [
            {"name": name, "label": _(declared.label), **_split(declared.items, ctx.dictionary(name))}
            for name, declared in plugin.dictionaries.items()
        ],
        "numbering": [
            {
                "name": name,
                "label": _(rule.label or name),
                "pattern": rule.pattern,
                "add": name not in ctx.configuration.rules,
            }
            for name, rule in plugin.numbering.items()
        ],
        "workflows": [
            {"name": name, "label": _(workflow.label), **_split_approvals(ctx, workflow)}
            for name, workflow in plugin.workflows.items()
        ],
    }


def apply(ctx: "Context", plugin_name: str) -> dict[str, Any]:
    """Add what is missing and answer what was added. Two at once: one waits, and then finds nothing to add."""
    plugin = _plugin(ctx, plugin_name)
    ctx.lock_configuration()
    done = plan(ctx, plugin_name)
    for entry in done["dictionaries"]:
        items = plugin.dictionaries[entry["name"]].items
        order = {code: position for position, code in enumerate(items, 1)}
        for code in entry["add"]:
            _add_item(ctx, entry["name"], items[code], order[code] * 10)
    for entry in done["numbering"]:
        if entry["add"]:
            rule = plugin.numbering[entry["name"]]
            statement = upsert(ctx.connection, number_rules).values(
                name=rule.name, label=rule.label or rule.name, pattern=rule.pattern, reset=rule.reset
            )
            ctx.connection.execute(statement.on_conflict_do_nothing())
    for entry in done["workflows"]:
        for name in entry["add"]:
            _add_steps(ctx, plugin.workflows[entry["name"]], name)
    return done


def is_complete(found: dict[str, Any]) -> bool:
    """Tell whether a plan has nothing to add."""
    return not any(entry["add"] for part in found.values() for entry in part)


def _add_item(ctx: "Context", dictionary: str, item: DictionaryItem, sort: int) -> None:
    attributes = {
        key: str(value) if not isinstance(value, str | int | bool) else value for key, value in item.attributes.items()
    }
    statement = upsert(ctx.connection, dictionary_items).values(
        dictionary=dictionary,
        code=item.code,
        label=item.label,
        sort=sort,
        colour=item.colour,
        parent=item.parent,
        is_default=item.default,
        enabled=True,
        attributes=attributes,
    )
    ctx.connection.execute(statement.on_conflict_do_nothing())


def _split(declared: Any, kept: Any) -> dict[str, list[str]]:
    return {
        "add": [code for code in declared if code not in kept],
        "keep": [code for code in declared if code in kept],
    }


def _split_approvals(ctx: "Context", workflow: Workflow) -> dict[str, list[Any]]:
    """Steps that nobody edited follow the declaration, so that an upgrade brings its new ones; of others it is told
    in what they differ.
    """
    add = [name for name, declared in workflow.approvals.items() if _is_behind(ctx, workflow.name, declared)]
    keep = [name for name in workflow.approvals if name not in add]
    differs = [found for name in keep if (found := flows.difference(ctx, workflow, name))]
    return {"add": add, "keep": keep, "differs": differs}


def _is_behind(ctx: "Context", workflow: str, declared: Approval) -> bool:
    kept = ctx.configuration.approvals.get((workflow, declared.name))
    return kept is None or (not kept.edited and not flows.is_same(kept, declared.steps, declared.copy_to))


def _add_steps(ctx: "Context", workflow: Workflow, name: str) -> None:
    declared = workflow.approvals[name]
    flows.store(ctx, workflow.name, name, declared.steps, declared.copy_to, edited=False)


def _plugin(ctx: "Context", name: str) -> Plugin:
    for loaded in ctx.platform.active_plugins:
        if loaded.name == name and loaded.declared is not None:
            return loaded.declared
    raise NotFound(_("没有安装应用“{name}”。", name=name))
