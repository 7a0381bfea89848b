"""订单进度推送: production pushes how far an order is, signed, and each message counts once."""

from typing import Any

import pytest

from lowcode.testing.client import Answer, Api
from lowcode.testing.pushing import push
from tests.scenarios.trading import LINE, Company, act_on, effective_by_rules, found, read

SECRET = "a secret of production"


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    made = found(api)
    api.put("/apps/crm/settings", {"push_secret": SECRET}).expect(200)
    return made


def confirmed(company: Company) -> dict[str, Any]:
    contract = effective_by_rules(company, lines=[LINE])
    made = company["seller"].post("/forms/order/records", {"contract": contract["id"]}).expect(201)
    act_on(company, "seller", made, "confirm", "order").expect(200)
    return dict(made)


def tell(company: Company, made: dict[str, Any], seq: int, secret: str = SECRET, **values: Any) -> Answer:
    return push(company["seller"], "crm", "order_progress", secret, {"number": made["number"], "seq": seq, **values})


def test_the_first_progress_begins_production_and_what_is_left_out_stays(company: Company) -> None:
    made = confirmed(company)
    tell(company, made, 1, external_no="MES-1", production_progress=0).expect(200)
    assert read(company, "order", made["id"])["status"] == "confirmed"
    assert tell(company, made, 2, production_progress=40, progress_text="电装完成").expect(200)["status"] == "applied"
    shown = read(company, "order", made["id"])
    assert (shown["status"], shown["production_progress"]) == ("in_production", "40.00")
    assert (shown["external_no"], shown["progress_text"], shown["synced_at"] is not None) == ("MES-1", "电装完成", True)


def test_a_message_counts_once_and_an_older_one_no_more(company: Company) -> None:
    made = confirmed(company)
    tell(company, made, 5, production_progress=60).expect(200)
    assert tell(company, made, 5, production_progress=60).expect(200)["status"] == "repeated"
    assert tell(company, made, 4, production_progress=30).expect(200)["status"] == "outdated"
    assert tell(company, made, 5, production_progress=70).expect(409)["code"] == "duplicate"
    assert read(company, "order", made["id"])["production_progress"] == "60.00"


def test_what_is_refused_changes_nothing(company: Company) -> None:
    made = confirmed(company)
    assert tell(company, made, 1, "another secret", production_progress=10).expect(401)["code"] == "bad_signature"
    assert tell(company, made | {"number": "DD0"}, 1).expect(404)["code"] == "not_found"
    assert "production_progress" in tell(company, made, 1, production_progress=101).expect(422)["errors"]
    act_on(company, "head", made, "cancel", "order", reason="客户取消").expect(200)
    assert tell(company, made, 1, production_progress=10).expect(422)["code"] == "order_cancelled"
    assert read(company, "order", made["id"])["production_progress"] is None
