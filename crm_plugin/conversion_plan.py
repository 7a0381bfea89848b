"""What a conversion does, told so that people can read it before they agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Record, _

CODED = {
    "customer": {"source": "customer_source", "level": "customer_level", "industry": "industry"},
    "opportunity": {"stage": "opp_stage", "source": "opp_source", "type": "opp_type"},
}
"""The dictionaries of the choices that a plan shows, by form and field."""

PEOPLE = ("owner",)


@dataclass(frozen=True, slots=True)
class Plan:
    """The lists of the plan that an action with a preview answers."""

    created: list[dict[str, Any]] = field(default_factory=list)
    linked: list[dict[str, Any]] = field(default_factory=list)
    filled: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def create(self, form: str, record: Record, names: Iterable[str], ctx: Context) -> None:
        """Tell of a record that is made, with those of some values that it has."""
        values = {name: getattr(record, name) for name in names}
        given = {name: shown(form, name, value, ctx) for name, value in values.items() if value not in (None, [])}
        self.created.append({"form": form, "title": record.name, "values": given})

    def link(self, form: str, record: Record) -> None:
        """Tell of a record that stands already and is used."""
        self.linked.append({"form": form, "id": record.id, "title": record.name})

    def fill(self, form: str, record: Record, values: Mapping[str, Any], ctx: Context) -> None:
        """Tell of empty fields of a standing record that get a value."""
        about = {"form": form, "id": record.id, "title": record.name}
        self.filled.extend(
            {**about, "field": name, "value": shown(form, name, value, ctx)} for name, value in values.items()
        )

    def skip(self, form: str, what: str, reason: str) -> None:
        """Tell of something that is not carried over, and why."""
        self.skipped.append({"form": form, "title": what, "reason": reason})

    def told(self) -> dict[str, Any]:
        """Give the lists that hold something."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


def shown(form: str, name: str, value: Any, ctx: Context) -> Any:
    """Write a value as people read it."""
    if name in PEOPLE:
        return ctx.users.names([value]).get(value, "")
    dictionary = CODED.get(form, {}).get(name)
    if dictionary and (item := ctx.dictionary(dictionary).get(value)):
        return _(item.label)
    if isinstance(value, list):
        return _("{count} 个文件", count=len(value))
    if isinstance(value, datetime):
        return value.astimezone(ctx.time_zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
