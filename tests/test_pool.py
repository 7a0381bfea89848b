"""When customers go into the pool: the boundaries, the exemptions, and that the days shown agree with them."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_plugin.candidates import midnight, queries_of
from crm_plugin.pool import Facts, Rules, days_to_pool, due, facts_of, levels, rules_of
from lowcode.declare.model import Plugin
from lowcode.testing import make_record

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)
ONLY_FOLLOW = {"auto_recycle": True, "no_follow_days": 30}


def rules(**settings: Any) -> Rules:
    return rules_of({"auto_recycle": True, **settings})


@pytest.mark.parametrize(
    ("last_contact", "days"),
    [
        (date(2026, 1, 31), 1),
        (date(2026, 1, 31), 28),
        (date(2026, 1, 31), 29),
        (date(2028, 1, 31), 29),
        (date(2028, 2, 28), 1),
        (date(2028, 2, 29), 365),
        (date(2028, 2, 29), 366),
        (date(2027, 2, 28), 1),
        (date(2026, 12, 31), 30),
        (date(2026, 11, 30), 3650),
    ],
)
def test_on_day_n_still_owned_and_on_the_day_after_in_the_pool(last_contact: date, days: int) -> None:
    facts, limited = Facts(owned_on=date(2020, 1, 1), followed_on=last_contact), rules(no_follow_days=days)
    last_day = last_contact + timedelta(days)
    assert due(facts, limited, last_day) is None
    verdict = due(facts, limited, last_day + timedelta(1))
    assert verdict is not None
    assert (verdict.rule, verdict.base, verdict.limit, verdict.elapsed) == ("follow", last_contact, days, days + 1)
    assert days_to_pool(facts, limited, last_contact) == days
    assert days_to_pool(facts, limited, last_day) == 0


def test_who_was_never_followed_counts_from_the_day_he_was_taken_over() -> None:
    facts = Facts(owned_on=DAY)
    assert due(facts, rules(no_follow_days=30), DAY + timedelta(30)) is None
    assert due(facts, rules(no_follow_days=30), DAY + timedelta(31)) is not None


def test_a_follow_up_before_the_owner_took_over_does_not_shorten_his_time() -> None:
    facts = Facts(owned_on=DAY, followed_on=DAY - timedelta(100))
    assert days_to_pool(facts, rules(no_follow_days=30), DAY) == 30


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2028, 2, 28, 16, 0, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_days_are_those_of_the_business_zone(crm: Plugin, at: datetime, day: date) -> None:
    record = make_record(crm.forms["customer"], owner=3, owner_at=at, last_follow_at=at)
    assert facts_of(record, SHANGHAI) == Facts(owned_on=day, followed_on=day)
    assert midnight(day, SHANGHAI) <= at < midnight(day + timedelta(1), SHANGHAI)


@pytest.mark.parametrize(
    ("change", "settings", "taken"),
    [
        ({}, {}, True),
        ({"locked_until": DAY}, {}, False),
        ({"locked_until": DAY - timedelta(1)}, {}, True),
        ({"has_deal": True}, {}, False),
        ({"has_deal": True}, {"recycle_deal": True}, True),
        ({"has_open_opportunity": True}, {}, False),
        ({"has_open_opportunity": True}, {"recycle_with_opportunity": True}, True),
        ({"owned_on": None}, {}, False),
        ({}, {"auto_recycle": False}, False),
        ({}, {"pool_enabled": False}, False),
        ({}, {"no_follow_days": None}, False),
        ({"level": "A"}, {"level_no_follow_days": "A=60, B=30"}, False),
        ({"level": "C"}, {"level_no_follow_days": "A=60, B=30"}, True),
        ({"level": "B"}, {"no_follow_days": None, "level_no_follow_days": "B=30"}, True),
        ({"level": "C"}, {"no_follow_days": None, "level_no_follow_days": "B=30"}, False),
        ({"level": None}, {"no_follow_days": None, "level_no_follow_days": "B=30"}, False),
    ],
)
def test_who_is_exempt(change: dict[str, Any], settings: dict[str, Any], taken: bool) -> None:
    facts = Facts(**{"owned_on": DAY - timedelta(31), **change})
    assert (due(facts, rules_of({**ONLY_FOLLOW, **settings}), DAY) is not None) is taken


def test_each_rule_counts_from_its_own_day_and_the_first_one_takes() -> None:
    facts = Facts(owned_on=DAY - timedelta(91), followed_on=DAY - timedelta(5))
    verdict = due(facts, rules(no_follow_days=30, no_deal_days=90, no_opportunity_days=60), DAY)
    assert verdict is not None
    assert (verdict.rule, verdict.limit, verdict.elapsed) == ("opportunity", 60, 91)
    assert due(facts, rules(no_follow_days=30, no_deal_days=91), DAY) is None


def test_a_new_opportunity_ends_only_the_rule_about_opportunities() -> None:
    facts = Facts(owned_on=DAY - timedelta(91), followed_on=DAY, has_new_opportunity=True)
    assert due(facts, rules(no_opportunity_days=60), DAY) is None
    assert due(facts, rules(no_opportunity_days=60, no_deal_days=90), DAY) is not None


def test_who_has_bought_is_not_without_a_deal() -> None:
    facts = Facts(owned_on=DAY - timedelta(400), followed_on=DAY, has_deal=True)
    assert due(facts, rules(no_deal_days=90, recycle_deal=True), DAY) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, {}),
        ("  ", {}),
        ("A=60", {"A": 60}),
        ("A=60, B=30", {"A": 60, "B": 30}),
        ("A=60，B=30,", {"A": 60, "B": 30}),
        (" A = 7 ", {"A": 7}),
    ],
)
def test_days_by_level_are_read(text: str | None, expected: dict[str, int]) -> None:
    assert levels(text) == (expected, [])


@pytest.mark.parametrize("text", ["A", "A=", "=3", "A=0", "A=-3", "A=1.5", "A=99999", "A:60", "A=1;B=2", "A=60,A=30"])
def test_days_by_level_that_cannot_be_read_are_told(text: str) -> None:
    assert len(levels(text)[1]) == 1


def some_rules(dice: random.Random) -> Rules:
    def days() -> int | None:
        return dice.choice([None, dice.randint(1, 60)])

    settings: dict[str, Any] = {f"no_{rule}_days": days() for rule in ("follow", "deal", "opportunity")}
    settings["level_no_follow_days"] = dice.choice([None, "A=3", "A=50, B=1"])
    settings["recycle_deal"] = dice.random() < 0.5
    settings["recycle_with_opportunity"] = dice.random() < 0.5
    return rules(**settings)


def some_facts(dice: random.Random) -> Facts:
    def past() -> date:
        return DAY - timedelta(dice.randint(0, 120))

    return Facts(
        owned_on=past(),
        followed_on=dice.choice([None, past()]),
        level=dice.choice([None, "A", "B", "C"]),
        has_deal=dice.random() < 0.3,
        has_open_opportunity=dice.random() < 0.3,
        has_new_opportunity=dice.random() < 0.3,
        locked_until=dice.choice([None, None, DAY + timedelta(dice.randint(-5, 60))]),
    )


def test_the_days_shown_end_on_the_last_day_before_the_pool() -> None:
    """days_to_pool is k exactly when the customer is first due k+1 days later; None when it never is."""
    dice = random.Random(4)
    for _round in range(5000):
        facts, limited = some_facts(dice), some_rules(dice)
        first = next((days for days in range(400) if due(facts, limited, DAY + timedelta(days))), None)
        left = days_to_pool(facts, limited, DAY)
        assert left == (None if first is None else max(first - 1, 0)), (facts, limited)


def test_once_due_always_due_until_something_happens() -> None:
    dice = random.Random(5)
    for _round in range(2000):
        facts, limited = some_facts(dice), some_rules(dice)
        taken = [due(facts, limited, DAY + timedelta(days)) is not None for days in range(0, 200, 3)]
        assert taken == sorted(taken)


def test_queries_find_by_the_smallest_limit_and_none_when_off() -> None:
    limited = rules(no_follow_days=30, level_no_follow_days="A=3")
    assert [each.owned_before for each in queries_of(limited, DAY, SHANGHAI)] == [
        midnight(date(2026, 11, 20), SHANGHAI)
    ] * 2
    assert queries_of(rules_of({"no_follow_days": 3}), DAY, SHANGHAI) == []
