"""`lowcode run` with real processes: restarts under load, plugins that kill their process, and a clean end."""

import http.client
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from lowcode.running import boot, processes
from tests.ops.hosting import Host, is_running, request, wait_for
from tests.ops.toy import Toy

KILLER = "import os\nos._exit(1)\n"


@pytest.fixture
def hosts() -> Iterator[Callable[[Host], Host]]:
    """End every host that a test made."""
    made: list[Host] = []

    def keep(host: Host) -> Host:
        made.append(host)
        return host

    yield keep
    for host in made:
        if host.process is not None and host.process.poll() is None:
            host.process.kill()
            host.process.wait()


@pytest.fixture
def host(home: Path, hosts: Callable[[Host], Host]) -> Host:
    return hosts(Host(home))


class Client(threading.Thread):
    """Asks without pause; keeps its connection, or opens one for each request."""

    def __init__(self, host: Host, keeps: bool, path: str) -> None:
        super().__init__()
        self.host, self.keeps, self.path = host, keeps, path
        self.answers, self.faults, self.ends = 0, [], threading.Event()  # type: ignore[var-annotated]

    def run(self) -> None:
        connection = None
        while not self.ends.is_set():
            try:
                if connection is None or connection.sock is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=30)
                request(connection, "GET", self.path, None, self.host.token, 200)
                self.answers += 1
                if not self.keeps:
                    connection.close()
            except Exception as fault:
                self.faults.append(repr(fault))
                connection = None
        if connection is not None:
            connection.close()


def test_restarts_under_load_drop_no_request(host: Host) -> None:
    host.start()
    paths = ("/healthz", "/api/v1/me")
    clients = [Client(host, keeps, path) for keeps in (True, False) for path in paths]
    for client in clients:
        client.start()
    stamps = {host.platform()["started_at"]}
    for _round in range(3):
        host.restart()
        stamps.add(host.platform()["started_at"])
    for client in clients:
        client.ends.set()
    for client in clients:
        client.join()
    assert [client.faults for client in clients] == [[]] * 4
    assert min(client.answers for client in clients) > 20
    assert len(stamps) == 4


def test_install_and_restart(host: Host, toy: Toy, tmp_path: Path) -> None:
    assert host.command("store", "add", str(toy.wheel(tmp_path))).returncode == 0
    host.start()
    (app,) = host.call("GET", "/api/v1/store/apps?search=CRM")
    assert (app["name"], app["label"], app["status"]) == ("toy", "玩具CRM管理", "available")
    answer = host.call("POST", "/api/v1/store/apps/toy/install")
    assert answer == {"status": "ok", "message": "安装完成,请重启平台", "needs_restart": True}
    assert host.call("GET", "/api/v1/store/apps")[0]["status"] == "installed_needs_restart"
    host.restart()
    platform = host.platform()
    assert platform["needs_restart"] is False
    assert [(plugin["name"], plugin["state"]) for plugin in platform["plugins"]] == [("toy", "active")]
    host.call("POST", "/api/v1/apps/toy/initialise")
    record = host.call("POST", "/api/v1/forms/item/records", {"name": "球"})
    assert record["number"].startswith("T")
    answer = host.call("POST", "/api/v1/store/apps/toy/uninstall")
    assert answer == {"status": "ok", "message": "卸载完成,请重启平台", "needs_restart": True}
    assert host.call("GET", "/api/v1/store/apps")[0]["status"] == "uninstalled_needs_restart"
    host.restart()
    host.call("GET", "/api/v1/forms/item/records", expect=404)
    host.call("POST", "/api/v1/store/apps/toy/install")
    host.restart()
    assert host.call("GET", f"/api/v1/forms/item/records/{record['id']}")["name"] == "球"


def test_plugin_that_kills_its_process_leads_to_safe_mode(host: Host, toy: Toy, tmp_path: Path) -> None:
    """The old workers serve until the new ones stand; then the store is there to uninstall the plugin."""
    toy.package["item.py"] = KILLER
    host.command("store", "add", str(toy.wheel(tmp_path)))
    host.start()
    host.call("POST", "/api/v1/store/apps/toy/install")
    host.restart()
    platform = host.platform()
    assert platform["safe_mode"] is True
    assert "安全模式" in platform["plugins"][0]["problems"][0]
    host.call("POST", "/api/v1/store/apps/toy/uninstall")
    host.restart()
    assert (host.platform()["safe_mode"], host.platform()["plugins"]) == (False, [])


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("os._exit(7)", "the process ended with status 7"),
        ("os.kill(os.getpid(), 9)", "the process was ended by signal 9"),
    ],
)
def test_rehearsal_that_dies_is_told(
    ending: str,
    told: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A process that dies like this leaves no word itself."""
    monkeypatch.setenv("LOWCODE_HOME", str(home))
    (tmp_path / "sitecustomize.py").write_text(f"import os\n{ending}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert processes.rehearse(False, lambda: False) is False
    (message,) = caplog.messages
    assert told in message
    assert "lowcode store uninstall" in message


def test_rehearsal_that_is_stopped_is_no_fault(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LOWCODE_HOME", str(home))
    assert processes.rehearse(False, lambda: True) is False
    assert caplog.messages == []


def test_cold_start_with_a_killer(host: Host, toy: Toy, tmp_path: Path) -> None:
    toy.package["item.py"] = KILLER
    host.command("store", "add", str(toy.wheel(tmp_path)))
    assert "安装完成" in host.command("store", "install", "toy").stdout
    host.start()
    assert host.platform()["safe_mode"] is True
    assert boot.failures(host.home) == 0
    assert host.told().count("the process ended with status 1") == boot.FAILURES_BEFORE_SAFE_MODE


def test_faulty_plugin_is_named_and_needs_no_safe_mode(host: Host, toy: Toy, tmp_path: Path) -> None:
    toy.package["item.py"] = "raise SystemExit('no')\n"
    host.command("store", "add", str(toy.wheel(tmp_path)))
    host.command("store", "install", "toy")
    host.start()
    platform = host.platform()
    assert (platform["safe_mode"], platform["plugins"][0]["state"]) == (False, "disabled")
    assert "item.py:1" in platform["plugins"][0]["problems"][0]
    assert host.call("GET", "/api/v1/store/apps")[0]["status"] == "disabled"


def test_home_is_for_its_owner_only(host: Host, toy: Toy, tmp_path: Path) -> None:
    """Database, uploads, plugins, store and backups, whichever process wrote them and whatever the umask was."""
    before = os.umask(0)
    try:
        host.command("store", "add", str(toy.wheel(tmp_path)))
        host.start()
        host.call("POST", "/api/v1/store/apps/toy/install")
        host.restart()
        token = {"Authorization": f"Bearer {host.token}"}
        sent = {"file": ("note.txt", b"secret")}
        httpx.post(f"http://127.0.0.1:{host.port}/api/v1/files", files=sent, headers=token).raise_for_status()
        copy = tmp_path / "copies" / "copy.tar.gz"
        assert host.command("backup", str(copy)).returncode == 0
    finally:
        os.umask(before)
    assert any((host.home / "files").glob("*/*"))
    written = [host.home, *host.home.rglob("*"), copy]
    assert {path for path in written if path.stat().st_mode & 0o077} == set()
    checkout = toy.checkout(tmp_path / "toy")
    host.command("migrate", "revision", str(checkout), "-m", "First tables")
    (migration,) = (checkout / "migrations" / "versions").glob("*.py")
    assert migration.stat().st_mode & 0o044  # a plugin's sources are not the platform's to hide


def test_end(host: Host) -> None:
    host.start()
    children = host.children()
    assert len(children) >= 4
    assert host.stop() == 0
    assert not any(is_running(child) for child in children)


def test_children_do_not_outlive_a_killed_supervisor(host: Host) -> None:
    host.start()
    children = host.children()
    assert host.process is not None
    host.process.kill()
    host.process.wait()
    wait_for(lambda: not any(is_running(child) for child in children), 15)
    host.start()


def test_killed_web_server_comes_back(host: Host) -> None:
    """Requests wait meanwhile: the supervisor holds the socket."""
    host.start()
    web = next(child for child in host.children() if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes())
    os.kill(web, signal.SIGKILL)
    assert host.call("GET", "/healthz") == {"status": "ok"}
    assert boot.failures(host.home) in (0, 1)


def test_health(host: Host) -> None:
    host.start()
    assert host.call("GET", "/healthz") == {"status": "ok"}
    database = host.home / "lowcode.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE lowcode_alembic_version SET version_num = '0000'")
        connection.commit()
    assert host.call("GET", "/healthz", expect=503) == {"status": "unavailable"}


def test_port_in_use(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host.environment["PORT"] = str(taken.getsockname()[1])
        done = host.command("run")
    assert done.returncode == 1
    assert done.stderr.endswith("或用环境变量 PORT 换一个。\n")


def test_home_in_use(host: Host) -> None:
    host.start()
    done = host.command("run")
    assert done.returncode == 1
    assert "正在运行" in done.stderr
    assert "正在运行" in host.command("restore", "/nonexistent.tar.gz").stderr
