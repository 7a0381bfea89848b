"""Changes of contracts in force over HTTP: raising and lowering the total, and what they must not take away."""

from datetime import timedelta
from typing import Any

import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios import trading
from tests.scenarios.trading import Company, act_on, decide, read

CHANGES = "/forms/contract_change/records"
COLUMNS = ("id", "product_name", "quantity", "unit_price", "discount_rate", "tax_rate", "source")
EXTRA = {"product_name": "安装调试", "quantity": 1, "unit_price": "500.00", "tax_rate": 6}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return trading.found(api)


def change_of(company: Company, contract: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Press 变更 on a contract; give the draft."""
    answer = act_on(company, "seller", contract, "change", reason="客户追加", **params).expect(200)
    assert answer["open"]["form"] == "contract_change"
    return read(company, "contract_change", answer["open"]["id"])


def with_lines(company: Company, change: dict[str, Any], lines: list[dict[str, Any]]) -> Any:
    sent = [{name: line[name] for name in COLUMNS if name in line} for line in lines]
    return company["seller"].patch(f"{CHANGES}/{change['id']}", {"lines": sent}, change["version"])


def approved(company: Company, change: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = trading.submit(company, change, form="contract_change")
    assert made["status"] == "approved"
    return made


def plan_of(company: Company, contract: dict[str, Any]) -> list[dict[str, Any]]:
    rows = company["finance"].get("/forms/payment_plan/records", per_page=200).expect(200)["items"]
    return [row for row in rows if row["contract"]["id"] == contract["id"] and row["status"] != "voided"]


def refused(answer: Any, code: str) -> dict[str, list[str]]:
    assert (answer.status, answer.json["code"]) == (422, code), answer.json
    found: dict[str, list[str]] = answer.errors
    return found


def test_a_change_raises_the_total_and_keeps_the_lines(company: Company) -> None:
    contract = trading.effective(company)
    later = f"{trading.today(company) + timedelta(days=60)}"
    change = change_of(company, contract, delivery_date=later)
    assert [line["source"] for line in change["lines"]] == [line["id"] for line in contract["lines"]]
    assert f"{contract['delivery_date']} → {later}" in change["differences"]

    change = with_lines(company, change, [*change["lines"], EXTRA]).expect(200)
    assert (change["old_total"], change["total_amount"]) == ("3624.37", "4124.37")
    assert "安装调试" in change["differences"]
    done = approved(company, change)
    assert done["effective_at"] is not None
    assert done["differences"] == change["differences"]

    now = read(company, "contract", contract["id"])
    assert (now["total_amount"], now["unreceived_amount"], now["delivery_date"]) == ("4124.37", "4124.37", later)
    assert [line["id"] for line in now["lines"]][:2] == [line["id"] for line in contract["lines"]]
    assert now["version"] > contract["version"]
    assert sum(float(row["plan_amount"]) for row in plan_of(company, contract)) == pytest.approx(4124.37)


def test_a_change_lowers_the_total_down_to_what_was_received(company: Company) -> None:
    contract = trading.effective(company)
    paid = act_on(company, "seller", contract, "add_payment", amount="2849.97").expect(200)["open"]
    act_on(company, "finance", {"id": paid["id"]}, "confirm", "payment").expect(200)
    change = change_of(company, contract)
    first, second = change["lines"]
    cheaper = [first | {"unit_price": "999.98"}]
    assert set(with_lines(company, change, cheaper).errors) == {"lines"}
    change = with_lines(company, change, [first]).expect(200)
    assert f"删去“{second['product_name']}”" in change["differences"]
    approved(company, change)
    now = read(company, "contract", contract["id"])
    assert (now["total_amount"], now["received_amount"], now["unreceived_amount"]) == ("2849.97", "2849.97", "0.00")
    assert sum(float(row["plan_amount"]) for row in plan_of(company, contract)) == pytest.approx(2849.97)


def test_what_was_ordered_stays_in_the_contract(company: Company) -> None:
    contract = trading.effective(company)
    line = contract["lines"][0]
    order = trading.order(company, contract, lines=[{"source": line["id"], "quantity": 2}])
    change = change_of(company, contract)
    first, second = change["lines"]
    assert set(with_lines(company, change, [first | {"quantity": 1}, second]).errors) == {"lines.0.quantity"}
    assert set(with_lines(company, change, [second]).errors) == {"lines"}
    swapped = [first | {"product_name": "另一产品"}, second]
    assert set(with_lines(company, change, swapped).errors) == {"lines.0.product_name"}
    change = with_lines(company, change, [first | {"quantity": 2}, second]).expect(200)
    approved(company, change)
    now = read(company, "contract", contract["id"])
    assert now["lines"][0]["id"] == order["lines"][0]["source"] == line["id"]
    assert now["lines"][0]["ordered_quantity"] == "2.000"


def test_a_contract_has_one_open_change(company: Company) -> None:
    contract = trading.effective_by_rules(company)
    change = change_of(company, contract)
    with nothing_written(company.platform):
        refused(act_on(company, "seller", contract, "change", reason="再改"), "change_open")
        again = company["seller"].post(CHANGES, {"contract": contract["id"], "reason": "再改"})
    assert (again.status, set(again.errors)) == (422, {"contract"})
    company["seller"].delete(f"{CHANGES}/{change['id']}", change["version"]).expect(204)
    change_of(company, contract)
    refused(company["seller"].post(f"{CHANGES}/{change['id']}/restore"), "change_open")


def test_a_change_that_changes_nothing_is_not_submitted(company: Company) -> None:
    change = change_of(company, trading.effective_by_rules(company))
    assert change["differences"] is None
    refused(act_on(company, "seller", change, "submit", "contract_change"), "nothing_changed")


def test_lines_come_from_the_contract_once(company: Company) -> None:
    change = change_of(company, trading.effective_by_rules(company))
    first, second = change["lines"]
    twice = with_lines(company, change, [first, second | {"source": first["source"]}])
    assert set(twice.errors) == {"lines.1.source"}
    assert set(with_lines(company, change, [first, second | {"source": 999_999}]).errors) == {"lines.1.source"}


def test_a_change_is_refused_when_the_contract_has_ended_or_changed(company: Company) -> None:
    ended = trading.effective_by_rules(company)
    change = change_of(company, ended, credit_days=30)
    act_on(company, "seller", change, "submit", "contract_change").expect(200)
    decide(company, "head", change, form="contract_change").expect(200)
    act_on(company, "head", ended, "terminate", reason="客户停产").expect(200)
    with nothing_written(company.platform):
        refused(decide(company, "finance", change, form="contract_change"), "contract_ended")
    decide(company, "finance", change, "reject", form="contract_change").expect(200)

    contract = trading.effective_by_rules(company)
    change = change_of(company, contract, credit_days=30)
    act_on(company, "seller", change, "submit", "contract_change").expect(200)
    decide(company, "head", change, form="contract_change").expect(200)
    company.platform.as_system(lambda ctx: ctx.forms.contract.update(contract["id"], {"credit_days": 15}))
    with nothing_written(company.platform):
        refused(decide(company, "finance", change, form="contract_change"), "contract_changed")


def test_a_refused_change_is_corrected_and_submitted_again(company: Company) -> None:
    contract = trading.effective_by_rules(company)
    change = change_of(company, contract, credit_days=30)
    act_on(company, "seller", change, "submit", "contract_change").expect(200)
    decide(company, "head", change, "reject", form="contract_change").expect(200)
    back = read(company, "contract_change", change["id"])
    assert (back["status"], read(company, "contract", contract["id"])["credit_days"]) == ("rejected", 0)
    company["seller"].patch(f"{CHANGES}/{change['id']}", {"credit_days": 10}, back["version"]).expect(200)
    approved(company, change)
    assert read(company, "contract", contract["id"])["credit_days"] == 10


def test_the_service_desk_sees_no_changes(company: Company) -> None:
    change = change_of(company, trading.effective_by_rules(company))
    assert company["service"].get(f"{CHANGES}/{change['id']}").status in (403, 404)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("contract_change", {"reason": "看看"}),
        ("payment", {"amount": "99999.00"}),
        ("invoice", {"amount": "99999.00"}),
        ("payment_plan", {"plan_amount": "99999.00"}),
    ],
)
def test_a_preview_tells_nothing_of_a_foreign_contract(company: Company, form: str, values: dict[str, Any]) -> None:
    contract = trading.effective_by_rules(company)
    body = {"contract": contract["id"], **values}
    shown = company["other_seller"].post(f"/forms/{form}/preview", body).expect(200)
    assert "contract" in shown["errors"]
    assert not any(secret in str(shown) for secret in ("3,624.37", "3624.37", "边缘网关", "999.99"))
