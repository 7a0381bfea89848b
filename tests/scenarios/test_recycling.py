"""The nightly job is killed at random moments: when it has come through, all is as if nobody had disturbed it.

ROUNDS says how many databases are put through it, on each of the two kinds.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crm_plugin.candidates import all_due
from crm_plugin.pool import rules_of
from lowcode.database.schema import job_runs, notifications
from lowcode.platform import Platform
from lowcode.running.jobs import tick
from lowcode.testing.databases import Databases
from tests.scenarios.serving import REPOSITORY

ROUNDS = int(os.environ.get("ROUNDS") or 1)
CUSTOMERS, OWNERS = 300, 5
SHARES = (0.1, 0.4, 0.7, 1.0)
"""Within what share of the time that the job takes it is killed, one time after the other."""

DUE_AT = datetime(2026, 12, 1, 18, tzinfo=UTC)
"""2 December 2026, 02:00 in Shanghai."""

MODULES = ("crm_plugin.plugin",)
WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from lowcode.config import Config
from lowcode.platform import Platform
from lowcode.running.jobs import tick
from lowcode.testing.databases import loaded
platform = Platform(Config(home=Path(sys.argv[2]), database_url=sys.argv[1]), loaded(("crm_plugin.plugin",)))
print("ready", flush=True)
tick(platform, datetime.fromisoformat(sys.argv[3]))
"""


@contextmanager
def filled(databases: Databases, kind: str, home: Path) -> Iterator[Platform]:
    """Give a platform with the same customers each time, and with the job last run the day before."""
    with databases.platform(kind, MODULES, home) as platform:
        tick(platform, DUE_AT - timedelta(1))
        platform.as_system(_fill)
        yield platform


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


def start(platform: Platform, home: Path) -> "subprocess.Popen[bytes]":
    """Start a process that looks for due jobs, and wait until it begins."""
    arguments = [sys.executable, "-c", WORKER, platform.config.database_url, str(home), DUE_AT.isoformat()]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", process.communicate()
    return process


def finish(platform: Platform, home: Path) -> float:
    """Let a process come to its end; give the seconds it took."""
    process, began = start(platform, home), time.monotonic()
    _out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
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
    databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[float, dict[str, Any]]:
    """Let nobody disturb the job: the seconds it takes, and what it leaves behind, which is what was simulated."""
    home = tmp_path_factory.mktemp("home")
    with filled(databases, database_kind, home) as platform:
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
    databases: Databases, database_kind: str, tmp_path: Path, undisturbed: tuple[float, dict[str, Any]]
) -> None:
    seconds, expected = undisturbed
    killed = 0
    for number in range(ROUNDS):
        dice = random.Random(number)
        with filled(databases, database_kind, tmp_path) as platform:
            killed += sum(_kill(platform, tmp_path, seconds * dice.uniform(0, share)) for share in SHARES)
            finish(platform, tmp_path)
            assert outcome(platform) == expected, f"round {number}"
    assert killed >= ROUNDS, "The job was done before it could be killed."


def _kill(platform: Platform, home: Path, after: float) -> bool:
    """Kill a process in the midst of its work; False when it was done already."""
    process = start(platform, home)
    time.sleep(after)
    is_working = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return is_working


def test_three_processes_at_once_do_the_work_once(
    databases: Databases, database_kind: str, tmp_path: Path, undisturbed: tuple[float, dict[str, Any]]
) -> None:
    with filled(databases, database_kind, tmp_path) as platform:
        together = [start(platform, tmp_path) for _number in range(3)]
        assert [process.communicate(timeout=120)[1] for process in together] == [b"", b"", b""]
        assert outcome(platform) == undisturbed[1]
