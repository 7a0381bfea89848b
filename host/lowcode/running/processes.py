"""The child processes of `lowcode run`."""

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from lowcode.config import Config

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 30
DIED = (
    "This start failed while it was tried out: the process %s. If no reason stands above, an app ended the process or"
    " the machine ran out of memory: uninstall the app that changed last (lowcode store uninstall NAME), then restart."
)


def rehearse(safe_mode: bool, must_stop: Callable[[], bool]) -> bool:
    """Run a whole start in a process of its own, where a plugin can break nothing else."""
    command = [sys.executable, "-m", "lowcode.cli", "rehearse"]
    environment = os.environ | ({"LOWCODE_SAFE_MODE": "1"} if safe_mode else {})
    process = subprocess.Popen(command, env=environment, preexec_fn=_die_with_parent)  # noqa: S603
    while process.poll() is None and not must_stop():
        time.sleep(0.05)
    stop(process)
    if must_stop():
        return False
    if process.returncode:
        log.error(DIED, _ending(process.returncode))
    return process.returncode == 0


def _ending(status: int) -> str:
    """Say how a process ended; a negative status is the signal that ended it."""
    if status > 0:
        return f"ended with status {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status)})"


def web_server(config: Config, listener: socket.socket) -> "subprocess.Popen[bytes]":
    """Start gunicorn on a socket that stays open whatever happens to gunicorn."""
    options = {
        "--bind": f"fd://{listener.fileno()}",
        "--worker-class": "gthread",
        "--workers": config.workers,
        "--threads": config.threads,
        "--timeout": 60,
        "--graceful-timeout": GRACE_SECONDS,
        "--keep-alive": 5,
        "--log-level": "warning",
        "--name": "lowcode",
        "--config": "python:lowcode.running.workers",
    }
    flags = [word for option, value in options.items() for word in (option, str(value))]
    command = [sys.executable, "-m", "gunicorn", "lowcode.web.wsgi:app", *flags, "--no-control-socket"]
    return _start(command, {"LOWCODE_SUPERVISOR_PID": str(os.getpid())}, listener.fileno())


def job_worker() -> "subprocess.Popen[bytes]":
    """Start the process that runs jobs."""
    return _start([sys.executable, "-m", "lowcode.cli", "worker"], {})


def _start(command: list[str], more: Mapping[str, str], *keep: int) -> "subprocess.Popen[bytes]":
    environment = os.environ | dict(more)
    return subprocess.Popen(  # noqa: S603
        command, env=environment, pass_fds=keep, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent
    )


def stop(*children: "subprocess.Popen[bytes] | None", seconds: float = GRACE_SECONDS + 5) -> None:
    """End children: first all politely, then each surely."""
    running = [child for child in children if child is not None and child.poll() is None]
    for child in running:
        child.terminate()
    deadline = time.monotonic() + seconds
    for child in running:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _die_with_parent() -> None:
    """Ask Linux to end this child when the supervisor dies in a way that lets it end nothing itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
