"""Invoices over HTTP: applied for, approved, issued, mailed, reversed and voided, and never more than the contract."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from lowcode.database.datacheck import wrong_rollups
from lowcode.testing.client import Api
from tests.scenarios.trading import Company, act_on, decide, effective_by_rules, found, read, today

CLIENTS = int(os.environ.get("CLIENTS") or 20)
ROUNDS = int(os.environ.get("ROUNDS") or 1)
FULL = {
    "bank_name": "招商银行上海分行",
    "bank_account": "1219 0000 1111",
    "invoice_address": "上海市张江路 1 号",
    "invoice_phone": "021-50801234",
}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def apply(
    company: Company, contract: dict[str, Any], amount: str, who: str = "seller", **params: Any
) -> dict[str, Any]:
    answer = act_on(company, who, contract, "add_invoice", amount=amount, **params).expect(200)
    return read(company, "invoice", answer["open"]["id"])


def to_issue(company: Company, invoice: dict[str, Any]) -> None:
    act_on(company, "seller", invoice, "submit", "invoice").expect(200)
    for person in ("head", "finance"):
        decide(company, person, invoice, form="invoice").expect(200)


def issued(company: Company, contract: dict[str, Any], amount: str, number: str, **params: Any) -> dict[str, Any]:
    invoice = apply(company, contract, amount, **params)
    to_issue(company, invoice)
    day = today(company).isoformat()
    act_on(company, "finance", invoice, "issue", "invoice", invoice_no=number, issued_at=day).expect(200)
    return read(company, "invoice", invoice["id"])


def figures(company: Company, contract: dict[str, Any]) -> tuple[str, str, str]:
    shown = read(company, "contract", contract["id"])
    return shown["invoiced_amount"], shown["uninvoiced_amount"], shown["applied_amount"]


def test_from_the_application_to_the_letter(company: Company) -> None:
    contract = effective_by_rules(company)
    assert contract["total_amount"] == "3624.37"
    dialog = company["seller"].get(f"/forms/contract/records/{contract['id']}/actions/add_invoice").expect(200)
    assert dialog["values"]["amount"] == "3624.37"
    invoice = apply(company, contract, "1130.00", invoice_type="general", tax_rate="13")
    assert (invoice["net_amount"], invoice["tax_amount"], invoice["status"]) == ("1000.00", "130.00", "draft")
    assert invoice["invoice_title"] == "上海宏图自动化有限公司"
    assert figures(company, contract) == ("0.00", "3624.37", "1130.00")
    to_issue(company, invoice)
    assert read(company, "invoice", invoice["id"])["status"] == "to_issue"
    day = today(company).isoformat()
    act_on(company, "seller", invoice, "issue", "invoice", invoice_no="001", issued_at=day).expect(403)
    act_on(company, "finance", invoice, "issue", "invoice", invoice_no="001", issued_at=day).expect(200)
    assert figures(company, contract) == ("1130.00", "2494.37", "0.00")
    refused = act_on(company, "finance", invoice, "mail", "invoice").expect(422)
    assert set(refused["errors"]) == {"courier", "tracking_no"}
    act_on(company, "finance", invoice, "mail", "invoice", courier="shunfeng", tracking_no="SF1").expect(200)
    act_on(company, "seller", invoice, "receive", "invoice", signed_at=day).expect(200)
    assert read(company, "invoice", invoice["id"])["status"] == "signed"


def test_a_special_invoice_waits_for_its_title(company: Company) -> None:
    contract = effective_by_rules(company)
    invoice = apply(company, contract, "100.00", invoice_type="special")
    refused = act_on(company, "seller", invoice, "submit", "invoice").expect(422)
    assert (refused["code"], set(refused["errors"])) == ("title_incomplete", set(FULL))
    path = f"/forms/invoice/records/{invoice['id']}"
    company["seller"].patch(path, FULL, invoice["version"]).expect(200)
    act_on(company, "seller", invoice, "submit", "invoice").expect(200)


def test_never_more_than_the_contract(company: Company) -> None:
    contract = effective_by_rules(company)
    apply(company, contract, "3000.00")
    refused = act_on(company, "seller", contract, "add_invoice", amount="624.38").expect(422)
    assert refused["code"] == "over_contract_total"
    assert "624.37" in str(refused["errors"]["amount"])
    apply(company, contract, "624.37")
    assert figures(company, contract) == ("0.00", "3624.37", "3624.37")


def test_by_receipts_nothing_is_invoiced_before_it_has_come_in(company: Company) -> None:
    contract = effective_by_rules(company, invoice_cap="receipts")
    act_on(company, "seller", contract, "add_invoice", amount="0.01").expect(422)
    paid = act_on(company, "finance", contract, "add_payment", amount="500.00", paid_at=f"{today(company)}").expect(200)
    act_on(company, "seller", contract, "add_invoice", amount="0.01").expect(422)
    act_on(company, "finance", paid["open"], "confirm", "payment").expect(200)
    apply(company, contract, "500.00")
    act_on(company, "seller", contract, "add_invoice", amount="0.01").expect(422)


def test_red_invoices_give_the_amount_back(company: Company) -> None:
    contract = effective_by_rules(company)
    invoice = issued(company, contract, "3624.37", "100")
    act_on(company, "seller", contract, "add_invoice", amount="0.01").expect(422)
    made = act_on(company, "finance", invoice, "reverse", "invoice", amount="600.00", reason="退货").expect(200)
    red = read(company, "invoice", made["open"]["id"])
    assert (red["amount"], red["status"], red["red_of"]["id"]) == ("-600.00", "issued", invoice["id"])
    assert read(company, "invoice", invoice["id"])["status"] == "part_red"
    assert figures(company, contract) == ("3024.37", "600.00", "0.00")
    act_on(company, "finance", invoice, "reverse", "invoice", amount="3024.38", reason="退货").expect(422)
    act_on(company, "finance", invoice, "reverse", "invoice", amount="3024.37", reason="退货").expect(200)
    assert read(company, "invoice", invoice["id"])["status"] == "red"
    assert figures(company, contract) == ("0.00", "3624.37", "0.00")
    for name in ("void", "reverse"):
        act_on(company, "finance", red, name, "invoice", amount="1", reason="再次").expect(422)
    assert company.platform.as_system(wrong_rollups) == []


def test_what_is_voided_may_be_invoiced_again_and_its_number_stays_taken(company: Company) -> None:
    contract = effective_by_rules(company)
    invoice = issued(company, contract, "3624.37", "200")
    act_on(company, "finance", invoice, "void", "invoice", reason="开错抬头").expect(200)
    assert figures(company, contract) == ("0.00", "3624.37", "0.00")
    again = apply(company, contract, "3624.37")
    to_issue(company, again)
    day = today(company).isoformat()
    act_on(company, "finance", again, "issue", "invoice", invoice_no="200", issued_at=day).expect(409)
    act_on(company, "finance", again, "issue", "invoice", invoice_no="201", issued_at=day).expect(200)


def test_many_who_apply_for_the_last_money_at_once(company: Company) -> None:
    """So many clients want the same 100.00: one gets it."""
    for _round in range(ROUNDS):
        contract = effective_by_rules(company)
        apply(company, contract, "3524.37")
        path = f"/forms/contract/records/{contract['id']}/actions/add_invoice"
        with ThreadPoolExecutor(CLIENTS) as pool:
            asked = [pool.submit(company["seller"].post, path, {"amount": "100.00"}) for _each in range(CLIENTS)]
            answers = sorted(each.result().status for each in asked)
        assert answers == [200, *[422] * (CLIENTS - 1)]
        assert figures(company, contract) == ("0.00", "3624.37", "3624.37")


def test_an_application_does_not_come_back_to_a_voided_contract(company: Company) -> None:
    contract = effective_by_rules(company)
    invoice = apply(company, contract, "100.00")
    path = f"/forms/invoice/records/{invoice['id']}"
    company["seller"].delete(path, invoice["version"]).expect(204)
    act_on(company, "head", contract, "void", reason="签错了").expect(200)
    refused = company["seller"].post(f"{path}/restore").expect(422)
    assert refused["code"] == "contract_not_effective"


def test_no_invoice_is_issued_on_a_day_to_come(company: Company) -> None:
    invoice = apply(company, effective_by_rules(company), "100.00")
    to_issue(company, invoice)
    params = {"invoice_no": "26990001", "issued_at": f"{today(company) + timedelta(days=1)}"}
    refused = act_on(company, "finance", invoice, "issue", "invoice", **params).expect(422)
    assert refused["code"] == "issued_in_future"
