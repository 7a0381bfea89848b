"""Orders over HTTP: the customer's chapter 销售订单管理, quantities and money held to the contract, approval."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lowcode.testing.client import Answer, Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.trading import LINE, Company, act, decide, effective_by_rules, found, order, read, today


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def contract_of(company: Company, *lines: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    return effective_by_rules(company, lines=list(lines) or [LINE], **values)


def save(company: Company, contract: Mapping[str, Any], who: str = "seller", **values: Any) -> Answer:
    return company[who].post("/forms/order/records", {"contract": contract["id"], **values})


def change(company: Company, made: Mapping[str, Any], **values: Any) -> Answer:
    version = read(company, "order", made["id"])["version"]
    return company["seller"].patch(f"/forms/order/records/{made['id']}", values, version)


def row(contract: Mapping[str, Any], quantity: Any, index: int = 0, **values: Any) -> dict[str, Any]:
    return {"source": contract["lines"][index]["id"], "quantity": quantity, **values}


def ordered(company: Company, contract: Mapping[str, Any]) -> list[str]:
    return [line["ordered_quantity"] for line in read(company, "contract", contract["id"])["lines"]]


def test_choosing_a_contract_brings_along_everything(company: Company) -> None:
    """新增销售订单: contract name, customer, owner, delivery date, receiver and the lines; then 保存."""
    contract = contract_of(company)
    shown = company["seller"].post("/forms/order/preview", {"contract": contract["id"]}, changed="contract").expect(200)
    assert shown["errors"] == {}
    values = shown["values"]
    assert [(each["product_name"], each["subtotal"]) for each in values["lines"]] == [("边缘网关", "2849.97")]
    made = save(company, contract).expect(201)
    for name in ("customer", "owner", "delivery_date", "receiver_name", "receiver_phone", "receiver_address"):
        assert values[name] == made[name] == contract[name]
    assert (made["contract_name"], made["status"], made["shipping_status"]) == (contract["name"], "pending", "none")
    assert made["number"].startswith("DD")
    assert (made["net_total"], made["tax_total"], made["total_amount"]) == ("2522.10", "327.87", "2849.97")
    assert read(company, "contract", contract["id"])["status"] == "executing"
    assert ordered(company, contract) == ["3.000"]


def test_lines_may_be_typed_and_picked_too(company: Company) -> None:
    contract = contract_of(company)
    extra = {"product_name": "安装支架", "quantity": 2, "unit_price": "50", "tax_rate": 13}
    made = save(company, contract, lines=[row(contract, 1), extra]).expect(201)
    assert made["lines"][0]["product_name"] == "边缘网关"
    assert (made["total_amount"], made["deviates"]) == ("1049.99", True)
    assert made["deviation"] == "“安装支架”不在合同明细中。"


def test_orders_are_found_by_number_customer_owner_and_day(company: Company) -> None:
    """查询销售订单."""
    made = save(company, contract_of(company)).expect(201)
    person = company["seller"]

    def numbers(**query: Any) -> set[str]:
        rows = person.get("/forms/order/records", per_page=200, **query).expect(200)["items"]
        return {each["number"] for each in rows}

    assert numbers(search=made["number"]) == {made["number"]}
    assert made["number"] in numbers(search="宏图")
    assert made["number"] in numbers(owner=person.user_id, created_at__gte="$today")
    assert numbers(search="没有这个客户") == set()


def test_an_order_is_changed_until_it_is_confirmed(company: Company) -> None:
    """修改销售订单: lines, delivery date and receiver; after 确认 the lines are locked."""
    contract = contract_of(company)
    made = save(company, contract).expect(201)
    (line,) = made["lines"]
    day = f"{today(company)}"
    changed = change(
        company, made, lines=[{"id": line["id"], "quantity": 1}], delivery_date=day, receiver_name="李工"
    ).expect(200)
    assert (changed["total_amount"], changed["delivery_date"], changed["receiver_name"]) == ("949.99", day, "李工")
    assert ordered(company, contract) == ["1.000"]
    act(company, "seller", "order", made["id"], "confirm").expect(200)
    assert change(company, made, receiver_name="王工").expect(422)["code"] == "not_editable"


def test_an_order_is_deleted_to_the_bin_and_comes_back_only_while_there_is_room(company: Company) -> None:
    """删除销售订单: it goes to the recycle bin and what it took is free; confirmed ones stay."""
    contract = contract_of(company)
    first = save(company, contract).expect(201)
    company["seller"].delete(f"/forms/order/records/{first['id']}", first["version"]).expect(204)
    assert ordered(company, contract) == ["0.000"]
    second = save(company, contract, lines=[row(contract, 1)]).expect(201)
    refused = company["seller"].post(f"/forms/order/records/{first['id']}/restore", {}).expect(422)
    assert refused["code"] == "over_contract_quantity"
    company["seller"].delete(f"/forms/order/records/{second['id']}", second["version"]).expect(204)
    back = company["seller"].post(f"/forms/order/records/{first['id']}/restore", {}).expect(200)
    assert ordered(company, contract) == ["3.000"]
    act(company, "seller", "order", first["id"], "confirm").expect(200)
    current = read(company, "order", back["id"])
    kept = company["seller"].delete(f"/forms/order/records/{first['id']}", current["version"]).expect(422)
    assert kept["code"] == "not_editable"


def test_a_cancelled_order_is_free_again_and_may_be_deleted(company: Company) -> None:
    contract = contract_of(company)
    made = save(company, contract).expect(201)
    act(company, "seller", "order", made["id"], "confirm").expect(200)
    assert act(company, "seller", "order", made["id"], "cancel", reason="客户改期").status == 403
    act(company, "head", "order", made["id"], "cancel", reason="客户改期").expect(200)
    gone = read(company, "order", made["id"])
    assert (gone["status"], gone["cancel_reason"]) == ("cancelled", "客户改期")
    assert ordered(company, contract) == ["0.000"]
    company["seller"].delete(f"/forms/order/records/{made['id']}", gone["version"]).expect(204)
    company["seller"].post(f"/forms/order/records/{made['id']}/restore", {}).expect(200)
    assert ordered(company, contract) == ["0.000"]
    save(company, contract).expect(201)


def test_several_orders_come_to_the_contract_to_the_cent(company: Company) -> None:
    contract = contract_of(company)
    first = order(company, contract, lines=[row(contract, 1)])
    second = order(company, contract)
    assert [each["total_amount"] for each in (first, second)] == ["949.99", "1899.98"]
    assert second["deviates"] is False
    answer = act(company, "seller", "contract", contract["id"], "make_order").expect(422)
    assert answer["code"] == "nothing_left"
    assert "lines" in save(company, contract).expect(422)["errors"]


def test_more_than_the_contract_is_refused_and_nothing_is_written(company: Company) -> None:
    contract = contract_of(company)
    order(company, contract, lines=[row(contract, 2)])
    with nothing_written(company.platform):
        refused = save(company, contract, lines=[row(contract, 1), row(contract, "0.001")]).expect(422)
        dialog = act(company, "seller", "contract", contract["id"], "make_order", lines=[row(contract, 2)]).expect(422)
        foreign = save(company, contract, lines=[{**row(contract, 1), "source": 999999}]).expect(422)
    assert (refused["code"], list(refused["errors"])) == ("over_contract_quantity", ["lines.1.quantity"])
    assert (dialog["code"], list(dialog["errors"])) == ("over_contract_quantity", ["lines.0.quantity"])
    assert "lines.0.source" in foreign["errors"] or "lines.0.product_name" in foreign["errors"]
    live = company["seller"].post(
        "/forms/order/preview", {"contract": contract["id"], "lines": [row(contract, 2)]}, changed="lines.0.quantity"
    )
    assert list(live.expect(200)["errors"]) == ["lines.0.quantity"]


def test_the_dialog_proposes_what_is_left_and_shows_a_plan(company: Company) -> None:
    contract = contract_of(company)
    address = f"/forms/contract/records/{contract['id']}/actions/make_order"
    order(company, contract, lines=[row(contract, 1)])
    proposed = company["seller"].get(address).expect(200)["values"]["lines"]
    assert [(each["source"], each["quantity"]) for each in proposed] == [(contract["lines"][0]["id"], "2.000")]
    with nothing_written(company.platform):
        plan = company["seller"].post(address, {"lines": [row(contract, 1)]}, preview=1).expect(200)["plan"]
    (made,) = plan["created"]
    assert (made["form"], made["values"]["total_amount"]) == ("order", "949.99")


def test_an_order_of_somebody_elses_contract_is_not_for_a_stranger(company: Company) -> None:
    contract = contract_of(company)
    for who in ("other_seller", "other_head"):
        assert save(company, contract, who).status == 422
        assert act(company, who, "contract", contract["id"], "make_order").status == 404
    for who in ("finance", "service", "exec"):
        assert save(company, contract, who).status == 403
    shown = company["other_seller"].post("/forms/order/preview", {"contract": contract["id"]}).expect(200)
    assert (shown["values"]["lines"], shown["values"]["deviates"]) == ([], False)


def test_a_contract_that_is_not_in_effect_cannot_be_chosen(company: Company) -> None:
    contract = contract_of(company)
    made = save(company, contract, lines=[row(contract, 1)]).expect(201)
    act(company, "head", "contract", contract["id"], "terminate", reason="客户破产").expect(200)
    assert "contract" in save(company, contract).expect(422)["errors"]
    assert act(company, "seller", "order", made["id"], "confirm").expect(422)["code"] == "contract_not_effective"
    act(company, "head", "order", made["id"], "cancel", reason="合同终止").expect(200)


def test_deviations_are_refused_where_the_setting_says_so(company: Company) -> None:
    contract = contract_of(company)
    cheap = row(contract, 1, product_name="边缘网关", unit_price="900", discount_rate=5, tax_rate=13)
    company["admin"].put("/apps/crm/settings", {"order_deviation_blocks": True}).expect(200)
    try:
        refused = save(company, contract, lines=[cheap]).expect(422)
        assert (refused["code"], list(refused["errors"])) == ("order_deviates", ["lines.0.unit_price"])
        save(company, contract, lines=[row(contract, 1)]).expect(201)
    finally:
        company["admin"].put("/apps/crm/settings", {"order_deviation_blocks": False}).expect(200)
    assert save(company, contract, lines=[cheap]).expect(201)["deviates"] is True


def test_an_order_may_have_to_be_approved(company: Company) -> None:
    """审核: the head decides, finance too where the order differs from its contract."""
    contract = contract_of(company)
    cheap = row(contract, 1, product_name="边缘网关", unit_price="900", discount_rate=5, tax_rate=13)
    made = save(company, contract, lines=[cheap]).expect(201)
    company["admin"].put("/apps/crm/settings", {"order_approval": True}).expect(200)
    try:
        refused = act(company, "seller", "order", made["id"], "confirm").expect(422)
        assert refused["code"] == "approval_required"
        act(company, "seller", "order", made["id"], "submit").expect(200)
        decide(company, "head", made, "reject", form="order").expect(200)
        assert read(company, "order", made["id"])["status"] == "pending"
        act(company, "seller", "order", made["id"], "submit").expect(200)
        decide(company, "head", made, form="order").expect(200)
        assert read(company, "order", made["id"])["status"] == "in_review"
        decide(company, "finance", made, form="order").expect(200)
    finally:
        company["admin"].put("/apps/crm/settings", {"order_approval": False}).expect(200)
    assert read(company, "order", made["id"])["status"] == "confirmed"


def test_what_was_agreed_stays_when_others_change(company: Company) -> None:
    """A confirmed order keeps its amounts whatever becomes of the orders beside it."""
    line = {"product_name": "传感器", "quantity": 3, "unit_price": "0.335", "tax_rate": 13}
    contract = contract_of(company, line)
    first = order(company, contract, lines=[row(contract, 1)])
    rest = order(company, contract)
    assert [first["total_amount"], rest["total_amount"]] == ["0.34", "0.67"]
    act(company, "seller", "order", rest["id"], "confirm").expect(200)
    act(company, "head", "order", first["id"], "cancel", reason="重开").expect(200)
    company.platform.as_system(lambda ctx: ctx.forms.order.update(rest["id"], {"progress_text": "排产"}))
    assert read(company, "order", rest["id"])["total_amount"] == "0.67"
    again = order(company, contract)
    total = sum(Decimal(each["total_amount"]) for each in (rest, again))
    assert total == Decimal(contract["total_amount"])
