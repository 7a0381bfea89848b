"""The operations measured. Both servers get the same bytes."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

from benchmarks.fill import LEVELS, LINES, SELLERS, STATUSES, TRADES, Company


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


def _http(company: Company, method: str, path: str, body: Any = None) -> bytes:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {company.token}\r\n"
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
    return _http(company, "POST", "/forms/customer/records", body)


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
    return _http(company, "POST", "/forms/quotation/records", _quotation(company, random))


def _list(company: Company, random: Random) -> bytes:
    asked = {
        "list": "all",
        "search": random.choice(TRADES),
        "owner": company.seller,
        "status": random.choice(STATUSES),
        "per_page": 20,
    }
    return _http(company, "GET", f"/forms/customer/records?{urlencode(asked)}")


def _read(company: Company, random: Random) -> bytes:
    return _http(company, "GET", f"/forms/quotation/records/{random.randrange(1, company.quotations + 1)}")


def _preview(company: Company, random: Random) -> bytes:
    return _http(company, "POST", "/forms/quotation/preview", _quotation(company, random))


OPERATIONS = (
    Operation("create_customer", "create a customer", b"201", _create_customer),
    Operation("create_quotation", "create a 50-line quotation", b"201", _create_quotation),
    Operation("list", "list 20 of 100,000: substring, owner, status, total", b"200", _list),
    Operation("read", "read a 50-line quotation", b"200", _read),
    Operation("preview", "preview a 50-line quotation", b"200", _preview),
)
