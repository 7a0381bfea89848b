"""Duplicates of customers, contacts and leads: found across forms, never with the content of foreign ones."""

from itertools import count
from typing import Any

import pytest

from lowcode.database.schema import alike_keys
from lowcode.identity import throttle
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written

_numbers = count(13_811_110_000)


@pytest.fixture(scope="module")
def seller(api: Api) -> Api:
    return api.as_user("sales", department="华东销售部", name="王芳")


@pytest.fixture(scope="module")
def rival(api: Api) -> Api:
    return api.as_user("sales", department="华南销售部", name="赵强")


def customer(api: Api, name: str, **values: Any) -> dict[str, Any]:
    made: dict[str, Any] = api.post("/forms/customer/records", {"name": name, "source": "other", **values}).expect(201)
    return made


def lead(api: Api, name: str, **values: Any) -> dict[str, Any]:
    body = {"customer_name": name, "contact_name": "钱进", "mobile": str(next(_numbers)), **values}
    made: dict[str, Any] = api.post("/forms/lead/records", body).expect(201)
    return made


def ask(api: Api, form: str, **values: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.post(f"/forms/{form}/duplicates", values).expect(200)["items"]
    return found


def test_a_lead_is_recognised_in_a_customer_and_the_other_way_round(seller: Api) -> None:
    mobile = str(next(_numbers))
    known = customer(seller, "苏州 明远精密（集团）有限公司", mobile=f"+86 {mobile}")
    found = ask(
        seller, "lead", customer_name="苏州明远精密(集团)有限公司", mobile=f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}"
    )
    assert [(each["form"], each["id"], each["kind"]) for each in found] == [
        ("customer", known["id"], "company"),
        ("customer", known["id"], "phone"),
    ]
    waiting = lead(seller, "宁波海纳机电有限公司")
    found = ask(seller, "customer", name="宁波海纳机电 有限公司")
    assert [(each["form"], each["title"]) for each in found] == [("lead", "宁波海纳机电有限公司")]
    assert found[0]["id"] == waiting["id"]


def test_a_foreign_customer_is_told_of_without_its_content(seller: Api, rival: Api) -> None:
    code, mobile = "91310000MA1K35XQ2B", str(next(_numbers))
    customer(seller, "机密客户甲", credit_code=code, mobile=mobile)
    owner = {"id": seller.user_id, "title": "王芳"}
    for field, value, kind in (("name", "机密客户甲", "company"), ("mobile", mobile, "phone")):
        assert ask(rival, "customer", **{field: value}) == [
            {"form": "customer", "id": None, "title": None, "kind": kind, "owner": owner}
        ]
    found = rival.post("/forms/contact/duplicates", {"mobile": mobile}).expect(200)
    assert "机密" not in str(found)
    assert [each["form"] for each in found["items"]] == ["customer"]
    assert ask(rival, "customer", name="机密客户") == []
    assert ask(rival, "customer", mobile=mobile[:-1]) == []


def test_the_preview_of_a_lead_warns_and_its_save_does_not_refuse(platform: Platform, seller: Api, rival: Api) -> None:
    customer(seller, "无锡立讯传动有限公司")
    draft = {"customer_name": "无锡立讯传动有限公司", "contact_name": "孙立", "mobile": str(next(_numbers))}
    with nothing_written(platform):
        told = rival.post("/forms/lead/preview", draft).expect(200)["warnings"]
        assert told.keys() == {"customer_name"}
        assert "王芳" in told["customer_name"][0]
        assert "“" not in told["customer_name"][0]
        assert "“无锡" in seller.post("/forms/lead/preview", draft).expect(200)["warnings"]["customer_name"][0]
    rival.post("/forms/lead/records", draft).expect(201)


def test_a_customer_of_the_pool_has_no_owner(api: Api, seller: Api) -> None:
    made = customer(api, "公海里的客户", owner=None)
    assert ask(seller, "customer", name="公海里的客户") == [
        {"form": "customer", "id": made["id"], "title": "公海里的客户", "kind": "company", "owner": None}
    ]


def test_who_asks_too_often_waits(platform: Platform, api: Api) -> None:
    guesser = api.as_user("sales")
    mobile = 13_900_000_000
    for _each in range(throttle.PER_COMPARISON):
        mobile += 1
        ask(guesser, "customer", mobile=str(mobile))
    refused = guesser.post("/forms/customer/duplicates", {"mobile": str(mobile + 1)})
    assert refused.expect(429)["code"] == "too_many_requests"
    assert 0 < int(refused.headers["Retry-After"]) <= throttle.WINDOW.total_seconds() + 1
    customer(api, "猜不到的客户")
    assert guesser.post("/forms/customer/preview", {"name": "猜不到的客户"}).expect(200)["warnings"] == {}
    made = customer(guesser, "照样可以新增")
    assert made["name"] == "照样可以新增"


def test_a_deleted_customer_is_no_duplicate(platform: Platform, api: Api) -> None:
    made = customer(api, "即将删除的客户")
    path = f"/forms/customer/records/{made['id']}"
    assert len(ask(api, "customer", name="即将删除的客户")) == 1
    api.delete(path, made["version"]).expect(204)
    assert ask(api, "customer", name="即将删除的客户") == []
    api.post(f"{path}/restore").expect(200)
    assert [each["id"] for each in ask(api, "customer", name="即将删除的客户")] == [made["id"]]
    with platform.db.read() as connection:
        kinds = {row.kind for row in connection.execute(alike_keys.select().where(alike_keys.c.record == made["id"]))}
    assert "company" in kinds
