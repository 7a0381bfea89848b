"""Changes of contracts in force: what they start with, what they may not take away, and how they are applied.

A line of a change that came from one of the contract has its id as `source`; so the lines of the contract keep their
ids, and orders stay linked to them. What a change was written on is kept as a fingerprint: should the contract say
anything else by the time it is approved, the change is refused.
"""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from crm_plugin import agreeing, carrying, comparing, contracting, ordering, planning
from crm_plugin.comparing import arrow, money, said
from lowcode.api import Context, Line, Record, Refused, Result, _

TERMS = (
    *("delivery_date", "end_date", "payment_method", "prepay_ratio", "retention_ratio"),
    *("warranty_months", "warranty_end_date", "credit_days"),
)
BEING_DECIDED = ("draft", "in_review", "rejected", "withdrawn")
"""The states of a change that may still be applied; a contract has one such change at most."""

LONGEST_DIFFERENCES = 20000
ZERO = Decimal(0)
FACTS = (*contracting.CARRIED, "source")

Faults = dict[str, str]


def change(contract: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Draft a change of a contract in force."""
    if sentence := open_fault(contract.id, None, ctx):
        raise Refused(sentence, code="change_open")
    given = {name: value for name, value in params.items() if value is not None}
    made = ctx.forms.contract_change.create({"contract": contract.id, **given})
    message = _("已新增变更单 {number}，请核对条款和产品明细后提交审核。", number=made.number)
    return Result(message, open=("contract_change", made.id))


def prefill(record: Record, ctx: Context) -> None:
    """Fill a new change with what the contract says."""
    if record.contract is None:
        return
    contract = ctx.forms.contract.get(record.contract)
    record.name = _("{name} 变更", name=contract.name)
    record.customer, record.owner = contract.customer, contract.owner
    record.rounding_policy = contract.rounding_policy or "line"
    for name in TERMS:
        if getattr(record, name) is None:
            setattr(record, name, getattr(contract, name))
    if record.warranty_end_date == planning.warranty_by_months(contract):
        record.warranty_end_date = planning.warranty_by_months(record)  # it moves with the delivery
    if not record.lines:
        record.lines = contracting.carried_lines(contract, ctx)


def compare(record: Record, ctx: Context) -> None:
    """Say what a change changes, old and new; once it is applied this stays as it was."""
    if record.contract is None or record.status == "approved":
        return
    contract = ctx.forms.contract.get(record.contract)
    record.old_total = contract.total_amount
    record.differences = comparing.cut(differences(record, contract, ctx), LONGEST_DIFFERENCES)


def differences(record: Record, contract: Record, ctx: Context) -> list[str]:
    """Give a sentence for each term and each line that differs."""
    labels = _labels()
    terms = [
        arrow(labels[name], _shown(name, getattr(contract, name), ctx), _shown(name, getattr(record, name), ctx))
        for name in TERMS
        if comparing.is_other(getattr(record, name), getattr(contract, name))
    ]
    if record.total_amount != contract.total_amount:
        terms.append(arrow(_("总金额"), money(contract.total_amount), money(record.total_amount)))
    columns = (*comparing.NAMED, *comparing.COMPARED, *comparing.OTHER)
    return terms + comparing.line_differences(record.lines or (), contract.lines, ctx, columns)


def _labels() -> dict[str, str]:
    return {
        "delivery_date": _("交货日期"),
        "end_date": _("到期日期"),
        "payment_method": _("付款方式"),
        "prepay_ratio": _("预付比例"),
        "retention_ratio": _("质保金比例"),
        "warranty_months": _("质保期(月)"),
        "warranty_end_date": _("质保到期日"),
        "credit_days": _("账期(天)"),
    }


def _shown(name: str, value: Any, ctx: Context) -> str:
    if name == "payment_method" and value is not None:
        item = ctx.dictionary(name).get(value)
        return _(item.label) if item else str(value)
    return f"{said(value)}%" if name.endswith("_ratio") and value is not None else said(value)


def faults(record: Record, contract: Record, ctx: Context) -> Faults:
    """Find what a change must not do: break the terms, or take away what was received, invoiced or ordered."""
    found = agreeing.term_faults(record, contract.sign_date, contract.start_date)
    if sentence := _total_fault(record, contract):
        found["lines"] = sentence
    lines = record.lines or ()
    found |= agreeing.source_faults(lines, {line.id: line for line in contract.lines})
    ordering.derive_contracts([contract], ctx)
    for index, (line, was) in enumerate(comparing.matched(lines, contract.lines)):
        if was is not None:
            found |= {f"lines.{index}.{name}": fault for name, fault in _line_faults(line, was).items()}
    for line in comparing.missing(lines, contract.lines):
        if line.ordered_quantity:
            found["lines"] = _("“{name}”已下单 {quantity}，不能删去。", **_ordered(line))
    return found


def _total_fault(record: Record, contract: Record) -> str | None:
    """Hold the new total to the money that has come in or is registered, and to what is invoiced or applied for."""
    received = (contract.received_amount or ZERO) + (contract.pending_amount or ZERO)
    invoiced = (contract.invoiced_amount or ZERO) + (contract.applied_amount or ZERO)
    if record.total_amount < received:
        return _("变更后的总金额不能低于已收款（含待确认）{amount} 元。", amount=money(received))
    if record.total_amount < invoiced:
        return _("变更后的总金额不能低于已开票（含申请中）{amount} 元。", amount=money(invoiced))
    return None


def _line_faults(line: Line, was: Line) -> Faults:
    """Hold a line to what has been ordered of it."""
    if not was.ordered_quantity:
        return {}
    found = {}
    if line.quantity is not None and line.quantity < was.ordered_quantity:
        found["quantity"] = _("“{name}”已下单 {quantity}，数量不能低于它。", **_ordered(was))
    if line.product_name != was.product_name:
        found["product_name"] = _("“{name}”已下单 {quantity}，不能换成别的产品。请另加一行。", **_ordered(was))
    return found


def _ordered(line: Line) -> dict[str, str]:
    return {"name": line.product_name, "quantity": said(line.ordered_quantity)}


def open_fault(contract_id: int, own_id: int | None, ctx: Context) -> str | None:
    """Say which change of a contract is not decided yet, beside the given one."""
    others = ctx.forms.contract_change.find(contract=contract_id, status__in=BEING_DECIDED, limit=2)
    for other in others:
        if other.id != own_id:
            return _("合同已有未完成的变更单 {number}，请先完成或删除它。", number=other.number)
    return None


def require_alone(record: Record, ctx: Context) -> None:
    """Refuse a second open change; whoever makes one at the same moment waits for the contract's row."""
    contract = ctx.forms.contract.get(record.contract, lock=True)
    if sentence := open_fault(contract.id, record.id, ctx):
        raise Refused(sentence, code="change_open", errors={"contract": [sentence]})


def fingerprint(contract: Record) -> str:
    """Give what tells one state of a contract's terms and lines from any other."""
    facts = [said(getattr(contract, name)) for name in (*TERMS, "total_amount")]
    facts += [said(getattr(line, name)) for line in contract.lines for name in ("id", *FACTS)]
    return sha256("\n".join(facts).encode()).hexdigest()[:32]


def require_in_force(contract: Record) -> None:
    """Refuse to change a contract that has ended."""
    if contract.status not in agreeing.OPEN_STATES:
        sentence = _("合同 {number} 已经结束，不能再变更。", number=contract.number)
        raise Refused(sentence, code="contract_ended")


def require_ready(record: Record, ctx: Context) -> None:
    """Refuse to submit a change that changes nothing, or what it must not."""
    contract = ctx.forms.contract.get(record.contract, lock=True)
    require_in_force(contract)
    if not differences(record, contract, ctx):
        raise Refused(_("变更单与合同没有任何不同，请先修改。"), code="nothing_changed")
    _require_no_faults(record, contract, ctx)


def _require_no_faults(record: Record, contract: Record, ctx: Context) -> None:
    if found := faults(record, contract, ctx):
        sentence = " ".join(found.values())
        raise Refused(sentence, code="change_refused", errors={path: [fault] for path, fault in found.items()})


def apply(record: Record, ctx: Context) -> None:
    """Bring an approved change into its contract, and the plan into line with it."""
    contract = ctx.forms.contract.get(record.contract, lock=True)
    require_in_force(contract)
    if record.basis != fingerprint(contract):
        sentence = _("合同 {number} 在审批期间已改变，请驳回这张变更单并重新提交。", number=contract.number)
        raise Refused(sentence, code="contract_changed")
    _require_no_faults(record, contract, ctx)
    values: dict[str, Any] = {name: getattr(record, name) for name in TERMS}
    values["lines"] = _applied_lines(record, contract, ctx)
    changed = ctx.forms.contract.update(contract, values)
    planning.replan(changed, ctx)
    ctx.forms.contract_change.update(record, {"effective_at": ctx.now})


def _applied_lines(record: Record, contract: Record, ctx: Context) -> list[dict[str, Any]]:
    """Give the contract's new lines; those that stay keep their ids, and where they came from."""
    kept = {line.id: line.product for line in contract.lines}
    sold = carrying.sold(record.lines, ctx)
    rows = []
    for line in record.lines:
        row = {name: getattr(line, name) for name in contracting.CARRIED}
        if line.source:
            row["id"] = line.source
        if line.product not in sold and line.product != kept.get(line.source):
            row["product"] = None
        rows.append(row)
    return rows
