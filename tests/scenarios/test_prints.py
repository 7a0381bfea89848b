"""Printed quotations, contracts and statements: amounts in words, pages without prices, and PDF."""

from typing import Any

import pytest

from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found

LINES = [
    {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5, "remark": "室外安装"},
    {"product_name": "安装服务", "quantity": "1.5", "unit_price": "2000"},
]
PRICES = ("2,849.97", "5,849.97", "999.99", "伍仟捌佰肆拾玖元玖角柒分")


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    made = found(api)
    made["admin"].put("/apps/crm/settings", {"company_name": "示例网关有限公司"}).expect(200)
    return made


@pytest.fixture(scope="module")
def contract(company: Company) -> dict[str, Any]:
    values = {
        "name": "边缘网关供货合同", "customer": company.customer, "lines": LINES, "payment_method": "transfer",
        "prepay_ratio": 30, "delivery_date": "2099-03-09", "receiver_name": "周敏", "receiver_phone": "13812341234",
        "receiver_address": "上海市浦东新区一号", "tax_number": "91310000MA1FL0000X",
    }  # fmt: skip
    made: dict[str, Any] = company["seller"].post("/forms/contract/records", values).expect(201)
    plan = {"contract": made["id"], "stage": "prepay", "plan_amount": "1754.99", "due_date": "2099-01-15"}
    company["seller"].post("/forms/payment_plan/records", plan).expect(201)
    return made


def test_a_quotation_has_its_amount_in_words_and_a_page_without_prices(company: Company) -> None:
    record = company.draft(lines=LINES)
    base = f"/api/v1/forms/quotation/records/{record['id']}/print"
    whole, plain = (_page(company["seller"], f"{base}/{name}") for name in ("quotation", "quotation_plain"))
    for page in (whole, plain):
        for wanted in ("示例网关有限公司", record["number"], "边缘网关", "安装服务", "仅供内部审阅", "客户确认"):
            assert wanted in page
    for price in PRICES:
        assert price in whole
        assert price not in plain
    assert "室外安装" in plain


def test_a_contract_prints_its_parties_terms_and_amount(company: Company, contract: dict[str, Any]) -> None:
    page = _page(company["seller"], f"/api/v1/forms/contract/records/{contract['id']}/print/contract")
    for wanted in (
        *(contract["number"], "甲方（买方）", "乙方（卖方）", "示例网关有限公司", "91310000MA1FL0000X", "转账"),
        *("30%", "1,754.99", "2099-01-15", "合计人民币（大写）：伍仟捌佰肆拾玖元玖角柒分", "周敏", "授权代表签字"),
    ):
        assert wanted in page
    assert "{" not in page.partition("<body>")[2]


def test_a_contract_without_prices_tells_none(company: Company, contract: dict[str, Any]) -> None:
    address = f"/api/v1/forms/contract/records/{contract['id']}/print"
    page = _page(company["seller"], f"{address}/contract_plain")
    for wanted in ("边缘网关", "室外安装", "周敏", "乙方（盖章）"):
        assert wanted in page
    for price in (*PRICES, "1,754.99", "2099-01-15", "大写", "付款"):
        assert price not in page
    hidden = _page(company["service"], f"{address}/contract")
    for price in (*PRICES, "1,754.99", "2099-01-15", "大写", "付款"):
        assert price not in hidden
    assert "周敏" in hidden


def test_a_statement_prints_for_the_customer_that_was_chosen(company: Company) -> None:
    address = "/api/v1/panels/statement/print"
    assert "请先在对账单页面选择客户。" in _page(company["finance"], address)
    page = _page(company["finance"], f"{address}?customer={company.customer}&from=2026-01-01&to=2026-06-30")
    for wanted in (
        "示例网关有限公司",
        "2026-01-01 – 2026-06-30",
        "期初余额",
        "期末余额人民币（大写）：零元整",
        "经核对相符",
    ):
        assert wanted in page
    stranger = company["service"]
    assert stranger._client.get(address, headers=stranger.credentials).status_code == 403


def _page(api: Api, address: str) -> str:
    answer = api._client.get(address, headers=api.credentials)
    assert answer.status_code == 200, answer.text
    return answer.text
