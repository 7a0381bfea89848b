"""What the terms of a contract have to agree with, whether they are typed or come with a change."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from lowcode.api import Context, Line, Record, _

LARGEST_TOTAL = Decimal("9999999999999999.99")
"""A money column holds 18 digits; no other total exceeds the one before discount."""

OPEN_STATES = ("effective", "executing")
"""The states of a contract in force: it may be ordered from, changed, completed and ended."""

FULL_TITLE = ("invoice_title", "tax_number", "invoice_address", "invoice_phone", "bank_name", "bank_account")


def term_faults(record: Record, sign_date: date | None, start_date: date | None) -> dict[str, str]:
    """Check the terms that contracts and changes share against each other and against the days of the contract."""
    faults = {}
    if record.delivery_date and sign_date and record.delivery_date < sign_date:
        faults["delivery_date"] = _("交货日期不能早于签订日期 {date}。", date=sign_date.isoformat())
    start = start_date or sign_date
    if record.end_date and start and record.end_date < start:
        faults["end_date"] = _("到期日期不能早于生效日期 {date}。", date=start.isoformat())
    retention = record.retention_ratio or 0
    if (record.prepay_ratio or 0) + retention > 100:
        faults["retention_ratio"] = _("预付比例和质保金比例合计不能超过 100%。")
    if retention and not record.warranty_months and record.warranty_end_date is None:
        faults["warranty_months"] = _("有质保金时必须填写质保期或质保到期日。")
    if record.gross_total > LARGEST_TOTAL:
        faults["lines"] = _("总金额太大，最多 {limit}。请减少数量或单价。", limit=f"{LARGEST_TOTAL:,}")
    return faults


def source_faults(lines: Sequence[Line], known: Mapping[int, Line]) -> dict[str, str]:
    """Find lines that say they come from a line of another document, or from the same as another line."""
    faults: dict[str, str] = {}
    taken: set[int] = set()
    for index, line in enumerate(lines):
        if line.source is None:
            continue
        if line.source not in known:
            faults[f"lines.{index}.source"] = _("来源行不属于关联的单据。")
        elif line.source in taken:
            faults[f"lines.{index}.source"] = _("来源行重复了。")
        taken.add(line.source)
    return faults


def title_faults(record: Record, ctx: Context) -> dict[str, list[str]]:
    """Name the invoice data that a contract lacks for its kind of invoice: a special one needs all of them."""
    item = ctx.dictionary("invoice_type").get(record.invoice_type or "")
    if item is None or not item.attributes.get("needs_full_title"):
        return {}
    return {name: [_("专用发票必须填写。")] for name in FULL_TITLE if not getattr(record, name)}
