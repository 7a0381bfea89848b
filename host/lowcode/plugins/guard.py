"""What stands between the host and the code of plugins: time limits, exits and tracing."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pluggy

log = logging.getLogger("lowcode.hooks")

IMPORT_CPU_SECONDS = 4
IMPORT_SECONDS = 30
"""A busy loop is stopped by the first limit, waiting by the second; a busy machine alone reaches neither."""


class TooLong(BaseException):
    """An import does not come to an end. Not an `Exception`, which the plugin could swallow."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise `TooLong` in code that does not end. Only the main thread can be interrupted; others have no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, IMPORT_CPU_SECONDS),
        (signal.SIGALRM, signal.ITIMER_REAL, IMPORT_SECONDS),
    )
    before = [signal.signal(number, _stop) for number, _timer, _seconds in timers]
    for _number, timer, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (number, timer, _seconds), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _stop(_number: int, _frame: object) -> None:
    raise TooLong


def watch(manager: pluggy.PluginManager) -> None:
    """Name the module in whatever a hook raises, turn an exit into an error, and trace calls when asked to."""
    trace = _trace if os.environ.get("LOWCODE_TRACE_HOOKS") == "1" else None

    def before(name: str, implementations: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
        """Take note of nothing; pluggy asks for both sides."""

    def after(
        outcome: pluggy.Result[Any],
        name: str,
        implementations: Sequence[pluggy.HookImpl],
        arguments: Mapping[str, Any],
    ) -> None:
        """Look at what came out."""
        fault = outcome.exception
        if fault is not None:
            modules = ", ".join(sorted(each.plugin_name for each in implementations))
            if isinstance(fault, SystemExit):
                fault = RuntimeError(f"The hook {name} of {modules} called sys.exit, which is not for plugins.")
                outcome.force_exception(fault)
            fault.add_note(f"Raised in the hook {name} of {modules}.")
        if trace:
            trace(outcome, name, implementations)

    manager.add_hookcall_monitoring(before, after)


def _trace(outcome: pluggy.Result[Any], name: str, implementations: Sequence[pluggy.HookImpl]) -> None:
    modules = ", ".join(each.plugin_name for each in reversed(implementations)) or "-"
    result = repr(outcome.exception) if outcome.exception else repr(outcome.get_result())
    sys.stderr.write(f"hook {name} [{modules}] -> {result[:200]}\n")
