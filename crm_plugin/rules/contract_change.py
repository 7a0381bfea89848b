"""Rules of contract changes."""

from collections.abc import Mapping
from typing import Any

from crm_plugin import changing
from crm_plugin.pricing import price_document
from lowcode.api import Context, Record, hookimpl


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Start with what the contract says."""
    changing.prefill(record, ctx)


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the amounts of the lines and the totals, and what differs from the contract."""
    price_document(record)
    changing.compare(record, ctx)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the terms, and that nothing is taken away that was received, invoiced or ordered."""
    if record.contract is None or record.status == "approved":
        return None
    faults = changing.faults(record, ctx.forms.contract.get(record.contract), ctx)
    if original is None and (sentence := changing.open_fault(record.contract, None, ctx)):
        faults["contract"] = sentence
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let a contract have one undecided change at a time, and keep what a submitted one was written on."""
    is_new = original is None or original.deleted_at is not None
    if is_new:
        changing.require_alone(record, ctx)
    elif record.status == "in_review" and original is not None and original.status != "in_review":
        changing.compare(record, ctx)
        record.basis = changing.fingerprint(ctx.forms.contract.get(record.contract, lock=True))


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Check a change before it is decided, and bring it into the contract when it is approved."""
    if move == "submit":
        changing.require_ready(record, ctx)
    elif move == "review.approved":
        changing.apply(record, ctx)
