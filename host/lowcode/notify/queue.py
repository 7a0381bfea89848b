"""huey, which wakes the workers: on SQLite, or on Redis where there is one. The outbox says what has to be sent."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from huey import Huey, RedisHuey, SqliteHuey

if TYPE_CHECKING:
    from lowcode.config import Config

log = logging.getLogger(__name__)

NAME = "lowcode"
REDIS_SECONDS = 2
"""How long a request waits at most for Redis; the wait of an idle worker for work is shorter."""

USEFUL_SECONDS = 60
"""A call to the worker is dropped after this time: by then the worker has looked by itself."""

QUIET_SECONDS = 30
"""How long nobody is called after that has failed, so that requests do not wait for a dead queue one after another."""


def open_queue(config: "Config", deliver: Callable[[], object]) -> tuple[Huey, Callable[[], object]]:
    """Open the queue of an installation; give it with what asks a worker to `deliver`."""
    queue = _redis(config.redis_url) if config.redis_url else _sqlite(config)

    @queue.task(name="deliver", expires=USEFUL_SECONDS)  # type: ignore[untyped-decorator]
    def task() -> None:
        deliver()

    return queue, task


def _sqlite(config: "Config") -> Huey:
    folder = config.home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(folder / "queue.db"), results=False)


def _redis(url: str) -> Huey:
    from redis import ConnectionPool  # an extra, which not every installation has
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    pool = ConnectionPool.from_url(
        url, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
    )
    return RedisHuey(NAME, connection_pool=pool, results=False)


class _Caller:
    """Asks a worker to deliver, from a process that is none."""

    def __init__(self, config: "Config") -> None:
        self._config = config
        self._call: Callable[[], object] | None = None
        self._quiet_until = 0.0

    def __call__(self) -> None:
        """Ask, as well as it goes: without it the worker looks within a minute."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            if self._call is None:
                self._call = open_queue(self._config, lambda: None)[1]
            self._call()
        except Exception as fault:  # whatever the queue does, what has been committed stays done
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("The worker could not be called, it will look by itself: %s", fault)


_caller = lru_cache(maxsize=8)(_Caller)


def wake(config: "Config") -> None:
    """Ask a worker to send what is due; when that fails, only time is lost."""
    _caller(config)()
