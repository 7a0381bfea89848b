"""What supervisor and workers tell each other through small files in `<home>/run`: when they started, and how."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.running.durable import read_json, write_json

FAILURES_BEFORE_SAFE_MODE = 2


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the platform. A worker keeps the one it was started with, also after the next one began."""

    started_at: datetime
    safe_mode: bool = False


def stamp(home: Path, safe_mode: bool) -> Boot:
    """Begin a start; its time differs from that of the start before."""
    now = datetime.now(UTC).replace(microsecond=0)
    before = read(home)
    if before and before.started_at >= now:
        now = before.started_at + timedelta(seconds=1)
    write_json(home / "run" / "boot.json", {"started_at": now.isoformat(), "safe_mode": safe_mode})
    return Boot(now, safe_mode)


def unsupervised() -> Boot:
    """Give the start of a process that no supervisor started: this moment."""
    return Boot(datetime.now(UTC).replace(microsecond=0))


def read(home: Path) -> Boot | None:
    """Read the start that is going on."""
    stored = read_json(home / "run" / "boot.json", None)
    return Boot(datetime.fromisoformat(stored["started_at"]), stored["safe_mode"]) if stored else None


def mark_ready(home: Path, boot: Boot) -> None:
    """Say, in a worker, that it serves requests."""
    write_json(home / "run" / "ready.json", {"started_at": boot.started_at.isoformat(), "pid": os.getpid()})


def is_ready(home: Path, boot: Boot) -> bool:
    """Tell whether a worker of this start serves requests."""
    ready = read_json(home / "run" / "ready.json", {})
    return bool(ready.get("started_at") == boot.started_at.isoformat())


def failures(home: Path) -> int:
    """Count the starts in a row that did not come to serve requests; one cut short by a crash counts too."""
    return int(read_json(home / "run" / "failures.json", 0))


def set_failures(home: Path, count: int) -> None:
    """Keep the count where a crash does not lose it."""
    write_json(home / "run" / "failures.json", count)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the right to run the processes of one home; the kernel takes it back when the holder dies."""
    path = home / "run" / "supervisor.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            raise Refused(
                _("{home} 的平台正在运行；请先停止它，或用 LOWCODE_HOME 指定另一个目录。", home=home),
                code="already_running",
            ) from fault
        yield
