"""Customers, people and limits for tests of the rules about ownership."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lowcode.api import Record, Refused
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
BEFORE = datetime(2026, 1, 5, tzinfo=UTC)
TODAY = date(2026, 11, 23)
PEOPLE = [
    User(3, "li", "李娜", 7, frozenset({7}), frozenset({"sales"})),
    User(4, "wang", "王强", 8, frozenset({8}), frozenset({"sales"})),
]


def company(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["customer"], **{"id": 1, "name": "华宸智能科技", **values})


def kept(crm: Plugin, **values: Any) -> Record:
    """A customer as it stands in the database, with what has to be there."""
    return company(crm, **{"status": "potential", "source": "other", "version": 1, **values})


def world(crm: Plugin, *customers: Record, user_id: int = 3, **options: Any) -> FakeContext:
    records = {"customer": customers, **options.pop("records", {})}
    return FakeContext(plugin=crm, now=NOW, user_id=user_id, people=PEOPLE, records=records, **options)


def limit(crm: Plugin, most: int, **values: Any) -> Record:
    declared = {"name": "上限", "kind": "own", "count_deal_customers": True, "max_count": most}
    return make_record(crm.forms["holding_limit"], **{**declared, **values})


def refusal(work: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.code, refused.value.detail
