"""The controls of a form: which one a field gets, with what choices and what value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lowcode.configuration import Item
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.fieldtypes.numbers import NumberType
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import draft as drafts
from lowcode.records.words import title_of
from lowcode.web.pages import cells
from lowcode.web.pages.formdata import local

if TYPE_CHECKING:
    from lowcode.context import Context

_NUMBER = NumberType()
SEARCH_FROM = 15
"""With more choices than this a list is searched by typing."""


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a list of choices."""

    value: str
    label: str
    selected: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """One field of a form on a page, ready for a template."""

    field: Field
    name: str
    label: str
    value: Any = ""
    text: str = ""
    options: tuple[Option, ...] = ()
    remote: str = ""
    depends_on: str = ""
    compared: str = ""
    """The address that tells of duplicates by this field."""

    brings: bool = False
    """Whether choosing something here fills other controls."""

    is_made: bool = False
    """Whether a rule has made the rows, which give way to those of another reference."""

    is_output: bool = False
    rows: tuple["Row", ...] = ()
    columns: tuple["Control", ...] = ()

    @property
    def id(self) -> str:
        """The id in the page; dots would have to be escaped in selectors."""
        return "f-" + self.name.replace(".", "-")

    @property
    def is_kept(self) -> bool:
        """Whether the page sends the value along without showing it; a switch that is off is not sent."""
        is_off = self.field.type == "boolean" and not self.value
        return self.field.hidden and not self.field.filled_by_host and not is_off

    @property
    def can_add(self) -> bool:
        """Whether people can make rows of their own: what has to stand in a hidden column they cannot give."""
        return not any(each.hidden and each.required and each.default is None for each in self.field.fields.values())

    @property
    def is_wide(self) -> bool:
        """Whether the control takes the whole width."""
        return self.field.type in {"textarea", "files", "lines"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line item."""

    key: str
    id: int | None
    controls: tuple[Control, ...]


class Builder:
    """Makes the controls of one record, or of an action's dialog, inside one transaction."""

    def __init__(self, ctx: "Context", form: LiveForm | None, *, is_new: bool, picker: str = "") -> None:
        self.ctx = ctx
        self.form = form
        self.is_new = is_new
        self.picker = picker or (f"/f/{form.name}/pick/" if form else "")
        self.brings = is_new and not picker and form is not None and ctx.platform.hooks.has(form.name, "prefill")

    def control(self, declared: Field, row: Mapping[str, Any], prefix: str = "", path: str = "") -> Control:
        """Make the control of one field; `path` names the field for the picker."""
        value = row.get(declared.name)
        is_output = declared.filled_by_host or (declared.create_only and not self.is_new)
        return Control(
            field=declared,
            name=prefix + declared.name,
            label=_(declared.label),
            value=self._value(declared, value),
            text=cells.cell(self.ctx, self.form, declared, row).text if declared.type != "lines" else "",
            options=self._options(declared, value),
            remote=self.picker + (path or declared.name) if declared.type in {"ref", "user", "department"} else "",
            depends_on=_depends_on(declared),
            brings=bool(declared.fill) or self.brings,
            is_output=is_output,
            rows=self._rows(declared, value or []) if declared.type == "lines" else (),
            columns=self._row(declared, "__row__", self.defaults(declared)).controls
            if declared.type == "lines"
            else (),
        )

    def defaults(self, holder: Field) -> dict[str, Any]:
        """Give the values of a new line, as a record's JSON has them."""
        return {name: first_value(self.ctx, column) for name, column in holder.fields.items()}

    def _rows(self, declared: Field, lines: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
        return tuple(self._row(declared, str(index), line) for index, line in enumerate(lines))

    def _row(self, declared: Field, key: str, line: Mapping[str, Any]) -> Row:
        columns = declared.fields.values()
        prefix = f"{declared.name}.{key}."
        made = (self.control(each, line, prefix, f"{declared.name}.{each.name}") for each in columns)
        return Row(key, line.get("id"), tuple(made))

    def _value(self, declared: Field, value: Any) -> Any:
        if value is None:
            return "" if declared.type not in {"files", "image"} else ()
        if declared.type in {"ref", "user", "department"}:
            return str(value["id"])
        if declared.type == "datetime":
            return local(value, self.ctx.platform.config.time_zone)
        if declared.type == "image":
            return (value,)
        if declared.type == "number":
            return _NUMBER.shortened(declared, str(value))
        return value

    def _options(self, declared: Field, value: Any) -> tuple[Option, ...]:
        if declared.type == "choice":
            return tuple(choices(self.ctx, declared, value))
        if declared.type in {"ref", "user", "department"} and value:
            return (Option(str(value["id"]), str(value["title"]), selected=True),)
        if declared.suggest:
            items = self.ctx.dictionary(declared.suggest).values()
            return tuple(Option(str(item.attributes.get("value", "")), _(item.label)) for item in items if item.enabled)
        return ()


def first_value(ctx: "Context", declared: Field, *, asked: bool = False) -> Any:
    """Give the default of a field, or with `asked` of what a dialog asks for, as a record's JSON has it."""
    value = drafts.first(ctx, declared) if asked else drafts.default(ctx, declared)
    if declared.type == "user" and value:
        return {"id": value, "title": ctx.users.names([value]).get(value, "")}
    return None if value is None else FIELD_TYPES[declared.type].dump(declared, value)


def given_value(ctx: "Context", declared: Field, text: str) -> Any:
    """Read the value of a field from an address, as a record's JSON has it; None for what the field cannot be."""
    if declared.type in {"files", "image", "lines"}:
        return None
    if declared.type == "choice":
        return text if text in {each.value for each in choices(ctx, declared)} else None
    kind = FIELD_TYPES[declared.type]
    try:
        value = kind.dump(declared, kind.parse_operand(declared, text))
    except ValueFault:
        return None
    if declared.type in {"ref", "user", "department"}:
        return {"id": value, "title": title_of(ctx, declared, value)}
    return value


def choices(ctx: "Context", declared: Field, value: Any = None) -> Iterable[Option]:
    """List what a choice may be: enabled items that its `where` admits, and the one it has."""
    items = ctx.dictionary(declared.dictionary or "")
    wanted: Mapping[str, Any] = declared.where if isinstance(declared.where, Mapping) else {}
    parents = {item.parent for item in items.values() if item.parent} if declared.leaf else set()
    for item, depth in _tree(items):
        fits = all(item.attributes.get(key) == each for key, each in wanted.items())
        if item.code == value or (item.enabled and fits):
            yield Option(item.code, "　" * depth + _(item.label), item.code == value, item.code in parents)


def _tree(items: Mapping[str, Item], parent: str | None = None, depth: int = 0) -> Iterable[tuple[Item, int]]:
    for item in items.values():
        if item.parent == parent or (parent is None and item.parent not in items):
            yield item, depth
            yield from _tree(items, item.code, depth + 1)


def shown_fields(ctx: "Context", form: LiveForm, is_new: bool) -> dict[str, Field]:
    """Give the declared fields a form page shows; what only rules write is nothing to show before there is a record."""
    visible, fields = visible_fields(form, ctx.user.roles), form.declared.fields
    return {
        name: declared
        for name, declared in fields.items()
        if name in visible and not (is_new and _comes_later(declared, fields))
    }


def _comes_later(declared: Field, fields: Mapping[str, Field]) -> bool:
    """Whether only rules and other records give the field a value, or one of the two it is the difference of."""
    if declared.difference:
        return any(_comes_later(fields[name], fields) for name in declared.difference)
    return bool(declared.readonly or declared.rollup or declared.derived)


def writable_fields(ctx: "Context", form: LiveForm, is_new: bool) -> list[Field]:
    """Give the fields whose controls a form page posts."""
    shown = shown_fields(ctx, form, is_new).values()
    return [each for each in shown if not each.filled_by_host and (is_new or not each.create_only)]


def _depends_on(declared: Field) -> str:
    """Tell the picker which controls narrow the choice: `their_field=my_field`, separated by spaces."""
    return " ".join(f"{theirs}={'_id' if mine == 'id' else mine}" for theirs, mine in declared.same.items())
