"""A real host for scenarios: its own home, the built wheel in its store, `lowcode run` on a free port."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "Admin-" + secrets.token_urlsafe(9)
REPOSITORY = Path(__file__).parents[2]


@dataclass
class Host:
    """One installation. `start` and `stop` run it; `client` speaks to it as the administrator."""

    home: Path
    database_url: str = ""
    port: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    clients: list["Client"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PORT": str(self.port),
            "LOWCODE_HOME": str(self.home),
            "LOWCODE_ADMIN_PASSWORD": PASSWORD,
            "LOWCODE_DATABASE_URL": self.database_url,
            **self.extra,
        }

    def cli(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lowcode.cli", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> "Host":
        with (self.home / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lowcode.cli", "run"], env=self.environment, stdout=log, stderr=log
            )
        self.wait()
        return self

    def wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=5, verify=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process is None or self.process.poll() is None, (self.home / "run.log").read_text()
            time.sleep(0.1)
        raise AssertionError("The host did not start:\n" + (self.home / "run.log").read_text())

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process = None
        for client in self.clients:
            client.http.close()

    def client(self, username: str = "admin", password: str = PASSWORD) -> "Client":
        client = Client(self.url)
        self.clients.append(client)
        client.sign_in(username, password)
        return client

    def install(self, wheel: Path) -> "Client":
        """Go the real path: store, install, restart, initialise."""
        self.cli("store", "add", str(wheel))
        self.start()
        admin = self.client()
        assert admin.post("/store/apps/crm/install").json()["needs_restart"]
        self.restart(admin)
        assert admin.post("/apps/crm/initialise").status_code == 200
        return admin

    def restart(self, admin: "Client") -> None:
        before = admin.get("/platform").json()["started_at"]
        assert admin.post("/platform/restart").status_code == 202
        deadline = time.monotonic() + 60
        while admin.get("/platform").json()["started_at"] == before:
            assert time.monotonic() < deadline, "The platform did not restart."
            time.sleep(0.1)


class Client:
    """One person at the HTTP API."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": token} if token else {}
        # without TLS there is nothing to verify, and to read all certificates takes longer than a request
        self.http = httpx.Client(base_url=f"{url}/api/v1", timeout=60, headers=headers, verify=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.http.close()

    @property
    def token(self) -> str:
        return str(self.http.headers["Authorization"])

    def sign_in(self, username: str, password: str) -> None:
        answer = self.http.post("/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body if body is not None else {}, headers=_dashed(headers))

    def patch(self, path: str, body: Any, version: int | None = None) -> httpx.Response:
        return self.http.patch(path, json=body, headers=_match(version))

    def delete(self, path: str, version: int | None = None) -> httpx.Response:
        return self.http.delete(path, headers=_match(version))

    def create(self, form: str, **values: Any) -> dict[str, Any]:
        answer = self.post(f"/forms/{form}/records", values)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def list(self, form: str, **params: Any) -> dict[str, Any]:
        answer = self.get(f"/forms/{form}/records", **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
