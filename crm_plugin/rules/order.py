"""Rules of orders: lines and receiver from the contract, amounts, what may be ordered, and what follows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_plugin import contracting, deviating, ordering, shipping
from crm_plugin.agreeing import LARGEST_TOTAL
from crm_plugin.pricing import price_document
from lowcode.api import Context, Record, Refused, Result, _, hookimpl

AGREED = ("source", "product_name", "quantity", *ordering.PRICED)
"""What counts against the contract, of each line."""


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Carry over what has not been ordered yet, or complete lines of which only their source is known."""
    if record.contract is None:
        record.rounding_policy = ctx.settings["rounding_policy"]
        return
    contract = ctx.forms.contract.get(record.contract)
    record.rounding_policy = contract.rounding_policy or "line"
    if not record.lines:
        left = ordering.left_of(contract, ordering.orders_of([contract.id], ctx))
        record.lines = ordering.rows_left(contract, left, ctx)
        return
    bare = [line for line in record.lines if line.source and line.product_name is None and line.unit_price is None]
    sources = {line.source: Decimal(0) for line in bare}
    rows = {row["source"]: row for row in ordering.rows_left(contract, sources, ctx)} if bare else {}
    for line in bare:
        for name in ordering.CARRIED if line.source in rows else ():
            setattr(line, name, rows[line.source][name])


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the amounts and how the order differs from its contract; what has been confirmed stays as it was agreed."""
    if record.id is not None and record.status != "pending":
        return
    contract = _contract(record, ctx)
    if contract is None:
        price_document(record)
        deviating.note(record, None, (), ctx)
        return
    _evaluate(record, contract, ordering.orders_of([contract.id], ctx, but=record.id), ctx)


def _contract(record: Record, ctx: Context) -> Record | None:
    """Read the contract, unless the person chose one out of sight: nothing may be learned of it."""
    if record.contract is None:
        return None
    found = ctx.forms.contract.find(id=record.contract, limit=1)
    is_known = bool(found) and (record.id is not None or ctx.forms.contract.may_read(found[0]))
    return found[0] if is_known else None


def _evaluate(record: Record, contract: Record, others: Sequence[Record], ctx: Context) -> None:
    ordering.price(record, contract, others)
    deviating.note(record, contract, others, ctx)


@hookimpl
def derive(records: Sequence[Record], ctx: Context) -> None:
    """Fill how much of each line has been shipped, and how much of its product is in stock."""
    shipping.derive_orders(records, ctx)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the dates and, before it is saved, the lines against the contract; the save itself does so under a lock."""
    faults: dict[str, str] = {}
    if record.delivery_date and record.order_date and record.delivery_date < record.order_date:
        faults["delivery_date"] = _("交货日期不能早于下单日期 {date}。", date=record.order_date.isoformat())
    if record.gross_total is not None and record.gross_total > LARGEST_TOTAL:
        faults["lines"] = _("总金额太大，最多 {limit}。请减少数量或单价。", limit=f"{LARGEST_TOTAL:,}")
    contract = _contract(record, ctx)
    if contract is None or ctx.is_writing or not _claims(record, original):
        return faults
    others = ordering.orders_of([contract.id], ctx, but=record.id)
    if original is None and not record.lines:
        faults["lines"] = _("合同 {number} 的明细都已下单。", number=contract.number)
    return deviating.faults(record, contract, others, ctx) | ordering.quantity_faults(record, contract, others) | faults


def _claims(record: Record, original: Record | None) -> bool:
    """Tell whether an order takes from its contract what it did not take before, or is about to be carried out."""
    if record.status == "cancelled":
        return False
    if original is None or original.deleted_at is not None or _told(record) != _told(original):
        return True
    return record.status != original.status and record.status in {"in_review", "confirmed"}


def _told(record: Record) -> list[tuple[Any, ...]]:
    return [tuple(getattr(line, name) for name in AGREED) for line in record.lines or ()]


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Under the contract's lock, hold the lines to what is left of it and settle the amounts."""
    if _is_confirmed_by_hand(record, original) and ctx.settings["order_approval"]:
        raise Refused(_("订单必须审批，请提交审批。"), code="approval_required")
    claims = _claims(record, original)
    if not claims and record.status != "pending":
        return
    contract = ctx.forms.contract.get(record.contract, lock=True)
    others = ordering.orders_of([contract.id], ctx, but=record.id)
    if original is None:
        count = ctx.forms.order.count(contract=contract.id) + 1
        record.name = f"{contract.name} #{count}"
        record.shipping_status = "none"
    if claims:
        ordering.require_open(contract)
        ordering.require_quantities(record, contract, others)
    if record.status == "pending":
        _evaluate(record, contract, others, ctx)
    if claims:
        deviating.require_none(record, contract, others, ctx)


def _is_confirmed_by_hand(record: Record, original: Record | None) -> bool:
    return original is not None and original.status == "pending" and record.status == "confirmed"


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let the contract follow: it is being carried out once something is ordered, and done with its last order."""
    if original is None or original.deleted_at is not None:
        contracting.execute(record.contract, ctx)
    elif record.status == "completed" != original.status:
        contracting.complete_if_done(record.contract, ctx)


@hookimpl
def propose_ship(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been shipped yet."""
    return shipping.propose(record, ctx)


@hookimpl
def action_ship(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Ship what is left, or the lines that are named."""
    return shipping.ship(record, params, ctx)
