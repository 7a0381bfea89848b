"""What rules tell people through `ctx.notify` and `ctx.mail`."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lowcode.notify import bell, outbox
from lowcode.notify.kinds import declared
from lowcode.notify.wording import plain

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.records.record import Record


def notify(
    ctx: "Context",
    people: Iterable[int],
    kind: str,
    text: str,
    record: "Record | None",
    event: str | None,
    values: Mapping[str, Any],
) -> None:
    """Send a notification of a declared kind. Raises ValueError for one that no plugin declares.

    Without an `event` the same words about the same record are one event a day.
    """
    if kind not in declared(ctx.platform):
        raise ValueError(f"The kind '{kind}' is not declared. Add it to `notifications:` of manifest.yaml.")
    form = type(record).__name__
    url = f"/f/{form}/{record.id}" if record is not None else None
    if event is None:
        words = json.dumps([text, plain(values)], sort_keys=True)
        event = f"{ctx.today}:{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    about = f"{form}:{record.id}" if record is not None else "-"
    bell.send(ctx, people, kind, text, values, url, event=f"{kind}:{about}:{event}")


def mail(ctx: "Context", to: str, subject: str, text: str, html: str | None, event: str | None) -> None:
    """Queue a mail to anybody, once for each `event`; without one each call is a mail. Raises Invalid."""
    outbox.mail(ctx, f"mail:{event or secrets.token_hex(16)}", to, subject, text, html)
