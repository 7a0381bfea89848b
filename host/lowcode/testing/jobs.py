"""Running a job, or asking another system, at once, as the worker does when it is time."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from lowcode.api import More
from lowcode.connections.partner import Partner
from lowcode.context import Context
from lowcode.platform import Platform
from lowcode.running import asking


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


def ask(platform: Platform, plugin: str, connection: str, *, now: datetime | None = None) -> int:
    """Do one round of a connection, and tell how many calls were made.

    `now` is the clock of the rules, of `when`, and of how long the connection rests after failures.
    """
    declared = next(each.declared for each in platform.active_plugins if each.name == plugin)
    assert declared is not None
    return asking.ask(Partner(platform, plugin, declared.connections[connection], now))
