"""Many people at once, and processes that die: no number twice, none missing, no acknowledged write lost."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

from tests.scenarios.serving import Client, Host

PROCESSES, EACH = 32, 50
ROUNDS = int(os.environ.get("KILLS") or 20)


def _create_many(url: str, token: str, customer: int) -> list[str]:
    lines = [{"product_name": "手工", "quantity": "1", "unit_price": "1"}]
    with Client(url, token) as client:
        return [client.create("quotation", name="并发", customer=customer, lines=lines)["number"] for _ in range(EACH)]


def test_1600_quotations_by_32_processes_have_1600_numbers_without_a_gap(host: Host, admin: Client) -> None:
    token = admin.token
    customer = admin.create("customer", name="并发客户", source="other")["id"]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_create_many, host.url, token, customer) for _ in range(PROCESSES)]
        numbers = [number for job in jobs for number in job.result()]
    assert len(set(numbers)) == PROCESSES * EACH
    counted = sorted(int(number.rpartition("-")[2]) for number in numbers)
    assert counted == list(range(counted[0], counted[0] + PROCESSES * EACH))


def test_1000_stale_saves_are_1000_conflicts(admin: Client) -> None:
    record = admin.create("customer", name="旧版本", source="other")
    path = f"/forms/customer/records/{record['id']}"
    assert admin.patch(path, {"remark": "新"}, version=1).status_code == 200
    answers = [admin.patch(path, {"remark": f"旧 {number}"}, version=1) for number in range(1000)]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "stale_version")}
    assert admin.get(path).json()["remark"] == "新"
    assert admin.delete(path, version=1).status_code == 409


def test_of_many_saves_of_one_version_exactly_one_wins(host: Host, admin: Client) -> None:
    record = admin.create("customer", name="抢先", source="other")
    path = f"/forms/customer/records/{record['id']}"

    def save(version: int) -> int:
        with Client(host.url, admin.token) as client:
            return client.patch(path, {"remark": f"{random.random():.12f}"}, version).status_code

    for version in range(1, 26):
        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(save, [version] * 8)) == [200] + [409] * 7


def test_the_same_key_fifty_times_at_once_is_one_record(host: Host, admin: Client) -> None:
    def send(_number: int) -> tuple[int, int]:
        with Client(host.url, admin.token) as client:
            body = {"name": "只有一个", "source": "other"}
            answer = client.post("/forms/customer/records", body, Idempotency_Key="once")
            return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(send, range(50)))
    assert [status for status, _id in answers] == [201]
    assert admin.list("customer", search="只有一个")["total"] == 1


def test_no_acknowledged_write_is_lost_when_workers_are_killed(host: Host, admin: Client) -> None:
    """KILLS times: four writers create quotations of two lines while all worker processes are killed."""
    customer = admin.create("customer", name="断电客户", source="other")["id"]
    acknowledged: list[int] = []
    stop = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(_write_until, stop, host.url, admin.token, customer, acknowledged) for _ in range(4)]
        try:
            for _round in range(ROUNDS):
                _wait_for_more(acknowledged, at_least=8)
                time.sleep(random.uniform(0, 0.03))
                _kill_workers(host)
        finally:
            stop.set()
        assert [writer.exception() for writer in writers] == [None] * 4
    host.wait()
    kept = _all_quotations(admin, customer)
    assert len(acknowledged) >= 8 * ROUNDS
    assert set(acknowledged) <= kept.keys()
    for record_id in kept:
        full = admin.get(f"/forms/quotation/records/{record_id}").json()
        assert (len(full["lines"]), full["total_amount"]) == (2, "3.00")
        assert admin.get(f"/forms/quotation/records/{record_id}/history").json()[-1]["action"] == "create"


def _wait_for_more(acknowledged: list[int], at_least: int) -> None:
    wanted, deadline = len(acknowledged) + at_least, time.monotonic() + 30
    while len(acknowledged) < wanted:
        assert time.monotonic() < deadline, "The writers get no answer."
        time.sleep(0.01)


def _write_until(stop: threading.Event, url: str, token: str, customer: int, acknowledged: list[int]) -> None:
    lines = [{"product_name": "手工", "quantity": str(n), "unit_price": "1"} for n in (1, 2)]
    body = {"name": "断电", "customer": customer, "lines": lines}
    with Client(url, token) as client:
        while not stop.is_set():
            try:
                answer = client.post("/forms/quotation/records", body)
            except httpx.TransportError:
                continue
            assert answer.status_code == 201, answer.text
            acknowledged.append(answer.json()["id"])


def _kill_workers(host: Host) -> None:
    """Kill every child of the web server, as the kernel's out-of-memory killer would."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            parent_command = Path(f"/proc/{parent}/cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        mine = f"LOWCODE_HOME={host.home}".encode()
        if b"gunicorn" in command and b"gunicorn" in parent_command and mine in _environment(process):
            os.kill(int(process.name), signal.SIGKILL)


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def _all_quotations(admin: Client, customer: int) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    after: dict[str, str] = {}
    while True:
        page = admin.list("quotation", customer=customer, per_page=200, sort="id", **after)
        found |= {item["id"]: item for item in page["items"]}
        if "next" not in page:
            return found
        after = {"after": page["next"]}
