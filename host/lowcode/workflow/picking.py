"""The submitter's own choice of approvers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.declare.workflows import Step
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.workflow.said import active_people

if TYPE_CHECKING:
    from lowcode.workflow.case import Case

PATH = "approvers"


def chosen_of(case: "Case", raw: Any) -> dict[str, list[int]]:
    """Read whom the submitter picked for each step that asks for it. Raises Invalid; the paths name the steps."""
    wanted = {step.name for step in case.run.flow.steps if "chosen" in step.approvers}
    given: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    errors = {f"{PATH}.{name}": [_("这一步的审批人不由提交人选择。")] for name in given if name not in wanted}
    if raw is not None and not isinstance(raw, Mapping):
        errors[PATH] = [_("请填写一个 JSON 对象。")]
    chosen: dict[str, list[int]] = {}
    for step in case.run.flow.steps:
        if step.name in wanted and case.applies(step):
            try:
                chosen[step.name] = _people(case, step, given.get(step.name))
            except Invalid as fault:
                errors |= fault.errors  # type: ignore[arg-type]
    if errors:
        raise Invalid(_("请选择审批人。"), errors=errors)
    return chosen


def _people(case: "Case", step: Step, raw: Any) -> list[int]:
    path = f"{PATH}.{step.name}"
    found = active_people(case.ctx, raw, path)
    if not case.search.parties(step).isdisjoint(found):
        sentence = _("提交人和负责人不能审批自己的单据，请另选。")
        raise Invalid(sentence, errors={path: [sentence]})
    return found
