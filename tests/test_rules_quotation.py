"""Rules of quotations."""

from datetime import date
from decimal import Decimal
from typing import Any

from crm_plugin.rules import quotation
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

LINE = {"product_name": "网关", "quantity": Decimal(3), "unit_price": Decimal("999.99"), "tax_rate": Decimal(13)}


def quote(crm: Plugin, **values: Any) -> Record:
    base = {"quote_date": date(2026, 11, 23), "valid_until": date(2026, 12, 23), "lines": [LINE]}
    return make_record(crm.forms["quotation"], **{**base, **values})


def faults(record: Record) -> dict[str, str]:
    quotation.compute(record, FakeContext())
    return dict(quotation.validate(record, None, FakeContext()) or {})


def test_compute_fills_lines_and_totals(crm: Plugin) -> None:
    record = quote(crm, lines=[{**LINE, "discount_rate": Decimal(5)}, LINE])
    quotation.compute(record, FakeContext())
    assert [line.subtotal for line in record.lines] == [Decimal("2849.97"), Decimal("2999.97")]
    assert record.total_amount == Decimal("5849.94")


def test_every_computed_field_is_filled(crm: Plugin) -> None:
    record = quote(crm)
    quotation.compute(record, FakeContext())
    fields = crm.forms["quotation"].fields
    assert all(getattr(record, name) is not None for name, field in fields.items() if field.computed)
    columns = fields["lines"].fields
    assert all(getattr(record.lines[0], name) is not None for name, field in columns.items() if field.computed)


def test_a_quotation_is_valid_until_its_own_date_at_the_earliest(crm: Plugin) -> None:
    assert faults(quote(crm, valid_until=date(2026, 11, 23))) == {}
    assert set(faults(quote(crm, valid_until=date(2026, 11, 22)))) == {"valid_until"}


def test_a_draft_without_dates_has_no_fault_of_dates(crm: Plugin) -> None:
    assert faults(quote(crm, valid_until=None, quote_date=None, lines=[])) == {}


def test_a_total_that_cannot_be_stored_is_refused(crm: Plugin) -> None:
    largest = {**LINE, "quantity": Decimal("99999999.999"), "unit_price": Decimal("9999999999.9999")}
    assert set(faults(quote(crm, lines=[largest]))) == {"lines"}
    assert faults(quote(crm, lines=[{**largest, "quantity": Decimal(1)}])) == {}
