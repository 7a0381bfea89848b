"""The pool's rules over HTTP: limits, who sees it, what the nightly job moves, and its simulation."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lowcode.testing import run_job
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.pooling import (
    act,
    aged,
    contact,
    customer,
    limited,
    owner_of,
    pooled,
    read,
    settings,
    told,
)
from tests.scenarios.quoting import Company, found


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_so_many_claims_a_day(company: Company, api: Api) -> None:
    eager = api.as_user("sales", department="华东销售部")
    company.people["eager"] = eager
    records = [pooled(company) for _number in range(4)]
    with settings(company, daily_claim_limit=2):
        act(company, "eager", records[0], "claim").expect(200)
        act(company, "eager", records[1], "claim").expect(200)
        with nothing_written(company.platform):
            refused = act(company, "eager", records[2], "claim")
        tomorrow = company.platform.as_system(lambda ctx: ctx.today) + timedelta(1)
        assert (refused.status, refused.json["code"]) == (422, "pool_claim_limit")
        assert f"最早 {tomorrow}" in refused.json["detail"]
        act(company, "head", records[2], "assign", owner=eager.user_id).expect(200)  # is no claim
    body = {"ids": [records[2]["id"], records[3]["id"]]}
    results = eager.post("/forms/customer/actions/claim", body).expect(200)
    assert [(each["status"], each.get("code")) for each in results] == [(409, "already_claimed"), (200, None)]


def test_the_holding_limit_holds_wherever_customers_come_from(company: Company, api: Api) -> None:
    full = company.people["full"] = api.as_user("sales", department="华东销售部")
    first, gone = customer(company, "full"), customer(company, "full")
    company["head"].delete(f"/forms/customer/records/{gone['id']}", gone["version"]).expect(204)
    waiting, other = pooled(company), customer(company)
    with limited(company, user=full.user_id, max_count=1):
        with nothing_written(company.platform):
            answers = [
                company["full"].post("/forms/customer/records", {"name": "多余的客户", "source": "other"}),
                act(company, "full", waiting, "claim"),
                act(company, "head", waiting, "assign", owner=full.user_id),
                act(company, "seller", other, "transfer", owner=full.user_id),
                company["head"].post(f"/forms/customer/records/{gone['id']}/restore"),
            ]
        assert [(each.status, each.json["code"]) for each in answers] == [(422, "holding_limit")] * 5
        assert "按“上限”最多 1 个" in answers[0].json["detail"]
        act(company, "full", first, "release").expect(200)
        act(company, "full", waiting, "claim").expect(200)
    company["head"].post(f"/forms/customer/records/{gone['id']}/restore").expect(200)


def test_a_department_s_limit_holds_for_those_below_it(company: Company) -> None:
    top = company.platform.as_system(lambda ctx: ctx.users.ensure_department("总部"))
    with limited(company, department=top, max_count=0), nothing_written(company.platform):
        answer = company["seller"].post("/forms/customer/records", {"name": "多余的客户", "source": "other"})
        assert (answer.status, answer.json["code"]) == (422, "holding_limit")
    own = company.platform.as_system(lambda ctx: ctx.users.ensure_department("华东销售部"))
    with limited(company, department=top, max_count=0), limited(company, department=own, max_count=1000):
        customer(company)


def test_locks_are_limited(company: Company, api: Api) -> None:
    keeper = company.people["keeper"] = api.as_user("sales", department="华东销售部")
    first, second = customer(company, "keeper"), customer(company, "keeper")
    with limited(company, user=keeper.user_id, kind="lock", max_count=1):
        act(company, "keeper", first, "lock", until="2999-01-01").expect(200)
        assert act(company, "keeper", second, "lock", until="2999-01-01").json["code"] == "holding_limit"
        act(company, "keeper", first, "unlock").expect(200)
        act(company, "keeper", second, "lock", until="2999-01-01").expect(200)


@pytest.mark.parametrize("chosen", [{"pool_enabled": False}, {"visible_to_members": False}])
def test_a_closed_pool_is_seen_by_managers_alone(company: Company, chosen: dict[str, bool]) -> None:
    record = pooled(company)
    with settings(company, **chosen):
        assert company["seller"].get(f"/forms/customer/records/{record['id']}").status == 404
        assert company["seller"].get("/forms/customer/records", list="pool").expect(200)["items"] == []
        assert act(company, "seller", record, "claim").status == 404
        with nothing_written(company.platform):
            assert act(company, "head", record, "claim").json["code"] == "pool_closed"
        act(company, "head", record, "assign", owner=company["seller"].user_id).expect(200)
    assert owner_of(company, "customer", record["id"]) == company["seller"].user_id


def test_the_days_left_are_shown_everywhere(company: Company) -> None:
    record = customer(company)
    aged(company, record, 10)
    assert read(company, record, "seller")["days_to_pool"] == 20
    (row,) = company["seller"].get("/forms/customer/records", list="all", name=record["name"]).expect(200)["items"]
    assert row["days_to_pool"] == 20
    with settings(company, level_no_follow_days="A=60, B=12"):
        assert read(company, record, "seller")["days_to_pool"] == 2
    with settings(company, auto_recycle=False):
        assert read(company, record, "seller")["days_to_pool"] is None
    wrong = company["admin"].put("/apps/crm/settings", {"level_no_follow_days": "B 12"})
    assert wrong.errors.keys() == {"level_no_follow_days"}


@pytest.mark.parametrize("ahead", [0, 3, 40])
def test_the_simulation_for_a_day_is_what_the_job_does_on_that_day(company: Company, ahead: int) -> None:
    on = company.platform.as_system(lambda ctx: ctx.today) + timedelta(ahead)
    for days in (0, 27, 28, 29, 30, 31, 120):
        aged(company, customer(company), days)
    locked, bought = customer(company), customer(company)
    aged(company, locked, 100, is_locked=True, lock_until=on)
    aged(company, bought, 100, deal_status=True)
    seen = company["admin"].get("/panels/pool_rules", on=f"{on}").expect(200)
    simulated = {each["customer"]["id"] for each in seen["leaving"]}
    assert seen["today"] == seen["candidate"] == {"count": len(simulated)}
    assert {each["change"] for each in seen["leaving"]} == {"same"}
    assert sum(each["candidate"] for each in seen["by_owner"]) == len(simulated) > 0
    before = owned(company)
    said = run_job(company.platform, "crm", "recycle_customers", due_at=two_o_clock(company, on))
    assert before - owned(company) == simulated
    assert said.startswith(f"{len(simulated)} 个客户已进入公海")
    assert {locked["id"], bought["id"]} <= owned(company)


def owned(company: Company) -> set[int]:
    def look(ctx: Any) -> set[int]:
        return {each.id for each in ctx.forms.customer.find(owner__isnull=False)}

    return company.platform.as_system(look)


def two_o_clock(company: Company, day: date) -> datetime:
    zone = company.platform.config.time_zone
    return datetime(day.year, day.month, day.day, 2, tzinfo=zone).astimezone(UTC)


def test_an_automatic_move_carries_its_proof_and_its_owner_is_told(company: Company) -> None:
    record = customer(company)
    person = contact(company, record)
    aged(company, record, 31)
    due_at = two_o_clock(company, company.platform.as_system(lambda ctx: ctx.today))
    run_job(company.platform, "crm", "recycle_customers", due_at=due_at)
    run_job(company.platform, "crm", "recycle_customers", due_at=due_at)
    me, shown = company["seller"].user_id, read(company, record)
    assert (shown["owner"], shown["pool_reason"], owner_of(company, "contact", person)) == (
        None,
        "31 天未跟进，上限 30 天。",
        None,
    )
    rows = company["admin"].get("/forms/owner_history/records", customer=record["id"], action="recycle").expect(200)
    (row,) = rows["items"]
    assert (row["prev_owner"]["id"], row["by"], row["rule"], row["run"]) == (me, None, "follow", due_at.isoformat())
    assert row["rule_version"] == company.platform.as_system(lambda ctx: ctx.configuration_version)
    assert '"limit_days": 30' in row["inputs"]
    assert told(company, "seller", "customer_recycled").count(f"/f/customer/{record['id']}") == 1


def test_owners_are_warned_once_a_day(company: Company) -> None:
    soon, later = customer(company), customer(company)
    aged(company, soon, 28)
    aged(company, later, 27)
    today = company.platform.as_system(lambda ctx: ctx.today)
    for days in (0, 0, 1):
        run_job(company.platform, "crm", "recycle_customers", due_at=two_o_clock(company, today + timedelta(days)))
    warned = told(company, "seller", "pool_reminder")
    assert [warned.count(f"/f/customer/{each['id']}") for each in (soon, later)] == [2, 1]


def test_candidate_rules_are_compared_with_todays_and_then_saved(company: Company) -> None:
    aged(company, record := customer(company), 10)
    query = {"no_follow_days": "5", "no_deal_days": "", "on": f"{company.platform.as_system(lambda ctx: ctx.today)}"}
    seen = company["admin"].get("/panels/pool_rules", **query).expect(200)
    (row,) = (each for each in seen["leaving"] if each["customer"]["id"] == record["id"])
    assert (row["change"], row["days"], row["limit"], row["rule"]) == ("added", 10, 5, "未跟进")
    assert seen["today"]["count"] < seen["candidate"]["count"]
    assert company["admin"].get("/panels/pool_rules", level_no_follow_days="Z=3").errors.keys() == {
        "level_no_follow_days"
    }
    for who in ("seller", "head", "exec"):
        assert company[who].get("/panels/pool_rules").status == 403
        assert company[who].post("/panels/pool_rules/save", {"no_follow_days": 5}).status == 403
    before = company["admin"].get("/apps/crm/settings").expect(200)["no_follow_days"]
    company["admin"].post("/panels/pool_rules/save", {"no_follow_days": 5}).expect(200)
    try:
        assert read(company, record)["days_to_pool"] == 0
    finally:
        company["admin"].post("/panels/pool_rules/save", {"no_follow_days": before}).expect(200)


@pytest.mark.parametrize("wrong", ["ZZ=3", "A=60,A=30"])
def test_levels_that_the_page_refuses_are_not_saved_by_it(company: Company, wrong: str) -> None:
    save, name = "/panels/pool_rules/save", "level_no_follow_days"
    with nothing_written(company.platform):
        answer = company["admin"].post(save, {name: wrong})
        assert (answer.status, *answer.errors) == (422, name)
    with settings(company, **{name: wrong}):
        assert list(company["admin"].get("/panels/pool_rules").expect(200)["faults"]) == [name]
        assert company["admin"].post(save, {name: wrong}).status == 422
        company["admin"].post(save, {"no_deal_days": 90}).expect(200)
        customer(company)  # whose page counts the days that are left
        page = company["admin"]._client.get("/panel/pool_rules", headers=company["admin"].credentials)
        assert (page.status_code, wrong.rpartition(",")[2].split("=")[0] in page.text) == (200, True)
        assert 'role="alert"' in page.text
        at = two_o_clock(company, company.platform.as_system(lambda ctx: ctx.today))
        said = run_job(company.platform, "crm", "recycle_customers", due_at=at)
        assert wrong.rpartition(",")[2].split("=")[0] in said.partition("没有生效")[0].rpartition("。")[2], said
    assert "没有生效" not in run_job(company.platform, "crm", "recycle_customers", due_at=at)
    assert "faults" not in company["admin"].get("/panels/pool_rules").expect(200)
