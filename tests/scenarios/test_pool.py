"""The pool over HTTP: taking customers, giving them, putting them back, and what is kept of it."""

from datetime import timedelta

import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.pooling import (
    act,
    changes,
    contact,
    customer,
    owner_of,
    pooled,
    read,
    told,
)
from tests.scenarios.quoting import LINE, Company, found


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_whoever_claims_first_has_it_and_the_next_hears_so(company: Company) -> None:
    record = pooled(company, mobile="13800138000")
    assert read(company, record, "seller")["mobile"] == "138****8000"
    assert "claim" in read(company, record, "seller")["$can"]
    answer = act(company, "seller", record, "claim").expect(200)["record"]
    assert (answer["owner"]["id"], answer["mobile"]) == (company["seller"].user_id, "13800138000")
    with nothing_written(company.platform):
        for who in ("other_seller", "head", "seller"):
            refused = act(company, who, record, "claim")
            assert (refused.status, refused.json["code"]) == (409, "already_claimed"), who
        refused = act(company, "other_head", record, "assign", owner=company["other_seller"].user_id)
        assert (refused.status, refused.json["code"]) == (409, "already_claimed")
    assert company["other_seller"].get(f"/forms/customer/records/{record['id']}").status == 404
    me = company["seller"].user_id
    assert changes(company, record) == [("create", None, None, company["admin"].user_id), ("claim", None, me, me)]


def test_a_release_takes_team_and_contacts_along(company: Company) -> None:
    record, me = customer(company), company["seller"].user_id
    person = contact(company, record)
    team = {"members": [{"user": company["other_seller"].user_id, "level": "write"}]}
    company["seller"].put(f"/forms/customer/records/{record['id']}/team", team).expect(200)
    act(company, "seller", record, "release", reason="no_intention").expect(200)
    shown = read(company, record)
    assert (shown["owner"], shown["prev_owner"]["id"], shown["pool_reason"]) == (None, me, "无合作意向")
    assert shown["pool_at"] is not None
    assert shown["owner_at"] is None
    assert company["admin"].get(f"/forms/customer/records/{record['id']}/team").expect(200)["members"] == []
    assert owner_of(company, "contact", person) is None
    assert changes(company, record)[-1] == ("release", me, None, me)
    pool = company["other_seller"].get("/forms/customer/records", list="pool", per_page=200).expect(200)["items"]
    assert record["id"] in {each["id"] for each in pool}
    act(company, "other_seller", record, "claim").expect(200)
    assert owner_of(company, "contact", person) == company["other_seller"].user_id


def test_a_claim_makes_the_customer_new_to_its_owner(company: Company) -> None:
    record = customer(company)
    company.platform.as_system(lambda ctx: ctx.forms.customer.update(record["id"], {"follow_up_status": True}))
    act(company, "seller", record, "release").expect(200)
    shown = act(company, "other_seller", record, "claim").expect(200)["record"]
    assert (shown["follow_up_status"], shown["pool_at"], shown["pool_reason"]) == (False, None, None)
    assert shown["claimed_on"] == f"{company.platform.as_system(lambda ctx: ctx.today)}"


def test_the_previous_owner_waits_unless_somebody_assigns_it(company: Company) -> None:
    record = customer(company)
    act(company, "seller", record, "release").expect(200)
    day = company.platform.as_system(lambda ctx: ctx.today) + timedelta(7)
    with nothing_written(company.platform):
        refused = act(company, "seller", record, "claim")
    assert (refused.status, refused.json["code"]) == (422, "previous_owner")
    assert f"最早 {day} 可以领取" in refused.json["detail"]
    act(company, "head", record, "assign", owner=company["seller"].user_id).expect(200)
    assert f"/f/customer/{record['id']}" in told(company, "seller", "customer_assigned")


def test_nothing_is_released_while_it_is_locked_or_a_quotation_is_decided(company: Company) -> None:
    record = customer(company)
    today = company.platform.as_system(lambda ctx: ctx.today)
    assert act(company, "seller", record, "lock", until=f"{today - timedelta(1)}").errors.keys() == {"until"}
    act(company, "seller", record, "lock", until=f"{today}").expect(200)
    assert {"unlock", "release"} <= set(read(company, record, "seller")["$can"])
    assert "lock" not in read(company, record, "seller")["$can"]
    refused = act(company, "seller", record, "release")
    assert (refused.status, refused.json["code"]) == (422, "locked")
    assert f"最早 {today + timedelta(1)}" in refused.json["detail"]
    act(company, "seller", record, "unlock").expect(200)
    offer = company.draft(customer=record["id"])
    company.act("seller", offer, "submit").expect(200)
    with nothing_written(company.platform):
        refused = act(company, "seller", record, "release")
    assert (refused.status, refused.json["code"]) == (422, "in_review")
    company.act("seller", offer, "withdraw").expect(200)
    act(company, "seller", record, "release").expect(200)


def test_a_lock_that_is_over_counts_as_none_before_the_job_ends_it(company: Company) -> None:
    record = customer(company)
    today = company.platform.as_system(lambda ctx: ctx.today)
    over = {"is_locked": True, "lock_until": today - timedelta(1)}
    company.platform.as_system(lambda ctx: ctx.forms.customer.update(record["id"], over))
    can = set(read(company, record, "seller")["$can"])
    assert "lock" in can
    assert "unlock" not in can
    act(company, "seller", record, "lock", until=f"{today}").expect(200)
    act(company, "seller", record, "unlock").expect(200)
    company.platform.as_system(lambda ctx: ctx.forms.customer.update(record["id"], over))
    act(company, "seller", record, "release").expect(200)
    assert not read(company, record)["is_locked"]


@pytest.mark.parametrize("deal", [True, False])
def test_customers_that_have_bought_are_not_locked(company: Company, deal: bool) -> None:
    record = customer(company)
    company.platform.as_system(lambda ctx: ctx.forms.customer.update(record["id"], {"deal_status": deal}))
    answer = act(company, "seller", record, "lock", until="2999-01-01")
    assert (answer.status, answer.json.get("code")) == ((422, "not_allowed_now") if deal else (200, None))


def test_a_transfer_takes_along_what_is_chosen_and_may_keep_the_old_owner(company: Company) -> None:
    record, old, new = customer(company), company["seller"].user_id, company["other_seller"].user_id
    person, offer = contact(company, record), company.draft(customer=record["id"], lines=[LINE])
    path = f"/forms/customer/records/{record['id']}"
    with nothing_written(company.platform):
        assert act(company, "other_seller", record, "transfer", owner=new).status == 404
        assert act(company, "seller", record, "transfer", owner=old).json["code"] == "same_owner"
    act(company, "seller", record, "transfer", owner=new, keep="write", **{"with": "all"}).expect(200)
    assert [owner_of(company, "contact", person), owner_of(company, "quotation", offer["id"])] == [new, new]
    assert company["admin"].get(f"{path}/team").expect(200)["members"][0]["level"] == "write"
    assert company["seller"].patch(path, {"remark": "仍可修改"}, read(company, record)["version"]).status == 200
    assert changes(company, record)[-1] == ("transfer", old, new, old)
    assert f"/f/customer/{record['id']}" in told(company, "other_seller", "customer_assigned")
    third = company["head"].user_id
    act(company, "other_seller", record, "transfer", owner=third, **{"with": "nothing"}).expect(200)
    assert [owner_of(company, "contact", person), owner_of(company, "quotation", offer["id"])] == [new, new]
    assert company["other_seller"].get(path).status == 404


def test_a_team_member_who_may_edit_does_not_give_the_customer_away(company: Company) -> None:
    record, member = customer(company), company["other_seller"]
    path = f"/forms/customer/records/{record['id']}"
    team = {"members": [{"user": member.user_id, "level": "write"}]}
    company["seller"].put(f"{path}/team", team).expect(200)
    assert member.patch(path, {"remark": "可以修改"}, read(company, record)["version"]).status == 200
    with nothing_written(company.platform):
        for name, params in (
            ("release", {}),
            ("transfer", {"owner": member.user_id}),
            ("lock", {"until": "2999-01-01"}),
        ):
            refused = act(company, "other_seller", record, name, **params)
            assert (refused.status, refused.json["code"]) == (422, "not_owner"), name


def test_an_edit_never_changes_the_owner(company: Company) -> None:
    record = customer(company)
    path = f"/forms/customer/records/{record['id']}"
    for who in ("seller", "head", "admin"):
        for owner in (company["other_seller"].user_id, None):
            assert company[who].patch(path, {"owner": owner}, 1).errors.keys() == {"owner"}
    for name in ("is_locked", "lock_until", "owner_at", "pool_at", "prev_owner", "claimed_on", "days_to_pool"):
        assert company["admin"].patch(path, {name: None}, 1).status == 422, name


def test_people_who_are_gone_get_nothing(company: Company, api: Api) -> None:
    gone = api.as_user("sales", department="华东销售部")
    api.patch(f"/users/{gone.user_id}", {"is_active": False}).expect(200)
    record, mine = pooled(company), customer(company)
    with nothing_written(company.platform):
        assert act(company, "head", record, "assign", owner=gone.user_id).errors.keys() == {"owner"}
        assert act(company, "seller", mine, "transfer", owner=gone.user_id).errors.keys() == {"owner"}


def test_who_leaves_hands_over_and_it_is_kept(company: Company, api: Api) -> None:
    leaver = company.people["leaver"] = api.as_user("sales", department="华东销售部")
    record = customer(company, "leaver")
    api.post(f"/users/{leaver.user_id}/hand_over", {"to": company["seller"].user_id}).expect(200)
    assert changes(company, record)[-1] == ("hand_over", leaver.user_id, company["seller"].user_id, api.user_id)


def test_what_happened_to_the_owner_is_for_those_who_see_the_customer(company: Company) -> None:
    record = customer(company)
    act(company, "seller", record, "transfer", owner=company["other_seller"].user_id).expect(200)
    seen = {
        who: company[who].get("/forms/owner_history/records", customer=record["id"]).expect(200)["total"]
        for who in ("other_seller", "other_head", "admin", "exec", "seller", "head")
    }
    assert seen == {"other_seller": 2, "other_head": 2, "admin": 2, "exec": 2, "seller": 0, "head": 0}
    assert company["finance"].get("/forms/owner_history/records").status == 404
    for who in ("seller", "head", "admin"):
        assert company[who].post("/forms/owner_history/records", {}).status in (403, 404)


def test_invoice_titles_follow_the_customer_and_one_is_the_default(company: Company) -> None:
    record = customer(company)
    path, base = "/forms/invoice_title/records", {"customer": record["id"], "title_type": "company"}
    values = base | {"invoice_title": "远景仪表", "tax_number": "91310000MA1FL0000X"}
    assert company["seller"].post(path, base | {"invoice_title": "无税号"}).errors.keys() == {"tax_number"}
    assert company["other_seller"].post(path, values).errors.keys() == {"customer"}
    first = company["seller"].post(path, values | {"is_default": True}).expect(201)
    second = company["finance"].post(path, values | {"is_default": True}).expect(201)
    shown = {
        each["id"]: each["is_default"] for each in company["seller"].get(path, customer=record["id"]).json["items"]
    }
    assert (first["is_default"], shown) == (True, {first["id"]: False, second["id"]: True})
    assert company["other_seller"].get(path, customer=record["id"]).expect(200)["items"] == []
    assert company["other_seller"].get(f"{path}/{first['id']}").status == 404


def test_a_customer_with_contacts_or_opportunities_is_kept(company: Company) -> None:
    record = customer(company)
    body = {"name": "机会", "customer": record["id"], "expected_amount": 1, "expected_close_date": "2999-01-01"}
    company["seller"].post("/forms/opportunity/records", body).expect(201)
    path = f"/forms/customer/records/{record['id']}"
    refused = company["head"].delete(path, read(company, record)["version"])
    assert (refused.status, refused.json["code"]) == (422, "delete_refused")
    assert "销售机会" in refused.json["detail"]
