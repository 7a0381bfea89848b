"""Flows in words: who decides a step, in what way, and which records need it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lowcode.condition_words import ConditionWords, groups, listed
from lowcode.forms import LiveForm
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context


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
    due, words = step.get("due_hours"), ConditionWords(ctx, form, of_flow=True)
    return Node(
        label=_(step["label"]) or "—",
        who=approvers(ctx, form, step["approvers"]),
        mode=modes().get(step["mode"], ""),
        due=_("限 {hours} 小时", hours=due) if isinstance(due, int) else "",
        when=tuple(tuple(words.test(*test) for test in group) for group in groups(step.get("when"))),
    )


def modes() -> dict[str, str]:
    """Name the ways in which several people decide a step."""
    return {code: name for code, (name, _rule) in _modes().items()}


def mode_rule(code: str) -> str:
    """Say whose consent a way in which several people decide asks for."""
    return _modes()[code][1]


def _modes() -> dict[str, tuple[str, str]]:
    return {
        "any": (_("或签"), _("任一人同意即可")),
        "all": (_("会签"), _("需要全部同意")),
        "sequence": (_("依次审批"), _("依次同意")),
    }


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
        return ctx.platform.role_labels().get(value, str(value))
    if source == "users":
        found = ctx.users.with_username(str(value))
        return ctx.users.names([found])[found] if found else str(value)
    if value == "submitter":
        return _("提交人")
    declared = form.fields.get(str(value))
    return _(declared.label) if declared else str(value)


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
    return ConditionWords(ctx, form, of_flow=True).condition(when) or _("无条件")


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
