"""The nightly job is killed at random moments: when it has come through, all is as if nobody had disturbed it.

ROUNDS says how many databases are put through it, on each of the two kinds.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crm_plugin.candidates import all_due
from crm_plugin.pool import rules_of
from lowcode.config import Config
from lowcode.database.schema import job_runs, notifications
from lowcode.platform import Platform
from lowcode.running.jobs import tick
from lowcode.testing.databases import Databases
from tests.scenarios import recycling_worker
from tests.scenarios.recycling_worker import MODULES

ROUNDS = int(os.environ.get("ROUNDS") or 1)
CUSTOMERS, OWNERS = 300, 5
SHARES = (0.1, 0.4, 0.7, 1.0)
"""Within what share of the time that the job takes it is killed, one time after the other."""

DUE_AT = datetime(2026, 12, 1, 18, tzinfo=UTC)
"""2 December 2026, 02:00 in Shanghai."""

NUMBERS = count(1)
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([recycling_worker.__name__])


@dataclass(frozen=True)
class Worker:
    """A process at work, and the file of its complaints."""

    process: BaseProcess
    errors: Path

    def end(self) -> str:
        """Wait for its end, and give what it complained of."""
        self.process.join(120)
        return self.errors.read_text()


@pytest.fixture(scope="module")
def original(databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a database with the same customers each time, and with the job last run the day before."""
    with databases.platform(database_kind, MODULES, tmp_path_factory.mktemp("home")) as platform:
        tick(platform, DUE_AT - timedelta(1))
        platform.as_system(_fill)
        platform.db.engine.dispose()
        yield platform.config.database_url


@contextmanager
def filled(databases: Databases, original: str, home: Path) -> Iterator[Platform]:
    """Give a platform on a copy of the database."""
    with databases.copied(original) as url:
        platform = Platform(Config(home=home, database_url=url), recycling_worker.PLUGINS)
        try:
            yield platform
        finally:
            platform.db.engine.dispose()


def _fill(ctx: Any) -> None:
    dice = random.Random(1)
    people = [ctx.users.ensure(f"owner{number}", f"负责人 {number}", ["sales"]) for number in range(OWNERS)]
    for number in range(CUSTOMERS):
        made = ctx.forms.customer.create(
            {"name": f"客户 {number:03}", "source": "other", "status": "potential", "owner": dice.choice(people)}
        )
        if number % 5 == 0:
            ctx.forms.contact.create({"name": f"联系人 {number}", "customer": made.id, "status": "active"})
        is_locked = dice.random() < 0.2
        values = {
            "owner_at": DUE_AT - timedelta(days=dice.randint(0, 120), hours=dice.randint(0, 23)),
            "last_follow_at": dice.choice([None, DUE_AT - timedelta(days=dice.randint(0, 60))]),
            "level": dice.choice(["A", "B", None]),
            "deal_status": dice.random() < 0.1,
            "is_locked": is_locked,
            "lock_until": DUE_AT.date() + timedelta(dice.randint(-3, 3)) if is_locked else None,
        }
        ctx.forms.customer.update(made.id, values)


def start(platform: Platform, home: Path) -> Worker:
    """Start a process that looks for due jobs, and wait until it begins."""
    mine, its = FORKS.Pipe(duplex=False)
    errors = home / f"errors-{next(NUMBERS)}"
    arguments = (platform.config.database_url, home, DUE_AT, errors, its)
    process = FORKS.Process(target=recycling_worker.work, args=arguments)
    process.start()
    its.close()
    assert mine.recv() == "ready"
    return Worker(process, errors)


def finish(platform: Platform, home: Path) -> float:
    """Let a process come to its end; give the seconds it took."""
    worker, began = start(platform, home), time.monotonic()
    errors = worker.end()
    assert worker.process.exitcode == 0, errors
    return time.monotonic() - began


def outcome(platform: Platform) -> dict[str, Any]:
    """Give what a run leaves behind, but for the clock."""

    def look(ctx: Any) -> dict[str, Any]:
        kept = ("owner", "prev_owner", "pool_reason", "is_locked", "lock_until")
        proof = ("customer", "action", "prev_owner", "new_owner", "reason", "rule", "rule_version", "inputs", "run")
        return {
            "customers": {
                each.id: tuple(getattr(each, name) for name in kept) for each in ctx.forms.customer.find(limit=9999)
            },
            "contacts": {each.id: each.owner for each in ctx.forms.contact.find(limit=9999)},
            "history": sorted(
                str([getattr(each, name) for name in proof]) for each in ctx.forms.owner_history.find(limit=9999)
            ),
        }

    found = platform.as_system(look)
    with platform.db.read() as connection:
        bells = connection.execute(select(notifications.c.user, notifications.c.kind, notifications.c.url)).all()
        runs = select(job_runs.c.due_at, job_runs.c.outcome).where(job_runs.c.job == "recycle_customers")
        found["runs"] = sorted(tuple(row) for row in connection.execute(runs))
    return found | {"bells": sorted(tuple(row) for row in bells)}


@pytest.fixture(scope="module")
def undisturbed(
    databases: Databases, original: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[float, dict[str, Any]]:
    """Let nobody disturb the job: the seconds it takes, and what it leaves behind, which is what was simulated."""
    home = tmp_path_factory.mktemp("home")
    with filled(databases, original, home) as platform:
        day = DUE_AT.astimezone(platform.config.time_zone).date()
        simulated = platform.as_system(
            lambda ctx: {each.customer.id for each in all_due(rules_of(ctx.settings), day, ctx)}
        )
        seconds, expected = finish(platform, home), outcome(platform)
    assert {key for key, (owner, *_rest) in expected["customers"].items() if owner is None} == simulated
    assert len(simulated) > CUSTOMERS / 4
    assert expected["runs"][-1] == (DUE_AT, "done")
    return seconds, expected


def test_a_job_that_is_killed_ends_as_one_that_is_not(
    databases: Databases, original: str, tmp_path: Path, undisturbed: tuple[float, dict[str, Any]]
) -> None:
    seconds, expected = undisturbed
    killed = 0
    for number in range(ROUNDS):
        dice = random.Random(number)
        with filled(databases, original, tmp_path) as platform:
            killed += sum(_kill(platform, tmp_path, seconds * dice.uniform(0, share)) for share in SHARES)
            finish(platform, tmp_path)
            assert outcome(platform) == expected, f"round {number}"
    assert killed >= ROUNDS, "The job was done before it could be killed."


def _kill(platform: Platform, home: Path, after: float) -> bool:
    """Kill a process in the midst of its work; False when it was done already."""
    process = start(platform, home).process
    time.sleep(after)
    is_working = process.is_alive()
    process.kill()
    process.join()
    return is_working


def test_three_processes_at_once_do_the_work_once(
    databases: Databases, original: str, tmp_path: Path, undisturbed: tuple[float, dict[str, Any]]
) -> None:
    with filled(databases, original, tmp_path) as platform:
        together = [start(platform, tmp_path) for _number in range(3)]
        assert [worker.end() for worker in together] == ["", "", ""]
        assert [worker.process.exitcode for worker in together] == [0, 0, 0]
        assert outcome(platform) == undisturbed[1]
