"""Many people register the last of a contract's money at once: exactly one succeeds. ROUNDS says how often."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from lowcode.testing.client import Answer, Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, read, today
from tests.scenarios.trading import effective_by_rules

ROUNDS = int(os.environ.get("ROUNDS") or 2)
CLIENTS = int(os.environ.get("CLIENTS") or 20)
LAST = "100.00"
LINES = [{"product_name": "网关", "quantity": 1, "unit_price": "1100", "tax_rate": 13}]


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def _pay(company: Company, contract: int, number: int, start: Barrier) -> Answer:
    """Register by the dialog or by the form, as people do."""
    body: dict[str, Any] = {"amount": LAST, "paid_at": f"{today(company)}", "method": "transfer"}
    start.wait()
    if number % 2:
        return act(company, "seller", "contract", contract, "add_payment", **body)
    return company["finance"].post("/forms/payment/records", body | {"contract": contract})


def test_the_last_of_the_money_comes_in_once(company: Company) -> None:
    for _round in range(ROUNDS):
        contract = effective_by_rules(company, lines=LINES, prepay_ratio=0)["id"]
        first = act(
            company, "seller", "contract", contract, "add_payment", amount="1000.00", paid_at=f"{today(company)}"
        )
        act(company, "finance", "payment", first.expect(200)["open"]["id"], "confirm").expect(200)
        start = Barrier(CLIENTS)
        with ThreadPoolExecutor(CLIENTS) as pool:
            tries = [pool.submit(_pay, company, contract, number, start) for number in range(CLIENTS)]
            answers = [each.result() for each in tries]
        assert sum(each.status in (200, 201) for each in answers) == 1, Counter(each.status for each in answers)
        refused = [each for each in answers if each.status not in (200, 201)]
        assert {each.status for each in refused} == {422}
        assert all("0.00" in each.errors["amount"][0] for each in refused)
        shown = read(company, "contract", contract)
        assert (shown["received_amount"], shown["pending_amount"]) == ("1000.00", LAST)
