"""Rules of quotations."""

from collections.abc import Mapping
from decimal import Decimal

from crm_plugin.pricing import price_document
from lowcode.api import Context, Record, _, hookimpl

LARGEST_TOTAL = Decimal("9999999999999999.99")
"""A money column holds 18 digits; no other total exceeds the one before discount."""


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the amounts of the lines and the totals."""
    price_document(record)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the dates against each other, and that the total can be stored."""
    faults = {}
    if record.valid_until and record.quote_date and record.valid_until < record.quote_date:
        faults["valid_until"] = _("有效期限不能早于报价日期 {date}。", date=record.quote_date.isoformat())
    if record.gross_total > LARGEST_TOTAL:
        faults["lines"] = _("总金额太大，最多 {limit}。请减少数量或单价。", limit=f"{LARGEST_TOTAL:,}")
    return faults
