"""What happens to leads at their edges: who may get them, what is merged into what, and what a deletion leaves."""

import pytest

from lowcode.identity import throttle
from lowcode.testing.client import Api
from tests.scenarios.leading import again, changes_of_owner, customer, do, lead, preview
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import listed

FOLLOW = {"method": "call", "content": "客户想看样机"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


@pytest.mark.parametrize("role", ["portal", "product", "finance"])
def test_a_lead_goes_to_nobody_who_does_not_work_with_leads(company: Company, role: str) -> None:
    made, stranger = lead(company), company["admin"].as_user(role)
    refused = do(company, "head", made, "assign", owner=stranger.user_id)
    assert (refused.status, refused.json["code"], {*refused.errors}) == (422, "cannot_own", {"owner"})
    assert again(company, made)["owner"]["id"] == company["seller"].user_id


def test_a_customer_is_not_made_for_somebody_who_may_not_own_one(company: Company) -> None:
    leaver = company["admin"].as_user("sales", department="华东销售部", name="转岗的人")
    company.people["leaver"] = leaver
    made = lead(company, "leaver")
    company["admin"].patch(f"/users/{leaver.user_id}", {"roles": ["product"]}).expect(200)
    refused = do(company, "admin", made, "convert")
    assert (refused.status, refused.json["code"]) == (422, "cannot_own")


@pytest.mark.parametrize("end", ["convert", "void"])
def test_nothing_is_merged_into_a_closed_lead(company: Company, end: str) -> None:
    mine, closed = lead(company), lead(company)
    do(company, "seller", mine, "follow", **FOLLOW).expect(200)
    do(company, "head", closed, end).expect(200)
    refused = do(company, "head", mine, "merge", into=closed["id"])
    assert (refused.status, refused.json["code"], {*refused.errors}) == (422, "target_closed", {"into"})
    assert again(company, mine)["status"] == "in_progress"
    assert len(listed(company, "follow_up", lead=mine["id"])) == 1


def test_a_lead_of_nobody_gets_owner_and_state_of_what_is_merged_into_it(company: Company) -> None:
    mine, waiting = lead(company), lead(company, "head", owner=None)
    do(company, "seller", mine, "follow", **FOLLOW).expect(200)
    do(company, "head", mine, "merge", into=waiting["id"]).expect(200)
    now, owner = again(company, waiting), company["seller"].user_id
    assert (now["status"], now["owner"]["id"], now["last_follow_content"]) == ("in_progress", owner, "客户想看样机")
    assert changes_of_owner(company, waiting)[-1] == ("transfer", None, owner, None, company["head"].user_id)


def test_a_lead_given_up_is_not_handed_on_by_a_merge(company: Company) -> None:
    given_up, waiting = lead(company), lead(company, "head", owner=None)
    do(company, "seller", given_up, "advance", status="invalid", invalid_reason="no_need").expect(200)
    do(company, "head", given_up, "merge", into=waiting["id"]).expect(200)
    assert (again(company, waiting)["status"], again(company, waiting)["owner"]) == ("unassigned", None)


def test_a_lead_out_of_the_recycle_bin_has_its_follow_ups(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    now = again(company, made)
    path = f"/forms/lead/records/{made['id']}"
    company["head"].delete(path, version=now["version"]).expect(204)
    assert len(listed(company, "follow_up", "seller", lead=made["id"])) == 1
    assert listed(company, "follow_up", "other_seller", lead=made["id"]) == []
    company["head"].post(f"{path}/restore").expect(200)
    assert [each["content"] for each in listed(company, "follow_up", lead=made["id"])] == ["客户想看样机"]
    assert again(company, made)["last_follow_content"] == "客户想看样机"


def test_a_plan_answers_no_more_guesses_than_the_question_for_duplicates(company: Company) -> None:
    foreign = customer(company, "other_seller", name="猜不着的远方客户", mobile="13911112222")
    guesser = company["admin"].as_user("sales", department="华东销售部", name="猜号码的人")
    company.people["guesser"] = guesser
    made = lead(company, "guesser", mobile="13911112222")
    plan = preview(company, "guesser", made).expect(200)["plan"]
    assert [each["form"] for each in plan["candidates"]] == ["customer"]
    for number in range(throttle.PER_COMPARISON):
        guesser.post("/forms/customer/duplicates", {"mobile": str(13_700_000_000 + number)})
    assert "candidates" not in preview(company, "guesser", made).expect(200)["plan"]
    mine = customer(company, "guesser", name="自己的客户", mobile=made["mobile"])
    (known,) = preview(company, "guesser", made).expect(200)["plan"]["candidates"]
    assert (known["id"], foreign["id"] == known["id"]) == (mine["id"], False)


def test_the_pool_is_not_named_to_whom_it_is_hidden_from(company: Company) -> None:
    pooled = customer(company, "admin", name="别人看不见的客户", owner=None)
    made = lead(company, customer_name=pooled["name"])
    assert "公海" in do(company, "seller", made, "convert").json["detail"]
    company["admin"].put("/apps/crm/settings", {"visible_to_members": False}).expect(200)
    try:
        refused = do(company, "seller", made, "convert")
        assert (refused.status, refused.json["code"]) == (422, "duplicate")
        assert "公海" not in refused.json["detail"]
        assert "公海" in do(company, "head", made, "convert").json["detail"]
    finally:
        company["admin"].put("/apps/crm/settings", {"visible_to_members": True}).expect(200)
