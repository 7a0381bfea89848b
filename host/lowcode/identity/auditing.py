"""Who changed people, departments and the password policy: entries beside those of records, never with a secret."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from lowcode.database.schema import audit

USER, DEPARTMENT, POLICY = "$user", "$department", "$policy"
"""What stands in the place of a form; no form's name begins so."""

SECRET = "•••"  # noqa: S105 (what is written instead of one)

Changes = Mapping[str, list[Any]]


def write(connection: Connection, by: int | None, form: str, record: int, action: str, changes: Changes) -> None:
    """Add one entry, in the transaction of the change; nobody in `by` is the platform itself."""
    row = {"at": datetime.now(UTC).replace(microsecond=0), "user": by or None, "form": form, "record": record}
    connection.execute(insert(audit).values(row | {"action": action, "changes": dict(changes)}))


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Compare two states: `{name: [old, new]}`. Instants are left out."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and not isinstance(value, datetime)
    }
