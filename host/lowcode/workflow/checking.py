"""Steps that administrators write, checked as the YAML of plugins is, with sentences for people."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lowcode.declare.build import build
from lowcode.declare.check_workflows import MOST_HOURS, MOST_LEVELS, check_approval
from lowcode.declare.model import DictionaryItem, Plugin, Problem
from lowcode.declare.problems import Report, Spot
from lowcode.declare.reader import Node
from lowcode.declare.scene import Scene
from lowcode.declare.workflows import Approval, Workflow
from lowcode.errors import Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.workflow import flows

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_STEPS = 50
MOST_TESTS = 50
"""So many comparisons make up the condition of one step."""


def checked(
    ctx: "Context", form: LiveForm, workflow: Workflow, declared: Approval, steps: Any, copy_to: Any
) -> Approval:
    """Build an approval of what was written. Raises Invalid with a sentence for each faulty place."""
    report = Report()
    spot = Spot(report, workflow.file)
    states = {"label": declared.label, "approved": declared.approved, "rejected": declared.rejected}
    made = build(Approval, _node({**states, "steps": steps, "copy_to": copy_to}), spot, declared.name)
    scene = Scene(_plugin(ctx, form), report)
    check_approval(made, workflow, scene.fields_of(form.declared), spot, scene)
    errors: dict[str, list[str]] = {}
    for problem in report.sorted():
        errors.setdefault(_path(problem.path), []).append(_sentence(problem))
    errors |= _too_much(made)
    errors |= _unknown_people(ctx, made, errors)
    if errors:
        told = {path: list(dict.fromkeys(sentences)) for path, sentences in errors.items()}
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(told)), errors=told)
    return made


def words_of(cls: Any) -> dict[str, Iterable[str]]:
    """Give the words that keys of a declaration accept."""
    return {each.name: each.metadata["one_of"] for each in fields(cls) if each.metadata.get("one_of")}


def _node(value: Any) -> Node:
    """Write JSON as the values of a declaration file."""
    if isinstance(value, Mapping):
        return Node({str(key): _node(inner) for key, inner in value.items()}, 1)
    if isinstance(value, list | tuple):
        return Node([_node(each) for each in value], 1)
    return Node(Decimal(str(value)) if isinstance(value, float) else value, 1)


def _plugin(ctx: "Context", form: LiveForm) -> Plugin:
    """Give what the plugin declares, with the dictionaries as administrators keep them."""
    declared = next(each.declared for each in ctx.platform.active_plugins if each.name == form.plugin)
    assert declared is not None
    kept = {
        name: replace(each, items={**each.items, **{item: _item(item) for item in ctx.dictionary(name)}})
        for name, each in declared.dictionaries.items()
    }
    return replace(declared, dictionaries=kept)


def _item(code: str) -> DictionaryItem:
    return DictionaryItem(code=code, label=code)


def _too_much(made: Approval) -> dict[str, list[str]]:
    """Report what is more than anybody could overlook."""
    found = {"steps": [_("最多 {most} 步。", most=MOST_STEPS)]} if len(made.steps) > MOST_STEPS else {}
    for index, step in enumerate(made.steps):
        alternatives = (step.when,) if isinstance(step.when, Mapping) else step.when or ()
        if sum(map(len, alternatives)) > MOST_TESTS:
            found[f"steps.{index}.when"] = [_("最多 {most} 个条件。", most=MOST_TESTS)]
    return found


def _unknown_people(ctx: "Context", made: Approval, errors: Mapping[str, Any]) -> dict[str, list[str]]:
    """Report usernames that nobody has: declarations cannot know them, administrators can."""
    places = {f"steps.{index}.approvers.users": step.approvers for index, step in enumerate(made.steps)}
    found: dict[str, list[str]] = {}
    for path, sources in {**places, "copy_to.users": made.copy_to}.items():
        names = flows.names(sources.get("users", ()))
        missing = [] if path in errors else [name for name in names if ctx.users.with_username(name) is None]
        if missing:
            found[path] = [_("没有用户 {username}。", username="、".join(missing))]
    return found


def _path(path: str) -> str:
    return re.sub(r"\[(\d+)\]", r".\1", path)


def _sentence(problem: Problem) -> str:
    """Say in the language of people what a check has found."""
    last = problem.path.rpartition(".")[2]
    particular = {
        ("E404", "due_hours"): _("请填写 1 到 {most} 的整数。", most=MOST_HOURS),
        ("E404", "levels"): _("请填写 1 到 {most} 的整数。", most=MOST_LEVELS),
        ("E405", "name"): _("步骤的名称不能重复，也不能是 start。"),
    }
    general = {
        "E115": _("没有这个字段。"),
        "E116": _("必填。"),
        "E117": _("这个值不能用在这里，请修改。"),
        "E118": _("请从给出的选项中选择。"),
        "E119": _("必填。"),
        "E120": _("名称以小写字母开头，只能含小写字母、数字和下划线。"),
        "E209": _("没有这个字段，请选择表单中的字段。"),
        "E210": _("这个值不能和这个字段比较。"),
        "E218": _("没有这个角色，请从列表中选择。"),
        "E404": _("不能由此确定人员，请选择来源和其中的人员、角色或字段。"),
    }
    return particular.get((problem.id, last)) or general.get(problem.id, problem.message)
