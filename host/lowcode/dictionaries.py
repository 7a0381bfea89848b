"""The dictionary editor: values that administrators keep, seeded from declarations by initialise."""

import re
from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from lowcode import access
from lowcode.configuration import Item
from lowcode.database.schema import dictionary_items
from lowcode.declare.fields import COLOURS, Field
from lowcode.declare.model import Action, Dictionary
from lowcode.declare.workflows import Move
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context

EDITABLE = {"label": str, "sort": int, "colour": str, "enabled": bool}


def overview(ctx: "Context") -> list[dict[str, Any]]:
    """List the dictionaries that the person meets, without their items."""
    met = _met(ctx)
    return [
        {
            "name": declared.name,
            "label": _(declared.label),
            "system": declared.system,
            "builtin": declared.builtin,
            "count": len(ctx.dictionary(declared.name)),
        }
        for declared in ctx.platform.dictionaries.values()
        if declared.name in met
    ]


def read(ctx: "Context", name: str) -> dict[str, Any]:
    """Read one dictionary with its items in order. Raises NotFound, also for one that the person does not meet."""
    declared = _declared(ctx, name)
    if name not in _met(ctx):
        raise _missing(name)
    items = sorted(ctx.dictionary(name).values(), key=lambda item: (item.sort, item.code))
    return {
        "name": declared.name,
        "label": _(declared.label),
        "system": declared.system,
        "items": [_shown(item) for item in items],
    }


def add_item(ctx: "Context", name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Add an item at the end, or where `sort` says."""
    ctx.lock_configuration()
    declared = _declared(ctx, name)
    if declared.system:
        raise Conflict(_("“{label}”由系统流程使用，不能增加选项。", label=_(declared.label)), code="system_dictionary")
    code = payload.get("code")
    if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", code):
        sentence = _("编码由 1 到 50 个字母、数字、点、横线或下划线组成。")
        raise Invalid(sentence, errors={"code": [sentence]})
    known = ctx.dictionary(name)
    if code in known:
        sentence = _("编码“{code}”已经存在。", code=code)
        raise Conflict(sentence, code="duplicate", errors={"code": [sentence]})
    values = _checked({key: value for key, value in payload.items() if key != "code"}, needs_label=True)
    last = max((item.sort for item in known.values()), default=0)
    row = {"sort": last + 10, "colour": None, "enabled": True} | values
    ctx.connection.execute(
        insert(dictionary_items).values(dictionary=name, code=code, parent=None, is_default=False, attributes={}, **row)
    )
    return _shown(Item(code=code, **row))


def change_item(ctx: "Context", name: str, code: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Re-label, colour, sort, enable or disable an item. Its code never changes."""
    ctx.lock_configuration()
    item = _item(ctx, name, code)
    values = _checked(payload)
    if values:
        where = (dictionary_items.c.dictionary == name, dictionary_items.c.code == code)
        ctx.connection.execute(update(dictionary_items).where(*where).values(**values))
    return _shown(item) | values


def remove_item(ctx: "Context", name: str, code: str) -> None:
    """Delete an item that nothing uses."""
    ctx.lock_configuration()
    declared, item = _declared(ctx, name), _item(ctx, name, code)
    if declared.system or item.attributes.get("system"):
        raise Conflict(
            _("“{label}”由系统流程使用，不能删除，可以改名或停用。", label=item.label), code="system_dictionary"
        )
    if _in_use(ctx, name, code) or any(other.parent == code for other in ctx.dictionary(name).values()):
        raise Conflict(_("“{label}”已被使用，不能删除，请改为停用。", label=item.label), code="in_use")
    ctx.connection.execute(
        delete(dictionary_items).where(dictionary_items.c.dictionary == name, dictionary_items.c.code == code)
    )


def _declared(ctx: "Context", name: str) -> Dictionary:
    declared = ctx.platform.dictionaries.get(name)
    if declared is None:
        raise _missing(name)
    return declared


def _missing(name: str) -> NotFound:
    return NotFound(_("没有数据字典“{name}”。", name=name))


def _met(ctx: "Context") -> Container[str]:
    """Name the dictionaries of the fields and dialogs of forms that the person may read or fill in."""
    if ctx.user.is_admin:
        return ctx.platform.dictionaries
    return {
        name
        for form in ctx.platform.forms.values()
        if access.is_allowed(ctx, form, "read") or access.is_allowed(ctx, form, "create")
        for declared in _fields(ctx, form)
        for name in (declared.dictionary, declared.suggest)
        if name
    }


def _fields(ctx: "Context", form: LiveForm) -> Iterator[Field]:
    moves = form.workflow.moves if form.workflow else {}
    for declared in visible_fields(form, ctx.user.roles).values():
        yield declared
        yield from declared.fields.values()
    steps: tuple[Action | Move, ...] = (*form.declared.actions.values(), *moves.values())
    for step in steps:
        for declared in step.params.values():
            yield declared
            yield from declared.fields.values()


def _item(ctx: "Context", name: str, code: str) -> Item:
    _declared(ctx, name)
    item = ctx.dictionary(name).get(code)
    if item is None:
        raise NotFound(_("数据字典中没有选项“{code}”。", code=code))
    return item


def _checked(payload: Mapping[str, Any], needs_label: bool = False) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    for key, value in payload.items():
        kind = EDITABLE.get(key)
        if kind is None:
            errors[key] = [_("没有这个字段，或不能修改。")]
        elif key == "colour" and value is not None and value not in COLOURS:
            errors[key] = [_("颜色只能是 {colours} 之一。", colours="、".join(COLOURS))]
        elif key == "sort" and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**6):
            errors[key] = [_("请填写整数。")]
        elif key == "enabled" and not isinstance(value, bool):
            errors[key] = [_("请填写 true 或 false。")]
    if ("label" in payload or needs_label) and not _is_label(payload.get("label")):
        errors["label"] = [_("请填写 1 到 100 个字符的名称。")]
    if errors:
        raise Invalid(_("请检查填写的内容。"), errors=errors)
    return {key: value.strip() if key == "label" else value for key, value in payload.items()}


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 100 and value.isprintable()


def _in_use(ctx: "Context", name: str, code: str) -> bool:
    for form in ctx.platform.forms.values():
        for declared in form.declared.fields.values():
            tables = [(form.table, declared)] + [
                (form.line_tables[declared.name], column) for column in declared.fields.values()
            ]
            for table, field in tables:
                is_stored = field.dictionary == name and not field.derived
                if is_stored and ctx.connection.scalar(select(1).where(table.c[field.name] == code).limit(1)):
                    return True
    return False


def _shown(item: Item) -> dict[str, Any]:
    return {
        "code": item.code,
        "label": _(item.label),
        "sort": item.sort,
        "colour": item.colour,
        "enabled": item.enabled,
        "parent": item.parent,
        "default": item.is_default,
        **{key: value for key, value in item.attributes.items() if key not in EDITABLE},
    }
