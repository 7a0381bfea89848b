"""Workers killed in the middle of approvals, signing, orders and payments: each has all of its effect, or none.

ROUNDS says how often the workers are killed.
"""

import os
import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx

from tests.scenarios.serving import Client, Host
from tests.scenarios.staff import PASSWORD
from tests.scenarios.test_conversion_killed import _all, _wait_for_more
from tests.scenarios.test_many_at_once import _kill_workers

ROUNDS = int(os.environ.get("ROUNDS") or 5)
WRITERS = 3
LINE = {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5, "tax_rate": 13}
TOTAL = Decimal("2849.97")
PAID = Decimal("1000.00")


def test_what_is_killed_leaves_nothing_by_halves(host: Host, admin: Client) -> None:
    tokens = _people(host, admin)
    with Client(host.url, tokens["seller"]) as seller:
        customer = seller.create("customer", name="断电客户", source="other")["id"]
    acknowledged: list[int] = []
    stop = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(_work, stop, host.url, tokens, customer, acknowledged) for _each in range(WRITERS)]
        try:
            for _round in range(ROUNDS):
                _wait_for_more(acknowledged, at_least=3)
                time.sleep(random.uniform(0, 0.1))
                _kill_workers(host)
        finally:
            stop.set()
        assert [writer.exception() for writer in writers] == [None] * len(writers)
    host.wait()
    contracts = {each["id"]: each for each in _all(admin, "contract")}
    _assert_contracts_are_whole(admin, contracts)
    _assert_payments_are_whole(admin, contracts)
    in_force = [each for each in contracts.values() if each["status"] in {"effective", "executing"}]
    shown = admin.get(f"/forms/customer/records/{customer}").json()
    assert Decimal(shown["contract_amount"]) == TOTAL * len(in_force)
    assert Decimal(shown["received_amount"]) == sum(Decimal(each["received_amount"]) for each in in_force)


def _people(host: Host, admin: Client) -> dict[str, str]:
    place = admin.post("/departments", {"name": "断电部"}).json()["id"]
    tokens: dict[str, str] = {}
    for name, role in (("seller", "sales"), ("head", "manager"), ("finance", "finance")):
        person = {"username": f"killed_{name}", "name": name, "password": PASSWORD, "roles": [role]}
        made = admin.post("/users", person | {"department": place, "must_change_password": False})
        assert made.status_code == 201, made.text
        if name == "head":
            assert admin.patch(f"/departments/{place}", {"head": made.json()["id"]}).status_code == 200
        tokens[name] = host.client(f"killed_{name}", PASSWORD).token
    return tokens


def _work(stop: threading.Event, url: str, tokens: dict[str, str], customer: int, acknowledged: list[int]) -> None:
    """Bring one contract after the other as far as it goes; whatever gets no answer is left as it is."""
    with ExitStack() as stack:
        clients = {name: stack.enter_context(Client(url, token)) for name, token in tokens.items()}
        for number in count(1):
            if stop.is_set():
                return
            with suppress(httpx.TransportError):
                _carry_out(clients, customer, f"断电合同 {threading.get_ident()}-{number}", acknowledged)


def _carry_out(clients: dict[str, Client], customer: int, name: str, acknowledged: list[int]) -> None:
    seller, finance = clients["seller"], clients["finance"]
    contract = seller.create("contract", **_terms(customer, name))["id"]
    _do(seller, "contract", contract, acknowledged, "submit")
    for who in ("head", "finance"):
        run = clients[who].get(f"/forms/contract/records/{contract}/approval").json()
        answer = clients[who].post(f"/tasks/{run['task']}/agree", {"opinion": "同意"})
        assert answer.status_code == 200, answer.text
        acknowledged.append(contract)
    _do(seller, "contract", contract, acknowledged, "sign", sign_date=f"{date.today()}")
    _do(seller, "contract", contract, acknowledged, "make_order")
    paid = _do(seller, "contract", contract, acknowledged, "add_payment", amount=str(PAID), paid_at=f"{date.today()}")
    _do(finance, "payment", paid["open"]["id"], acknowledged, "confirm")


def _terms(customer: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "customer": customer,
        "payment_method": "transfer",
        "prepay_ratio": 30,
        "retention_ratio": 5,
        "warranty_months": 12,
        "delivery_date": f"{date.today() + timedelta(days=30)}",
        "receiver_name": "陈工",
        "receiver_phone": "13812345678",
        "receiver_address": "上海市浦东新区张江路 1 号",
        "lines": [LINE],
    }


def _do(client: Client, form: str, record: int, acknowledged: list[int], name: str, **params: Any) -> dict[str, Any]:
    answer = client.post(f"/forms/{form}/records/{record}/actions/{name}", params)
    assert answer.status_code == 200, answer.text
    acknowledged.append(record)
    found: dict[str, Any] = answer.json()
    return found


def _assert_contracts_are_whole(admin: Client, contracts: dict[int, dict[str, Any]]) -> None:
    """In force with its whole plan, or not in force without one; being carried out when something was ordered."""
    plans: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in _all(admin, "payment_plan"):
        plans[row["contract"]["id"]].append(row)
    orders = {each["contract"]["id"]: each for each in _all(admin, "order")}
    for key, contract in contracts.items():
        is_in_force = contract["status"] in {"effective", "executing"}
        assert sum(Decimal(row["plan_amount"]) for row in plans[key]) == (TOTAL if is_in_force else 0)
        assert len(plans[key]) == (3 if is_in_force else 0)
        if key in orders:
            assert (contract["status"], orders[key]["total_amount"]) == ("executing", str(TOTAL))
        run = admin.get(f"/forms/contract/records/{key}/approval").json()
        assert (contract["status"] == "in_review") == (run.get("outcome", "") is None), contract["status"]


def _assert_payments_are_whole(admin: Client, contracts: dict[int, dict[str, Any]]) -> None:
    """Confirmed with all that it pays off and counted, or waiting and not counted."""
    allocated: dict[int, Decimal] = defaultdict(Decimal)
    for row in _all(admin, "payment_allocation"):
        allocated[row["payment"]["id"]] += Decimal(row["amount"])
    received: dict[int, Decimal] = defaultdict(Decimal)
    for payment in _all(admin, "payment"):
        is_confirmed = payment["status"] == "confirmed"
        assert allocated[payment["id"]] == (PAID if is_confirmed else 0)
        received[payment["contract"]["id"]] += PAID if is_confirmed else 0
    for key, contract in contracts.items():
        assert Decimal(contract["received_amount"]) == received[key]
        assert Decimal(contract["unreceived_amount"]) == TOTAL - received[key]
