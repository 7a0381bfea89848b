"""What an opportunity does not let people do: take it from its owner, quote round the customer, change its end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, listed, opportunity, read

LINE = {"product_name": "网关", "quantity": "2", "unit_price": "10"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def shared(company: Company, **values: Any) -> dict[str, Any]:
    """Make an opportunity of the seller that the seller of the other department may change."""
    made = opportunity(company, **values)
    team = {"members": [{"user": company["other_seller"].user_id, "level": "write"}]}
    company["seller"].put(f"/forms/opportunity/records/{made['id']}/team", team).expect(200)
    return made


def customer(company: Company, name: str) -> int:
    body = {"name": name, "source": "other"}
    return int(company["seller"].post("/forms/customer/records", body).expect(201)["id"])


def test_a_member_of_the_team_works_on_it_and_does_not_take_it(company: Company) -> None:
    made, member = shared(company), company["other_seller"].user_id
    refused = act(company, "other_seller", "opportunity", made["id"], "transfer", owner=member)
    assert (refused.status, refused.json["code"]) == (422, "not_owner")
    assert read(company, "opportunity", made["id"], "seller")["owner"]["id"] == company["seller"].user_id
    act(company, "other_seller", "opportunity", made["id"], "lose", lost_reason="no_budget").expect(200)
    act(company, "head", "opportunity", made["id"], "transfer", owner=member).expect(200)


@pytest.mark.parametrize("role", ["portal", "product"])
def test_it_goes_to_nobody_who_does_not_sell(company: Company, role: str) -> None:
    made, stranger = opportunity(company), company["admin"].as_user(role)
    refused = act(company, "seller", "opportunity", made["id"], "transfer", owner=stranger.user_id)
    assert (refused.status, refused.json["code"], {*refused.errors}) == (422, "cannot_own", {"owner"})


def test_a_quotation_needs_a_customer_that_one_may_see(company: Company) -> None:
    made = shared(company)
    body = {"name": "报价", "customer": company.customer, "lines": [LINE]}
    by_hand = company["other_seller"].post("/forms/quotation/records", body)
    assert (by_hand.status, {*by_hand.errors}) == (422, {"customer"})
    refused = act(company, "other_seller", "opportunity", made["id"], "make_quotation")
    assert (refused.status, {*refused.errors}) == (422, {"customer"})
    assert "宏图" not in refused.json["detail"]
    address = f"/forms/opportunity/records/{made['id']}/actions/make_quotation"
    assert company["other_seller"].post(address, {}, preview=1).status == 422
    assert listed(company, "quotation", opportunity=made["id"]) == []
    act(company, "seller", "opportunity", made["id"], "make_quotation").expect(200)


def test_a_customer_of_the_pool_is_not_quoted(company: Company) -> None:
    released = customer(company, "放入公海后不能报价")
    made = opportunity(company, customer=released)
    act(company, "seller", "customer", released, "release", reason="no_intention").expect(200)
    for who in ("seller", "admin"):
        refused = act(company, who, "opportunity", made["id"], "make_quotation")
        assert (refused.status, {*refused.errors}) == (422, {"customer"})


def test_what_was_agreed_on_stays_once_it_has_ended(company: Company) -> None:
    made = opportunity(company, lines=[LINE])
    won = act(company, "seller", "opportunity", made["id"], "win").expect(200)["record"]
    path = f"/forms/opportunity/records/{made['id']}"
    changes: dict[str, Any] = {
        "customer": customer(company, "另一个客户"),
        "lines": [LINE | {"quantity": "3"}],
        "expected_close_date": "2030-01-01",
        "win_probability": 50,
        "expected_amount": "9.00",
    }
    for who in ("seller", "admin"):
        for name, value in changes.items():
            refused = company[who].patch(path, {name: value}, won["version"])
            assert (refused.status, name in refused.errors) == (422, True), (who, name, refused.json)
    told = company["seller"].patch(path, {"remark": "合同在路上", "lines": [LINE]}, won["version"]).expect(200)
    assert (told["remark"], told["expected_amount"]) == ("合同在路上", "20.00")


def test_it_is_reopened_before_it_is_corrected_or_deleted(company: Company) -> None:
    made = opportunity(company)
    lost = act(company, "seller", "opportunity", made["id"], "lose", lost_reason="no_budget").expect(200)["record"]
    path = f"/forms/opportunity/records/{made['id']}"
    for who in ("seller", "head"):
        refused = company[who].delete(path, lost["version"])
        assert (refused.status, refused.json["code"]) == (422, "delete_refused")
    opened = act(company, "head", "opportunity", made["id"], "reopen").expect(200)["record"]
    now = company["seller"].patch(path, {"expected_amount": "5.00"}, opened["version"]).expect(200)
    company["seller"].delete(path, now["version"]).expect(204)


def test_a_transfer_of_the_customer_and_work_on_its_opportunities_end_both(company: Company) -> None:
    """They lock customer and opportunity the other way round: PostgreSQL stops one, which runs again."""
    moved, heir = customer(company, "转移时有人跟进"), company["other_seller"].user_id
    deals = [opportunity(company, customer=moved)["id"] for _each in range(4)]
    calls: list[tuple[str, int, str, dict[str, Any]]] = [
        ("customer", moved, "transfer", {"owner": heir, "with": "all"}),
        *(("opportunity", each, "follow", {"method": "call", "content": "谈过"}) for each in deals[:2]),
        *(("opportunity", each, "win", {}) for each in deals[2:]),
    ]
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = [pool.submit(act, company, "admin", *each[:3], **each[3]) for each in calls]
        assert [each.result().status for each in answers] == [200] * len(calls)
    assert read(company, "customer", moved)["owner"]["id"] == heir
    assert {read(company, "opportunity", each)["owner"]["id"] for each in deals[:2]} == {heir}
    assert len(listed(company, "follow_up", customer=moved)) == 2
