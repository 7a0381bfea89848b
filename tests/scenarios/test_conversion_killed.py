"""Workers killed in the middle of conversions: a lead is converted with all that belongs to it, or not at all."""

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx

from tests.scenarios.serving import Client, Host
from tests.scenarios.test_many_at_once import _kill_workers

ROUNDS = int(os.environ.get("ROUNDS") or 6)
FOLLOW_UPS = ("第一次联系", "第二次联系")
PREFIX = "断电线索"


def test_a_conversion_that_is_killed_leaves_nothing_by_halves(host: Host, admin: Client) -> None:
    acknowledged: list[int] = []
    stop = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(_convert_until, stop, host.url, admin.token, n, acknowledged) for n in range(3)]
        try:
            for _round in range(ROUNDS):
                _wait_for_more(acknowledged, at_least=3)
                time.sleep(random.uniform(0, 0.1))
                _kill_workers(host)
        finally:
            stop.set()
        assert [writer.exception() for writer in writers] == [None] * len(writers)
    host.wait()
    leads = list(_all(admin, "lead", customer_name__contains=PREFIX))
    converted = [each for each in leads if each["status"] == "converted"]
    assert set(acknowledged) <= {each["id"] for each in converted}
    _assert_whole(admin, converted)
    _assert_nothing_else(admin, converted)


def _convert_until(stop: threading.Event, url: str, token: str, writer: int, acknowledged: list[int]) -> None:
    """Enter leads, follow them and convert them; whatever gets no answer is left as it is."""
    with Client(url, token) as client:
        for number in count(1):
            if stop.is_set():
                return
            try:
                lead = _enter(client, f"{PREFIX} {writer}-{number}")
                answer = client.post(f"/forms/lead/records/{lead}/actions/convert")
            except httpx.TransportError:
                continue
            assert answer.status_code == 200, answer.text
            acknowledged.append(lead)


def _enter(client: Client, name: str) -> int:
    lead = client.create("lead", customer_name=name, contact_name="周敏", email="min@example.com", source="other")
    for content in FOLLOW_UPS:
        path = f"/forms/lead/records/{lead['id']}/actions/follow"
        assert client.post(path, {"method": "call", "content": content}).status_code == 200
    return int(lead["id"])


def _wait_for_more(acknowledged: list[int], at_least: int) -> None:
    wanted, deadline = len(acknowledged) + at_least, time.monotonic() + 60
    while len(acknowledged) < wanted:
        assert time.monotonic() < deadline, "The writers get no answer."
        time.sleep(0.01)


def _assert_whole(admin: Client, converted: list[dict[str, Any]]) -> None:
    """Look at all that a conversion makes and writes."""
    for each in converted:
        lead = admin.get(f"/forms/lead/records/{each['id']}").json()
        customer = admin.get(f"/forms/customer/records/{lead['customer']['id']}").json()
        assert (customer["name"], customer["lead"]["id"]) == (lead["customer_name"], lead["id"])
        assert customer["primary_contact"]["id"] == lead["contact"]["id"]
        assert (customer["contact_count"], customer["opportunity_count"]) == (1, 1)
        opportunity = admin.get(f"/forms/opportunity/records/{lead['opportunity']['id']}").json()
        assert opportunity["lead"]["id"] == lead["id"]
        copies = admin.list("follow_up", customer=customer["id"], sort="id")["items"]
        assert [copy["content"] for copy in copies] == list(FOLLOW_UPS)
        assert lead["converted_at"] == customer["created_at"]


def _assert_nothing_else(admin: Client, converted: list[dict[str, Any]]) -> None:
    """Count what there is: nothing was left by a conversion that did not come to its end."""
    names = {each["customer_name"] for each in converted}
    customers = list(_all(admin, "customer", name__contains=PREFIX))
    assert {each["name"] for each in customers} == names
    assert len(customers) == len(converted)
    for form in ("contact", "opportunity"):
        found = [each for each in _all(admin, form) if each["customer"]["title"].startswith(PREFIX)]
        assert len(found) == len(converted)


def _all(admin: Client, form: str, **filters: Any) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        page = admin.list(form, per_page=200, sort="id", **filters, **after)
        yield from page["items"]
        if "next" not in page:
            return
        after = {"after": page["next"]}
