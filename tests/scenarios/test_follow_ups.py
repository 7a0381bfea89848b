"""Follow-ups of leads, customers and opportunities: written from their rows, seen by whoever sees the object."""

import re
from datetime import timedelta
from typing import Any

import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, contact, instant, listed, opportunity, page, read

TALK = {"method": "visit", "content": "现场看了设备，下周报价"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def lead(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    base = {"customer_name": "苏州卓远精密机械有限公司", "contact_name": "李强", "mobile": "13900139000"}
    made: dict[str, Any] = company[who].post("/forms/lead/records", base | values).expect(201)
    return made


def of(company: Company, form: str, record_id: int, who: str = "admin") -> list[dict[str, Any]]:
    return listed(company, "follow_up", who, **{form: record_id})


def test_following_a_lead_starts_it(company: Company) -> None:
    made, later = lead(company), instant(days=-7)
    assert (made["status"], made["follow_up_status"]) == ("pending", False)
    shown = act(company, "seller", "lead", made["id"], "follow", **TALK, next_contact_at=later).expect(200)["record"]
    assert (shown["status"], shown["follow_up_status"], shown["next_contact_at"]) == ("in_progress", True, later)
    assert shown["last_follow_content"] == TALK["content"]
    (talk,) = of(company, "lead", made["id"])
    assert (talk["subject"], talk["customer_name"]) == ("上门拜访-苏州卓远精密机械有限公司", made["customer_name"])
    assert (talk["object_type"], talk["owner"]["id"]) == ("lead", company["seller"].user_id)
    assert talk["contact_at"] == shown["last_follow_at"]


def test_a_talk_leaves_the_status_as_it_is_unless_another_is_chosen(company: Company) -> None:
    """The dictionary's default is for new records: neither the API nor the dialog resets a customer to it."""
    values = {"name": "洽谈中的客户", "source": "other", "status": "negotiating"}
    made = company["seller"].post("/forms/customer/records", values).expect(201)
    answer = act(company, "seller", "customer", made["id"], "follow", **TALK).expect(200)
    assert answer["record"]["status"] == "negotiating"
    dialog = page(company, "seller", f"/f/customer/{made['id']}/do/follow")
    assert 'value="potential"' in dialog
    assert not re.search(r'value="potential"[^>]*selected', dialog)


def test_following_a_customer_keeps_files_and_sets_a_status(company: Company) -> None:
    first = contact(company, "王芳")
    second = contact(company, "张敏")
    file = company["seller"].upload("现场.txt", "照片说明".encode()).expect(201)["id"]
    later = instant(days=-3)
    params = {**TALK, "status": "negotiating", "contact": second, "attachments": [file], "next_contact_at": later}
    answer = act(company, "seller", "customer", company.customer, "follow", **params).expect(200)
    assert (answer["record"]["status"], answer["record"]["next_contact_at"]) == ("negotiating", later)
    (talk,) = of(company, "customer", company.customer)
    talk = read(company, "follow_up", talk["id"])
    assert (talk["contact"]["id"], [each["name"] for each in talk["attachments"]]) == (second, ["现场.txt"])
    assert read(company, "contact", second)["next_contact_at"] == later
    assert read(company, "contact", first)["next_contact_at"] is None
    other = company["seller"].post("/forms/customer/records", {"name": "另一家客户", "source": "other"}).expect(201)
    wrong = act(company, "seller", "customer", other["id"], "follow", **TALK, contact=second)
    assert (wrong.status, set(wrong.errors)) == (422, {"contact"})
    act(company, "seller", "customer", other["id"], "follow", **TALK).expect(200)
    assert of(company, "customer", other["id"])[0]["subject"] == "上门拜访-另一家客户"


def test_following_an_opportunity_counts_for_its_customer(company: Company) -> None:
    client = company["seller"].post("/forms/customer/records", {"name": "第三家客户", "source": "other"}).expect(201)
    made, earlier = opportunity(company, customer=client["id"]), instant(minutes=5)
    params = {**TALK, "next_contact_at": instant(days=-2)}
    shown = act(company, "seller", "opportunity", made["id"], "follow", **params).expect(200)["record"]
    after = read(company, "customer", client["id"])
    assert (client["last_follow_at"], after["last_follow_at"]) == (None, shown["last_follow_at"])
    assert (after["next_contact_at"], shown["next_contact_at"]) == (None, params["next_contact_at"])
    late = {**TALK, "content": "补记", "contact_at": earlier}
    shown = act(company, "seller", "opportunity", made["id"], "follow", **late).expect(200)["record"]
    assert shown["last_follow_content"] == TALK["content"]
    assert len(of(company, "opportunity", made["id"])) == 2


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"contact_at": instant(hours=-1)}, "contact_at"),
        ({"next_contact_at": instant(hours=1)}, "next_contact_at"),
        ({"content": ""}, "content"),
        ({"content": "长" * 2001}, "content"),
        ({"method": "smoke"}, "method"),
    ],
)
def test_a_refused_follow_up_changes_nothing(company: Company, params: dict[str, Any], field: str) -> None:
    made = lead(company)
    answer = act(company, "seller", "lead", made["id"], "follow", **{**TALK, **params})
    assert (answer.status, set(answer.errors)) == (422, {field})
    assert (read(company, "lead", made["id"])["version"], of(company, "lead", made["id"])) == (made["version"], [])


def test_who_sees_the_object_sees_its_follow_ups(company: Company) -> None:
    made = lead(company)
    act(company, "seller", "lead", made["id"], "follow", **TALK).expect(200)
    (talk,) = of(company, "lead", made["id"])
    for who, sees in (("seller", True), ("head", True), ("exec", True), ("other_seller", False), ("finance", False)):
        answer = company[who].get(f"/forms/follow_up/records/{talk['id']}")
        assert (answer.status == 200) is sees, who
    assert act(company, "other_seller", "lead", made["id"], "follow", **TALK).status == 404
    assert company["seller"].post("/forms/follow_up/records", {**TALK, "subject": "绕过"}).status == 403


def test_follow_ups_are_corrected_by_their_writer_on_the_same_day(company: Company, platform: Platform) -> None:
    made = lead(company)
    act(company, "seller", "lead", made["id"], "follow", **TALK).expect(200)
    (talk,) = of(company, "lead", made["id"])
    path = f"/forms/follow_up/records/{talk['id']}"
    assert company["head"].patch(path, {"content": "主管改"}, talk["version"]).status == 403
    changed = company["seller"].patch(path, {"content": "更正"}, talk["version"]).expect(200)
    assert read(company, "lead", made["id"])["last_follow_content"] == "更正"
    assert set(company["seller"].patch(path, {"lead": None}, changed["version"]).errors) == {"lead"}

    def age(ctx: Any) -> None:
        table = ctx.platform.forms["follow_up"].table
        yesterday = ctx.now - timedelta(days=1)
        ctx.connection.execute(table.update().where(table.c.id == talk["id"]).values(created_at=yesterday))

    platform.as_system(age)
    assert company["seller"].patch(path, {"content": "第二天"}, changed["version"]).status == 403
    assert "edit" not in read(company, "follow_up", talk["id"], "seller")["$can"]
    company["admin"].patch(path, {"content": "管理员更正"}, changed["version"]).expect(200)


def test_only_the_owner_of_the_object_deletes_and_the_object_forgets(company: Company) -> None:
    made = lead(company)
    act(company, "seller", "lead", made["id"], "follow", **TALK, contact_at=instant(hours=2)).expect(200)
    act(company, "head", "lead", made["id"], "follow", **{**TALK, "content": "主管陪访"}).expect(200)
    first, second = sorted(of(company, "lead", made["id"]), key=lambda each: each["id"])
    path = f"/forms/follow_up/records/{second['id']}"
    assert company["exec"].delete(path, second["version"]).status == 403
    company["seller"].delete(path, second["version"]).expect(200, 204)
    shown = read(company, "lead", made["id"])
    assert (shown["last_follow_content"], shown["last_follow_at"]) == (TALK["content"], first["contact_at"])
    company["seller"].delete(f"/forms/follow_up/records/{first['id']}", first["version"]).expect(200, 204)
    shown = read(company, "lead", made["id"])
    assert (shown["last_follow_content"], shown["last_follow_at"], shown["follow_up_status"]) == (None, None, False)


def test_the_page_is_for_looking_things_up(company: Company) -> None:
    act(company, "seller", "lead", lead(company, customer_name="杭州启明科技")["id"], "follow", **TALK).expect(200)
    found = company["seller"].get("/forms/follow_up/records", customer_name__contains="启明").expect(200)["items"]
    assert [each["customer_name"] for each in found] == ["杭州启明科技"]
    span = {"contact_at__gte": instant(minutes=10), "contact_at__lt": instant(minutes=-10)}
    assert listed(company, "follow_up", "seller", owner=company["seller"].user_id, **span)
    assert listed(company, "follow_up", "seller", contact_at__lt=instant(days=30)) == []
