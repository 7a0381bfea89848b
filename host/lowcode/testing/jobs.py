"""Running a job at once, as the scheduler does when it is due."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from lowcode.api import More
from lowcode.context import Context
from lowcode.platform import Platform


def run_job(
    platform: Platform, plugin: str, name: str, *, due_at: datetime | None = None, now: datetime | None = None
) -> str:
    """Run a job of a plugin to its end, each part in a transaction of its own, and give its sentence.

    `now` is the clock of its contexts, `due_at` the instant that it is told it runs for: that of the clock without it.
    """
    moment = now or datetime.now(UTC).replace(microsecond=0)
    answer: Any = More("", None)
    while isinstance(answer, More):
        arguments = {"state": answer.state, "due_at": due_at or moment}
        answer = platform.as_system(partial(_part, plugin, name, arguments), now=now)
    return str(answer or "")


def _part(plugin: str, name: str, arguments: dict[str, Any], ctx: Context) -> Any:
    return ctx.platform.hooks.named(f"job_{name}", plugin, ctx=ctx, **arguments)
