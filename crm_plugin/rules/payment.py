"""Rules of payments: the cap, what is paid off, who may confirm, and reversals."""

from collections.abc import Mapping
from typing import Any

from crm_plugin import allocating, receivables
from crm_plugin.receivables import PENDING
from lowcode.api import Context, Record, Result, _, hookimpl


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Say what a new payment is for: what its row of the plan says, or the one that is due first."""
    if record.contract is not None and record.stage is None:
        record.stage = receivables.stage_of(record, ctx)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold a payment that waits to the plan and, before it is saved, to the cap; the save does so under a lock."""
    if record.reverses is not None or record.status != PENDING:
        return None
    faults = {}
    if record.paid_at is not None and record.paid_at > ctx.today:
        faults["paid_at"] = _("收款日期不能晚于今天。")
    if record.amount is None or record.contract is None:
        return faults
    if record.amount <= 0:
        return faults | {"amount": _("收款金额必须大于 0；要冲回已确认的收款，请用红冲。")}
    if not ctx.is_writing and _takes_more(record, original):
        contract = ctx.forms.contract.get(record.contract)
        if sentence := receivables.cap_fault(record, original, contract, ctx):
            faults["amount"] = sentence
    if record.split:
        faults |= allocating.split_faults(record, allocating.open_rows(record.contract, ctx))
    return faults


def _takes_more(record: Record, original: Record | None) -> bool:
    return bool(record.amount > receivables.counted(original))


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Count the amount against the cap, and look who confirms, while nobody else changes the contract's money."""
    is_confirmed = original is not None and original.status == PENDING and record.status == "confirmed"
    takes_more = record.status == PENDING and record.reverses is None and _takes_more(record, original)
    if not (original is None or is_confirmed or takes_more):
        return
    contract = ctx.forms.contract.get(record.contract, lock=True)
    if original is None:
        record.customer, record.owner = contract.customer, contract.owner
        name = contract.name
        record.name = _("{contract} 红冲", contract=name) if record.reverses else _("{contract} 收款", contract=name)
    if takes_more:
        receivables.require_cap(record, original, contract, ctx)
    if is_confirmed:
        receivables.require_confirmable(record, contract, ctx)
        record.confirmed_by, record.confirmed_at = ctx.user.id or None, ctx.now


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Book what a confirmed payment pays off."""
    if move == "confirm":
        receivables.settle(record, ctx)


@hookimpl
def action_reverse(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Reverse a confirmed payment."""
    return receivables.reverse(record, params["reason"], ctx)
