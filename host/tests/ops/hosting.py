"""A host in processes of its own, as an administrator runs it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PASSWORD = "Geheim-2026-abc"


class Host:
    """`lowcode run` on a free port."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.log = home.parent / f"{home.name}.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LOWCODE_")},
            "LOWCODE_HOME": str(home),
            "LOWCODE_ADMIN_PASSWORD": PASSWORD,
            "PORT": "0",
            "LANG": "C.UTF-8",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.token = ""

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another command of the command line on the same home."""
        return subprocess.run(
            [sys.executable, "-m", "lowcode.cli", *words],
            env=self.environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def start(self) -> "Host":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lowcode.cli", "run"], env=self.environment, stdout=log, stderr=log
            )
        wait_for(lambda: "平台已启动" in self.told() or self.ended(), 40)
        assert not self.ended(), self.told()
        self.port = int(self.told().rpartition("http://127.0.0.1:")[2].split()[0])
        self.token = ""
        answer = self.call("POST", "/api/v1/login", {"username": "admin", "password": PASSWORD})
        self.token = answer["token"]
        return self

    def told(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """Make one request on a connection of its own; give its JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            return request(connection, method, path, body, self.token, expect)
        finally:
            connection.close()

    def platform(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("GET", "/api/v1/platform")
        return answer

    def restart(self) -> None:
        """Restart, and wait until every answer comes from the new workers."""
        before = self.platform()["started_at"]
        self.call("POST", "/api/v1/platform/restart", expect=202)
        wait_for(lambda: all(self.platform()["started_at"] != before for _ in range(8)), 40)

    def children(self) -> list[int]:
        """Give all processes below the supervisor."""
        assert self.process is not None
        found, open_ids = [], [self.process.pid]
        while open_ids:
            parent = open_ids.pop()
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                ids = [int(word) for word in task.read_text().split()]
                found += ids
                open_ids += ids
        return found

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def request(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any, token: str, expect: int | None = None
) -> Any:
    headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
    payload = None if body is None else json.dumps(body)
    connection.request(method, path, payload, {**headers, "Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status < 300 if expect is None else answer.status == expect, (answer.status, content)
    return json.loads(content) if content else None


def wait_for(holds: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.1)


def is_running(process: int) -> bool:
    """Tell whether a process is there and not only waits to be reaped."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
