"""Who may own a customer, who may take it back, and what a restored one and a foreign one tell."""

from datetime import timedelta
from typing import Any

import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.pooling import act, customer, owner_of, pooled, read, told
from tests.scenarios.quoting import Company, found


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


@pytest.mark.parametrize("role", ["portal", "product", "finance"])
def test_customers_are_given_only_to_those_who_work_with_customers(company: Company, api: Api, role: str) -> None:
    company.people[role] = stranger = api.as_user(role)
    owned, free, me = customer(company), pooled(company), stranger.user_id
    fresh = {"name": f"给{role}的客户", "source": "other", "owner": me}
    with nothing_written(company.platform):
        refused = [
            act(company, "seller", owned, "transfer", owner=me),
            act(company, "head", free, "assign", owner=me),
        ]
        assert [(each.status, each.json["code"], *each.errors) for each in refused] == [
            (422, "cannot_own", "owner")
        ] * 2
        entered = company["admin"].post("/forms/customer/records", fresh)
        assert (entered.status, *entered.errors) == (422, "owner")
    assert told(company, role, "customer_assigned") == []
    act(company, "seller", owned, "transfer", owner=company["other_seller"].user_id).expect(200)


def test_passing_a_customer_on_does_not_shorten_the_wait_of_who_gave_it_up(company: Company) -> None:
    record = customer(company)
    act(company, "seller", record, "release").expect(200)
    act(company, "other_seller", record, "claim").expect(200)
    act(company, "other_seller", record, "release").expect(200)
    day = company.platform.as_system(lambda ctx: ctx.today) + timedelta(7)
    with nothing_written(company.platform):
        for who in ("seller", "other_seller"):
            refused = act(company, who, record, "claim")
            assert (refused.status, refused.json["code"]) == (422, "previous_owner"), who
            assert f"最早 {day} 可以领取" in refused.json["detail"]
    passed = company.platform.as_system(lambda ctx: ctx.now) - timedelta(7)
    company.platform.as_system(lambda ctx: [_date(ctx, each, passed) for each in _changes(ctx, record)])
    act(company, "seller", record, "claim").expect(200)


def _changes(ctx: Any, record: dict[str, Any]) -> list[Any]:
    changes: list[Any] = ctx.forms.owner_history.find(customer=record["id"])
    return changes


def _date(ctx: Any, change: Any, at: Any) -> None:
    ctx.forms.owner_history.update(change, {"at": at})


def test_a_foreign_customer_and_none_are_told_alike_while_a_title_is_typed(company: Company) -> None:
    foreign, gone = customer(company, "other_seller"), customer(company, "other_seller")
    company["admin"].delete(f"/forms/customer/records/{gone['id']}", gone["version"]).expect(204)
    answers = [
        company["seller"].post("/forms/invoice_title/preview", {"customer": number})
        for number in (foreign["id"], gone["id"], 999999)
    ]
    faults = [each.expect(200)["errors"]["customer"] for each in answers]
    assert faults[0] == faults[1] == faults[2]
    assert len(faults[0]) == 1
    team = {"members": [{"user": company["seller"].user_id, "level": "read"}]}
    company["other_seller"].put(f"/forms/customer/records/{foreign['id']}/team", team).expect(200)
    seen = company["seller"].post("/forms/invoice_title/preview", {"customer": foreign["id"]}).expect(200)
    assert seen["errors"]["customer"] == ["您不能修改这个客户，所以不能为它新增开票抬头。"]


def test_a_restored_customer_shows_the_follow_ups_that_are_left(company: Company, api: Api) -> None:
    leaver = company.people["leaver"] = api.as_user("sales", department="华东销售部")
    record = customer(company, "leaver")
    for content in ("先谈的", "后谈的"):
        act(company, "leaver", record, "follow", method="call", content=content).expect(200)
    latest = read(company, record)
    company["admin"].delete(f"/forms/customer/records/{record['id']}", latest["version"]).expect(204)
    company.platform.as_system(lambda ctx: _delete_follow_up(ctx, record, "后谈的"))
    back = company["admin"].post(f"/forms/customer/records/{record['id']}/restore").expect(200)
    assert (back["last_follow_content"], back["follow_up_status"]) == ("先谈的", True)
    assert owner_of(company, "customer", record["id"]) == leaver.user_id


def _delete_follow_up(ctx: Any, record: dict[str, Any], content: str) -> None:
    (found,) = ctx.forms.follow_up.find(customer=record["id"], content=content)
    ctx.forms.follow_up.delete(found)
