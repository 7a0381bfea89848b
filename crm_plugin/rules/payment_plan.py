"""Rules of payment plans: people change them until the contract is submitted; from then on rules keep them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from crm_plugin import ageing, planning
from crm_plugin.allocating import OPEN_STATES
from lowcode.api import Context, Record, Refused, _, hookimpl, round_half_up

TYPED = ("contract", "stage", "percent", "plan_amount", "due_rule", "due_date", "method", "remind_days", "remark")
"""What people write; the rest is kept by rules, also after the contract has taken effect."""


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Turn a percentage of the contract into the amount."""
    if record.contract is not None and record.percent and record.plan_amount is None:
        record.plan_amount = _amount(record, ctx.forms.contract.get(record.contract)) or None


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the day of the reminder."""
    record.remind_at = record.due_date and record.due_date - timedelta(days=record.remind_days or 0)


@hookimpl
def derive(records: Sequence[Record], ctx: Context) -> None:
    """Tell how long what is open has been overdue."""
    for record in records:
        if record.status not in OPEN_STATES:
            record.overdue_days = record.ageing = None
            continue
        days = (ctx.today - record.due_date).days
        record.overdue_days = max(days, 0)
        record.ageing = ageing.bucket_of(days, ctx)


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold a row to the contract's total, as far as one row can be."""
    if record.contract is None or record.plan_amount is None or record.status not in (None, "waiting"):
        return None
    total = ctx.forms.contract.get(record.contract).total_amount
    if record.plan_amount > total:
        return {"plan_amount": _("计划金额不能超过合同总金额 {total} 元。", total=f"{total:,.2f}")}
    return None


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Number a new row and let it belong where its contract does; refuse changes of a plan in force."""
    if original is None or original.deleted_at or any(getattr(record, n) != getattr(original, n) for n in TYPED):
        contract = ctx.forms.contract.get(record.contract, lock=True)
        if original is not None or record.status is None:
            _require_draft(contract)
        if record.status in (None, "waiting"):
            record.status = "waiting"
            _keep_in_step(record, original, contract)
        if original is None:
            _belong(record, contract, ctx)


def _keep_in_step(record: Record, original: Record | None, contract: Record) -> None:
    """Let the amount follow a percentage that alone was changed, else the percentage the amount."""
    alone = original is not None and record.plan_amount == original.plan_amount and record.percent != original.percent
    if alone and record.percent:
        record.plan_amount = _amount(record, contract)
        if record.plan_amount <= 0:
            sentence = _("比例太小，算出的计划金额是 0。请提高比例，或直接填写金额。")
            raise Refused(sentence, code="invalid", errors={"percent": [sentence]})
    else:
        record.percent = planning.percent_of(record.plan_amount, contract.total_amount)


def _amount(record: Record, contract: Record) -> Decimal:
    return round_half_up((contract.total_amount or 0) * record.percent / 100)


def _belong(record: Record, contract: Record, ctx: Context) -> None:
    last = ctx.forms.payment_plan.find(contract=contract.id, order_by="-period_no", limit=1)
    record.period_no = (last[0].period_no or 0) + 1 if last else 1
    record.name = _("{contract} 第{number}期", contract=contract.name, number=record.period_no)
    record.customer = contract.customer
    record.owner, record.department = contract.owner, contract.owner_department
    record.method = record.method or contract.payment_method


def _require_draft(contract: Record) -> None:
    if contract.status not in planning.DRAFT_STATES:
        raise Refused(_("合同已提交审核，回款计划不能再修改。请用“变更”调整合同。"), code="plan_in_force")


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a plan in force."""
    if ctx.forms.contract.get(record.contract, lock=True).status in planning.DRAFT_STATES:
        return None
    return _("合同已提交审核，回款计划不能删除。请用“变更”调整合同。")
