"""Work by the clock: once a minute whatever is due runs, each due instant exactly once, whoever else runs jobs too.

The row in `job_runs` is written in the transaction of the job's last part: a job that is cut short is run again, from
the start. One process at a time runs a job, under a lock that ends with the process, and before each part it looks
whether the instant has been taken.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from huey import crontab
from sqlalchemy import Connection, Insert, func, insert, select
from sqlalchemy.exc import IntegrityError

from lowcode.api import More
from lowcode.context import Context
from lowcode.database import locks
from lowcode.database.schema import job_runs
from lowcode.declare.model import Job
from lowcode.notify import delivery
from lowcode.notify.queue import open_queue
from lowcode.platform import Platform
from lowcode.running import asking, housekeeping

log = logging.getLogger(__name__)

STOP_SECONDS = 25
MOST_IDLE_SECONDS = 2
"""How long an idle worker sleeps at most before it looks into a queue on SQLite again."""


def tick(
    platform: Platform, now: datetime | None = None, *, is_stopping: Callable[[], bool] = lambda: False
) -> list[tuple[str, str]]:
    """Run what is due; give plugin and job of each that ran to its end. A worker that stops leaves a job halfway."""
    moment = now or datetime.now(UTC)
    return [
        (plugin.name, job.name)
        for plugin in platform.active_plugins
        for job in (plugin.declared.jobs.values() if plugin.declared else ())
        if not is_stopping() and _run_if_due(platform, plugin.name, job, moment, is_stopping)
    ]


def due_at(job: Job, now: datetime, zone: ZoneInfo) -> datetime:
    """Give the newest instant, not after `now`, at which a job is due; days begin in the business time zone."""
    if job.every == "minute":
        return now.replace(second=0, microsecond=0)
    if job.every == "hour":
        return now.replace(minute=0, second=0, microsecond=0)
    local = now.astimezone(zone)
    at = time.fromisoformat(job.at or "00:00")
    today = datetime.combine(local.date(), at, tzinfo=zone).astimezone(UTC)
    if today <= now:
        return today
    return datetime.combine(local.date() - timedelta(days=1), at, tzinfo=zone).astimezone(UTC)


def _run_if_due(platform: Platform, plugin: str, job: Job, now: datetime, is_stopping: Callable[[], bool]) -> bool:
    """Run a job when its newest instant has not been run. What was missed while the host was down runs once."""
    instant = due_at(job, now, platform.config.time_zone)
    with platform.db.read() as connection:
        last = _last(connection, plugin, job)
    if last is not None and last >= instant:
        return False
    try:
        if last is None:
            _note(platform, plugin, job, instant, now, "waits", "")
            return False
        with locks.alone(platform.db, platform.config.home, f"job:{plugin}.{job.name}") as is_mine:
            return is_mine and _run(platform, plugin, job, instant, now, is_stopping)
    except IntegrityError as fault:
        if "job_runs" in str(fault.orig):
            return False
        _failed(platform, plugin, job, instant, now, fault)
    except Exception as fault:  # whatever a rule does, the other jobs go on
        _failed(platform, plugin, job, instant, now, fault)
    return True


def _last(connection: Connection, plugin: str, job: Job) -> datetime | None:
    """Give the newest instant at which the job was run, or first seen."""
    mine = (job_runs.c.plugin == plugin) & (job_runs.c.job == job.name)
    newest: datetime | None = connection.scalar(select(func.max(job_runs.c.due_at)).where(mine))
    return newest


def _run(
    platform: Platform, plugin: str, job: Job, instant: datetime, now: datetime, is_stopping: Callable[[], bool]
) -> bool:
    """Do one part after the other, each in a transaction of its own; False when it did not come to the end."""
    state = None
    while True:
        done = platform.as_system(partial(_part, plugin, job, instant, now, state))
        if not isinstance(done, More):
            return done
        if is_stopping():
            return False
        state = done.state


def _part(plugin: str, job: Job, instant: datetime, now: datetime, state: Any, ctx: Context) -> More | bool:
    """Do one part and give what is left to do; True when that was the last, False when the instant is taken."""
    last = _last(ctx.connection, plugin, job)
    if last is not None and last >= instant:
        return False
    answer = ctx.platform.hooks.named(f"job_{job.name}", plugin, ctx=ctx, state=state, due_at=instant)
    if isinstance(answer, More):
        log.info("Job %s of %s goes on: %s", job.name, plugin, answer.message)
        return answer
    ctx.connection.execute(_row(plugin, job, instant, now, "done", str(answer or "")))
    log.info("Job %s of %s: %s", job.name, plugin, answer)
    return True


def _failed(platform: Platform, plugin: str, job: Job, instant: datetime, now: datetime, fault: Exception) -> None:
    log.error("Job %s of %s failed.", job.name, plugin, exc_info=fault)
    try:
        _note(platform, plugin, job, instant, now, "failed", f"{type(fault).__name__}: {fault}"[:1000])
    except IntegrityError:
        log.info("Another process has meanwhile run job %s of %s.", job.name, plugin)


def _note(
    platform: Platform, plugin: str, job: Job, instant: datetime, now: datetime, outcome: str, message: str
) -> None:
    statement = _row(plugin, job, instant, now, outcome, message)
    platform.db.run(lambda connection: connection.execute(statement))


def _row(plugin: str, job: Job, instant: datetime, now: datetime, outcome: str, message: str) -> Insert:
    row = {"plugin": plugin, "job": job.name, "due_at": instant, "started_at": now, "finished_at": datetime.now(UTC)}
    return insert(job_runs).values({**row, "outcome": outcome, "message": message})


def run_worker(platform: Platform) -> None:
    """Serve the background queue until SIGTERM: jobs, reminders, mails, and what is asked of other systems.

    Any number of workers may run. What is running is waited for, a job until its next part. All but jobs have threads
    of their own, and go on while a job takes its time.
    """
    deliver = OneAtATime(lambda: delivery.deliver(platform, is_stopping=lambda: consumer.stop_flag.is_set()))
    jobs = OneAtATime(lambda: tick(platform, is_stopping=lambda: consumer.stop_flag.is_set()))
    reminders = OneAtATime(lambda: housekeeping.every_minute(platform))
    questions = OneAtATime(lambda: asking.tick(platform, is_stopping=lambda: consumer.stop_flag.is_set()))
    queue, call = open_queue(platform.config, deliver)

    @queue.periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
    def work() -> None:
        jobs()

    @queue.periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
    def remind() -> None:
        reminders()

    @queue.periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
    def ask() -> None:
        questions()

    @queue.periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
    def sweep() -> None:
        deliver()

    @queue.periodic_task(crontab(minute="7"))  # type: ignore[untyped-decorator]
    def every_hour() -> None:
        housekeeping.every_hour(platform)

    options = {"graceful_signal": "TERM", "shutdown_timeout": STOP_SECONDS, "max_delay": MOST_IDLE_SECONDS}
    consumer = queue.create_consumer(workers=4, **options)
    _now(call)
    consumer.run()


def _now(call: Callable[[], object]) -> None:
    """Look at once for what has become due while no worker ran; without the queue that takes until the next minute."""
    try:
        call()
    except Exception as fault:
        log.warning("The queue cannot be reached: %s", fault)


class OneAtATime:
    """Work that runs once at a time in this process; who comes meanwhile has it done once more."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._running = threading.Lock()
        self._wanted = threading.Event()

    def __call__(self) -> None:
        """Work, or leave it to the thread that is at it."""
        self._wanted.set()
        while self._wanted.is_set() and self._running.acquire(blocking=False):
            try:
                self._wanted.clear()
                self._work()
            finally:
                self._running.release()
