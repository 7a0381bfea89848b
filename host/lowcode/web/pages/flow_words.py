"""Flows in words: who decides a step, in what way, and which records need it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lowcode.conditions import TOKEN, split_key
from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.web.pages import cells
from lowcode.web.pages.formdata import whole
from lowcode.web.pages.picking import title_of

if TYPE_CHECKING:
    from lowcode.context import Context

SEPARATORS = re.compile(r"[,，、]")
DATES = frozenset({"date", "datetime"})
HIDDEN = frozenset({"id", "version", "deleted_at", "deleted_by"})


@dataclass(frozen=True, slots=True)
class Node:
    """One step in the picture of a flow. `when` holds alternatives, each a list of sentences that all must hold."""

    label: str
    who: str
    mode: str
    due: str
    when: tuple[tuple[str, ...], ...]
    is_reached: bool = True


def node(ctx: "Context", form: LiveForm, step: Mapping[str, Any]) -> Node:
    """Describe a step, as `steps_json` writes it."""
    due = step.get("due_hours")
    return Node(
        label=_(step["label"]) or "—",
        who=approvers(ctx, form, step["approvers"]),
        mode=modes().get(step["mode"], ""),
        due=_("限 {hours} 小时", hours=due) if isinstance(due, int) else "",
        when=tuple(tuple(test_words(ctx, form, *test) for test in group) for group in groups(step.get("when"))),
    )


def modes() -> dict[str, str]:
    """Name the ways in which several people decide a step."""
    return {"any": _("或签"), "all": _("会签"), "sequence": _("依次审批")}


def sources() -> dict[str, str]:
    """Name the ways to say who decides a step."""
    return {
        "head_of": _("部门负责人"),
        "role": _("角色"),
        "users": _("指定人员"),
        "field": _("表单人员字段"),
        "chosen": _("提交人自选"),
    }


def approvers(ctx: "Context", form: LiveForm, people: Mapping[str, Any]) -> str:
    """Say who decides a step, or who gets a copy."""
    between = _("、")
    told: list[str] = []
    for source, value in people.items():
        names = between.join(person_word(ctx, form, source, each) for each in listed(value))
        if source == "head_of":
            levels = people.get("levels") or 1
            told.append(
                _("{people}的部门负责人", people=names)
                if levels == 1
                else _("{people}的连续 {levels} 级部门负责人", people=names, levels=levels)
            )
        elif source == "role":
            told.append(_("角色：{roles}", roles=names))
        elif source == "chosen":
            told.append(_("由提交人选择"))
        elif source != "levels":
            told.append(names)
    return between.join(each for each in told if each) or _("未设置审批人")


def person_word(ctx: "Context", form: LiveForm, source: str, value: Any) -> str:
    """Name one role, person or field of a source."""
    if source == "role":
        return _(ctx.platform.roles.get(value, "")) or str(value)
    if source == "users":
        found = ctx.users.with_username(str(value))
        return ctx.users.names([found])[found] if found else str(value)
    if value == "submitter":
        return _("提交人")
    declared = form.fields.get(str(value))
    return _(declared.label) if declared else str(value)


def listed(value: Any) -> list[Any]:
    """Give what is one value or several as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def groups(when: Any) -> list[list[tuple[str, str, Any]]]:
    """Take a condition apart: alternatives, each of field, operator and value."""
    mappings: Sequence[Mapping[str, Any]] = [] if not when else [when] if isinstance(when, Mapping) else list(when)
    return [[(*split_key(key), value) for key, value in each.items()] for each in mappings]


def places(form: LiveForm) -> dict[str, Field]:
    """Give what a condition may be about, by its name there: fields, and the columns of line items."""
    found: dict[str, Field] = {}
    for name, declared in form.fields.items():
        if declared.type == "lines":
            found |= {f"{name}__{inner.name}": inner for inner in declared.fields.values()}
        elif name not in HIDDEN:
            found[name] = declared
    return {name: declared for name, declared in found.items() if FIELD_TYPES[declared.type].operators}


def place_label(form: LiveForm, path: str) -> str:
    """Name what a condition is about."""
    declared = places(form).get(path)
    if declared is None:
        return path
    if path in form.fields:
        return _(declared.label)
    lines = form.fields[path.rpartition("__")[0]]
    return _("{lines}（任一行）的{column}", lines=_(lines.label), column=_(declared.label))


def operators(declared: Field) -> dict[str, str]:
    """Name the comparisons of a field; `isnull` is two of them, `empty` and `filled`."""
    dated = declared.type in DATES
    words = {
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
    shown = {name: word for name, word in words.items() if name in known}
    return shown | ({"empty": _("为空"), "filled": _("不为空")} if "isnull" in known else {})


def test_words(ctx: "Context", form: LiveForm, path: str, operator: str, value: Any) -> str:
    """Write one comparison as people read it."""
    declared = places(form).get(path)
    label = place_label(form, path)
    if declared is None:
        return f"{label} {operator} {value}"
    if operator == "isnull":
        operator = "empty" if str(value).lower() in {"true", "1"} else "filled"
        return f"{label} {operators(declared)[operator]}"
    several = values_of(operator, value)
    between = _(" 到 ") if operator == "between" else _("、")
    shown = between.join(value_words(ctx, form, declared, each) for each in several)
    return f"{label} {operators(declared).get(operator, operator)} {shown}"


def values_of(operator: str, value: Any) -> list[Any]:
    """Give the values of a comparison; a text may hold several, separated by commas."""
    if operator in {"in", "between"} and isinstance(value, str):
        return [part.strip() for part in SEPARATORS.split(value) if part.strip()]
    return listed(value)


def value_words(ctx: "Context", form: LiveForm, declared: Field, value: Any) -> str:
    """Write the value that a field is compared with."""
    if value is None or value == "":
        return _("空")
    if isinstance(value, str) and (token := TOKEN.fullmatch(value)):
        words = {"me": _("提交人"), "my_department": _("提交人部门"), "today": _("今天"), "now": _("现在")}
        return words[token[1]] + (_(" {days} 天", days=token[2]) if token[2] else "")
    if declared.type == "choice":
        return choice_labels(ctx, form, declared).get(str(value), str(value))
    if declared.type in {"ref", "user", "department"}:
        key = whole(str(value))
        return str(value) if key is None else title_of(ctx, declared, key)
    try:
        kind = FIELD_TYPES[declared.type]
        return cells.text(ctx, declared, kind.dump(declared, kind.parse_operand(declared, value)))
    except ValueFault:
        return str(value)


def choice_labels(ctx: "Context", form: LiveForm, declared: Field) -> dict[str, str]:
    """Give the items of a choice, or the states of the form, by code."""
    if declared.name == "status" and form.workflow:
        return {name: _(state.label) for name, state in form.workflow.states.items()}
    return {code: _(item.label) for code, item in ctx.dictionary(declared.dictionary or "").items()}


def nodes(ctx: "Context", form: LiveForm, steps: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Describe the steps of a flow."""
    return [node(ctx, form, step) for step in steps]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what it is about, and how it was and is where that can be said."""

    label: str
    old: str = ""
    new: str = ""


Steps = tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]
"""The steps of a flow, and who gets copies."""


def changes(ctx: "Context", form: LiveForm, before: Steps, after: Steps) -> list[Change]:
    """Tell in words what one flow has that another has not."""
    theirs, mine = ({step["name"]: step for step in steps} for steps in (before[0], after[0]))
    found = [Change(_("删除了步骤“{step}”", step=_(theirs[name]["label"]))) for name in theirs if name not in mine]
    found += [Change(_("新增了步骤“{step}”", step=_(mine[name]["label"]))) for name in mine if name not in theirs]
    for name in theirs:
        if name in mine:
            found += _step_changes(ctx, form, theirs[name], mine[name])
    if [name for name in theirs if name in mine] != [name for name in mine if name in theirs]:
        found.append(Change(_("调整了步骤的顺序")))
    copies = [approvers(ctx, form, each[1]) if each[1] else _("无") for each in (before, after)]
    return found + ([Change(_("抄送"), *copies)] if before[1] != after[1] else [])


def _step_changes(ctx: "Context", form: LiveForm, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    words: dict[str, Callable[[Any], str]] = {
        "label": _,
        "approvers": lambda people: approvers(ctx, form, people),
        "mode": lambda mode: modes().get(mode, mode),
        "when": lambda when: _when_words(ctx, form, when),
        "due_hours": lambda hours: _("{hours} 小时", hours=hours) if hours else _("不限"),
    }
    names = {
        "label": _("名称"),
        "approvers": _("审批人"),
        "mode": _("多人审批方式"),
        "when": _("条件"),
        "due_hours": _("审批时限"),
    } | {name: label for name, label, _words in policies()}
    words |= {name: partial(_known, known) for name, _label, known in policies()}
    return [
        Change(f"{_(after['label'])} · {names[name]}", say(before.get(name)), say(after.get(name)))
        for name, say in words.items()
        if before.get(name) != after.get(name)
    ]


def _known(words: Mapping[str, str], code: Any) -> str:
    return words.get(code, str(code))


def _when_words(ctx: "Context", form: LiveForm, when: Any) -> str:
    told = [_(" 且 ").join(test_words(ctx, form, *test) for test in group) for group in groups(when)]
    return _(" 或 ").join(told) or _("无条件")


def policies() -> list[tuple[str, str, dict[str, str]]]:
    """Name what a step does in the rarer cases: the key, the question, and the answers."""
    empty = {"admins": _("由管理员审批"), "skip": _("跳过此步"), "refuse": _("不允许提交")}
    own = {"head": _("由上级负责人代审"), "drop": _("由其他审批人决定")}
    repeated = {"skip": _("不再重复审批"), "ask": _("仍需再次审批")}
    return [
        ("empty", _("找不到审批人时"), empty),
        ("own", _("提交人是审批人时"), own),
        ("repeated", _("前面已同意过的人"), repeated),
    ]
