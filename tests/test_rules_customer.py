"""Rules of customers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm_plugin.rules import customer
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
BEFORE = datetime(2026, 1, 5, tzinfo=UTC)


def company(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["customer"], **{"id": 1, "name": "华宸智能科技", **values})


def person(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["contact"], **{"id": 7, "name": "王伟", "customer": 1, **values})


def test_a_new_customer_is_owned_from_now_on(crm: Plugin) -> None:
    record = company(crm, id=None, owner=3)
    customer.before_save(record, None, FakeContext(now=NOW))
    assert (record.owner_at, record.pool_at) == (NOW, None)


def test_a_new_customer_without_owner_is_in_the_pool_from_now_on(crm: Plugin) -> None:
    record = company(crm, id=None, owner=None)
    customer.before_save(record, None, FakeContext(now=NOW))
    assert (record.owner_at, record.pool_at, record.prev_owner) == (None, NOW, None)


def test_losing_the_owner_remembers_who_it_was(crm: Plugin) -> None:
    record = company(crm, owner=None, owner_at=BEFORE, pool_reason="长期未跟进")
    customer.before_save(record, company(crm, owner=3, owner_at=BEFORE), FakeContext(now=NOW))
    assert (record.prev_owner, record.owner_at, record.pool_at, record.pool_reason) == (3, None, NOW, "长期未跟进")


def test_gaining_an_owner_ends_the_time_in_the_pool(crm: Plugin) -> None:
    pooled = {"prev_owner": 3, "pool_at": BEFORE, "pool_reason": "长期未跟进"}
    record = company(crm, owner=4, **pooled)
    customer.before_save(record, company(crm, owner=None, **pooled), FakeContext(now=NOW))
    assert (record.owner_at, record.pool_at, record.pool_reason, record.prev_owner) == (NOW, None, None, 3)


def test_any_other_edit_leaves_the_dates(crm: Plugin) -> None:
    record = company(crm, owner=3, owner_at=BEFORE, name="新名称")
    customer.before_save(record, company(crm, owner=3, owner_at=BEFORE), FakeContext(now=NOW))
    assert record.owner_at == BEFORE


def test_a_customer_with_contacts_keeps_a_primary_one(crm: Plugin) -> None:
    original, record = company(crm, primary_contact=7), company(crm, primary_contact=None)
    with_contact = FakeContext(records={"contact": [person(crm, is_primary=True)]})
    assert set(customer.validate(record, original, with_contact) or {}) == {"primary_contact"}
    assert customer.validate(record, original, FakeContext(records={"contact": []})) is None


def test_a_new_customer_cannot_take_a_contact_of_another(crm: Plugin) -> None:
    record = company(crm, id=None, primary_contact=7)
    assert set(customer.validate(record, None, FakeContext()) or {}) == {"primary_contact"}


def test_choosing_the_primary_contact_marks_it(crm: Plugin) -> None:
    chosen = person(crm, is_primary=False)
    ctx = FakeContext(records={"contact": [chosen]})
    customer.after_save(company(crm, primary_contact=7), company(crm, primary_contact=6), ctx)
    assert ctx.forms.contact.get(7).is_primary


@pytest.mark.parametrize(
    ("contacts", "quotations", "sentence"),
    [
        (1, 0, "删除客户失败，有关联联系人。请先删除这些记录。"),
        (0, 1, "删除客户失败，有关联报价单。请先删除这些记录。"),
        (1, 1, "删除客户失败，有关联联系人、报价单。请先删除这些记录。"),
        (0, 0, None),
    ],
)
def test_deleting_names_what_is_linked(crm: Plugin, contacts: int, quotations: int, sentence: str | None) -> None:
    quotation = make_record(crm.forms["quotation"], id=2, customer=1)
    records = {"contact": [person(crm)] * contacts, "quotation": [quotation] * quotations}
    assert customer.before_delete(company(crm), FakeContext(records=records)) == sentence
