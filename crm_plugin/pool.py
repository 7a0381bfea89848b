"""When a customer goes into the pool: pure functions of what is known about it, of the rules and of a day.

The nightly job, the simulation, the reminders and the days that a page shows all come from here, so they agree.
Days are those of the business time zone. The day of the last contact is day 0; with a rule of n days the customer is
still owned on day n and goes into the pool on day n+1.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lowcode.api import Record

RULES = ("follow", "deal", "opportunity")
LEVEL_DAYS = tuple(f"level_no_{rule}_days" for rule in RULES)
MOST_DAYS = 9999
PAIR = re.compile(r"\s*(\w+)\s*=\s*([0-9]+)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """After how many days one rule takes a customer; a level without days of its own has the general ones."""

    general: int | None
    by_level: Mapping[str, int]

    def of(self, level: str | None) -> int | None:
        """Give the days for a level; None where the rule is off."""
        return self.by_level.get(level or "", self.general)

    @property
    def smallest(self) -> int | None:
        """The fewest days after which anybody is taken; None where the rule is off."""
        days = [*self.by_level.values(), *([] if self.general is None else [self.general])]
        return min(days, default=None)


@dataclass(frozen=True, slots=True)
class Rules:
    """What administrators decided about the pool."""

    is_active: bool
    limits: Mapping[str, Limit]
    with_opportunity: bool = False
    with_deal: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at of one customer."""

    owned_on: date | None
    followed_on: date | None = None
    level: str | None = None
    has_deal: bool = False
    has_open_opportunity: bool = False
    has_new_opportunity: bool = False
    locked_until: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a customer goes into the pool: the rule, the day it counts from, its limit and the days that have passed."""

    rule: str
    base: date
    limit: int
    elapsed: int


def rules_of(settings: Mapping[str, Any]) -> Rules:
    """Read the rules out of the settings, or of a draft of them; days that cannot be read hold nobody."""
    limits = {rule: _limit(settings, rule) for rule in RULES}
    return Rules(
        is_active=bool(settings.get("auto_recycle")) and bool(settings.get("pool_enabled", True)),
        limits={rule: limit for rule, limit in limits.items() if limit.smallest is not None},
        with_opportunity=bool(settings.get("recycle_with_opportunity")),
        with_deal=bool(settings.get("recycle_deal")),
    )


def _limit(settings: Mapping[str, Any], rule: str) -> Limit:
    by_level, _faults = levels(settings.get(f"level_no_{rule}_days"))
    return Limit(settings.get(f"no_{rule}_days"), by_level)


def levels(text: str | None) -> tuple[Mapping[str, int], list[str]]:
    """Read `A=60, B=30`: the days by level, and the parts that cannot be read or name a level once more."""
    found: dict[str, int] = {}
    faults: list[str] = []
    for part in filter(str.strip, re.split("[,，]", text or "")):
        pair = PAIR.fullmatch(part)
        if pair is None or not 1 <= int(pair[2]) <= MOST_DAYS or pair[1] in found:
            faults.append(part.strip())
        else:
            found[pair[1]] = int(pair[2])
    return found, faults


def level_faults(settings: Mapping[str, Any], known: Container[str]) -> dict[str, str]:
    """Give the first part without effect of each setting of days by level: unreadable, doubled, of no known level."""
    found: dict[str, str] = {}
    for name in LEVEL_DAYS:
        by_level, faults = levels(settings.get(name))
        unknown = [f"{level}={days}" for level, days in by_level.items() if level not in known]
        if without_effect := [*faults, *unknown]:
            found[name] = without_effect[0]
    return found


def facts_of(customer: Record, zone: ZoneInfo, *, has_new_opportunity: bool = False) -> Facts:
    """Gather what the rules look at; only whether it has a new opportunity stands elsewhere."""
    return Facts(
        owned_on=None if customer.owner is None else _day(customer.owner_at, zone),
        followed_on=_day(customer.last_follow_at, zone),
        level=customer.level,
        has_deal=bool(customer.deal_status),
        has_open_opportunity=bool(customer.open_opportunity_count),
        has_new_opportunity=has_new_opportunity,
        locked_until=customer.lock_until if customer.is_locked else None,
    )


def _day(instant: datetime | None, zone: ZoneInfo) -> date | None:
    return instant.astimezone(zone).date() if instant else None


def due(facts: Facts, rules: Rules, day: date) -> Verdict | None:
    """Tell whether a customer is to be in the pool on a day; of several rules, the one that came first."""
    if facts.locked_until is not None and facts.locked_until >= day:
        return None
    last = _last_day(facts, rules)
    if last is None or last[0] >= day:
        return None
    _until, rule, base, limit = last
    return Verdict(rule, base, limit, (day - base).days)


def days_to_pool(facts: Facts, rules: Rules, day: date) -> int | None:
    """Count the days that are left to a customer's owner after this one; None where no rule will take it."""
    last = _last_day(facts, rules)
    if last is None:
        return None
    until = max(last[0], facts.locked_until or last[0])
    return max((until - day).days, 0)


def _last_day(facts: Facts, rules: Rules) -> tuple[date, str, date, int] | None:
    """Give the last day on which a customer that is not locked keeps its owner, with the rule that says so."""
    if not rules.is_active or facts.owned_on is None or _is_exempt(facts, rules):
        return None
    found = []
    for rule, limit in rules.limits.items():
        base, days = _base(facts, rule), limit.of(facts.level)
        if base is not None and days is not None:
            found.append((base + timedelta(days), rule, base, days))
    return min(found, key=lambda each: each[0], default=None)


def _is_exempt(facts: Facts, rules: Rules) -> bool:
    return (facts.has_deal and not rules.with_deal) or (facts.has_open_opportunity and not rules.with_opportunity)


def _base(facts: Facts, rule: str) -> date | None:
    """Give the day a rule counts from; None for a customer the rule is not about."""
    if facts.owned_on is None or (rule == "deal" and facts.has_deal):
        return None
    if rule == "follow":
        return max(facts.owned_on, facts.followed_on or facts.owned_on)
    return None if rule == "opportunity" and facts.has_new_opportunity else facts.owned_on
