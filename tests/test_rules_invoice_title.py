"""Rules of invoice titles."""

from typing import Any

from crm_plugin.rules import invoice_title
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import make_record
from tests.customers import BEFORE, kept, world


def title(crm: Plugin, **values: Any) -> Record:
    declared = {"customer": 1, "title_type": "company", "invoice_title": "华宸", "tax_number": "91310000MA1FL0000X"}
    return make_record(crm.forms["invoice_title"], **{**declared, **values})


def test_a_company_needs_its_tax_number_and_a_person_does_not(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, owner=3))
    assert invoice_title.validate(title(crm), None, ctx) == {}
    assert set(invoice_title.validate(title(crm, tax_number=None), None, ctx) or {}) == {"tax_number"}
    assert invoice_title.validate(title(crm, title_type="person", tax_number=None), None, ctx) == {}


def test_titles_are_for_customers_that_one_may_change_except_for_finance(crm: Plugin) -> None:
    foreign = kept(crm, owner=4)
    assert set(invoice_title.validate(title(crm), None, world(crm, foreign)) or {}) == {"customer"}
    assert invoice_title.validate(title(crm, id=1), title(crm, id=1), world(crm, foreign)) == {}
    assert invoice_title.validate(title(crm), None, world(crm, foreign, roles={"finance"})) == {}


def test_each_customer_has_at_most_one_default_title(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, owner=3))
    before = ctx.forms.invoice_title.create({"customer": 1, "invoice_title": "甲", "is_default": True})
    elsewhere = ctx.forms.invoice_title.create({"customer": 2, "invoice_title": "丙", "is_default": True})
    plain = ctx.forms.invoice_title.create({"customer": 1, "invoice_title": "丁"})
    invoice_title.after_save(plain, None, ctx)
    assert ctx.forms.invoice_title.get(before.id).is_default
    chosen = ctx.forms.invoice_title.create({"customer": 1, "invoice_title": "乙", "is_default": True})
    invoice_title.after_save(chosen, None, ctx)
    assert [each.id for each in ctx.forms.invoice_title.find(is_default=True)] == [elsewhere.id, chosen.id]
    back, gone = (title(crm, id=9, is_default=True, deleted_at=at) for at in (None, BEFORE))
    invoice_title.before_save(back, gone, ctx)
    assert not back.is_default
