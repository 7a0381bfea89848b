"""`lowcode worker` with its queue, on SQLite and on Redis: called after a commit, killed, several at once."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lowcode import notify
from lowcode.config import Config
from lowcode.database.schema import mails
from lowcode.platform import Platform
from lowcode.running.jobs import OneAtATime
from tests.notify.conftest import with_server
from tests.notify.postoffice import Postoffice


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(params=["sqlite queue", "redis queue"])
def queued(request: pytest.FixtureRequest, mailing: Platform, tmp_path: Path) -> Iterator[Platform]:
    """Give a mailing platform with each kind of queue."""
    if request.param == "sqlite queue":
        yield mailing
        return
    with redis(tmp_path) as url:
        mailing.config = replace(mailing.config, redis_url=url)
        yield mailing


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("There is no redis-server here.")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@contextmanager
def worker(config: Config) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `lowcode worker`; its log is told when the test fails."""
    assert config.smtp is not None
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LOWCODE_")},
        "LOWCODE_HOME": str(config.home),
        "LOWCODE_DATABASE_URL": config.database_url,
        "LOWCODE_SMTP_URL": f"smtp://{config.smtp.host}:{config.smtp.port}",
        "LOWCODE_MAIL_FROM": config.mail_from,
        "LOWCODE_REDIS_URL": config.redis_url,
        "LOWCODE_SAFE_MODE": "1",
    }
    process = subprocess.Popen([sys.executable, "-m", "lowcode.cli", "worker"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def write(platform: Platform, *names: str) -> None:
    for name in names:
        platform.as_system(lambda ctx, n=name: notify.mail(ctx, n, f"{n}@example.com", "主题", "正文"))  # type: ignore[misc]


def states(platform: Platform) -> Counter[str]:
    with platform.db.read() as connection:
        return Counter(connection.scalars(select(mails.c.state)))


def test_from_commit_to_recipient_and_killed_on_the_way(queued: Platform, office: Postoffice) -> None:
    write(queued, "before")
    with worker(queued.config) as process:
        wait_for(lambda: office.recipients() == ["before@example.com"])  # what waited is sent at the start
        wait_for(lambda: states(queued) == {"sent": 1})
        write(queued, "called")
        wait_for(lambda: states(queued) == {"sent": 2}, 40)  # well before the next minute's look
        office.in_flight.clear()
        office.tarries = 10
        write(queued, "killed", "after")
        assert office.in_flight.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert states(queued)["sending"] == 1
    office.tarries = 0
    past = update(mails).where(mails.c.state == "sending").values(next_at=datetime.now(UTC))
    queued.db.run(lambda connection: connection.execute(past))
    with worker(queued.config) as process:
        wait_for(lambda: states(queued) == {"sent": 4})
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = Counter(office.recipients())
    assert found.pop("killed@example.com") == 2  # the one in flight
    assert found == {"before@example.com": 1, "called@example.com": 1, "after@example.com": 1}


def test_several_workers(queued: Platform, office: Postoffice) -> None:
    names = [f"w{number}" for number in range(60)]
    with worker(queued.config), worker(queued.config):
        for name in names:
            write(queued, name)
        wait_for(lambda: states(queued) == {"sent": len(names)})
    assert Counter(office.recipients()) == Counter(f"{name}@example.com" for name in names)


def test_a_dead_queue_costs_nothing_but_time(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with_server(platform, port)
    platform.config = replace(platform.config, redis_url=f"redis://127.0.0.1:{port}/0")
    for number in range(20):
        write(platform, f"n{number}")
    assert states(platform) == {"due": 20}
    assert caplog.text.count("The worker could not be called") == 1


def test_work_comes_one_at_a_time_and_nothing_asked_is_forgotten() -> None:
    seen: list[str] = []

    def work() -> None:
        seen.append("begins")
        if len(seen) == 1:
            again()  # as another thread would, in the midst of it
            assert seen == ["begins"]

    again = OneAtATime(work)
    again()
    assert seen == ["begins", "begins"]
