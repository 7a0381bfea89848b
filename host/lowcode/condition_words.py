"""Conditions as people read them, and what they may be about."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lowcode.conditions import TOKEN, split_key
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import words

if TYPE_CHECKING:
    from lowcode.context import Context

SEPARATORS = re.compile(r"[,，、]")
DATES = frozenset({"date", "datetime"})
NOT_ASKED = frozenset({"id", "version", "deleted_at", "deleted_by"})
"""Fields that say nothing to people; no condition is offered about them."""


class ConditionWords:
    """Writes the conditions of one form. In those of a flow `$me` is who submitted, elsewhere the person at hand."""

    def __init__(self, ctx: "Context", form: LiveForm, *, of_flow: bool = False) -> None:
        self._ctx, self._form, self._of_flow = ctx, form, of_flow

    def condition(self, when: Any) -> str:
        """Write a whole condition; nothing for none."""
        return _(" 或 ").join(_(" 且 ").join(self.test(*test) for test in group) for group in groups(when))

    def test(self, path: str, operator: str, value: Any) -> str:
        """Write one comparison."""
        declared = _declared(self._form, path)
        label = place_label(self._form, path)
        if declared is None:
            return f"{label} {operator} {value}"
        if operator == "isnull":
            operator = "empty" if str(value).lower() in {"true", "1"} else "filled"
        elif operator in {"eq", "ne"} and value in (None, ""):
            operator = "empty" if operator == "eq" else "filled"
        if operator in {"empty", "filled"}:
            return f"{label} {_emptiness()[operator]}"
        between = _(" 到 ") if operator == "between" else _("、")
        shown = between.join(self.value(declared, each) for each in values_of(operator, value))
        return f"{label} {operators(declared).get(operator, operator)} {shown}"

    def value(self, declared: Field, value: Any) -> str:
        """Write the value that a field is compared with."""
        if value is None or value == "":
            return _("空")
        if isinstance(value, str) and (token := TOKEN.fullmatch(value)):
            return self._tokens()[token[1]] + (_(" {days} 天", days=token[2]) if token[2] else "")
        if declared.type == "choice":
            return words.choices(self._ctx, self._form, declared).get(str(value), str(value))
        if declared.type in {"ref", "user", "department"}:
            key = str(value)
            is_id = key.isascii() and key.isdigit() and len(key) <= 18
            return words.title_of(self._ctx, declared, int(key)) if is_id else key
        try:
            kind = FIELD_TYPES[declared.type]
            return words.text(self._ctx, declared, kind.dump(declared, kind.parse_operand(declared, value)))
        except ValueFault:
            return str(value)

    def _tokens(self) -> dict[str, str]:
        days = {"today": _("今天"), "now": _("现在")}
        if self._of_flow:
            return days | {"me": _("提交人"), "my_department": _("提交人部门")}
        return days | {"me": _("本人"), "my_department": _("本人的部门")}


def groups(when: Any) -> list[list[tuple[str, str, Any]]]:
    """Take a condition apart: alternatives, each of field, operator and value."""
    mappings: Sequence[Mapping[str, Any]] = [] if not when else [when] if isinstance(when, Mapping) else list(when)
    return [[(*split_key(key), value) for key, value in each.items()] for each in mappings]


def listed(value: Any) -> list[Any]:
    """Give what is one value or several as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def values_of(operator: str, value: Any) -> list[Any]:
    """Give the values of a comparison; a text may hold several, separated by commas."""
    if operator in {"in", "between"} and isinstance(value, str):
        return [part.strip() for part in SEPARATORS.split(value) if part.strip()]
    return listed(value)


def places(form: LiveForm) -> dict[str, Field]:
    """Give what a condition may be about, by its name there: fields, and the columns of line items."""
    found: dict[str, Field] = {}
    for name, declared in form.fields.items():
        if declared.type == "lines":
            found |= {f"{name}__{inner.name}": inner for inner in declared.fields.values()}
        elif name not in NOT_ASKED and not declared.derived:
            found[name] = declared
    return {name: declared for name, declared in found.items() if FIELD_TYPES[declared.type].operators}


def place_label(form: LiveForm, path: str) -> str:
    """Name what a condition is about."""
    declared = _declared(form, path)
    if declared is None:
        return path
    if path in form.fields:
        return _(declared.label)
    lines = form.fields[path.rpartition("__")[0]]
    return _("{lines}（任一行）的{column}", lines=_(lines.label), column=_(declared.label))


def _declared(form: LiveForm, path: str) -> Field | None:
    """Find the field or the column; a condition of the declarations may be about one that people are not offered."""
    if path in form.fields:
        return form.fields[path]
    line, _dots, column = path.rpartition("__")
    return form.fields[line].fields.get(column) if line in form.fields else None


def operators(declared: Field) -> dict[str, str]:
    """Name the comparisons of a field; `isnull` is two of them, `empty` and `filled`."""
    dated = declared.type in DATES
    labels = {
        "eq": _("等于"),
        "ne": _("不等于"),
        "gt": _("晚于") if dated else _("大于"),
        "gte": _("不早于") if dated else _("大于等于"),
        "lt": _("早于") if dated else _("小于"),
        "lte": _("不晚于") if dated else _("小于等于"),
        "between": _("介于"),
        "in": _("属于"),
        "contains": _("包含"),
        "startswith": _("开头是"),
    }
    known = FIELD_TYPES[declared.type].operators
    shown = {name: label for name, label in labels.items() if name in known}
    return shown | (_emptiness() if "isnull" in known else {})


def _emptiness() -> dict[str, str]:
    return {"empty": _("为空"), "filled": _("不为空")}
