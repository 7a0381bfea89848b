"""Many people at once want the same customers of the pool: each has exactly one winner, and nobody exceeds a limit.

ROUNDS, CLIENTS and CUSTOMERS make it as long and as crowded as one likes. Whoever has not reached for a customer yet
leaves it out once enough others were told that it is taken: to be told so again and again is no race.
"""

import os
import random
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest

from tests.scenarios.serving import Client, Host
from tests.scenarios.staff import PASSWORD

ROUNDS = int(os.environ.get("ROUNDS") or 1)
CLIENTS = int(os.environ.get("CLIENTS") or 10)
CUSTOMERS = int(os.environ.get("CUSTOMERS") or 2 * CLIENTS)
HANDS = 2
"""So many requests of the same person at once, so that his limits are counted in a race too."""

FEW = 1
"""How many customers the first person may hold."""

SOME = 8
"""How many people reach for more than they may take."""

REACHING = 5
"""So many people at least reach for each customer: who gets it, and others who are told that it is taken."""

Answer = tuple[int, int, int, str]
"""Client, customer, status and code."""


@pytest.fixture(scope="module")
def tokens(host: Host, admin: Client) -> dict[int, str]:
    """Let so many salespeople sign in, the first of them held to a few customers; give the token of each."""
    department = admin.post("/departments", {"name": "抢单部"}).json()["id"]
    found: dict[int, str] = {}
    for number in range(CLIENTS):
        person = {"username": f"racer{number}", "name": f"抢单人 {number}", "password": PASSWORD, "roles": ["sales"]}
        made = admin.post("/users", person | {"department": department, "must_change_password": False})
        assert made.status_code == 201, made.text
        found[made.json()["id"]] = host.client(f"racer{number}", PASSWORD).token
    admin.create("holding_limit", name="只许少量", kind="own", user=next(iter(found)), max_count=FEW)
    return found


def _claim_all(url: str, token: str, person: int, customers: list[int], told: dict[int, set[int]]) -> list[Answer]:
    answers: list[Answer] = []
    with Client(url, token) as client:
        for each in customers:
            if len(told[each]) >= REACHING - 1:
                continue
            answer = client.post(f"/forms/customer/records/{each}/actions/claim")
            answers.append((person, each, answer.status_code, answer.json().get("code", "")))
            if answers[-1][2:] == (409, "already_claimed"):
                told[each].add(person)
    return answers


def _race(host: Host, tokens: dict[int, str], customers: list[int], seed: int) -> list[Answer]:
    """Let everybody reach for the customers, each in an order of his own."""
    dice, told = random.Random(seed), defaultdict[int, set[int]](set)
    with ThreadPoolExecutor(len(tokens) * HANDS) as pool:
        jobs = []
        for person, token in tokens.items():
            mine = dice.sample(customers, len(customers))
            parts = [mine[hand::HANDS] for hand in range(HANDS)]
            jobs += [pool.submit(_claim_all, host.url, token, person, part, told) for part in parts]
        return list(chain.from_iterable(job.result() for job in jobs))


def _reached(answers: list[Answer], customers: list[int]) -> list[int]:
    """Count the people who reached for each customer."""
    people = Counter(each for _person, each in {(person, each) for person, each, *_rest in answers})
    return [people[each] for each in customers]


def _owners(admin: Client, customers: list[int]) -> dict[int, int]:
    shown = {each: admin.get(f"/forms/customer/records/{each}").json() for each in customers}
    return {each: record["owner"]["id"] for each, record in shown.items()}


def _history(admin: Client, customers: list[int]) -> Counter[tuple[int, int]]:
    """Count the claims that the history of owners keeps, by customer and person."""
    rows: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = admin.list("owner_history", action="claim", per_page=200, sort="id", **after)
        rows += page["items"]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    wanted = set(customers)
    return Counter(
        (each["customer"]["id"], each["new_owner"]["id"]) for each in rows if each["customer"]["id"] in wanted
    )


def test_each_customer_has_one_winner_and_nobody_exceeds_a_limit(
    host: Host, admin: Client, tokens: dict[int, str]
) -> None:
    few = next(iter(tokens))
    claimed: Counter[int] = Counter()
    for number in range(ROUNDS):
        most = (number + 1) * (2 * CUSTOMERS // CLIENTS) + 1
        _allow(admin, daily_claim_limit=most)
        customers = [
            admin.create("customer", name=f"抢单客户 {number}-{each}", source="other", owner=None)["id"]
            for each in range(CUSTOMERS)
        ]
        answers = _race(host, tokens, customers, number)
        reached = sorted(_reached(answers, customers))
        print(f"round {number}: {len(answers)} attempts, {reached[0]} to {reached[-1]} people for a customer")
        assert reached[0] >= REACHING
        won = [(customer, person) for person, customer, status, _code in answers if status == 200]
        lost = {(status, code) for _person, _customer, status, code in answers if status != 200}
        assert sorted(customer for customer, _person in won) == sorted(customers)
        assert lost <= {(409, "already_claimed"), (422, "pool_claim_limit"), (422, "holding_limit")}
        assert (409, "already_claimed") in lost
        assert _owners(admin, customers) == dict(won)
        assert _history(admin, customers) == Counter(won)
        claimed += Counter(person for _customer, person in won)
        assert max(claimed.values()) <= most
        assert claimed[few] <= FEW


def test_the_limits_hold_when_everybody_reaches_for_more(host: Host, admin: Client, tokens: dict[int, str]) -> None:
    """There is more than anybody may take: each takes exactly as much as is allowed."""
    tokens = dict(list(tokens.items())[:SOME])
    before = Counter({person: _held(admin, person) for person in tokens})
    most = max(before.values()) + 2
    _allow(admin, daily_claim_limit=most)
    wanted = len(tokens) * (most + 2)
    customers = [
        admin.create("customer", name=f"富余客户 {each}", source="other", owner=None)["id"] for each in range(wanted)
    ]
    answers = _race(host, tokens, customers, ROUNDS)
    won = Counter(person for person, _customer, status, _code in answers if status == 200)
    few, *others = tokens
    assert {person: before[person] + won[person] for person in others} == dict.fromkeys(others, most)
    assert before[few] + won[few] == FEW
    assert {code for _person, _customer, _status, code in answers} >= {"pool_claim_limit", "holding_limit"}


def _held(admin: Client, person: int) -> int:
    found: int = admin.list("customer", list="all", owner=person)["total"]
    return found


def _allow(admin: Client, **settings: int) -> None:
    answer = admin.http.put("/apps/crm/settings", json=settings)
    assert answer.status_code == 200, answer.text
