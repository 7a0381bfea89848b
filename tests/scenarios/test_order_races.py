"""Many people at once order, or ship, the last unit: exactly one gets it. ROUNDS and CLIENTS make it longer."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from lowcode.testing.client import Answer, Api
from tests.scenarios.trading import Company, act, effective_by_rules, found, order, read

ROUNDS = int(os.environ.get("ROUNDS") or 2)
CLIENTS = int(os.environ.get("CLIENTS") or 20)
LINE = {"product_name": "边缘网关", "quantity": 3, "unit_price": "0.335", "tax_rate": 13}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def race(work: Callable[[int], Answer]) -> list[Answer]:
    """Let everybody do it at the same moment."""
    start = Barrier(CLIENTS)

    def run(number: int) -> Answer:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(run, range(CLIENTS)))


def told(answers: list[Answer]) -> Counter[tuple[int, str]]:
    return Counter((answer.status, "" if answer.status < 300 else answer.json["code"]) for answer in answers)


def test_the_last_unit_of_a_contract_is_ordered_once(company: Company) -> None:
    """Half of them save the form, half press the button of the contract."""
    for _round in range(ROUNDS):
        contract = effective_by_rules(company, lines=[LINE])
        one = [{"source": contract["lines"][0]["id"], "quantity": 1}]
        first = order(company, contract, lines=[{**one[0], "quantity": 2}])

        def take(number: int, contract: dict[str, Any] = contract, one: list[dict[str, Any]] = one) -> Answer:
            if number % 2:
                return act(company, "seller", "contract", contract["id"], "make_order", lines=one)
            return company["seller"].post("/forms/order/records", {"contract": contract["id"], "lines": one})

        answers = race(take)
        assert sum(answer.status < 300 for answer in answers) == 1, told(answers)
        assert {code for status, code in told(answers) if status >= 300} == {"over_contract_quantity"}
        stands = company["admin"].get("/forms/order/records", contract=contract["id"]).expect(200)["items"]
        total = sum(Decimal(each["total_amount"]) for each in stands)
        assert (len(stands), total) == (2, Decimal(contract["total_amount"]))
        assert read(company, "contract", contract["id"])["lines"][0]["ordered_quantity"] == "3.000"
        assert first["id"] in {each["id"] for each in stands}


def test_the_last_unit_of_an_order_is_shipped_once(company: Company) -> None:
    """Half of them save the form, half press the button of the order; each has a parcel of his own."""
    for turn in range(ROUNDS):
        made = order(company, effective_by_rules(company, lines=[{**LINE, "quantity": 1}]))
        act(company, "seller", "order", made["id"], "confirm").expect(200)

        def take(number: int, made: dict[str, Any] = made, turn: int = turn) -> Answer:
            parcel = {"courier": "shunfeng", "tracking_no": f"R{turn}-{number}"}
            if number % 2:
                return act(company, "seller", "order", made["id"], "ship", **parcel)
            return company["seller"].post("/forms/shipment/records", {"order": made["id"], **parcel})

        answers = race(take)
        assert sum(answer.status < 300 for answer in answers) == 1, told(answers)
        assert {code for status, code in told(answers) if status >= 300} <= {
            "nothing_left", "over_order_quantity", "invalid", "not_allowed_now",
        }  # fmt: skip
        now = read(company, "order", made["id"])
        shown = (now["status"], now["shipping_status"], now["lines"][0]["shipped_quantity"], now["shipment_count"])
        assert shown == ("shipped", "shipped", "1.000", 1)


def test_a_tracking_number_is_taken_once(company: Company) -> None:
    """Everybody ships an order of his own with the same number."""
    contract = effective_by_rules(company, lines=[{**LINE, "quantity": CLIENTS}])
    one = [{"source": contract["lines"][0]["id"], "quantity": 1}]
    orders = [order(company, contract, lines=one) for _number in range(CLIENTS)]
    for made in orders:
        act(company, "seller", "order", made["id"], "confirm").expect(200)
    answers = race(
        lambda number: act(
            company, "seller", "order", orders[number]["id"], "ship", courier="ems", tracking_no="EMS-SAME"
        )
    )
    assert told(answers) == {(200, ""): 1, (409, "duplicate"): CLIENTS - 1}
