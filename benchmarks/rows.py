"""What all rows written by the benchmarks have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)


def system(key: int, owner: int, day: int = 0) -> dict[str, Any]:
    """Give the host's own columns of a record."""
    at = START + timedelta(days=day, seconds=key)
    return {
        "id": key,
        "version": 1,
        "created_at": at,
        "created_by": owner,
        "updated_at": at,
        "updated_by": owner,
        "owner": owner,
    }
