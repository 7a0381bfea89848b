"""Jobs: which instant is due, and that each is run once, whatever fails and whoever else runs jobs."""

import multiprocessing
import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def forked(work: Callable[[Platform], None], platform: Platform) -> int:
    """Start a process that works with a platform of its own; give its id."""
    config, loaded = platform.config, platform.plugins
    platform.db.engine.dispose()
    if child := os.fork():
        return child
    try:
        work(Platform(config, loaded))
    except BaseException:
        os._exit(1)
    os._exit(0)


def test_four_processes(start: Start) -> None:
    """Each minute all of them want to run the job at the same moment; one does."""
    platform = start()
    jobs.tick(platform, START)
    together = multiprocessing.Barrier(4, timeout=60)

    def work(mine: Platform) -> None:
        for step in range(1, 11):
            together.wait()
            jobs.tick(mine, START + step * MINUTE)

    children = [forked(work, platform) for _number in range(4)]
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", *["done"] * 10]


IN_PARTS = """\
import os
import time
from pathlib import Path
from lowcode.api import More, hookimpl


@hookimpl
def panel_board(ctx):
    return {}


@hookimpl
def job_tidy(ctx, state, due_at):
    part = state or 0
    with open("FOLDER/calls", "a") as calls:
        calls.write(f"{os.getpid()} {state} {due_at.isoformat()}\\n")
    if not ctx.forms.item.exists(name=f"part {part}"):
        ctx.forms.item.create({"name": f"part {part}", "number": f"T{part}"})
    WHAT_HAPPENS
    return More(f"{part} of 5", part + 1) if part < 4 else "五份"
"""


@pytest.fixture
def in_parts(toy: Toy, tmp_path: Path) -> Callable[[str], Path]:
    """Let the toy's job work in five parts, each of which makes one item; give where it notes its calls."""

    def spoil(what_happens: str) -> Path:
        code = IN_PARTS.replace("WHAT_HAPPENS", textwrap.indent(what_happens, "    ").lstrip())
        toy.package["pages.py"] = code.replace("FOLDER", str(tmp_path))
        return tmp_path / "calls"

    return spoil


def called(calls: Path) -> list[list[str]]:
    return [line.split() for line in calls.read_text().splitlines()]


def names(platform: Platform) -> list[str]:
    return [each.name for each in platform.as_system(lambda ctx: ctx.forms.item.find())]


def test_a_job_in_parts(start: Start, in_parts: Callable[[str], Path]) -> None:
    """Each part is told where the one before has come to, and all of them which instant they are about."""
    calls = in_parts("pass")
    platform = start()
    jobs.tick(platform, START)
    assert jobs.tick(platform, START + MINUTE) == [("toy", "tidy")]
    assert jobs.tick(platform, START + MINUTE) == []
    due = START.replace(second=0) + MINUTE
    assert [each[1:] for each in called(calls)] == [[at, due.isoformat()] for at in ("None", "1", "2", "3", "4")]
    assert names(platform) == [f"part {number}" for number in range(5)]
    assert runs(platform)[1:] == [(due, "done", "五份")]


def test_a_part_that_fails_leaves_those_before_it(start: Start, in_parts: Callable[[str], Path]) -> None:
    calls = in_parts("assert part < 2 or len(Path('FOLDER/calls').read_text().splitlines()) > 3")
    platform = start()
    jobs.tick(platform, START)
    jobs.tick(platform, START + MINUTE)
    assert names(platform) == ["part 0", "part 1"]
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", "failed"]
    assert jobs.tick(platform, START + MINUTE) == []
    jobs.tick(platform, START + 2 * MINUTE)
    assert [each[1] for each in called(calls)] == ["None", "1", "2", "None", "1", "2", "3", "4"]
    assert names(platform) == [f"part {number}" for number in range(5)]


KILLED = """\
killed = Path("FOLDER/killed")
if part == 2 and not killed.exists():
    killed.touch()
    os.kill(os.getpid(), 9)
"""


def test_a_killed_job_begins_again(start: Start, in_parts: Callable[[str], Path]) -> None:
    """It leaves the parts it has done and no trace of the run, so the same instant is run again."""
    calls = in_parts(KILLED)
    platform = start()
    jobs.tick(platform, START)
    child = forked(once, platform)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert names(platform) == ["part 0", "part 1"]
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits"]
    assert jobs.tick(platform, START + MINUTE) == [("toy", "tidy")]
    assert [each[1] for each in called(calls)] == ["None", "1", "2", "None", "1", "2", "3", "4"]
    assert names(platform) == [f"part {number}" for number in range(5)]
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", "done"]


WAITING = """\
if part == 3 and os.getpid() != PARENT:
    Path("FOLDER/reached").touch()
    while not Path("FOLDER/go").exists():
        time.sleep(0.01)
"""


def test_one_process_at_a_time(start: Start, in_parts: Callable[[str], Path], tmp_path: Path) -> None:
    """While one is at it, between its parts too, another leaves the job alone."""
    calls = in_parts(WAITING.replace("PARENT", str(os.getpid())))
    platform = start()
    jobs.tick(platform, START)
    child = forked(once, platform)
    wait_for(tmp_path / "reached")
    assert jobs.tick(platform, START + MINUTE) == []
    assert jobs.tick(platform, START + 2 * MINUTE) == []
    (tmp_path / "go").touch()
    assert os.waitpid(child, 0)[1] == 0
    assert {each[0] for each in called(calls)} == {str(child)}
    assert jobs.tick(platform, START + MINUTE) == []
    assert jobs.tick(platform, START + 2 * MINUTE) == [("toy", "tidy")]
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", "done", "done"]


def test_a_lost_lock_does_not_run_an_instant_twice(
    start: Start, in_parts: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part looks for itself: here the other process has run the job while this one was on its way to it."""
    calls = in_parts("pass")
    platform = start()
    jobs.tick(platform, START)

    @contextmanager
    def overtaken(*_given: object) -> Iterator[bool]:
        monkeypatch.undo()
        assert jobs.tick(platform, START + MINUTE) == [("toy", "tidy")]
        yield True

    monkeypatch.setattr(jobs.locks, "alone", overtaken)
    assert jobs.tick(platform, START + MINUTE) == []
    assert len(called(calls)) == 5


def once(platform: Platform) -> None:
    jobs.tick(platform, START + MINUTE)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_worker_that_stops_leaves_a_job_after_its_part(start: Start, in_parts: Callable[[str], Path]) -> None:
    """The next worker begins it again, and the parts that are done are found done."""
    calls = in_parts("pass")
    platform = start()
    jobs.tick(platform, START)
    assert jobs.tick(platform, START + MINUTE, is_stopping=lambda: calls.exists()) == []
    assert len(called(calls)) == 1
    assert jobs.tick(platform, START + MINUTE) == [("toy", "tidy")]
    assert [outcome for _due, outcome, _message in runs(platform)] == ["waits", "done"]
