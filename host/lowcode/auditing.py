"""The audit: who changed what from what to what. One writer; entries are never changed and never hold a secret."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from lowcode.database.schema import audit

USER, DEPARTMENT, POLICY, WORKFLOW = "$user", "$department", "$policy", "$workflow"
"""What stands in the place of a form for what belongs to none; no form's name begins so."""

SECRET = "•••"  # noqa: S105 (what is written instead of one)

Changes = Mapping[str, list[Any]]
_ENTRY = insert(audit).inline()


def write(
    connection: Connection,
    by: int | None,
    form: str,
    record: int,
    action: str,
    changes: Changes,
    at: datetime | None = None,
) -> None:
    """Add one entry, in the transaction of the change; nobody in `by` is the platform itself.

    `at` is the instant of the request, where the change belongs to one with its own clock.
    """
    write_many(connection, by, form, action, {record: changes}, at)


def write_many(
    connection: Connection,
    by: int | None,
    form: str,
    action: str,
    changes: Mapping[int, Changes],
    at: datetime | None = None,
) -> None:
    """Add one entry for each record, as `write` does for one."""
    common = {"at": at or datetime.now(UTC).replace(microsecond=0), "user": by or None, "form": form, "action": action}
    rows = [{**common, "record": record, "changes": dict(changed)} for record, changed in changes.items()]
    connection.execute(_ENTRY, rows)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Compare two states: `{name: [old, new]}`. Instants are left out."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and not isinstance(value, datetime)
    }
