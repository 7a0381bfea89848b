"""8,800 real opportunities through the HTTP API, as their people see them. Runs when `REAL_DATA` names its folder.

SQLite gets all of them. PostgreSQL gets every fourth, since all take it three minutes; with `FULL=1` all.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lowcode.testing.client import Api

pytestmark = pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder")

Row = dict[str, str]
STAGES = {"Prospecting": "prospecting", "Engaging": "analysis", "Won": "won", "Lost": "lost"}
NOBODY = "(no account)"
UNKNOWN_DAY = "2018-01-01"
AT_ONCE = 200
EVERY = 4
ALL = 8800


def rows(name: str) -> list[Row]:
    with (Path(os.environ["REAL_DATA"]) / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Market:
    """Everybody's way to call the API, and what was loaded."""

    admin: Api
    agents: dict[str, Api] = field(default_factory=dict)
    managers: dict[str, Api] = field(default_factory=dict)
    team_of: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    pipeline: list[Row] = field(default_factory=list)

    def of(self, *agents: str) -> list[Row]:
        return [row for row in self.pipeline if row["sales_agent"] in agents]

    def team(self, manager: str) -> list[str]:
        return [agent for agent, head in self.team_of.items() if head == manager]


@pytest.fixture(scope="module")
def market(api: Api, database_kind: str) -> Market:
    is_whole = database_kind == "sqlite" or "FULL" in os.environ
    pipeline = rows("sales_pipeline.csv")
    assert len(pipeline) == ALL
    made = Market(api, pipeline=pipeline[:: 1 if is_whole else EVERY])
    hire(made)
    for account in [*(row["account"] for row in rows("accounts.csv")), NOBODY]:
        answer = api.post("/forms/customer/records", {"name": account, "source": "other"})
        made.accounts[account] = answer.expect(201)["id"]
    load(made)
    return made


def hire(market: Market) -> None:
    """Make a department for each regional office, below it one for each manager, and everybody in them."""
    for row in rows("sales_teams.csv"):
        manager, agent, office = row["manager"], row["sales_agent"], row["regional_office"]
        team = f"Team of {manager}"
        market.admin.platform.as_system(lambda ctx, name=team, above=office: ctx.users.ensure_department(name, above))
        if manager not in market.managers:
            market.managers[manager] = market.admin.as_user("manager", department=team, name=manager)
        market.agents[agent] = market.admin.as_user("sales", department=team, name=agent)
        market.team_of[agent] = manager


def load(market: Market) -> None:
    """Create each opportunity in its open stage, then close together what closed on the same day with the same end."""
    prices = {row["product"].replace(" ", ""): row["sales_price"] for row in rows("products.csv")}
    closing: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in market.pipeline:
        record_id = create(market, row, prices)
        if row["close_date"]:
            closing[row["deal_stage"], row["close_date"]].append(record_id)
    for (end, day), ids in closing.items():
        close(market.admin, end, day, ids)


def create(market: Market, row: Row, prices: dict[str, str]) -> int:
    engaged = date.fromisoformat(row["engage_date"]) + timedelta(days=90) if row["engage_date"] else UNKNOWN_DAY
    is_won = row["deal_stage"] == "Won"
    body = {
        "name": f"{row['opportunity_id']} {row['product']}",
        "customer": market.accounts[row["account"] or NOBODY],
        "owner": market.agents[row["sales_agent"]].user_id,
        "stage": "prospecting" if row["deal_stage"] == "Prospecting" else "analysis",
        "expected_amount": row["close_value"] if is_won else prices[row["product"].replace(" ", "")],
        "expected_close_date": row["close_date"] or str(engaged),
    }
    return int(market.admin.post("/forms/opportunity/records", body).expect(201)["id"])


def close(admin: Api, end: str, day: str, ids: list[int]) -> None:
    params = {"closed_at": f"{day}T04:00:00Z"} | ({} if end == "Won" else {"lost_reason": "lost_other"})
    action = "win" if end == "Won" else "lose"
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        answer = admin.post(f"/forms/opportunity/actions/{action}", {"ids": batch, **params}).expect(200)
        assert {each["status"] for each in answer} == {200}


def funnel(api: Api, **params: Any) -> dict[str, Any]:
    shown: dict[str, Any] = api.get("/panels/funnel", **params).expect(200)
    return shown


def counts(shown: dict[str, Any]) -> dict[str, int]:
    return {row["stage"]: row["count"] for row in shown["stages"] if row["count"]}


def expected(pipeline: Iterable[Row]) -> dict[str, int]:
    return dict(Counter(STAGES[row["deal_stage"]] for row in pipeline))


def won(pipeline: Iterable[Row]) -> str:
    return f"{sum((Decimal(row['close_value']) for row in pipeline if row['deal_stage'] == 'Won'), Decimal(0)):.2f}"


def test_the_funnel_of_the_whole_company(market: Market) -> None:
    shown = funnel(market.admin)
    assert counts(shown) == expected(market.pipeline)
    assert shown["won"]["amount"] == won(market.pipeline)
    if len(market.pipeline) == ALL:
        assert counts(shown) == {"prospecting": 500, "analysis": 1589, "won": 4238, "lost": 2473}
        assert (shown["won"]["amount"], shown["win_rate"]) == ("10005534.00", "63.15")
    assert shown["stages"][-2]["weighted"] == "0.00"


def test_each_manager_sees_exactly_his_team(market: Market) -> None:
    for manager, api in market.managers.items():
        theirs = market.of(*market.team(manager))
        shown = funnel(api)
        assert counts(shown) == expected(theirs), manager
        assert shown["won"]["amount"] == won(theirs), manager
        assert api.get("/forms/opportunity/records").expect(200)["total"] == len(theirs), manager


def test_each_agent_sees_exactly_his_own(market: Market) -> None:
    for agent, api in market.agents.items():
        own = market.of(agent)
        assert counts(funnel(api)) == expected(own), agent
        listed = api.get("/forms/opportunity/records", per_page=200).expect(200)
        assert listed["total"] == len(own), agent
        assert {each["owner"]["title"] for each in listed["items"]} <= {agent}


def test_the_filters_of_the_funnel_narrow_and_never_widen(market: Market) -> None:
    manager, head = next(iter(market.managers.items()))
    agent = market.team(manager)[0]
    stranger = next(name for name, other in market.team_of.items() if other != manager)
    owner = {name: market.agents[name].user_id for name in (agent, stranger)}
    assert counts(funnel(head, owner=owner[agent])) == expected(market.of(agent))
    assert counts(funnel(head, owner=owner[stranger])) == {}
    office = next(row["regional_office"] for row in rows("sales_teams.csv") if row["manager"] == manager)
    of_office = {row["sales_agent"] for row in rows("sales_teams.csv") if row["regional_office"] == office}
    department = market.admin.platform.as_system(lambda ctx: ctx.users.ensure_department(office))
    assert counts(funnel(market.admin, department=department)) == expected(market.of(*of_office))
    assert counts(funnel(head, department=department)) == expected(market.of(*market.team(manager)))


def test_the_forecast_adds_up_to_what_was_won(market: Market) -> None:
    """All of 2017: what was lost counts nothing, what was won its value, in the month it closed."""
    shown = market.admin.get("/panels/forecast", month_from="2017-01-01").expect(200)
    assert [row["month"] for row in shown["months"]] == [f"2017-{month:02}" for month in range(1, 13)]
    for row in shown["months"]:
        assert row["won"] == won(each for each in market.pipeline if each["close_date"].startswith(row["month"]))
    assert shown["total"]["won"] == won(market.pipeline)
    assert sum(Decimal(each["won"]) for each in shown["by_owner"]) == Decimal(shown["total"]["won"])
