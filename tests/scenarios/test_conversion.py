"""Leads become customers with a contact and an opportunity: previewed, or linked to a customer that stands already."""

from datetime import timedelta
from typing import Any

import pytest

from lowcode.testing.client import Api
from tests.scenarios.leading import again, changes_of_owner, customer, do, lead, preview, standing, upload
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, instant, listed, read, today

FOLLOW = {"method": "visit", "content": "看过样机"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_a_lead_becomes_a_customer_with_a_contact_and_an_opportunity(company: Company) -> None:
    made = lead(company, expected_amount="120000.50", industry="manufacturing", email="zhou@example.com", level="A")
    name = made["customer_name"]
    answer = do(company, "seller", made, "convert").expect(200)
    now = again(company, made)
    assert (now["status"], now["is_converted"], now["converted_at"] is not None) == ("converted", True, True)
    assert answer["open"] == {"form": "customer", "id": now["customer"]["id"]}
    mine = company["seller"].user_id

    client = read(company, "customer", now["customer"]["id"])
    assert (client["name"], client["source"], client["level"]) == (name, "trade_show", "A")
    assert (client["owner"]["id"], client["lead"]["id"], client["mobile"]) == (mine, made["id"], made["mobile"])
    assert client["primary_contact"]["id"] == now["contact"]["id"]

    person = read(company, "contact", now["contact"]["id"])
    assert (person["name"], person["email"], person["owner"]["id"]) == ("周敏", "zhou@example.com", mine)
    assert person["is_primary"] is True

    chance = read(company, "opportunity", now["opportunity"]["id"])
    assert chance["name"] == f"{name}-{today(company):%Y%m}"
    assert (chance["stage"], chance["source"], chance["type"]) == ("prospecting", "lead", "new")
    assert (chance["expected_amount"], chance["owner"]["id"]) == ("120000.50", mine)
    assert chance["expected_close_date"] == f"{today(company) + timedelta(days=90)}"
    assert (chance["lead"]["id"], chance["contact"]["id"]) == (made["id"], now["contact"]["id"])


def test_a_converted_lead_is_closed(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "convert").expect(200)
    shown = company["seller"].get(f"/forms/lead/records/{made['id']}").expect(200)
    assert (shown["$can"], shown["mobile"]) == (["edit"], made["mobile"])
    twice = do(company, "seller", made, "convert")
    assert (twice.status, twice.json["code"]) == (409, "already_converted")
    edit = company["seller"].patch(f"/forms/lead/records/{made['id']}", {"remark": "x"}, version=shown["version"])
    assert (edit.status, {*edit.errors}) == (422, {"remark"})
    head = company["head"].delete(f"/forms/lead/records/{made['id']}", version=shown["version"])
    assert (head.status, head.json["code"]) == (422, "delete_refused")


def test_advancing_to_converted_is_the_same_conversion(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "advance", status="converted").expect(200)
    now = again(company, made)
    assert now["status"] == "converted"
    assert None not in (now["customer"], now["contact"], now["opportunity"])


def test_an_opportunity_is_made_only_when_wanted_and_named_as_wished(company: Company) -> None:
    without, named = lead(company), lead(company)
    do(company, "seller", without, "convert", create_opportunity=False).expect(200)
    assert again(company, without)["opportunity"] is None
    assert listed(company, "opportunity", customer=again(company, without)["customer"]["id"]) == []
    do(company, "seller", named, "convert", opportunity_name="二期改造").expect(200)
    assert again(company, named)["opportunity"]["title"] == "二期改造"


def test_a_long_name_leaves_room_for_the_month(company: Company) -> None:
    made = lead(company, customer_name="长" * 100)
    do(company, "seller", made, "convert").expect(200)
    assert again(company, made)["opportunity"]["title"] == f"{'长' * 93}-{today(company):%Y%m}"


def test_a_preview_tells_the_plan_and_writes_nothing(company: Company) -> None:
    made = lead(company, attachments=[upload(company, "seller", "需求.pdf")])
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    close = customer(company, name=made["customer_name"].replace("苏州", "苏 州"))
    before = standing(company)
    plan = preview(company, "seller", made).expect(200)["plan"]
    assert [each["form"] for each in plan["created"]] == ["customer", "contact", "opportunity", "follow_up"]
    assert plan["created"][0]["title"] == made["customer_name"]
    assert plan["created"][2]["values"]["expected_amount"] == "0.00"
    assert plan["created"][2]["values"]["stage"] == "初步接洽"
    alike = [(each["id"], each["kind"]) for each in plan["candidates"]]
    assert (close["id"], "company") in alike
    assert standing(company) == before
    do(company, "seller", made, "convert").expect(200)
    assert standing(company) != before


def test_the_plan_is_told_in_words(company: Company) -> None:
    made = lead(company, expected_amount="5000")
    plan = preview(company, "seller", made).expect(200)["plan"]
    client, person, chance = plan["created"]
    assert (client["values"]["owner"], client["values"]["source"]) == ("seller", "展会")
    assert (person["title"], person["values"]["mobile"]) == ("周敏", made["mobile"])
    assert (chance["values"]["expected_amount"], chance["values"]["type"]) == ("5000.00", "新客户")
    assert "candidates" not in plan


def test_a_choice_that_was_switched_off_does_not_hinder(company: Company) -> None:
    made = lead(company, industry="manufacturing")
    address = "/dictionaries/industry/items/manufacturing"
    company["admin"].patch(address, {"enabled": False}).expect(200)
    try:
        plan = preview(company, "seller", made).expect(200)["plan"]
        assert [(each["form"], each["title"]) for each in plan["skipped"]] == [("customer", "生产制造")]
        do(company, "seller", made, "convert").expect(200)
        assert read(company, "customer", again(company, made)["customer"]["id"])["industry"] is None
    finally:
        company["admin"].patch(address, {"enabled": True}).expect(200)


def test_linking_fills_only_what_is_empty(company: Company) -> None:
    known = customer(company, name="上海临港重工", mobile="13700000001", address="临港新城 1 号")
    made = lead(company, address="别的地址", email="new@example.com", remark="线索的备注")
    plan = preview(company, "seller", made, customer=known["id"]).expect(200)["plan"]
    assert plan["linked"] == [{"form": "customer", "id": known["id"], "title": "上海临港重工"}]
    assert {"email", "remark"} <= {each["field"] for each in plan["filled"]}
    do(company, "seller", made, "convert", customer=known["id"]).expect(200)
    now = read(company, "customer", known["id"])
    assert (now["mobile"], now["address"]) == ("13700000001", "临港新城 1 号")
    assert (now["email"], now["remark"]) == ("new@example.com", "线索的备注")
    assert (now["lead"], now["contact_count"]) == (None, 1)
    assert again(company, made)["customer"]["id"] == known["id"]


def test_a_contact_with_the_same_mobile_is_used_again(company: Company) -> None:
    known = customer(company, name="上海张江微电子")
    body = {"customer": known["id"], "name": "周敏", "mobile": "+86 137-0000-0002"}
    person = company["seller"].post("/forms/contact/records", body).expect(201)
    made = lead(company, mobile="13700000002", email="min@example.com", contact_title="厂长")
    do(company, "seller", made, "convert", customer=known["id"]).expect(200)
    assert again(company, made)["contact"]["id"] == person["id"]
    (only,) = listed(company, "contact", customer=known["id"])
    assert (only["email"], only["title"], only["mobile"]) == ("min@example.com", "厂长", "+86 137-0000-0002")


def test_a_customer_of_that_name_is_not_made_twice(company: Company) -> None:
    known = customer(company, name="南京梅山钢铁", remark="只有我知道")
    mine, foreign = (
        lead(company, customer_name=known["name"]),
        lead(company, "other_seller", customer_name=known["name"]),
    )
    refused = do(company, "seller", mine, "convert")
    assert (refused.status, refused.json["code"]) == (422, "duplicate")
    assert "关联已有客户" in refused.json["detail"]
    told = do(company, "other_seller", foreign, "convert")
    assert (told.json["code"], "seller" in told.json["detail"]) == ("duplicate", True)
    assert [secret for secret in (known["number"], "只有我知道") if secret in str(told.json)] == []
    assert do(company, "other_seller", foreign, "convert", customer=known["id"]).status == 422
    act(company, "seller", "customer", known["id"], "release").expect(200)
    pooled = do(company, "other_seller", foreign, "convert")
    assert (pooled.json["code"], "公海" in pooled.json["detail"]) == ("duplicate", True)
    linked = do(company, "other_seller", foreign, "convert", customer=known["id"])
    assert (linked.status, linked.json["code"]) == (422, "customer_in_pool")
    assert again(company, foreign)["status"] == "pending"


def test_follow_ups_and_files_are_copied_and_stay(company: Company) -> None:
    made = lead(company, attachments=[upload(company, "seller", "需求.pdf")])
    paper = upload(company, "seller", "纪要.pdf")
    do(company, "seller", made, "follow", **FOLLOW, attachments=[paper], next_contact_at=instant(days=-3)).expect(200)
    do(company, "seller", made, "follow", method="call", content="再谈").expect(200)
    do(company, "seller", made, "convert").expect(200)
    now = again(company, made)
    originals = listed(company, "follow_up", lead=made["id"], sort="id")
    copies = listed(company, "follow_up", customer=now["customer"]["id"], sort="id")
    assert [each["content"] for each in copies] == [each["content"] for each in originals] == ["看过样机", "再谈"]
    origins = [read(company, "follow_up", each["id"])["origin"]["id"] for each in copies]
    assert origins == [each["id"] for each in originals]
    first = read(company, "follow_up", copies[0]["id"])
    assert (first["object_type"], first["object_id"], first["lead"]) == ("customer", now["customer"]["id"], None)
    assert first["contact_at"] == read(company, "follow_up", originals[0]["id"])["contact_at"]
    client = read(company, "customer", now["customer"]["id"])
    assert (client["last_follow_content"], client["follow_up_status"]) == ("再谈", True)
    assert client["next_contact_at"] == now["next_contact_at"]
    pairs = [(now, client), (read(company, "follow_up", originals[0]["id"]), first)]
    for original, copy in pairs:
        (old,), (new,) = original["attachments"], copy["attachments"]
        assert (old["name"], old["id"] != new["id"]) == (new["name"], True)
        for each in (old, new):
            assert company["seller"].get(f"/files/{each['id']}").status == 200


def test_a_manager_converts_for_the_owner_and_nobody_else_does(company: Company) -> None:
    made = lead(company)
    assert do(company, "other_seller", made, "convert").status == 404
    assert do(company, "exec", made, "convert").status == 403
    do(company, "head", made, "convert").expect(200)
    assert read(company, "customer", again(company, made)["customer"]["id"])["owner"]["id"] == company["seller"].user_id


def test_only_a_lead_in_work_is_converted(company: Company) -> None:
    unassigned, invalid = lead(company, "head", owner=None), lead(company)
    do(company, "seller", invalid, "advance", status="invalid", invalid_reason="no_need").expect(200)
    for made in (unassigned, invalid):
        refused = do(company, "head", made, "convert")
        assert (refused.status, refused.json["code"]) == (422, "not_allowed_now")
        assert again(company, made)["customer"] is None


def test_somebody_who_left_gets_no_customer(company: Company) -> None:
    company.people["leaver"] = company["admin"].as_user("sales", department="华东销售部", name="离职的人")
    gone = company["leaver"].user_id
    stays, given = lead(company, "leaver"), lead(company, "leaver")
    for made in (stays, given):
        do(company, "leaver", made, "follow", **FOLLOW).expect(200)
    do(company, "head", given, "assign", owner=company["seller"].user_id).expect(200)
    company["admin"].patch(f"/users/{gone}", {"is_active": False}).expect(200)
    refused = do(company, "head", stays, "convert")
    assert (refused.status, refused.json["code"]) == (422, "owner_left")
    do(company, "seller", given, "follow", **FOLLOW).expect(200)
    do(company, "seller", given, "convert").expect(200)
    copies = listed(company, "follow_up", customer=again(company, given)["customer"]["id"])
    assert {each["owner"]["id"] for each in copies} == {company["seller"].user_id}


def test_the_change_of_hands_is_kept(company: Company) -> None:
    made = lead(company)
    do(company, "head", made, "convert").expect(200)
    client = again(company, made)["customer"]["id"]

    def look(ctx: Any) -> list[tuple[Any, ...]]:
        found = ctx.forms.owner_history.find(customer=client)
        return [(each.action, each.new_owner, each.by) for each in found]

    kept = company.platform.as_system(look)
    assert kept == [("convert", company["seller"].user_id, company["head"].user_id)]
    assert [each[0] for each in changes_of_owner(company, made)] == ["create"]
