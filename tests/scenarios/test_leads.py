"""The life of leads through the HTTP API: entered, assigned, followed, given up, given back, voided, deleted."""

import pytest

from lowcode.testing.client import Api
from tests.scenarios.leading import again, changes_of_owner, do, lead
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import instant, listed

FOLLOW = {"method": "call", "content": "客户想看样机"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_a_lead_of_mine_is_pending_with_a_number(company: Company) -> None:
    made = lead(company)
    assert (made["status"], made["owner"]["id"]) == ("pending", company["seller"].user_id)
    assert made["number"].startswith("XS")
    assert made["owner_at"] is not None
    mine = company["seller"].user_id
    assert changes_of_owner(company, made) == [("create", None, mine, None, mine)]


def test_the_form_of_a_new_lead_has_its_state(company: Company) -> None:
    assert lead(company, status="in_progress")["status"] == "in_progress"
    refused = company["seller"].post("/forms/lead/records", {"customer_name": "某厂", "status": "converted"})
    assert "status" in refused.errors


def test_a_lead_without_owner_is_unassigned_whatever_was_chosen(company: Company) -> None:
    for chosen in ({}, {"status": "in_progress"}):
        made = lead(company, "head", owner=None, **chosen)
        assert (made["status"], made["owner"], made["owner_at"]) == ("unassigned", None, None)
        assert changes_of_owner(company, made) == []


def test_a_lead_can_be_reached(company: Company) -> None:
    body = {"customer_name": "无联系方式", "contact_name": "某人", "source": "other"}
    refused = company["seller"].post("/forms/lead/records", body)
    assert (refused.status, {*refused.errors}) == (422, {"mobile"})
    company["seller"].post("/forms/lead/records", body | {"email": "some@example.com"}).expect(201)


def test_an_appointment_by_hand_lies_ahead(company: Company) -> None:
    made = lead(company)
    address = f"/forms/lead/records/{made['id']}"
    refused = company["seller"].patch(address, {"next_contact_at": instant(days=1)}, version=made["version"])
    assert (refused.status, {*refused.errors}) == (422, {"next_contact_at"})
    company["seller"].patch(address, {"next_contact_at": instant(days=-1)}, version=made["version"]).expect(200)


def test_the_state_is_not_edited(company: Company) -> None:
    made = lead(company)
    address = f"/forms/lead/records/{made['id']}"
    for field, value in (("status", "in_progress"), ("owner", company["head"].user_id), ("is_converted", True)):
        refused = company["seller"].patch(address, {field: value}, version=made["version"])
        assert (refused.status, {*refused.errors}) == (422, {field})


def test_an_assigned_lead_is_somebodys(company: Company) -> None:
    made = lead(company, "head", owner=None)
    assert company["seller"].get(f"/forms/lead/records/{made['id']}").status == 404
    mine = company["seller"].user_id
    do(company, "head", made, "assign", owner=mine).expect(200)
    now = again(company, made)
    assert (now["status"], now["owner"]["id"]) == ("pending", mine)
    assert changes_of_owner(company, made) == [("assign", None, mine, None, company["head"].user_id)]
    told = company["seller"].get("/notifications").expect(200)["items"]
    assert made["number"] in told[0]["text"]
    assert do(company, "head", made, "assign", owner=mine).json["code"] == "same_owner"


def test_only_those_who_lead_assign(company: Company) -> None:
    made = lead(company)
    assert do(company, "seller", made, "assign", owner=company["head"].user_id).status == 403
    assert do(company, "other_head", made, "assign", owner=company["head"].user_id).status == 404
    assert do(company, "head", made, "assign", owner=10**6).status == 422


def test_the_first_follow_up_takes_a_lead_up(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "follow", **FOLLOW, next_contact_at=instant(days=-2)).expect(200)
    now = again(company, made)
    assert (now["status"], now["follow_up_status"]) == ("in_progress", True)
    assert (now["last_follow_content"], now["last_follow_at"] is not None) == ("客户想看样机", True)
    assert now["next_contact_at"] is not None
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    assert len(listed(company, "follow_up", lead=made["id"])) == 2


def test_a_lead_is_given_up_for_a_reason_and_taken_up_again(company: Company) -> None:
    made = lead(company)
    refused = do(company, "seller", made, "advance", status="invalid")
    assert (refused.status, {*refused.errors}) == (422, {"invalid_reason"})
    do(company, "seller", made, "advance", status="invalid", invalid_reason="no_need").expect(200)
    assert (again(company, made)["status"], again(company, made)["invalid_reason"]) == ("invalid", "no_need")
    assert do(company, "seller", made, "follow", **FOLLOW).json["code"] == "not_allowed_now"
    assert do(company, "seller", made, "advance", status="converted").json["code"] == "not_allowed_now"
    do(company, "seller", made, "advance", status="in_progress").expect(200)
    assert (again(company, made)["status"], again(company, made)["invalid_reason"]) == ("in_progress", None)
    assert do(company, "seller", made, "advance", status="in_progress").json["code"] == "same_state"
    assert do(company, "seller", made, "advance", status="voided").status == 422


def test_a_lead_given_back_waits_for_an_owner(company: Company) -> None:
    made = lead(company)
    assert do(company, "seller", made, "release").status == 422
    do(company, "seller", made, "release", reason="不在我的区域").expect(200)
    now = again(company, made)
    assert (now["status"], now["owner"], now["owner_at"]) == ("unassigned", None, None)
    mine = company["seller"].user_id
    assert changes_of_owner(company, made)[-1] == ("release", mine, None, "不在我的区域", mine)
    assert company["seller"].get(f"/forms/lead/records/{made['id']}").status == 404
    assert made["id"] in [each["id"] for each in listed(company, "lead", "other_head", list="unassigned")]


def test_a_voided_lead_is_closed_until_an_administrator_restores_it(company: Company) -> None:
    made = lead(company)
    assert do(company, "seller", made, "void").status == 403
    do(company, "head", made, "void").expect(200)
    shown = company["seller"].get(f"/forms/lead/records/{made['id']}").expect(200)
    assert (shown["status"], shown["$can"]) == ("voided", ["edit"])
    edit = company["seller"].patch(f"/forms/lead/records/{made['id']}", {"remark": "x"}, version=shown["version"])
    assert (edit.status, {*edit.errors}) == (422, {"remark"})
    for name, params in (("release", {"reason": "x"}), ("follow", FOLLOW), ("advance", {"status": "in_progress"})):
        assert do(company, "seller", made, name, **params).json["code"] == "not_allowed_now"
    assert do(company, "head", made, "restore_void").status == 403
    do(company, "admin", made, "restore_void").expect(200)
    assert again(company, made)["status"] == "pending"


def test_a_voided_lead_of_nobody_comes_back_unassigned(company: Company) -> None:
    made = lead(company, "head", owner=None)
    do(company, "head", made, "void").expect(200)
    do(company, "admin", made, "restore_void").expect(200)
    assert (again(company, made)["status"], again(company, made)["owner"]) == ("unassigned", None)


def test_a_lead_is_deleted_by_those_who_lead_and_restored_as_it_was(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    now = again(company, made)
    address = f"/forms/lead/records/{made['id']}"
    assert company["seller"].delete(address, version=now["version"]).status == 403
    company["head"].delete(address, version=now["version"]).expect(204)
    company["head"].post(f"{address}/restore").expect(200)
    assert again(company, made)["status"] == "in_progress"


def test_merged_leads_keep_what_was_said(company: Company) -> None:
    twin, stays = lead(company), lead(company)
    do(company, "seller", twin, "follow", **FOLLOW).expect(200)
    do(company, "head", twin, "merge", into=stays["id"]).expect(200)
    assert company["seller"].get(f"/forms/lead/records/{twin['id']}").status == 404
    assert [each["content"] for each in listed(company, "follow_up", lead=stays["id"])] == ["客户想看样机"]


def test_a_leavers_leads_and_their_history_go_to_somebody_else(company: Company) -> None:
    leaver = company["admin"].as_user("sales", department="华东销售部", name="离职的人")
    company.people["leaver"] = leaver
    made = lead(company, "leaver")
    to = company["seller"].user_id
    company["admin"].post(f"/users/{leaver.user_id}/hand_over", {"to": to}).expect(200)
    now = again(company, made)
    assert (now["status"], now["owner"]["id"]) == ("pending", to)
    assert changes_of_owner(company, made)[-1] == ("hand_over", leaver.user_id, to, None, company["admin"].user_id)


@pytest.mark.parametrize(
    ("who", "seen"),
    [("seller", 1), ("head", 1), ("other_seller", 0), ("other_head", 0), ("exec", 1), ("finance", None)],
)
def test_leads_are_seen_by_their_owner_and_those_above(company: Company, who: str, seen: int | None) -> None:
    made = lead(company)
    answer = company[who].get("/forms/lead/records", number=made["number"])
    assert (answer.json["total"] if answer.status == 200 else None) == seen


def test_the_tabs_of_the_list_tell_what_is_due(company: Company) -> None:
    mine = company["seller"].user_id
    due = lead(company)
    company.platform.as_system(lambda ctx: ctx.forms.lead.update(due["id"], {"next_contact_at": ctx.now.isoformat()}))
    late = lead(company, "admin", owner=mine, next_contact_at=instant(days=2))
    later = lead(company, next_contact_at=instant(days=-3))
    ids = {name: {each["id"] for each in listed(company, "lead", "seller", list=name)} for name in ("due", "overdue")}
    shown = {each["id"]: (each["id"] in ids["due"], each["id"] in ids["overdue"]) for each in (due, late, later)}
    assert shown == {due["id"]: (True, False), late["id"]: (False, True), later["id"]: (False, False)}
