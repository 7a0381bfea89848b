"""Rules of contracts."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_plugin import agreeing, changing, comparing, contracting, invoicing, ordering, planning, receivables
from crm_plugin.pricing import price_document
from lowcode.api import Context, Record, Refused, Result, _, hookimpl

LONGEST_DEVIATION = 4096
ENDED = frozenset({"terminated", "voided"})


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Carry over what the quotation and the customer say."""
    contracting.prefill(record, ctx)


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the amounts of the lines and the totals, and what differs from the quotation."""
    price_document(record)
    ratios = record.prepay_ratio or contracting.ZERO, record.retention_ratio or contracting.ZERO
    record.prepay_amount, _balance, record.retention_amount = planning.shares(record.total_amount, *ratios)
    quotation = ctx.forms.quotation.get(record.quotation) if record.quotation else None
    record.deviation = comparing.deviation(record, quotation, ctx, LONGEST_DEVIATION) if quotation else None
    record.deviates = record.deviation is not None


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the terms against each other, and that lines come from the quotation where they say so."""
    faults = agreeing.term_faults(record, record.sign_date, record.start_date)
    if original is None or original.quotation == record.quotation:
        faults |= agreeing.source_faults(record.lines or (), _sources(record, ctx))
    return faults


def _sources(record: Record, ctx: Context) -> dict[int, Any]:
    """Give the lines of the quotation by id."""
    quotation = ctx.forms.quotation.get(record.quotation) if record.quotation else None
    return {line.id: line for line in quotation.lines} if quotation is not None else {}


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let lines forget a quotation that was taken off, find the end of the warranty, note when a contract begins."""
    contracting.require_quotation(record, original, ctx)
    if original is not None and original.quotation != record.quotation:
        known = _sources(record, ctx)
        for line in record.lines:
            line.source = line.source if line.source in known else None
    _fill_warranty(record, original)
    if original is None or record.status == original.status:
        return
    before = original.signed_files or []
    record.signed_files = [*before, *(each for each in record.signed_files or [] if each not in before)]
    if record.status == "effective" and original.status == "pending_sign":
        record.effective_on, record.effective_at = record.sign_date, ctx.now
        record.start_date = record.start_date or record.sign_date
    elif record.status in ENDED:
        record.ended_on = ctx.today


def _fill_warranty(record: Record, original: Record | None) -> None:
    """Let the warranty end so many months after the delivery, also when the delivery is put off, unless agreed."""
    end = record.warranty_end_date
    stays = original is not None and end == original.warranty_end_date == planning.warranty_by_months(original)
    if end is None or stays:
        record.warranty_end_date = planning.warranty_by_months(record) or end


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep the quotation for this contract alone; let plan and changes follow a new owner."""
    contracting.hold_quotation(record, original, ctx)
    if original is not None and record.owner != original.owner:
        contracting.follow_owner(record, ctx)


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a contract that money, invoices, orders or a plan belong to."""
    if not (linked := contracting.linked(record, ctx)):
        return None
    return _("删除合同失败，有关联{what}。请先删除这些记录。", what="、".join(linked))


@hookimpl
def after_delete(record: Record, ctx: Context) -> None:
    """Let another contract be made of the quotation."""
    contracting.release_quotation(record.quotation, ctx)


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Check what is submitted, signed and archived; let a contract take effect and end."""
    if move == "submit":
        _require_ready(record, ctx)
    elif move == "review.approved":
        contracting.sign(record, ctx)
    elif move == "sign":
        _require_signed_in_time(record)
        contracting.take_effect(record, ctx)
    elif move == "archive" and not record.signed_files:
        sentence = _("归档的合同必须有签字盖章的扫描件，请上传。")
        raise Refused(sentence, code="scan_missing", errors={"signed_files": [sentence]})
    elif move == "terminate":
        contracting.end(record, ctx)
    elif move == "void":
        contracting.void(record, ctx)


def _require_ready(record: Record, ctx: Context) -> None:
    """Refuse to submit a contract of a customer in the pool, with half of an invoice title, or with a plan that is off.

    Other terms are checked again, for a quotation or the customer may have changed since they were typed.
    """
    contracting.require_customer(record, ctx)
    faults = agreeing.title_faults(record, ctx)
    for path, fault in (validate(record, record, ctx) or {}).items():
        faults.setdefault(path, [fault])
    if faults:
        raise Refused(_("合同信息不完整，请补充后再提交。"), code="incomplete", errors=faults)
    if sentence := planning.sum_fault(record, ctx):
        raise Refused(sentence, code="plan_off_total")


def _require_signed_in_time(record: Record) -> None:
    if record.sign_date > record.delivery_date:
        sentence = _("签订日期不能晚于交货日期 {date}。", date=record.delivery_date.isoformat())
        raise Refused(sentence, code="invalid", errors={"sign_date": [sentence]})


@hookimpl
def derive(records: Sequence[Record], ctx: Context) -> None:
    """Tell what is overdue, and how much of each line has been ordered."""
    receivables.derive_contracts(records, ctx)
    ordering.derive_contracts(records, ctx)


@hookimpl
def action_change(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Draft a change of the contract."""
    return changing.change(record, params, ctx)


@hookimpl
def propose_make_order(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been ordered yet."""
    return ordering.propose_order(record, ctx)


@hookimpl
def action_make_order(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Order what is left, or the lines that are named."""
    return ordering.make_order(record, params, ctx)


@hookimpl
def propose_add_payment(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what is due next."""
    return receivables.propose_payment(record, ctx)


@hookimpl
def action_add_payment(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Register money that came in, to be confirmed."""
    return receivables.add_payment(record, params, ctx)


@hookimpl
def propose_add_invoice(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been invoiced yet."""
    return invoicing.propose_invoice(record, ctx)


@hookimpl
def action_add_invoice(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Apply for an invoice."""
    return invoicing.add_invoice(record, params, ctx)
