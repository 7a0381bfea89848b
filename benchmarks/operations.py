"""The operations measured. Both servers get the same bytes."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

from benchmarks.fill import LEVELS, LINES, PLACES, SELLERS, STATUSES, TRADES, Company


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked, and the status that must be answered."""

    name: str
    label: str
    expect: bytes
    request: Callable[[Company, Random], bytes]

    def requests(self, company: Company) -> Callable[[int], Iterator[bytes]]:
        """Give each client its own endless requests."""

        def of_client(number: int) -> Iterator[bytes]:
            random = Random(f"{self.name} {number} {os.getpid()}")
            while True:
                yield self.request(company, random)

        return of_client


def _http(token: str, method: str, path: str, body: Any = None) -> bytes:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _create_customer(company: Company, random: Random) -> bytes:
    body = {
        "name": f"新客户 {random.getrandbits(64):x}",
        "short_name": "新客户",
        "source": "other",
        "level": random.choice(LEVELS),
        "industry": "it",
        "mobile": f"137{random.randrange(10**8):08}",
        "region": "华东",
        "address": "示范路 1 号",
    }
    return _http(company.token, "POST", "/forms/customer/records", body)


def _quotation(company: Company, random: Random) -> dict[str, Any]:
    lines = [
        {
            "product": random.randrange(1, company.products + 1),
            "quantity": str(random.randrange(1, 100)),
            "discount_rate": random.choice((0, 3, 5, 12)),
        }
        for _line in range(LINES)
    ]
    customer = random.randrange(company.customers // SELLERS) * SELLERS + SELLERS
    return {"name": "报价", "customer": customer, "lines": lines}


def _create_quotation(company: Company, random: Random) -> bytes:
    return _http(company.token, "POST", "/forms/quotation/records", _quotation(company, random))


def _list(company: Company, random: Random) -> bytes:
    asked = {
        "list": "all",
        "search": random.choice(TRADES),
        "owner": company.seller,
        "status": random.choice(STATUSES),
        "per_page": 20,
    }
    return _http(company.token, "GET", f"/forms/customer/records?{urlencode(asked)}")


def _search(token: str, view: str, random: Random) -> bytes:
    """Ask for two characters: those of a place or a trade, which many customers have, or those of a few only."""
    text = random.choice(
        (random.choice(PLACES), random.choice(TRADES)[:2], "有限", "囍庆", f"{random.randrange(100):02}")
    )
    asked = {"list": view, "search": text, "per_page": 20}
    return _http(token, "GET", f"/forms/customer/records?{urlencode(asked)}")


def _search_customers(company: Company, random: Random) -> bytes:
    return _search(company.reader, "all", random)


def _search_pool(company: Company, random: Random) -> bytes:
    return _search(company.token, "pool", random)


def _read(company: Company, random: Random) -> bytes:
    return _http(company.token, "GET", f"/forms/quotation/records/{random.randrange(1, company.quotations + 1)}")


def _preview(company: Company, random: Random) -> bytes:
    return _http(company.token, "POST", "/forms/quotation/preview", _quotation(company, random))


OPERATIONS = (
    Operation("create_customer", "create a customer", b"201", _create_customer),
    Operation("create_quotation", "create a 50-line quotation", b"201", _create_quotation),
    Operation("list", "list 20: substring, owner, status, total", b"200", _list),
    Operation("search_customers", "search all customers for two characters", b"200", _search_customers),
    Operation("search_pool", "search the pool for two characters", b"200", _search_pool),
    Operation("read", "read a 50-line quotation", b"200", _read),
    Operation("preview", "preview a 50-line quotation", b"200", _preview),
)
