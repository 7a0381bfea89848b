"""Merging duplicate customers, contacts and leads: every child stays, and so do the rules."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Answer, Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.test_duplicates import customer, lead

LINE = {"product_name": "手工", "quantity": 1, "unit_price": 1}
_numbers = count(1)


def contact(api: Api, of: dict[str, Any], name: str, **values: Any) -> dict[str, Any]:
    body = {"name": name, "customer": of["id"], **values}
    made: dict[str, Any] = api.post("/forms/contact/records", body).expect(201)
    return made


def quotation(api: Api, of: dict[str, Any], **values: Any) -> dict[str, Any]:
    body = {"name": f"合并报价 {next(_numbers)}", "customer": of["id"], "lines": [LINE], **values}
    made: dict[str, Any] = api.post("/forms/quotation/records", body).expect(201)
    return made


def read(api: Api, form: str, record: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = api.get(f"/forms/{form}/records/{record['id']}").expect(200)
    return shown


def follow(api: Api, form: str, record: dict[str, Any], content: str) -> None:
    path = f"/forms/{form}/records/{record['id']}/actions/follow"
    api.post(path, {"method": "call", "content": content}).expect(200)


def merge(api: Api, form: str, source: dict[str, Any], target: dict[str, Any], **query: Any) -> Answer:
    return api.post(f"/forms/{form}/records/{source['id']}/actions/merge", {"into": target["id"]}, **query)


@pytest.fixture(scope="module")
def manager(api: Api) -> Api:
    return api.as_user("manager", department="华东销售部", name="张经理")


def test_a_customer_goes_into_another_with_all_that_hangs_on_it(platform: Platform, api: Api) -> None:
    source = customer(api, "杭州远见科技", short_name="远见", region="杭州")
    target = customer(api, "杭州远见科技有限公司")
    one, two = contact(api, source, "甲"), contact(api, source, "乙")
    kept = contact(api, target, "丙")
    quotations = [quotation(api, source), quotation(api, target)]
    follow(api, "customer", source, "电话里谈了报价")
    with nothing_written(platform):
        plan = merge(api, "customer", source, target, preview=1).expect(200)["plan"]
    moved = {each["form"]: each["count"] for each in plan["moved"]}
    assert (moved["contact"], moved["quotation"], moved["follow_up"]) == (2, 1, 1)
    assert {each["field"]: each["value"] for each in plan["filled"]} == {"short_name": "远见", "region": "杭州"}
    assert {"field": "name", "value": "杭州远见科技有限公司", "other": "杭州远见科技"} in plan["kept"]
    answer = merge(api, "customer", source, target).expect(200)
    assert answer["open"] == {"form": "customer", "id": target["id"]}
    assert answer["record"] is None
    now = read(api, "customer", target)
    assert (now["short_name"], now["region"], now["name"]) == ("远见", "杭州", "杭州远见科技有限公司")
    assert (now["contact_count"], now["quotation_count"]) == (3, 2)
    assert (now["primary_contact"]["id"], now["last_follow_content"]) == (kept["id"], "电话里谈了报价")
    assert {read(api, "contact", each)["is_primary"] for each in (one, two)} == {False}
    assert {read(api, "quotation", each)["customer"]["id"] for each in quotations} == {target["id"]}
    found = api.get("/forms/follow_up/records", customer=target["id"]).expect(200)["items"]
    assert [(each["object_type"], each["object_id"]) for each in found] == [("customer", target["id"])]
    api.get(f"/forms/customer/records/{source['id']}").expect(404)
    refused = api.post(f"/forms/customer/records/{source['id']}/restore").expect(422)
    assert (refused["code"], "杭州远见科技有限公司" in refused["detail"]) == ("merged", True)
    history = api.get(f"/forms/customer/records/{target['id']}/history").expect(200)
    assert any("杭州远见科技”" in each["label"] for each in history)


def test_a_converted_lead_and_its_opportunity_follow_the_customer(api: Api) -> None:
    origin = lead(api, "上海联转科技", source="referral")
    api.post(f"/forms/lead/records/{origin['id']}/actions/convert", {}).expect(200)
    before = read(api, "lead", origin)
    source, target = before["customer"], customer(api, "上海联转科技有限公司")
    follow(api, "customer", target, "目标先前的跟进")
    merge(api, "customer", source, target).expect(200)
    now = read(api, "lead", origin)
    assert (now["customer"]["id"], now["source"], now["status"]) == (target["id"], before["source"], "converted")
    assert read(api, "opportunity", now["opportunity"])["customer"]["id"] == target["id"]
    assert read(api, "contact", now["contact"])["customer"]["id"] == target["id"]
    assert read(api, "customer", target)["primary_contact"]["id"] == now["contact"]["id"]


def test_the_primary_contact_comes_along_where_there_was_none(api: Api) -> None:
    source, target = customer(api, "有联系人的客户"), customer(api, "没有联系人的客户")
    chief = contact(api, source, "甲")
    contact(api, source, "乙")
    merge(api, "customer", source, target).expect(200)
    assert read(api, "customer", target)["primary_contact"]["id"] == chief["id"]
    marked = api.get("/forms/contact/records", customer=target["id"], is_primary="true").expect(200)["items"]
    assert [each["id"] for each in marked] == [chief["id"]]


def test_the_contacts_go_to_the_owner_of_the_customer_that_is_left(api: Api, manager: Api) -> None:
    first = api.as_user("sales", department="华东销售部")
    second = api.as_user("sales", department="华东销售部")
    source, target = customer(first, "合并前甲"), customer(second, "合并后乙")
    mine = contact(first, source, "甲")
    merge(manager, "customer", source, target).expect(200)
    assert read(second, "contact", mine)["owner"]["id"] == second.user_id
    assert read(second, "customer", target)["owner"]["id"] == second.user_id


def test_unique_values_go_to_the_customer_that_is_left(api: Api) -> None:
    code = "91320000MA1K35XQ2C"
    source, target = customer(api, "带信用代码", credit_code=code), customer(api, "不带信用代码")
    merge(api, "customer", source, target).expect(200)
    assert read(api, "customer", target)["credit_code"] == code


def test_contacts_merge_within_one_customer_only(platform: Platform, api: Api) -> None:
    company = customer(api, "联系人合并")
    chief = contact(api, company, "王主任", mobile="13800001111")
    twin = contact(api, company, "王主任（重复）", parent_contact=chief["id"])
    offer = quotation(api, company, contact=chief["id"])
    foreign = contact(api, customer(api, "别家公司"), "别人")
    with nothing_written(platform):
        refused = merge(api, "contact", chief, foreign)
        assert (refused.status, {*refused.errors}) == (422, {"into"})
    merge(api, "contact", chief, twin).expect(200)
    now = read(api, "contact", twin)
    assert (now["is_primary"], now["mobile"], now["parent_contact"]) == (True, "13800001111", None)
    assert read(api, "customer", company)["primary_contact"]["id"] == twin["id"]
    assert read(api, "quotation", offer)["contact"]["id"] == twin["id"]
    assert read(api, "customer", company)["contact_count"] == 1


def test_a_lead_goes_into_another_with_its_follow_ups(api: Api) -> None:
    source, target = lead(api, "线索一"), lead(api, "线索 一", region="苏州")
    follow(api, "lead", source, "第一次联系")
    follow(api, "lead", target, "另一次联系")
    merge(api, "lead", source, target).expect(200)
    found = api.get("/forms/follow_up/records", lead=target["id"]).expect(200)["items"]
    assert {(each["content"], each["object_id"]) for each in found} == {
        ("第一次联系", target["id"]),
        ("另一次联系", target["id"]),
    }
    now = read(api, "lead", target)
    assert (now["region"], now["mobile"], now["customer_name"]) == ("苏州", target["mobile"], "线索 一")


def test_who_may_not_change_both_merges_neither(platform: Platform, api: Api, manager: Api) -> None:
    seller = api.as_user("sales", department="华东销售部")
    mine, other = customer(seller, "华东客户"), customer(seller, "华东客户二")
    far = customer(api.as_user("sales", department="西北销售部"), "西北客户")
    with nothing_written(platform):
        merge(seller, "customer", mine, other).expect(403)
        merge(manager, "customer", mine, far).expect(422)
        merge(manager, "customer", far, mine).expect(404)
        assert merge(manager, "customer", mine, mine).expect(422)["code"] == "merge_refused"
    pooled = customer(api, "公海客户不能改", owner=None)
    with nothing_written(platform):
        assert merge(manager, "customer", mine, pooled).expect(422)["code"] == "out_of_scope"
    merge(manager, "customer", mine, other).expect(200)


def test_of_two_merges_against_each_other_one_wins(api: Api) -> None:
    for _round in range(3):
        one, two = customer(api, f"对撞甲 {_round}"), customer(api, f"对撞乙 {_round}")
        children = [contact(api, each, name) for each, name in ((one, "甲"), (one, "乙"), (two, "丙"))]
        ways = ((one, two), (two, one))
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda way: merge(Api(api.platform, app=api.app), "customer", *way), ways))
        statuses = [each.status for each in answers]
        assert statuses.count(200) == 1, [each.json for each in answers]
        assert set(statuses) <= {200, 404, 422}
        left = ways[statuses.index(200)][1]
        assert {read(api, "contact", each)["customer"]["id"] for each in children} == {left["id"]}
        marked = api.get("/forms/contact/records", customer=left["id"], is_primary="true").expect(200)["items"]
        assert len(marked) == 1


def test_a_customer_under_a_quotation_in_review_waits(platform: Platform, api: Api) -> None:
    head = api.as_user("manager", department="评审部")
    place = platform.as_system(lambda ctx: ctx.users.ensure_department("评审部"))
    api.patch(f"/departments/{place}", {"head": head.user_id}).expect(200)
    seller = api.as_user("sales", department="评审部")
    source, target = customer(seller, "评审中的客户"), customer(seller, "评审中的客户二")
    offer = quotation(seller, source)
    seller.post(f"/forms/quotation/records/{offer['id']}/actions/submit").expect(200)
    with nothing_written(platform):
        assert merge(head, "customer", source, target).expect(422)["code"] == "in_review"
    seller.post(f"/forms/quotation/records/{offer['id']}/actions/withdraw").expect(200)
    merge(head, "customer", source, target).expect(200)
    assert read(seller, "quotation", offer)["customer"]["id"] == target["id"]
