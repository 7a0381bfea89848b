"""Rules of contacts."""

from typing import Any

from crm_plugin.rules import contact
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record


def person(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["contact"], **{"id": 7, "name": "王伟", "customer": 1, **values})


def context(crm: Plugin, *contacts: Record, **customer: Any) -> FakeContext:
    company = make_record(crm.forms["customer"], **{"id": 1, "name": "华宸智能科技", **customer})
    return FakeContext(records={"contact": list(contacts), "customer": [company], "quotation": [], "contract": []})


def test_the_first_contact_becomes_the_primary_one(crm: Plugin) -> None:
    record = person(crm, id=None)
    contact.before_save(record, None, context(crm))
    assert record.is_primary


def test_the_second_contact_does_not(crm: Plugin) -> None:
    record = person(crm, id=None, is_primary=False)
    contact.before_save(record, None, context(crm, person(crm, id=6, is_primary=True)))
    assert not record.is_primary


def test_a_contact_of_another_customer_does_not_count(crm: Plugin) -> None:
    record = person(crm, id=None)
    contact.before_save(record, None, context(crm, person(crm, id=6, customer=2, is_primary=True)))
    assert record.is_primary


def test_a_new_primary_contact_unmarks_the_old_one_and_the_customer_follows(crm: Plugin) -> None:
    record = person(crm, is_primary=True)
    ctx = context(crm, person(crm, id=6, is_primary=True), record, primary_contact=6)
    contact.after_save(record, person(crm, is_primary=False), ctx)
    assert not ctx.forms.contact.get(6).is_primary
    assert ctx.forms.customer.get(1).primary_contact == 7


def test_an_empty_mobile_of_the_customer_is_filled(crm: Plugin) -> None:
    record = person(crm, is_primary=True, mobile="13800138000")
    ctx = context(crm, record)
    contact.after_save(record, None, ctx)
    assert ctx.forms.customer.get(1).mobile == "13800138000"


def test_a_mobile_of_the_customer_stays(crm: Plugin) -> None:
    record = person(crm, is_primary=True, mobile="13800138000")
    ctx = context(crm, record, mobile="13900139000")
    contact.after_save(record, None, ctx)
    assert ctx.forms.customer.get(1).mobile == "13900139000"


def test_the_only_primary_contact_cannot_be_unmarked(crm: Plugin) -> None:
    marked, unmarked = person(crm, is_primary=True), person(crm, is_primary=False)
    assert set(contact.validate(unmarked, marked, context(crm, marked)) or {}) == {"is_primary"}


def test_it_can_be_unmarked_once_another_is_marked(crm: Plugin) -> None:
    marked, unmarked = person(crm, is_primary=True), person(crm, is_primary=False)
    ctx = context(crm, marked, person(crm, id=8, is_primary=True))
    assert contact.validate(unmarked, marked, ctx) is None


def test_a_contact_on_a_quotation_is_kept(crm: Plugin) -> None:
    record = person(crm)
    ctx = FakeContext(
        records={"contact": [record], "quotation": [make_record(crm.forms["quotation"], id=2, contact=7)]}
    )
    assert contact.before_delete(record, ctx) == "联系人“王伟”已用在报价单中，不能删除。请把状态改为“离职”。"


def test_a_superior_is_kept(crm: Plugin) -> None:
    record = person(crm)
    ctx = context(crm, record, person(crm, id=8, parent_contact=7))
    assert "直属上级" in (contact.before_delete(record, ctx) or "")


def test_the_primary_contact_is_kept_while_there_are_others(crm: Plugin) -> None:
    record = person(crm, is_primary=True)
    assert "主联系人" in (contact.before_delete(record, context(crm, record, person(crm, id=8))) or "")


def test_the_last_contact_goes(crm: Plugin) -> None:
    record = person(crm, is_primary=True)
    assert contact.before_delete(record, context(crm, record)) is None
