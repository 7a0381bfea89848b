"""Start the two applications behind the same gunicorn, and look at their processes."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

WORKERS = 2
THREADS = 4
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Server:
    """A running gunicorn. `started_in` is from the command to the first answer, in seconds."""

    port: int
    process: "subprocess.Popen[bytes]"
    started_in: float

    def memory(self) -> dict[str, int]:
        """Give the greatest worker's memory in MB: its share with shared pages divided (PSS), and all it maps (RSS)."""
        found = [_memory(pid) for pid in _children(self.process.pid)]
        return {name: max(each[name] for each in found) for name in ("Pss", "Rss")}


@contextmanager
def serve(application: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve a WSGI application with the options of `lowcode run`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"]
    command += [
        "--worker-class",
        "gthread",
        "--workers",
        str(WORKERS),
        "--threads",
        str(THREADS),
        "--timeout",
        "60",
        "--keep-alive",
        "5",
    ]
    command += ["--log-level", "warning", "--no-control-socket"]
    path = os.pathsep.join((str(ROOT), str(ROOT / "host")))
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path} | dict(environment))
    try:
        _wait(port, process)
        yield Server(port, process, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        time.sleep(0.01)
    raise SystemExit("The server did not start; its own message is above.")


def _children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def _memory(pid: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _colon, rest = line.partition(":")
        if name in ("Pss", "Rss"):
            found[name] = round(int(rest.split()[0]) / 1024)
    return found
