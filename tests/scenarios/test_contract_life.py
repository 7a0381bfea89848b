"""A contract's whole life over HTTP: from the quotation through its approval to its end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios import trading
from tests.scenarios.pooling import settings
from tests.scenarios.selling import opportunity
from tests.scenarios.trading import Company, act_on, decide, read

OFFERED = [trading.LINE, {"product_name": "采集模块", "quantity": 10, "unit_price": "88", "discount_rate": 10}]
"""It comes to 3641.97, and no discount is so large that more than the head decide."""

DELIVERY = {"receiver_phone": "13800138000", "receiver_address": "上海市徐汇区漕溪路 8 号"}
PATH = "/forms/contract/records"


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return trading.found(api)


def made_of(company: Company, quotation: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Press 生成合同 on a quotation; give the contract."""
    answer = company.act("seller", quotation, "make_contract", **DELIVERY, **params).expect(200)
    return read(company, "contract", answer["open"]["id"])


def refused(answer: Any, code: str) -> dict[str, list[str]]:
    assert (answer.status, answer.json["code"]) == (422, code), answer.json
    found: dict[str, list[str]] = answer.errors
    return found


def test_an_accepted_quotation_becomes_a_contract_that_takes_effect(company: Company) -> None:
    deal = opportunity(company)
    quotation = company.bring("accepted", lines=OFFERED, opportunity=deal["id"])
    path = f"/forms/quotation/records/{quotation['id']}/actions/make_contract"
    with nothing_written(company.platform):
        plan = company["seller"].post(path, DELIVERY, preview=1).expect(200)["plan"]
    assert plan["created"][0]["values"]["total_amount"] == "3,641.97"

    contract = made_of(company, quotation, prepay_ratio=30)
    assert contract["total_amount"] == quotation["total_amount"] == "3641.97"
    assert [line["source"] for line in contract["lines"]] == [line["id"] for line in quotation["lines"]]
    assert (contract["deviates"], contract["prepay_amount"]) == (False, "1092.59")
    assert contract["opportunity"]["id"] == deal["id"]
    assert read(company, "quotation", quotation["id"])["status"] == "converted"
    behind = read(company, "opportunity", deal["id"])
    assert (behind["stage"], behind["contract_count"]) == ("negotiation", 1)

    assert trading.submit(company, contract)["status"] == "pending_sign"
    act_on(company, "seller", contract, "sign", sign_date=f"{trading.today(company)}").expect(200)
    standing = read(company, "contract", contract["id"])
    assert (standing["status"], standing["effective_on"]) == ("effective", f"{trading.today(company)}")
    customer = read(company, "customer", company.customer)
    assert (customer["deal_status"], customer["status"], customer["contract_amount"]) == (True, "deal", "3641.97")
    told = company["seller"].get("/notifications").expect(200)["items"]
    assert any(contract["number"] in each["text"] and "赢单" in each["text"] for each in told)


def test_one_quotation_makes_one_live_contract(company: Company) -> None:
    quotation = company.bring("accepted", lines=OFFERED)
    contract = made_of(company, quotation)
    refused(company.act("seller", quotation, "make_contract", **DELIVERY), "not_allowed_now")
    with nothing_written(company.platform):
        body = trading.terms(company, quotation=quotation["id"])
        assert company["seller"].post(PATH, body).status == 422
    company["seller"].delete(f"{PATH}/{contract['id']}", contract["version"]).expect(204)
    assert read(company, "quotation", quotation["id"])["status"] == "accepted"
    again = made_of(company, quotation)
    refused(company["seller"].post(f"{PATH}/{contract['id']}/restore"), "quotation_taken")
    assert read(company, "contract", again["id"])["status"] == "draft"


def test_what_a_contract_lacks_is_asked_for(company: Company) -> None:
    quotation = company.bring("accepted", lines=OFFERED)
    answer = company.act("seller", quotation, "make_contract")
    assert (answer.status, set(answer.errors)) == (422, {"receiver_phone", "receiver_address"})
    offered = company["seller"].get(f"/forms/quotation/records/{quotation['id']}/actions/make_contract").expect(200)
    assert offered["values"]["receiver_name"] == "上海宏图自动化有限公司"


def test_a_low_prepayment_and_a_deviation_ask_the_executives_too(company: Company) -> None:
    low = trading.draft(company, prepay_ratio=0)
    act_on(company, "seller", low, "submit").expect(200)
    decide(company, "head", low).expect(200)
    decide(company, "finance", low).expect(200)
    assert read(company, "contract", low["id"])["status"] == "in_review"
    decide(company, "exec", low).expect(200)
    assert read(company, "contract", low["id"])["status"] == "effective"

    contract = made_of(company, company.bring("accepted", lines=OFFERED), prepay_ratio=30)
    lines = [line | {"unit_price": "80"} if line["product_name"] == "采集模块" else line for line in contract["lines"]]
    edited = (
        company["seller"].patch(f"{PATH}/{contract['id']}", {"lines": _sent(lines)}, contract["version"]).expect(200)
    )
    assert (edited["deviates"], "88 → 80" in edited["deviation"]) == (True, True)
    assert trading.submit(company, edited, "head", "finance")["status"] == "in_review"
    decide(company, "exec", edited).expect(200)
    assert read(company, "contract", contract["id"])["status"] == "pending_sign"


def _sent(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what a page sends of lines: what people type, and where each came from."""
    names = ("id", "product_name", "quantity", "unit_price", "discount_rate", "tax_rate", "source")
    return [{name: line[name] for name in names} for line in lines]


def test_refused_and_withdrawn_contracts_are_corrected_and_submitted_again(company: Company) -> None:
    contract = trading.draft(company)
    act_on(company, "seller", contract, "submit").expect(200)
    locked = read(company, "contract", contract["id"])
    refused(company["seller"].patch(f"{PATH}/{contract['id']}", {"remark": "x"}, locked["version"]), "not_editable")
    act_on(company, "seller", contract, "withdraw").expect(200)
    act_on(company, "seller", contract, "submit").expect(200)
    decide(company, "head", contract, "reject").expect(200)
    back = read(company, "contract", contract["id"])
    assert back["status"] == "rejected"
    company["seller"].patch(f"{PATH}/{contract['id']}", {"remark": "已更正"}, back["version"]).expect(200)
    assert trading.submit(company, contract)["status"] == "effective"


def test_a_contract_is_submitted_whole(company: Company) -> None:
    half = trading.draft(company, invoice_type="special")
    faults = refused(act_on(company, "seller", half, "submit"), "incomplete")
    assert set(faults) == {"invoice_address", "invoice_phone", "bank_name", "bank_account"}
    assert read(company, "contract", half["id"])["status"] == "draft"

    planned = trading.draft(company)
    trading.plan_row(company, planned, "100.00", 10)
    refused(act_on(company, "seller", planned, "submit"), "plan_off_total")
    answer = company["seller"].delete(f"{PATH}/{planned['id']}", planned["version"])
    assert "回款计划" in answer.json["detail"]


def test_a_signed_contract_is_not_signed_after_its_delivery(company: Company) -> None:
    contract = trading.submit(company, trading.draft(company, sign_date=None))
    late = "2100-01-01"
    assert set(refused(act_on(company, "seller", contract, "sign", sign_date=late), "invalid")) == {"sign_date"}
    assert read(company, "contract", contract["id"])["status"] == "pending_sign"


def test_a_voided_contract_gives_its_quotation_back(company: Company) -> None:
    quotation = company.bring("accepted", lines=OFFERED)
    contract = trading.submit(company, made_of(company, quotation, prepay_ratio=30))
    assert act_on(company, "seller", contract, "void", reason="客户取消").status == 403
    act_on(company, "head", contract, "void", reason="客户取消").expect(200)
    ended = read(company, "contract", contract["id"])
    assert (ended["status"], ended["end_reason"]) == ("voided", "客户取消")
    assert ended["ended_on"] == f"{trading.today(company)}"
    assert read(company, "quotation", quotation["id"])["status"] == "accepted"
    made_of(company, quotation)


def test_a_contract_with_orders_or_money_is_terminated_not_voided(company: Company) -> None:
    contract = trading.effective(company)
    act_on(company, "seller", contract, "add_payment", amount="100.00").expect(200)
    with nothing_written(company.platform):
        answer = act_on(company, "head", contract, "void", reason="客户取消")
    refused(answer, "contract_in_use")
    assert "终止" in answer.json["detail"]
    act_on(company, "head", contract, "terminate", reason="客户停产").expect(200)
    ended = read(company, "contract", contract["id"])
    assert (ended["status"], ended["end_reason"]) == ("terminated", "客户停产")
    rows = company["finance"].get("/forms/payment_plan/records", per_page=200).expect(200)["items"]
    mine = [row for row in rows if row["contract"]["id"] == contract["id"]]
    assert all(row["status"] == "voided" for row in mine)


def test_only_a_scanned_contract_is_archived(company: Company) -> None:
    contract = trading.effective_by_rules(company)
    company.platform.as_system(lambda ctx: ctx.forms.contract.update(contract["id"], {"status": "completed"}))
    assert set(refused(act_on(company, "seller", contract, "archive"), "scan_missing")) == {"signed_files"}
    act_on(company, "seller", contract, "archive", signed_files=[trading.scan(company)]).expect(200)
    archived = read(company, "contract", contract["id"])
    assert (archived["status"], len(archived["signed_files"])) == ("archived", 1)


def test_a_scan_from_before_stays_when_a_contract_is_signed_and_archived(company: Company) -> None:
    contract = trading.effective(company, signed_files=[trading.scan(company)])
    company.platform.as_system(lambda ctx: ctx.forms.contract.update(contract["id"], {"status": "completed"}))
    act_on(company, "seller", contract, "archive", signed_files=[trading.scan(company)]).expect(200)
    assert len(read(company, "contract", contract["id"])["signed_files"]) == 2


def test_the_service_desk_sees_a_contract_without_its_money(company: Company) -> None:
    contract = trading.effective_by_rules(company)
    seen = read(company, "contract", contract["id"], "service")
    assert {"name", "customer", "status", "delivery_date"} <= set(seen)
    assert not {"total_amount", "lines", "prepay_ratio", "received_amount", "deviation", "bank_account"} & set(seen)
    assert company["service"].patch(f"{PATH}/{contract['id']}", {"remark": "x"}, seen["version"]).status == 403


def test_records_that_contracts_mention_are_kept(company: Company) -> None:
    deal = opportunity(company)
    person = (
        company["seller"].post("/forms/contact/records", {"customer": company.customer, "name": "陈工"}).expect(201)
    )
    trading.draft(company, opportunity=deal["id"], sign_contact=person["id"])
    for form, record in (("opportunity", deal["id"]), ("contact", person["id"]), ("customer", company.customer)):
        version = read(company, form, record)["version"]
        answer = company["admin"].delete(f"/forms/{form}/records/{record}", version)
        refused(answer, "delete_refused")
        assert "合同" in answer.json["detail"]


def test_a_customer_whose_contract_is_decided_stays_out_of_the_pool_and_takes_contracts_along(company: Company) -> None:
    body = {"name": "苏州恒力机械有限公司", "source": "other"}
    customer = company["seller"].post("/forms/customer/records", body).expect(201)
    contract = trading.draft(company, customer=customer["id"])
    act_on(company, "seller", contract, "submit").expect(200)
    refused(act_on(company, "seller", customer, "release", "customer", reason="handover"), "in_review")
    act_on(company, "seller", contract, "withdraw").expect(200)
    values = {"owner": company["other_seller"].user_id, "with": "all"}
    act_on(company, "admin", customer, "transfer", "customer", **values).expect(200)
    assert read(company, "contract", contract["id"])["owner"]["id"] == company["other_seller"].user_id


def test_a_contract_that_is_ordered_shipped_and_paid_is_completed(company: Company) -> None:
    contract = trading.effective(company)
    order = trading.order(company, contract)
    assert read(company, "contract", contract["id"])["status"] == "executing"
    act_on(company, "seller", order, "confirm", "order").expect(200)
    shipped = {"courier": "shunfeng", "tracking_no": f"SF{contract['id']:012d}"}
    act_on(company, "seller", order, "ship", "order", **shipped).expect(200)
    paid = act_on(company, "seller", contract, "add_payment", amount="3624.37").expect(200)["open"]
    act_on(company, "finance", {"id": paid["id"]}, "confirm", "payment").expect(200)
    done = read(company, "contract", contract["id"])
    assert (done["status"], done["unreceived_amount"], done["order_count"]) == ("completed", "0.00", 1)


def test_of_contracts_of_one_quotation_at_the_same_moment_one_is_made(company: Company) -> None:
    quotation, start = company.bring("accepted", lines=OFFERED), Barrier(4)
    body = trading.terms(company, quotation=quotation["id"])

    def make(turn: int) -> int:
        start.wait()
        if turn % 2:
            return company.act("seller", quotation, "make_contract", **DELIVERY).status
        return company["seller"].post(PATH, body).status

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(make, range(4)))
    assert answers in ([200, 422, 422, 422], [201, 422, 422, 422])


def test_a_contract_rounds_as_its_quotation_did(company: Company) -> None:
    line = {"product_name": "线缆", "quantity": 1000, "unit_price": "1.33", "discount_rate": 5, "tax_rate": 13}
    with settings(company, rounding_policy="unit_price"):
        quotation = company.bring("accepted", lines=[line])
    assert company.bring("draft", lines=[line])["total_amount"] == "1263.50"
    contract = made_of(company, quotation)
    assert (quotation["total_amount"], contract["total_amount"], contract["deviates"]) == ("1260.00", "1260.00", False)
    effective = trading.submit(company, contract, "head", "finance", "exec")
    act_on(company, "seller", effective, "sign").expect(200)
    assert trading.order(company, contract)["total_amount"] == "1260.00"
