"""`lowcode run`: one command that prepares, serves, restarts without refusing a request, and survives bad plugins.

The supervisor holds the listening socket, so connections wait while processes are replaced. Each start is first
rehearsed in a process of its own. After two starts in a row that failed, the next one is in safe mode.
"""

import http.client
import logging
import os
import queue
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.running import boot, processes
from lowcode.running.boot import FAILURES_BEFORE_SAFE_MODE, Boot

log = logging.getLogger(__name__)

BOOT_SECONDS = float(os.environ.get("LOWCODE_BOOT_SECONDS") or 60)
"""How long workers may take to serve their first request; migrations are done by then and do not count."""

STEADY_SECONDS = 10
"""A process that ends sooner than this after its start is started again only after a pause."""


class Supervisor:
    """One installation's processes."""

    def __init__(self, config: Config, say: Callable[[str], None]) -> None:
        self.config = config
        self._say = say
        self._events: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._web: subprocess.Popen[bytes] | None = None
        self._jobs: subprocess.Popen[bytes] | None = None
        self._jobs_started = 0.0
        self._stopping = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; give the exit status."""
        self.config.home.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)
        with boot.alone(self.config.home), self._listen() as self._listener:
            try:
                Store(self.config.home).sweep()
                if not self._boot():
                    return 0 if self._stopping else 1
                self._say(_("平台已启动：{address}", address=self._address()))
                self._serve()
                return 0
            finally:
                processes.stop(self._jobs, self._web)

    def _note(self, number: int, _frame: object) -> None:
        """Only remember the signal: a handler may run in the middle of anything."""
        self._events.put(number)
        self._stopping = self._stopping or number != signal.SIGHUP

    def _serve(self) -> None:
        """Wait for signals, and replace processes that end by themselves."""
        while not self._stopping:
            try:
                event = self._events.get(timeout=1)
            except queue.Empty:
                self._revive()
                continue
            if event == signal.SIGHUP and not self._stopping:
                while not self._events.empty():
                    self._events.get()
                log.info("Restarting.")
                self._boot()

    def _boot(self) -> bool:
        """Start, or restart, until workers serve; in safe mode after two failures. False when even that fails."""
        while not self._stopping:
            failed = boot.failures(self.config.home)
            safe_mode = self.config.safe_mode or failed >= FAILURES_BEFORE_SAFE_MODE
            boot.set_failures(self.config.home, failed + 1)
            if self._try_boot(safe_mode):
                boot.set_failures(self.config.home, 0)
                if safe_mode:
                    self._say(_("平台以安全模式运行：没有加载任何应用。请在应用商店卸载有问题的应用，然后重启平台。"))
                return True
            if self._stopping:
                boot.set_failures(self.config.home, failed)
            elif safe_mode:
                boot.set_failures(self.config.home, 0)  # without plugins it fails too, so they are not the cause
                self._say(_("平台没能启动，连安全模式也不行；原因在上面的日志里。"))
                return False
        return False

    def _try_boot(self, safe_mode: bool) -> bool:
        """Rehearse, then replace the workers and wait for the new ones."""
        if not processes.rehearse(safe_mode, lambda: self._stopping):
            return False
        current = boot.stamp(self.config.home, safe_mode)
        if self._web is not None and self._web.poll() is None:
            self._web.send_signal(signal.SIGHUP)
        else:
            self._web = processes.web_server(self.config, self._listener)
        processes.stop(self._jobs)
        if not self._wait_until_ready(current):
            return False
        self._start_jobs()
        return True

    def _wait_until_ready(self, current: Boot) -> bool:
        """Wait until a worker of this start serves and the health check is right."""
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline and not self._stopping:
            if self._web is None or self._web.poll() is not None:
                return False
            if boot.is_ready(self.config.home, current) and self._is_healthy():
                return True
            time.sleep(0.1)
        # Workers that hang would be replaced by others that hang; the next attempt begins from nothing.
        processes.stop(self._web, seconds=2)
        return False

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection(self._address().removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _revive(self) -> None:
        """Start again what ended by itself."""
        if self._web is not None and self._web.poll() is not None:
            log.error("The web server ended with status %s and is started again.", self._web.returncode)
            self._boot()
        elif self._jobs is not None and self._jobs.poll() is not None and self._is_time_for_jobs():
            log.error("The job process ended with status %s and is started again.", self._jobs.returncode)
            self._start_jobs()

    def _is_time_for_jobs(self) -> bool:
        return time.monotonic() - self._jobs_started > STEADY_SECONDS

    def _start_jobs(self) -> None:
        self._jobs = processes.job_worker()
        self._jobs_started = time.monotonic()

    def _listen(self) -> socket.socket:
        """Open the port, so that a port in use is told before anything else is done."""
        try:
            listener = socket.create_server((self.config.host, self.config.port), backlog=2048)
        except OSError as fault:
            raise Refused(
                _(
                    "端口 {port} 不能使用（{fault}）；请停掉占用它的程序，或用环境变量 PORT 换一个。",
                    port=self.config.port,
                    fault=fault.strerror,
                ),
                code="port_in_use",
            ) from fault
        self.config = replace(self.config, port=listener.getsockname()[1])
        return listener

    def _address(self) -> str:
        host = "127.0.0.1" if self.config.host in ("0.0.0.0", "") else self.config.host  # noqa: S104
        return f"http://{host}:{self.config.port}"
