"""The nightly job and the simulation on records: they agree, move once, and carry their proof."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_plugin import pool_panel
from crm_plugin.candidates import all_due
from crm_plugin.pool import days_to_pool, due, facts_of, rules_of
from crm_plugin.recycling import Progress, recycle
from lowcode.api import More, Record, Refused
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)


def instant(day: date, hour: int = 12, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


def customer(crm: Plugin, number: int, dice: random.Random) -> Record:
    owned = DAY - timedelta(dice.randint(0, 120))
    followed = DAY - timedelta(dice.randint(0, 120))
    is_locked = dice.random() < 0.2
    return make_record(
        crm.forms["customer"],
        id=number,
        name=f"客户{number}",
        status="potential",
        source="other",
        owner=dice.choice([None, 3, 4]),
        owner_at=instant(owned, dice.randint(0, 23), dice.randint(0, 59)),
        last_follow_at=dice.choice([None, instant(followed, dice.randint(0, 23), 59)]),
        level=dice.choice([None, "A", "B"]),
        deal_status=dice.random() < 0.2,
        open_opportunity_count=dice.choice([0, 0, 1]),
        is_locked=is_locked,
        lock_until=DAY + timedelta(dice.randint(-9, 9)) if is_locked else None,
    )


def context(crm: Plugin, records: list[Record], hour: int = 2, **settings: Any) -> FakeContext:
    return FakeContext(plugin=crm, now=instant(DAY, hour), user_id=0, records={"customer": records}, settings=settings)


def run(ctx: FakeContext, at: datetime) -> str:
    answer = recycle(ctx, None, at)
    while isinstance(answer, More):
        assert isinstance(answer.state, Progress)
        answer = recycle(ctx, answer.state, at)
    return answer


SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"no_opportunity_days": 20},
    {"no_follow_days": None, "no_deal_days": 45},
    {"level_no_follow_days": "A=3, B=70", "recycle_deal": True},
    {"recycle_with_opportunity": True, "no_deal_days": None},
    {"auto_recycle": False},
    {"pool_enabled": False},
)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_job_moves_what_the_simulation_says(crm: Plugin, settings: dict[str, Any]) -> None:
    dice = random.Random(6)
    ctx = context(crm, [customer(crm, number, dice) for number in range(1, 450)], **settings)
    before = {each.id: each for each in ctx.forms.customer.find(owner__isnull=False)}
    simulated = {each.customer.id: each for each in all_due(rules_of(ctx.settings), DAY, ctx)}
    expected = {
        key for key, each in before.items() if due(facts_of(each, SHANGHAI), rules_of(ctx.settings), DAY) is not None
    }
    assert simulated.keys() == expected
    said = run(ctx, instant(DAY, 2))
    moved = {key for key in before if ctx.forms.customer.get(key).owner is None}
    assert moved == expected
    assert said.startswith(f"{len(expected)} 个客户已进入公海")
    history = ctx.forms.owner_history.find()
    assert {each.customer for each in history} == expected
    for row in history:
        verdict, inputs = simulated[row.customer].verdict, json.loads(row.inputs)
        assert (row.action, row.rule, row.rule_version, row.by) == ("recycle", verdict.rule, 1, None)
        assert (row.prev_owner, row.new_owner) == (before[row.customer].owner, None)
        assert (inputs["counted_from"], inputs["elapsed_days"]) == (verdict.base.isoformat(), verdict.elapsed)
        assert (inputs["limit_days"], row.run) == (verdict.limit, instant(DAY, 2).isoformat())
    told = {each["record"].id for each in ctx.notified if each["kind"] == "customer_recycled"}
    assert told == expected


@pytest.mark.parametrize("hour", [1, 2, 3])
def test_a_clock_that_is_an_hour_wrong_changes_nothing(crm: Plugin, hour: int) -> None:
    dice = random.Random(7)
    ctx = context(crm, [customer(crm, number, dice) for number in range(1, 120)], hour=hour)
    expected = {each.customer.id for each in all_due(rules_of(ctx.settings), DAY, ctx)}
    run(ctx, instant(DAY, hour))
    assert {each.customer for each in ctx.forms.owner_history.find()} == expected


def test_a_second_run_finds_nothing_left_to_do(crm: Plugin) -> None:
    dice = random.Random(8)
    ctx = context(crm, [customer(crm, number, dice) for number in range(1, 120)])
    run(ctx, instant(DAY, 2))
    count = ctx.forms.owner_history.count()
    assert run(ctx, instant(DAY, 2)).startswith("0 个客户已进入公海")
    assert ctx.forms.owner_history.count() == count > 0


def test_owners_are_warned_once_about_what_they_are_about_to_lose(crm: Plugin) -> None:
    dice = random.Random(9)
    ctx = context(crm, [customer(crm, number, dice) for number in range(1, 450)], no_deal_days=60, remind_days=5)
    run(ctx, instant(DAY, 2))
    left = {
        each.id: days_to_pool(facts_of(each, SHANGHAI), rules_of(ctx.settings), DAY)
        for each in ctx.forms.customer.find(owner__isnull=False)
    }
    warned = [each for each in ctx.notified if each["kind"] == "pool_reminder"]
    assert {each["record"].id: each["values"]["days"] for each in warned} == {
        key: days for key, days in left.items() if days is not None and days <= 5
    }
    assert len(warned) == len({each["record"].id for each in warned}) > 0
    assert {each["event"] for each in warned} == {f"pool:{DAY}"}


@pytest.mark.parametrize("settings", [{"remind": False}, {"remind_days": None}])
def test_nobody_is_warned_when_reminders_are_off(crm: Plugin, settings: dict[str, Any]) -> None:
    dice = random.Random(9)
    ctx = context(crm, [customer(crm, number, dice) for number in range(1, 120)], **settings)
    run(ctx, instant(DAY, 2))
    assert not [each for each in ctx.notified if each["kind"] == "pool_reminder"]


def test_locks_end_after_their_last_day(crm: Plugin) -> None:
    fresh = {"owner": 3, "owner_at": instant(DAY), "is_locked": True, "status": "potential", "source": "other"}
    over = make_record(crm.forms["customer"], id=1, name="甲", lock_until=DAY - timedelta(1), **fresh)
    holds = make_record(crm.forms["customer"], id=2, name="乙", lock_until=DAY, **fresh)
    ctx = context(crm, [over, holds], pool_enabled=False)
    assert run(ctx, instant(DAY, 2)).endswith("1 个锁定已到期解除。")
    assert [(each.is_locked, each.lock_until) for each in ctx.forms.customer.find()] == [(False, None), (True, DAY)]


def test_the_simulation_compares_with_todays_rules(crm: Plugin) -> None:
    forms, fresh = crm.forms["customer"], {"status": "potential", "source": "other", "open_opportunity_count": 0}
    records = [
        make_record(forms, id=1, name="甲", owner=1, owner_at=instant(DAY - timedelta(40)), **fresh),
        make_record(forms, id=2, name="乙", owner=1, owner_at=instant(DAY - timedelta(20)), **fresh),
        make_record(forms, id=3, name="丙", owner=1, level="A", owner_at=instant(DAY - timedelta(40)), **fresh),
        make_record(forms, id=4, name="丁", owner=None, owner_at=None, **fresh),
    ]
    ctx = context(crm, records, no_deal_days=None)
    params = {"on": DAY, "auto_recycle": True, "no_follow_days": 14, "level_no_follow_days": "A=90"}
    made = pool_panel.panel_pool_rules(ctx, params)
    assert (made["on"], made["version"], made["truncated"]) == ("2026-11-23", 1, False)
    assert (made["today"], made["candidate"]) == ({"count": 2}, {"count": 2})
    assert [(each["customer"]["id"], each["change"], each["days"], each["limit"]) for each in made["leaving"]] == [
        (1, "same", 40, 14),
        (2, "added", 20, 14),
        (3, "removed", 40, 30),
    ]
    assert [(each["today"], each["candidate"]) for each in made["by_owner"]] == [(2, 2)]
    later = pool_panel.panel_pool_rules(ctx, {**params, "on": DAY + timedelta(60), "auto_recycle": False})
    assert (later["today"], later["candidate"]) == ({"count": 3}, {"count": 0})


@pytest.mark.parametrize("text", ["Z=3", "A=x", "A"])
def test_the_simulation_names_levels_that_do_not_exist(crm: Plugin, text: str) -> None:
    with pytest.raises(Refused) as refused:
        pool_panel.panel_pool_rules(context(crm, []), {"level_no_deal_days": text})
    assert set(refused.value.errors) == {"level_no_deal_days"}
