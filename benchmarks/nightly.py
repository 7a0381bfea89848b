"""The nightly work on the pool, beside the same work by hand-written SQL: row by row, and as a few large statements."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import text

from lowcode.api import More
from lowcode.platform import Platform

DUE_ONE_OF = 50
"""One owned customer of so many is due; the others are looked at and stay."""

LIMIT_DAYS = 30
AGE = (
    "UPDATE crm_opportunity SET closed_at = created_at WHERE closed_at IS NULL",
    "UPDATE crm_customer SET owner = created_by, pool_at = NULL, open_opportunity_count = 0 WHERE id % 5 <> 1",
    "UPDATE crm_contact SET owner = created_by",
    f"UPDATE crm_customer SET owner_at = CASE WHEN id % {DUE_ONE_OF} = 2 THEN now() - interval '40 days' "
    "ELSE now() - interval '5 days' END WHERE owner IS NOT NULL",
    "DELETE FROM crm_owner_history",
    "DELETE FROM notifications",
)
DUE = f"""
    SELECT id, owner, owner_at FROM crm_customer WHERE deleted_at IS NULL AND owner IS NOT NULL
    AND NOT coalesce(is_locked, false) AND NOT coalesce(deal_status, false) AND open_opportunity_count = 0
    AND greatest(owner_at, coalesce(last_follow_at, owner_at)) < now() - interval '{LIMIT_DAYS + 1} days'"""
POOL = """
    UPDATE crm_customer SET prev_owner = owner, owner = NULL, owner_department = NULL, owner_at = NULL, pool_at = now(),
    pool_reason = 'x', version = version + 1, updated_at = now() WHERE id {which} AND owner IS NOT NULL"""
CONTACTS = """
    UPDATE crm_contact SET owner = NULL, owner_department = NULL, version = version + 1
    WHERE customer {which} AND deleted_at IS NULL"""
HISTORY = """
    INSERT INTO crm_owner_history (version, created_at, updated_at, summary, customer, action, prev_owner, at, reason,
        rule, rule_version, inputs, run)
    SELECT 1, now(), now(), 'x', id, 'recycle', owner, now(), 'x', 'follow', 1, '{{}}', 'x'
    FROM crm_customer WHERE id {which}"""
AUDIT = """
    INSERT INTO audit (at, form, record, action, changes) SELECT now(), form, id, 'edit', '{{}}'
    FROM crm_customer, (VALUES ('customer'), ('contact'), ('owner_history')) f (form) WHERE id {which}"""
TELL = """
    INSERT INTO notifications ("user", event, kind, at, text, "values")
    SELECT owner, 'recycled:' || id, 'customer_recycled', now(), 'x', '{{}}' FROM crm_customer WHERE id {which}"""
STATEMENTS = (HISTORY, TELL, POOL, CONTACTS, AUDIT)


@dataclass(frozen=True, slots=True)
class Night:
    """How long each way took, in seconds, and how many customers it moved."""

    looked_at: int
    moved: int
    host: float
    by_row: float
    at_once: float

    def told(self) -> str:
        """Say it in one line."""
        return (
            f"| nightly job, {self.looked_at:,} customers, {self.moved:,} moved | host {self.host:.1f} s"
            f" | SQL row by row {self.by_row:.1f} s ({self.host / self.by_row:.2f} ×)"
            f" | five statements {self.at_once:.2f} s ({self.host / self.at_once:.0f} ×) |"
        )


def measure(platform: Platform, url: str, customers: int) -> Night:
    """Let the host and both yardsticks do the same night, one after the other, from the same rows."""
    moved = {}
    seconds: dict[str, float] = {}
    ways: dict[str, Callable[[], int]] = {
        "host": lambda: _host(platform),
        "by_row": lambda: _by_row(url),
        "at_once": lambda: _at_once(url),
    }
    for name, way in ways.items():
        _prepare(platform)
        start = time.perf_counter()
        moved[name] = way()
        seconds[name] = time.perf_counter() - start
    assert len(set(moved.values())) == 1, moved
    return Night(customers, moved["host"], **seconds)


def _prepare(platform: Platform) -> None:
    with platform.db.write() as connection:
        for statement in AGE:
            connection.execute(text(statement))


def _host(platform: Platform) -> int:
    """Run the job to its end, as the worker does."""
    state: Any = None
    due_at = datetime.now(UTC) + timedelta(seconds=1)
    while True:
        answer = platform.as_system(
            lambda ctx, state=state: platform.hooks.named(  # type: ignore[misc]
                "job_recycle_customers", "crm", ctx=ctx, state=state, due_at=due_at
            )
        )
        if not isinstance(answer, More):
            break
        state = answer.state
    with platform.db.read() as connection:
        return connection.scalar(text("SELECT count(*) FROM crm_owner_history WHERE action = 'recycle'")) or 0


def _by_row(url: str) -> int:
    """Do what the host does: each customer locked, looked at again and moved, two hundred in a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        due = [row[0] for row in connection.execute(DUE).fetchall()]
        for first in range(0, len(due), 200):
            with connection.transaction():
                for customer in due[first : first + 200]:
                    connection.execute("SELECT * FROM crm_customer WHERE id = %s FOR UPDATE", (customer,))
                    for statement in STATEMENTS:
                        connection.execute(statement.format(which="= %s"), (customer,))
    return len(due)


def _at_once(url: str) -> int:
    with psycopg.connect(url) as connection:
        due = [row[0] for row in connection.execute(DUE).fetchall()]
        for statement in STATEMENTS:
            connection.execute(statement.format(which="= ANY(%s)"), (due,))
    return len(due)
