"""The step editor, ready for its template: for each step what may be chosen, what is chosen, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowcode.condition_words import ConditionWords, operators, places
from lowcode.declare.fields import Field
from lowcode.errors import Errors
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records.words import choices
from lowcode.web.pages import flow_words
from lowcode.web.pages.controls import Option
from lowcode.web.pages.flow_draft import Copies, Draft, Test, is_picked
from lowcode.workflow import definitions

if TYPE_CHECKING:
    from lowcode.context import Context

PEOPLE = "/pick/people?by=username"
"""Steps name people by their usernames."""

TOKENS = {"user": "$me", "department": "$my_department"}


@dataclass(frozen=True, slots=True)
class TestView:
    """One comparison: its controls and what they offer. `kind` chooses the control of the value."""

    place: str
    id: str
    fields: Mapping[str, list[Option]]
    operators: list[Option]
    kind: str
    values: tuple[str, ...]
    options: list[Option]
    remote: str = ""


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: its controls and what they offer."""

    draft: Draft
    number: int
    is_last: bool
    sources: list[Option]
    people: list[Option]
    people_label: str
    people_remote: str
    modes: list[Option]
    policies: Mapping[str, tuple[str, list[Option]]]
    groups: list[list[TestView]]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CopyView:
    """One source of people that get copies."""

    name: str
    label: str
    options: list[Option]
    remote: str
    fault: str


class Editor:
    """The steps of one approval while they are edited."""

    def __init__(
        self,
        ctx: "Context",
        form: LiveForm,
        drafts: Sequence[Draft],
        copies: Copies,
        faults: Errors,
        focus: str = "",
    ) -> None:
        self.ctx, self.form, self.focus, self.faults = ctx, form, focus, faults
        self.steps = [self._step(draft, number, len(drafts)) for number, draft in enumerate(drafts, 1)]
        self.copies = [self._copy(source, people) for source, people in copies.items()]

    def told(self) -> list[tuple[str, str, str]]:
        """Sum the faults up: the control, what it belongs to, and the sentence."""
        return [
            (
                f"f-steps-{step.draft.key}-{name}",
                _("第 {number} 步", number=step.number) + (f" {step.draft.label}" if step.draft.label else ""),
                sentence,
            )
            for step in self.steps
            for name, sentence in step.faults.items()
        ]

    def others(self) -> list[str]:
        """Give the faults that belong to no step and to no copy."""
        own = ("steps.", "copy_to")
        return [text for path, texts in self.faults.items() if not path.startswith(own) for text in texts]

    def _copy(self, source: str, people: tuple[str, ...]) -> CopyView:
        labels = flow_words.sources() | {"head_of": _("部门负责人（谁的）")}
        faults = [text for path, texts in self.faults.items() if path == f"copy_to.{source}" for text in texts]
        remote = PEOPLE if source == "users" else ""
        return CopyView(source, labels[source], self._people(source, people), remote, " ".join(faults))

    def _step(self, draft: Draft, number: int, count: int) -> StepView:
        return StepView(
            draft=draft,
            number=number,
            is_last=number == count,
            sources=_options(flow_words.sources(), (draft.source,)),
            people=self._people(draft.source, draft.people),
            people_label=self._people_label(draft.source),
            people_remote=PEOPLE if draft.source == "users" else "",
            modes=_options(flow_words.modes(), (draft.mode,)),
            policies=_policies(draft),
            groups=[
                [self._test(draft.key, group, place, test) for place, test in enumerate(tests)]
                for group, tests in enumerate(draft.groups)
            ],
            faults=self._faults(number - 1),
        )

    def _faults(self, index: int) -> dict[str, str]:
        """Give the faults of a step by the control they stand beside."""
        found: dict[str, list[str]] = {}
        for path, texts in self.faults.items():
            head, _dot, rest = path.partition(".")
            place, _dot, name = rest.partition(".")
            if head == "steps" and place == str(index):
                found.setdefault(_control_of(name), []).extend(texts)
        return {name: " ".join(dict.fromkeys(texts)) for name, texts in found.items()}

    def _people(self, source: str, chosen: tuple[str, ...]) -> list[Option]:
        if source == "role":
            return _several(self.ctx.platform.role_labels(), chosen)
        if source == "users":
            words = {each: flow_words.person_word(self.ctx, self.form, "users", each) for each in chosen}
            return _several(words, chosen)
        known = {each.name: _(each.label) for each in definitions.people_fields(self.form)}
        return _several({"submitter": _("提交人")} | known if source == "head_of" else known, chosen)

    def _people_label(self, source: str) -> str:
        labels = {"head_of": _("谁的部门负责人"), "role": _("角色"), "users": _("人员"), "field": _("字段")}
        return labels.get(source, "")

    def _test(self, key: str, group: int, place: int, test: Test) -> TestView:
        name = f"steps.{key}.when.{group}.{place}"
        declared = places(self.form).get(test.field)
        kind = _kind(declared, test.operator)
        options, remote = self._values(declared, test) if declared is not None else ([], "")
        return TestView(
            place=name,
            id="f-" + name.replace(".", "-"),
            fields=self._fields(test.field),
            operators=_options(operators(declared) if declared else {"eq": _("等于")}, (test.operator,)),
            kind=kind,
            values=test.values,
            options=options,
            remote=remote,
        )

    def _fields(self, chosen: str) -> dict[str, list[Option]]:
        """Offer the form's own fields, then the columns of each of its line items."""
        found: dict[str, list[Option]] = {}
        for path, declared in places(self.form).items():
            lines = self.form.fields.get(path.rpartition("__")[0]) if path not in self.form.fields else None
            title = _("{lines}（任一行）", lines=_(lines.label)) if lines else _(self.form.declared.label)
            found.setdefault(title, []).append(Option(path, _(declared.label), path == chosen))
        return found

    def _values(self, declared: Field, test: Test) -> tuple[list[Option], str]:
        """Give what the value may be, or the chosen ones and where the others are looked for."""
        if declared.type == "boolean":
            return _options({"true": _("是"), "false": _("否")}, test.values), ""
        if declared.type == "choice":
            labels = choices(self.ctx, self.form, declared)
            return (_several if test.operator == "in" else _options)(labels, test.values), ""
        if declared.type not in {"ref", "user", "department"}:
            return [], ""
        say = ConditionWords(self.ctx, self.form, of_flow=True).value
        words = {each: say(declared, each) for each in test.values}
        if token := TOKENS.get(declared.type):
            words = {token: say(declared, token)} | words
        return _several(words, test.values), f"/f/{self.form.name}/pick/{test.field.replace('__', '.')}"


def _options(words: Mapping[str, str], chosen: Sequence[str]) -> list[Option]:
    """Offer these, and what is chosen already though it is none of them."""
    offered = dict(words) | {each: each for each in chosen if each and each not in words}
    return [Option(value, label, value in chosen) for value, label in offered.items()]


def _several(words: Mapping[str, str], chosen: Sequence[str]) -> list[Option]:
    """Offer these, the chosen ones first and in their order: a browser posts them in the order of the page."""
    return _options({each: words.get(each, each) for each in chosen if each} | dict(words), chosen)


def _policies(draft: Draft) -> dict[str, tuple[str, list[Option]]]:
    return {name: (label, _options(words, (getattr(draft, name),))) for name, label, words in flow_words.policies()}


def _control_of(name: str) -> str:
    """Name the control that a fault of a stored step stands beside."""
    head = name.partition(".")[0]
    if head == "approvers":
        return "levels" if name.endswith(".levels") else "people"
    return head or "label"


def _kind(declared: Field | None, operator: str) -> str:
    if declared is None or operator in {"empty", "filled"}:
        return "none"
    if is_picked(declared):
        return "several" if operator == "in" else "one"
    if declared.type == "boolean":
        return "one"
    if operator == "between":
        return "range"
    if operator == "in":
        return "text"
    return "number" if FIELD_TYPES[declared.type].name in {"integer", "number", "money"} else "text"
