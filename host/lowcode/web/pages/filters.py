"""The filter bar of a list: which control each filter gets, and what it asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lowcode.declare.fields import Field
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records.words import title_of
from lowcode.web.pages.controls import SEARCH_FROM, Option, choices
from lowcode.web.pages.formdata import day_bounds, tidied, whole

if TYPE_CHECKING:
    from lowcode.context import Context

RANGED = frozenset({"integer", "number", "money", "date", "datetime"})
POINTERS = frozenset({"ref", "user", "department"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the bar. A range has two controls, `field__gte` and `field__lte`."""

    field: Field
    name: str
    label: str
    kind: str
    value: str = ""
    until: str = ""
    options: tuple[Option, ...] = ()
    remote: str = ""


def filter_of(ctx: "Context", form: LiveForm, declared: Field, asked: Mapping[str, str]) -> Filter:
    """Make the filter of a field, as it is set in the address."""
    name, label, kind = declared.name, _(declared.label), declared.type
    if kind in RANGED:
        lower, upper = (asked.get(f"{name}__{end}", "") for end in ("gte", "lte"))
        return Filter(declared, name, label, "range", lower, upper)
    value = asked.get(name, "")
    if kind in POINTERS:
        remote = f"/f/{form.name}/pick/{name}"
        return Filter(declared, name, label, "pick", value, options=_picked(ctx, declared, value), remote=remote)
    if kind in ("choice", "boolean"):
        options = tuple(_choices(ctx, form, declared, value))
        return Filter(
            declared, name, label, "search" if len(options) > SEARCH_FROM else "choice", value, options=options
        )
    return Filter(declared, f"{name}__contains", label, "text", asked.get(f"{name}__contains", ""))


def tidy(filters: Iterable[Filter], asked: Mapping[str, str], zone: ZoneInfo) -> dict[str, str]:
    """Tidy numbers and days of the filter bar; translate days into instants, where the field holds instants."""
    args = dict(asked)
    for each in filters:
        declared, is_instant = each.field, each.field.type == "datetime"
        for operator in ("gte", "lte") if each.kind == "range" else ():
            raw = args.get(f"{each.name}__{operator}", "")
            if not raw:
                continue
            written = tidied(replace(declared, type="date") if is_instant else declared, raw, zone)
            args[f"{each.name}__{operator}"] = written
            if is_instant and len(written) == len("2026-11-23"):
                try:
                    moved, instant = day_bounds(operator, written, zone)
                except (ValueError, OverflowError):
                    continue
                del args[f"{each.name}__{operator}"]
                args[f"{each.name}__{moved}"] = instant
    return args


def _choices(ctx: "Context", form: LiveForm, declared: Field, value: str) -> list[Option]:
    if declared.type == "boolean":
        words = (("true", _("是")), ("false", _("否")))
        return [Option(code, label, code == value) for code, label in words]
    if declared.name == "status" and form.workflow:
        states = form.workflow.states.items()
        return [Option(code, _(state.label), code == value) for code, state in states]
    return [Option(each.value, each.label, each.selected) for each in choices(ctx, declared, value)]


def _picked(ctx: "Context", declared: Field, value: str) -> tuple[Option, ...]:
    key = whole(value)
    return () if key is None else (Option(value, title_of(ctx, declared, key), selected=True),)
