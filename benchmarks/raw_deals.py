"""The yardstick for the pool and the funnel."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from benchmarks.raw_database import connect, rows

FUNNEL = """
    SELECT stage, count(*) AS count, coalesce(sum(expected_amount), 0) AS amount,
        coalesce(sum(weighted_amount), 0) AS weighted
    FROM crm_opportunity WHERE deleted_at IS NULL GROUP BY stage"""
CLAIM = """
    UPDATE crm_customer SET owner = %s, owner_department = NULL, owner_at = %s, pool_at = NULL, claimed_on = %s,
        version = version + 1, updated_at = %s, updated_by = %s
    WHERE id = %s AND owner IS NULL AND deleted_at IS NULL RETURNING *"""
CONTACTS = "UPDATE crm_contact SET owner = %s, version = version + 1 WHERE customer = %s AND deleted_at IS NULL"
CLAIMED_TODAY = "SELECT count(*) FROM crm_owner_history WHERE new_owner = %s AND action = 'claim' AND at >= %s"
HISTORY = """
    INSERT INTO crm_owner_history
        (version, created_at, created_by, updated_at, updated_by, customer, action, new_owner, at, "by")
    VALUES (1, %s, %s, %s, %s, %s, 'claim', %s, %s, %s)"""
AUDIT = """INSERT INTO audit (at, "user", form, record, action, changes) VALUES (%s, %s, %s, %s, %s, '{}')"""


def funnel() -> dict[str, Any]:
    """Add up every stage."""
    stages = rows(FUNNEL, ())
    return {"stages": stages, "total": {"count": sum(each["count"] for each in stages), "amount": _sum(stages)}}


def claim(customer: int, seller: int) -> dict[str, Any]:
    """Take a customer out of the pool, with its contact, a row of history and the audit rows."""
    connection, now = connect(), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with connection.transaction():
        found = rows(CLAIM, (seller, now, now.date(), now, seller, customer))
        rows(CLAIMED_TODAY, (seller, now.date()))
        connection.execute(CONTACTS, (seller, customer))
        connection.execute(HISTORY, (now, seller, now, seller, customer, seller, now, seller))
        for form, action in (("customer", "claim"), ("contact", "edit"), ("owner_history", "create")):
            connection.execute(AUDIT, (now, seller, form, customer, action))
    return {"message": "已领取", "record": found[0], "open": None}


def _sum(stages: list[dict[str, Any]]) -> Decimal:
    return sum((each["amount"] for each in stages), Decimal(0))
