"""The pages of funnel, forecast and pool rules, as the people who may open them see them."""

import csv
import io
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from lowcode.testing.client import Api

PAGES = ("funnel", "forecast", "pool_rules")


@pytest.fixture(scope="module")
def manager(api: Api) -> Api:
    return api.as_user("manager", department="销售一部", name="李经理")


@pytest.fixture(scope="module")
def opportunity(manager: Api) -> dict[str, Any]:
    body = {"name": "华东机械 & 伙伴", "source": "referral"}
    customer = manager.post("/forms/customer/records", body).expect(201)
    values = {
        "name": "网关改造",
        "customer": customer["id"],
        "expected_amount": "123456.7",
        "win_probability": 50,
        "expected_close_date": "2099-03-15",
    }
    made: dict[str, Any] = manager.post("/forms/opportunity/records", values).expect(201)
    return made


def page(api: Api, address: str, language: str = "zh-CN") -> str:
    answer = api._client.get(address, headers={**api.credentials, "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert " style=" not in answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])))


def test_the_funnel_shows_what_the_api_answers(manager: Api, opportunity: dict[str, Any]) -> None:
    text = page(manager, "/panel/funnel")
    assert "进行中的机会 1 金额 123,456.70，加权 61,728.35" in text
    assert "赢单率 —" in text
    data = manager.get("/panels/funnel").expect(200)
    for stage in data["stages"]:
        assert stage["label"] in text
    answer = manager._client.get("/api/v1/panels/funnel?format=csv&table=stages", headers=manager.credentials)
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["销售阶段", "机会数", "预计合同金额", "加权金额"]
    assert [row[0] for row in rows[1:]] == [stage["label"] for stage in data["stages"]]
    assert [row[2] for row in rows[1:]] == [stage["amount"] for stage in data["stages"]]


def test_the_forecast_shows_months_and_people(manager: Api, opportunity: dict[str, Any]) -> None:
    text = page(manager, "/panel/forecast?month_from=2099-02-01")
    assert text.count("2099-03") >= 2  # in the chart and in the table
    assert "李经理 1 123,456.70 61,728.35 0.00" in text
    assert "这段时间没有预计成交的机会。" in page(manager, "/panel/forecast?month_from=2090-01-01")


def test_the_simulation_shows_who_would_lose_what(api: Api, opportunity: dict[str, Any]) -> None:
    before = api.get("/apps/crm/settings").expect(200)
    chosen = {"on": "2099-03-01", "no_follow_days": "5", "recycle_with_opportunity": "true"}
    text = page(api, f"/panel/pool_rules?{urlencode(chosen)}")
    data = api.get("/panels/pool_rules", **chosen).expect(200)
    assert data["candidate"]["count"] == 1
    assert "华东机械 & 伙伴 李经理" in text
    assert {"added": "新增回收", "same": "都会回收"}[data["leaving"][0]["change"]] in text
    assert api.get("/apps/crm/settings").expect(200) == before


def test_pages_of_people_without_the_role_stay_shut(api: Api, manager: Api) -> None:
    for person, name in ((api.as_user("service"), "funnel"), (manager, "pool_rules")):
        assert person._client.get(f"/panel/{name}", headers=person.credentials).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_english_too(api: Api, opportunity: dict[str, Any], name: str) -> None:
    text = page(api, f"/panel/{name}", "en")
    for own in ("网关改造", "华东机械 & 伙伴", "李经理", "管理员"):
        text = text.replace(own, "")
    assert re.findall(r"[\u4e00-\u9fff]+", text) == []
