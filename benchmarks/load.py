"""A load generator that takes little of the processor it shares with what it measures: sockets and prepared bytes."""

import multiprocessing
import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

Requests = Callable[[int], Generator[bytes, bytes, None]]
"""Gives the endless requests of one client, by its number; each is told the answer to the one before."""


@dataclass(frozen=True, slots=True)
class Round:
    """Requests per second of all clients, and what one request took, in milliseconds."""

    rate: float
    p50: float
    p95: float


def measure(port: int, requests: Requests, expect: bytes, clients: int, seconds: float) -> Round:
    """Send requests on one kept connection per client; each client is a process. Any other status ends the run."""
    fork = multiprocessing.get_context("fork")
    answers: Any = fork.Queue()
    barrier = fork.Barrier(clients)
    workers = [
        fork.Process(target=_client, args=(port, requests, expect, number, seconds, barrier, answers))
        for number in range(clients)
    ]
    for worker in workers:
        worker.start()
    results = [answers.get() for _worker in workers]
    for worker in workers:
        worker.join()
    faults = [result for result in results if isinstance(result, str)]
    if faults:
        raise SystemExit(faults[0])
    times = sorted(each for result in results for each in result[0])
    rate = sum(len(result[0]) / result[1] for result in results)
    return Round(rate, _percentile(times, 50), _percentile(times, 95))


def _percentile(times: Sequence[float], percent: int) -> float:
    return 1000 * times[min(len(times) - 1, len(times) * percent // 100)]


def _client(
    port: int, requests: Requests, expect: bytes, number: int, seconds: float, barrier: Any, answers: Any
) -> None:
    try:
        answers.put(_run(port, requests(number), expect, seconds, barrier))
    except Exception as fault:
        answers.put(f"Client {number} failed: {fault!r}")


def _run(
    port: int, requests: Generator[bytes, bytes, None], expect: bytes, seconds: float, barrier: Any
) -> tuple[list[float], float]:
    times: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = _ask(connection, next(requests), expect)  # the first one opens database connections
        barrier.wait()
        begun = time.perf_counter()
        end = begun + seconds
        while (before := time.perf_counter()) < end:
            answer = _ask(connection, requests.send(answer), expect)
            times.append(time.perf_counter() - before)
        return times, time.perf_counter() - begun


def _ask(connection: socket.socket, request: bytes, expect: bytes) -> bytes:
    connection.sendall(request)
    answer = connection.recv(262144)
    while (head := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection)
    start = answer.lower().index(b"content-length:", 0, head) + 15
    length = int(answer[start : answer.index(b"\r", start)])
    missing = head + 4 + length - len(answer)
    while missing > 0:
        part = _more(connection)
        missing -= len(part)
        answer += part
    if answer[9:12] != expect:
        raise RuntimeError(f"The server answered {answer[:2000].decode(errors='replace')}")
    return answer


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(262144)
    if not part:
        raise ConnectionError("The server closed the connection.")
    return part
