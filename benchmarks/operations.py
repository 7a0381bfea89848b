"""The operations measured. Both servers get the same bytes."""

import itertools
import json
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

from benchmarks.deals import CYCLE
from benchmarks.fill import LEVELS, LINES, PLACES, POOLED, QUOTATIONS, SELLERS, STATUSES, TRADES, Company
from benchmarks.fill_contracts import BUYERS, DEALS, FIRST_DEAL

DRAFTS_AGAIN = (
    f"UPDATE crm_quotation SET status = 'draft' WHERE id <= {QUOTATIONS}",
    f"UPDATE approvals SET outcome = 'cancelled' WHERE outcome IS NULL AND record <= {QUOTATIONS}",
)
POOL_AGAIN = (
    f"UPDATE crm_customer SET owner = NULL, pool_at = created_at WHERE id % {POOLED} = 1 AND owner IS NOT NULL",
    "DELETE FROM crm_owner_history",
)
OF_QUOTATIONS = "SELECT id FROM crm_contract WHERE quotation IS NOT NULL"
ACCEPTED_AGAIN = (
    f"DELETE FROM crm_contract_lines WHERE record_id IN ({OF_QUOTATIONS})",
    "DELETE FROM crm_contract WHERE quotation IS NOT NULL",
    f"UPDATE crm_quotation SET status = 'accepted' WHERE id >= {FIRST_DEAL} AND status = 'converted'",
    f"UPDATE crm_opportunity SET stage = 'prospecting', win_probability = 10 WHERE id % {BUYERS} = 0",
    "DELETE FROM crm_opportunity_stage",
    *(
        f"UPDATE crm_{name} SET contract_count = (SELECT count(*) FROM crm_contract WHERE {name} = crm_{name}.id)"
        f" WHERE id % {BUYERS} = 0"
        for name in ("customer", "opportunity")
    ),
)
Conversation = Generator[bytes, bytes, None]
"""The endless requests of one client; each `yield` gives back the answer."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked, and the status that must be answered.

    `talk` makes the requests of one client of so many; `prepare` are statements that are run before each round.
    `on_contracts` needs contracts to be filled in.
    """

    name: str
    label: str
    expect: bytes
    talk: Callable[[Company, int, int], Conversation]
    prepare: tuple[str, ...] = ()
    on_contracts: bool = False

    def requests(self, company: Company, clients: int) -> Callable[[int], Conversation]:
        """Give each client its own endless requests."""
        return lambda number: self.talk(company, number, clients)


def http(token: str, method: str, path: str, body: Any = None) -> bytes:
    """Write one request."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _each(request: Callable[[Company, Random], bytes]) -> Callable[[Company, int, int], Conversation]:
    """Ask for one thing again and again."""

    def talk(company: Company, number: int, _clients: int) -> Conversation:
        random = Random(f"{request.__name__} {number} {os.getpid()}")
        while True:
            yield request(company, random)

    return talk


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
    return http(company.token, "POST", "/forms/customer/records", body)


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
    return http(company.token, "POST", "/forms/quotation/records", _quotation(company, random))


def _list(company: Company, random: Random) -> bytes:
    asked = {
        "list": "all",
        "search": random.choice(TRADES),
        "owner": company.seller,
        "status": random.choice(STATUSES),
        "per_page": 20,
    }
    return http(company.token, "GET", f"/forms/customer/records?{urlencode(asked)}")


def _search(token: str, view: str, random: Random) -> bytes:
    """Ask for two characters: those of a place or a trade, which many customers have, or those of a few only."""
    text = random.choice(
        (random.choice(PLACES), random.choice(TRADES)[:2], "有限", "囍庆", f"{random.randrange(100):02}")
    )
    asked = {"list": view, "search": text, "per_page": 20}
    return http(token, "GET", f"/forms/customer/records?{urlencode(asked)}")


def _search_customers(company: Company, random: Random) -> bytes:
    return _search(company.tokens["exec"], "all", random)


def _search_pool(company: Company, random: Random) -> bytes:
    return _search(company.token, "pool", random)


def _read(company: Company, random: Random) -> bytes:
    return http(company.token, "GET", f"/forms/quotation/records/{random.randrange(1, company.quotations + 1)}")


def _preview(company: Company, random: Random) -> bytes:
    return http(company.token, "POST", "/forms/quotation/preview", _quotation(company, random))


def _list_of(kind: str) -> Callable[[Company, Random], bytes]:
    def newest(company: Company, _random: Random) -> bytes:
        return http(company.tokens[kind], "GET", "/forms/customer/records?list=all&per_page=20")

    return newest


def _approve(company: Company, number: int, clients: int) -> Conversation:
    """Submit a quotation, and let the head and then the executive look at it and agree."""
    for quotation in itertools.cycle(range(number + 1, company.quotations + 1, clients)):
        record = f"/forms/quotation/records/{quotation}"
        yield http(company.token, "POST", f"{record}/actions/submit", {})
        for approver in (company.tokens["head"], company.tokens["exec"]):
            run = yield http(approver, "GET", f"{record}/approval")
            task = json.loads(run.partition(b"\r\n\r\n")[2])["task"]
            yield http(approver, "POST", f"/tasks/{task}/agree", {"opinion": "同意"})


def _todo(company: Company, _random: Random) -> bytes:
    return http(company.tokens["busy"], "GET", "/tasks?box=todo&per_page=20")


def _funnel(company: Company, _random: Random) -> bytes:
    return http(company.tokens["exec"], "GET", "/panels/funnel")


def _claim(company: Company, number: int, clients: int) -> Conversation:
    """Take one customer after the other out of the pool, each client those of its own."""
    for customer in range(1 + POOLED * number, company.customers, POOLED * clients):
        yield http(company.token, "POST", f"/forms/customer/records/{customer}/actions/claim", {})


def _make_contract(company: Company, number: int, clients: int) -> Conversation:
    """Make contracts of 200-line quotations, each client of its own."""
    terms = {"payment_method": "transfer", "prepay_ratio": "30", "receiver_address": "示范路 1 号"}
    for quotation in range(FIRST_DEAL + number, FIRST_DEAL + DEALS, clients):
        yield http(company.token, "POST", f"/forms/quotation/records/{quotation}/actions/make_contract", terms)


def _receivables(company: Company, random: Random) -> bytes:
    """Look for part of a customer's name, that of an owner, a number, or what nobody has."""
    number = f"{random.randrange(company.contracts):08}"
    text = random.choice(
        (random.choice(PLACES), random.choice(TRADES)[:2], f"销售{random.randrange(SELLERS)}", number, "囍庆")
    )
    asked = {"list": "receivable", "search": text, "per_page": 20}
    return http(company.tokens["finance"], "GET", f"/forms/contract/records?{urlencode(asked)}")


def _ageing(company: Company, _random: Random) -> bytes:
    return http(company.tokens["finance"], "GET", "/panels/ageing")


def _ageing_past(company: Company, random: Random) -> bytes:
    day = company.today - timedelta(days=random.randrange(60, 120))
    return http(company.tokens["finance"], "GET", f"/panels/ageing?on={day.isoformat()}")


def _pay(company: Company, number: int, clients: int) -> Conversation:
    """Register and confirm a payment of one contract after the other, each client of its own; some was paid before."""
    token = company.tokens["finance"]
    for contract in itertools.cycle(range(number + 1, company.contracts + 1, clients)):
        if contract % CYCLE:
            adding = f"/forms/contract/records/{contract}/actions/add_payment"
            made = yield http(token, "POST", adding, {"amount": "1.00"})
            payment = json.loads(made.partition(b"\r\n\r\n")[2])["open"]["id"]
            yield http(token, "POST", f"/forms/payment/records/{payment}/actions/confirm", {})


OPERATIONS = (
    Operation("create_customer", "create a customer", b"201", _each(_create_customer)),
    Operation("create_quotation", "create a 50-line quotation", b"201", _each(_create_quotation)),
    Operation("list", "list 20: substring, owner, status, total", b"200", _each(_list)),
    Operation("search_customers", "search all customers for two characters", b"200", _each(_search_customers)),
    Operation("search_pool", "search the pool for two characters", b"200", _each(_search_pool)),
    Operation("read", "read a 50-line quotation", b"200", _each(_read)),
    Operation("preview", "preview a 50-line quotation", b"200", _each(_preview)),
    Operation("list_own", "list the newest 20 of 100,000, own only", b"200", _each(_list_of("sales"))),
    Operation("list_department", "list the newest 20 of 100,000, department", b"200", _each(_list_of("head"))),
    Operation("list_all", "list the newest 20 of 100,000, unfiltered", b"200", _each(_list_of("exec"))),
    Operation("funnel", "funnel over as many opportunities as customers", b"200", _each(_funnel)),
    Operation("claim", "claim a customer of the pool", b"200", _claim, POOL_AGAIN),
    Operation("approve", "submit → 2 × (read, agree) → approved, 50 lines", b"200", _approve, DRAFTS_AGAIN),
    Operation("todo", "to-do list, 20 of 10,000 open tasks", b"200", _each(_todo)),
    Operation("make_contract", "contract of a 200-line quotation", b"200", _make_contract, ACCEPTED_AGAIN, True),
    Operation("receivables", "receivables: 20 with a text, overdue, total", b"200", _each(_receivables), (), True),
    Operation("ageing", "ageing as of today, 10 rows per contract", b"200", _each(_ageing), (), True),
    Operation("ageing_past", "ageing as of a past day", b"200", _each(_ageing_past), (), True),
    Operation("pay", "payment: register, then confirm (2 requests)", b"200", _pay, (), True),
)
