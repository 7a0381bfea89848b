"""Jobs: which instant is due, and that each is run once, whatever fails and whoever else runs jobs."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from lowcode.config import Config
from lowcode.database import migrate
from lowcode.database.schema import job_runs
from lowcode.declare.model import Job
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.running import jobs
from tests.ops.toy import PAGES, Toy

START = datetime(2026, 1, 31, 15, 59, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")

Start = Callable[[], Platform]


@pytest.fixture
def start(database_url: str, home: Path, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a platform with the toy as it is by then."""
    started: list[Platform] = []

    def start_now() -> Platform:
        monkeypatch.syspath_prepend(str(toy.checkout(tmp_path / "toy")))
        loaded = [plugins.load_module("toy_plugin.plugin")]
        platform = Platform(Config(home=home, database_url=database_url), loaded)
        assert not any(migrate.upgrade(platform.db, loaded).values())
        started.append(platform)
        return platform

    yield start_now
    for platform in started:
        platform.db.engine.dispose()


def runs(platform: Platform) -> list[tuple[Any, ...]]:
    columns = (job_runs.c.due_at, job_runs.c.outcome, job_runs.c.message)
    with platform.db.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(job_runs.c.due_at))]


@pytest.mark.parametrize(
    ("job", "now", "due"),
    [
        (("minute", None), "2026-01-31T15:59:59", "2026-01-31T15:59:00"),
        (("hour", None), "2026-01-31T15:59:59", "2026-01-31T15:00:00"),
        (("day", "02:00"), "2026-01-31T18:00:00", "2026-01-31T18:00:00"),
        (("day", "02:00"), "2026-01-31T17:59:59", "2026-01-30T18:00:00"),
        (("day", None), "2026-01-31T15:59:59", "2026-01-30T16:00:00"),
        (("day", None), "2026-02-28T16:00:00", "2026-02-28T16:00:00"),
    ],
)
def test_due(job: tuple[str, str | None], now: str, due: str) -> None:
    declared = Job(name="x", label="X", every=job[0], at=job[1])
    moment, instant = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, due))
    assert jobs.due_at(declared, moment, SHANGHAI) == instant


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Shanghai"])
def test_every_day_has_one_instant(zone: str) -> None:
    """Also on the days on which the clocks are changed, and at an hour which one of them does not have."""
    job = Job(name="x", label="X", every="day", at="02:30")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    instants = {jobs.due_at(job, moment + timedelta(minutes=30 * step), ZoneInfo(zone)) for step in range(48 * 365)}
    assert 365 <= len(instants) <= 366


def test_each_instant_once(start: Start) -> None:
    platform = start()
    assert jobs.tick(platform, START) == []  # a new job waits for its next instant
    assert jobs.tick(platform, START + MINUTE) == [("toy", "tidy")]
    assert jobs.tick(platform, START + MINUTE) == []
    assert jobs.tick(platform, START + MINUTE + timedelta(seconds=20)) == []
    assert jobs.tick(platform, START - timedelta(hours=1)) == []  # the clock went back
    assert jobs.tick(platform, START + timedelta(hours=3)) == [("toy", "tidy")]  # missed ones are run once
    due = START.replace(second=0)
    assert runs(platform) == [
        (due, "waits", ""),
        (due + MINUTE, "done", "整理好了"),
        (due + timedelta(hours=3), "done", "整理好了"),
    ]


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit", "raise Refused('不行')"])
def test_failure_is_noted_and_rolled_back(code: str, start: Start, toy: Toy) -> None:
    writes = 'ctx.forms.item.create({"name": "halb"})\n    '
    toy.package["pages.py"] = "from lowcode.api import Refused\n" + PAGES.replace('return "整理好了"', writes + code)
    platform = start()
    jobs.tick(platform, START)
    jobs.tick(platform, START + MINUTE)
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", "failed"]
    with platform.db.read() as connection:
        assert connection.execute(select(platform.forms["item"].table)).all() == []
    assert jobs.tick(platform, START + MINUTE) == []
    assert jobs.tick(platform, START + 2 * MINUTE) == [("toy", "tidy")]


def test_four_processes(start: Start, tmp_path: Path) -> None:
    platform = start()
    jobs.tick(platform, START)
    config, loaded = platform.config, platform.plugins
    platform.db.engine.dispose()
    children = []
    for _number in range(4):
        child = os.fork()
        if child == 0:
            try:
                mine = Platform(config, loaded)
                for step in range(1, 11):
                    jobs.tick(mine, START + step * MINUTE)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", *["done"] * 10]
