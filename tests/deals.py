"""Opportunities without a database, and the rules in the order of a save."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin.rules import opportunity
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OPEN, ENDS = ("prospecting", "analysis", "proposal", "negotiation"), ("won", "lost", "invalid")
OWNER, OTHER = 7, 8


def deal(crm: Plugin, **values: Any) -> Record:
    base = {
        "name": "车间数据采集", "customer": 3, "stage": "prospecting", "win_probability": 10, "owner": OWNER,
        "expected_amount": Decimal("1000.00"), "expected_close_date": TODAY + timedelta(days=30),
    }  # fmt: skip
    return make_record(crm.forms["opportunity"], **{**base, **values})


def context(crm: Plugin, *deals: Record, roles: tuple[str, ...] = (), **records: list[Record]) -> FakeContext:
    people = [User(OWNER, "lina", "李娜"), User(OTHER, "wang", "王强")]
    company = make_record(crm.forms["customer"], id=3, name="宏图自动化", owner=OWNER)
    known = {"opportunity": list(deals), "customer": [company], **records}
    return FakeContext(plugin=crm, now=NOW, user_id=OWNER, roles=roles, people=people, records=known)


def saved(crm: Plugin, ctx: FakeContext, record: Record, original: Record | None = None) -> Record:
    """Run the rules in the order of a save."""
    opportunity.compute(record, ctx)
    opportunity.before_save(record, original, ctx)
    return record
