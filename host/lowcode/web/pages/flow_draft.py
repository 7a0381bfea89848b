"""The steps of a flow while an administrator edits them: as the page posts them, and as the workflow stores them.

Everything is kept as it was typed, so that a draft can be shown again whatever is wrong with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from lowcode.condition_words import groups, listed, places, values_of
from lowcode.declare.check_workflows import MOST_HOURS, MOST_LEVELS
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.web.pages import formdata
from lowcode.workflow.checking import MOST_STEPS

SOURCES = ("head_of", "role", "users", "field", "chosen")
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison as typed: `empty` and `filled` are the two of `isnull`."""

    field: str = ""
    operator: str = "eq"
    values: tuple[str, ...] = ()


Groups = tuple[tuple[Test, ...], ...]
"""Alternatives; the tests of one must all hold."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One step as typed. `key` tells steps apart on the page while they are moved about."""

    key: str
    name: str = ""
    label: str = ""
    source: str = "head_of"
    people: tuple[str, ...] = ()
    levels: str = ""
    mode: str = "any"
    due_hours: str = ""
    empty: str = "admins"
    own: str = "head"
    repeated: str = "skip"
    groups: Groups = ()


PLAIN = ("name", "label", "source", "levels", "mode", "due_hours", "empty", "own", "repeated")


Copies = Mapping[str, tuple[str, ...]]
"""Who gets a copy, by source."""

COPY_SOURCES = ("role", "users", "field", "head_of")


def copies_of(copy_to: Mapping[str, Any]) -> Copies:
    """Take the stored copies for editing."""
    return {source: tuple(str(each) for each in listed(copy_to.get(source, ()))) for source in COPY_SOURCES}


def copies_of_form(data: "MultiDict[str, str]") -> Copies:
    """Read the copies that a page posts."""
    return {source: _named(data.getlist(f"copy.{source}")) for source in COPY_SOURCES}


def _named(posted: Iterable[str]) -> tuple[str, ...]:
    """Keep what can be a name; one database cannot even look for a text with a NUL."""
    return tuple(each for each in posted if each and "\0" not in each)


def to_copies(copies: Copies, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Give copies as the workflow stores them; how many levels of heads, the page leaves as it is."""
    made: dict[str, Any] = {source: _one_or_all(people) for source, people in copies.items() if people}
    return made | ({"levels": stored["levels"]} if "head_of" in made and "levels" in stored else {})


def unkeyed(draft: Draft) -> Draft:
    """Give a step without what only tells it apart on the page."""
    return replace(draft, key="")


def of_steps(steps: Iterable[Mapping[str, Any]], form: LiveForm, zone: ZoneInfo) -> list[Draft]:
    """Take stored steps for editing."""
    return [_of_step(str(number), step, form, zone) for number, step in enumerate(steps, 1)]


def _of_step(key: str, step: Mapping[str, Any], form: LiveForm, zone: ZoneInfo) -> Draft:
    approvers: Mapping[str, Any] = step["approvers"]
    source = next((each for each in SOURCES if each in approvers), "head_of")
    people = () if source == "chosen" else tuple(str(each) for each in listed(approvers.get(source, ())))
    plain = {name: "" if step.get(name) is None else str(step[name]) for name in PLAIN if name not in {"source"}}
    plain |= {"source": source, "levels": str(approvers.get("levels", ""))}
    return Draft(key=key, people=people, groups=_of_when(step.get("when"), form, zone), **plain)


def _of_when(when: Any, form: LiveForm, zone: ZoneInfo) -> Groups:
    known = places(form)
    return tuple(tuple(_of_test(*test, known, zone) for test in group) for group in groups(when))


def _of_test(path: str, operator: str, value: Any, known: Mapping[str, Field], zone: ZoneInfo) -> Test:
    if operator == "isnull":
        return Test(path, "empty" if str(value).lower() in {"true", "1"} else "filled")
    if value in ("", None) and operator in {"eq", "ne"}:
        return Test(path, "empty" if operator == "eq" else "filled")
    declared = known.get(path)
    typed = tuple(shown for each in values_of(operator, value) if (shown := _typed(declared, each, zone)))
    return Test(path, operator, (", ".join(typed),) if operator == "in" and not is_picked(declared) else typed)


def _typed(declared: Field | None, value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = "" if value is None else str(value)
    is_instant = declared is not None and declared.type == "datetime" and not shown.startswith("$")
    return formdata.local(shown, zone) if is_instant and shown else shown


def is_picked(declared: Field | None) -> bool:
    """Tell whether values of the field are picked from a list, not typed."""
    return declared is not None and declared.type in {"choice", "ref", "user", "department"}


def of_form(data: "MultiDict[str, str]") -> list[Draft]:
    """Read the steps that a page posts, in the order of the page."""
    keys = list(dict.fromkeys(path.split(".")[1] for path in data if re.fullmatch(r"steps\.\d{1,6}\.name", path)))
    return [_of_posted(key, data) for key in keys]


def _of_posted(key: str, data: "MultiDict[str, str]") -> Draft:
    prefix = f"steps.{key}."
    plain = {name: data.get(prefix + name, "").strip() for name in PLAIN if prefix + name in data}
    is_other = data.get(prefix + "was") not in (None, data.get(prefix + "source"))
    people = () if is_other else _named(data.getlist(prefix + "people"))
    return Draft(key=key, people=people, groups=_posted_groups(prefix + "when.", data), **plain)


def _posted_groups(prefix: str, data: "MultiDict[str, str]") -> Groups:
    found: dict[str, list[Test]] = {}
    for path in (path for path in data if path.startswith(prefix) and path.endswith(".field")):
        at = path.removesuffix("field")
        group = path.removeprefix(prefix).partition(".")[0]
        values = tuple(each.strip() for each in data.getlist(at + "value") if each.strip())
        test = Test(data[path], data.get(at + "operator", "eq"), values)
        found.setdefault(group, []).append(test)
    return tuple(tuple(tests) for tests in found.values())


def to_step(draft: Draft, form: LiveForm, zone: ZoneInfo) -> dict[str, Any]:
    """Give a step as the workflow stores it; what cannot be one is passed on, so that it is refused with a reason."""
    return {
        "name": draft.name,
        "label": draft.label,
        "approvers": _approvers(draft),
        "mode": draft.mode,
        "when": to_when(draft.groups, form, zone),
        "due_hours": _number(draft.due_hours) if draft.due_hours else None,
        "empty": draft.empty,
        "own": draft.own,
        "repeated": draft.repeated,
    }


def _approvers(draft: Draft) -> dict[str, Any]:
    if draft.source == "chosen":
        return {"chosen": True}
    people: dict[str, Any] = {draft.source: _one_or_all(draft.people)}
    return people | ({"levels": _number(draft.levels)} if draft.source == "head_of" and draft.levels else {})


def _one_or_all(people: tuple[str, ...]) -> str | list[str]:
    return people[0] if len(people) == 1 else list(people)


def to_when(alternatives: Groups, form: LiveForm, zone: ZoneInfo) -> Any:
    """Give a condition as it is declared: one mapping, or a list of alternatives; None where there is none."""
    known = places(form)
    found = [dict(_pair(test, known.get(test.field), zone) for test in group if test.field) for group in alternatives]
    kept = [each for each in found if each]
    return kept[0] if len(kept) == 1 else kept or None


def _pair(test: Test, declared: Field | None, zone: ZoneInfo) -> tuple[str, Any]:
    if test.operator in {"empty", "filled"}:
        return f"{test.field}__isnull", test.operator == "empty"
    key = test.field if test.operator == "eq" else f"{test.field}__{test.operator}"
    if test.operator == "in":
        typed = [part for value in test.values for part in values_of("in", value)]
        return key, [_value(each, declared, zone) for each in typed]
    if test.operator == "between":
        return key, [_value(each, declared, zone) for each in test.values]
    return key, _value(test.values[0], declared, zone) if test.values else ""


def _value(typed: str, declared: Field | None, zone: ZoneInfo) -> Any:
    if declared is None or typed.startswith("$"):
        return typed
    if declared.type == "boolean":
        return typed == "true"
    tidy = formdata.tidied(declared, typed, zone)
    is_number = declared.type in formdata.NUMBERS | {"ref", "user", "department"}
    return _number(tidy) if is_number else tidy


def _number(typed: str) -> int | str:
    return int(typed) if WHOLE.fullmatch(typed) else typed


def faults(draft: Draft) -> dict[str, str]:
    """Say what is wrong with a step before it can be one, by control."""
    told = {"when": " ".join(dict.fromkeys(_test_faults(draft)))}
    if draft.due_hours and not WHOLE.fullmatch(draft.due_hours):
        told["due_hours"] = _("请填写 1 到 {most} 的整数。", most=MOST_HOURS)
    if draft.levels and not WHOLE.fullmatch(draft.levels):
        told["levels"] = _("请填写 1 到 {most} 的整数。", most=MOST_LEVELS)
    return {name: sentence for name, sentence in told.items() if sentence}


def _test_faults(draft: Draft) -> Iterator[str]:
    """Find comparisons that are not complete, or stand twice in one group, where a mapping can hold only one."""
    for group in draft.groups:
        seen: set[tuple[str, str]] = set()
        for test in group:
            is_bare = test.operator in {"empty", "filled"}
            place = (test.field, "isnull" if is_bare else test.operator)
            if not test.field:
                yield _("请选择条件的字段，或删除这个条件。")
            elif len(test.values) < (0 if is_bare else 2 if test.operator == "between" else 1):
                yield _("请填写条件的值，或选择“为空”。")
            elif place in seen:
                yield _("同一组条件中，同一个字段的同一种比较只能出现一次。")
            seen.add(place)


def changed(drafts: Sequence[Draft], verb: str, form: LiveForm) -> tuple[list[Draft], str]:
    """Add, remove or move a step or a condition; give the steps and the control that is looked at next.

    `verb` is `add`, or a word with the key of a step and the places of a group and a test: `drop:3:0:1`.
    """
    word, *places_ = verb.split(":")
    if word == "add":
        return _added(list(drafts), form)
    at = next((index for index, each in enumerate(drafts) if places_ and each.key == places_[0]), None)
    if at is None:
        return list(drafts), ""
    numbers = [int(each) for each in places_[1:] if each.isdecimal()]
    if word in {"up", "down", "remove"}:
        return _arranged(list(drafts), at, word)
    made, focus = _with_groups(drafts[at], word, numbers)
    return [*drafts[:at], made, *drafts[at + 1 :]], focus


def _added(drafts: list[Draft], form: LiveForm) -> tuple[list[Draft], str]:
    if len(drafts) >= MOST_STEPS:
        return drafts, "add-step"
    key = str(max((int(each.key) for each in drafts), default=0) + 1)
    taken = {each.name for each in drafts}
    name = next(name for number in range(1, MOST_STEPS + 2) if (name := f"step_{number}") not in taken)
    owner = form.declared.owner
    return [*drafts, Draft(key=key, name=name, people=(owner or "submitter",))], f"f-steps-{key}-label"


def _arranged(drafts: list[Draft], at: int, word: str) -> tuple[list[Draft], str]:
    moved = drafts.pop(at)
    if word == "remove":
        follower = drafts[min(at, len(drafts) - 1)] if drafts else None
        return drafts, f"f-steps-{follower.key}-label" if follower else "add-step"
    to = max(0, at - 1) if word == "up" else min(len(drafts), at + 1)
    drafts.insert(to, moved)
    is_at_end = to == 0 if word == "up" else to == len(drafts) - 1
    return drafts, f"{('down' if word == 'up' else 'up') if is_at_end else word}-{moved.key}"


def _with_groups(draft: Draft, word: str, numbers: Sequence[int]) -> tuple[Draft, str]:
    alternatives = [list(group) for group in draft.groups]
    group = numbers[0] if numbers else len(alternatives)
    focus = f"group-{draft.key}"
    if word == "group":
        alternatives.append([Test()])
        focus = f"f-steps-{draft.key}-when-{len(alternatives) - 1}-0-field"
    elif word == "test" and group < len(alternatives):
        alternatives[group].append(Test())
        focus = f"f-steps-{draft.key}-when-{group}-{len(alternatives[group]) - 1}-field"
    elif word == "drop" and len(numbers) == 2 and group < len(alternatives) and numbers[1] < len(alternatives[group]):
        del alternatives[group][numbers[1]]
    kept = tuple(tuple(tests) for tests in alternatives if tests)
    return replace(draft, groups=kept), focus
