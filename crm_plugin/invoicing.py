"""Invoices of contracts: how much may be invoiced, what a title needs, and what a red invoice takes back.

Counted against the cap is what has been issued, red invoices as negative amounts, and what is applied for, drafts
included: two people never apply for the same money. By contract the cap is its total, by receipts what has come in.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crm_plugin.agreeing import FULL_TITLE
from crm_plugin.receivables import PAYABLE_STATES
from lowcode.api import Context, Record, Refused, Result, _

ZERO = Decimal("0.00")
APPLIED = frozenset({"draft", "in_review", "to_issue"})
ISSUED = frozenset({"issued", "mailed", "signed", "red", "part_red"})
BY_RECEIPTS = "receipts"
TITLE = ("title_type", "invoice_title", "tax_number", "bank_name", "bank_account", "invoice_address", "invoice_phone")
RECEIVER = ("receiver_name", "receiver_phone", "mail_address", "email")


def left_to_invoice(contract: Record, ctx: Context, counted: Decimal = ZERO) -> Decimal:
    """Give what may still be invoiced of a contract, in yuan; `counted` is what this invoice takes up already."""
    most = contract.received_amount if _by_receipts(contract, ctx) else contract.total_amount
    left: Decimal = most - contract.invoiced_amount - contract.applied_amount + counted
    return left


def counted(record: Record | None) -> Decimal:
    """Give what an invoice takes up of its contract as it stands; one in the recycle bin nothing."""
    if record is None or record.deleted_at is not None or record.status not in APPLIED | ISSUED:
        return ZERO
    amount: Decimal = record.amount
    return amount


def cap_fault(record: Record, original: Record | None, contract: Record, ctx: Context) -> str | None:
    """Say how much is left when an invoice exceeds it."""
    left = left_to_invoice(contract, ctx, counted(original))
    if record.amount is None or record.amount <= left:
        return None
    if _by_receipts(contract, ctx):
        return _(
            "开票金额超出已收款，目前还可开票 {left} 元。请减少金额，或先登记收款。", left=f"{max(left, ZERO):,.2f}"
        )
    return _(
        "开票金额超出合同金额，目前还可开票 {left} 元。请减少金额，或先作废其他申请。", left=f"{max(left, ZERO):,.2f}"
    )


def require_cap(record: Record, original: Record | None, ctx: Context) -> None:
    """Refuse an invoice over the cap; whoever invoices the same contract meanwhile waits for its row."""
    contract = ctx.forms.contract.get(record.contract, lock=True)
    if contract.status not in PAYABLE_STATES:
        raise Refused(_("合同没有生效或者已作废，不能开票。"), code="contract_not_effective")
    if sentence := cap_fault(record, original, contract, ctx):
        code = "over_received" if _by_receipts(contract, ctx) else "over_contract_total"
        raise Refused(sentence, code=code, errors={"amount": [sentence]})


def _by_receipts(contract: Record, ctx: Context) -> bool:
    return bool((contract.invoice_cap or ctx.settings["invoice_cap"]) == BY_RECEIPTS)


def title_faults(record: Record, ctx: Context) -> dict[str, list[str]]:
    """Name what the buyer's data lack: a special invoice needs all of them, a general one title and tax number."""
    kind = ctx.dictionary("invoice_type")[record.invoice_type].attributes
    needed: tuple[str, ...] = ("invoice_title",)
    if kind.get("needs_full_title"):
        needed = FULL_TITLE
    elif kind.get("tax_code") and record.title_type != "person":
        needed = ("invoice_title", "tax_number")
    return {name: [_("这种发票必须填写。")] for name in needed if not getattr(record, name)}


def is_electronic(record: Record, ctx: Context) -> bool:
    """Tell whether an invoice goes out by e-mail, without a courier."""
    return ctx.dictionary("invoice_type")[record.invoice_type].attributes.get("medium") == "electronic"


def main_rate(contract: Record) -> Decimal | None:
    """Give the tax rate, a percentage, that most of a contract's money is taxed at."""
    shares: dict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for line in contract.lines or ():
        if line.tax_rate is not None:
            shares[line.tax_rate] += line.subtotal or ZERO
    return max(shares, key=lambda rate: (shares[rate], rate), default=None)


def default_kind(contract: Record, ctx: Context) -> str | None:
    """Give the kind of invoice a contract names, unless it wants none."""
    item = ctx.dictionary("invoice_type").get(contract.invoice_type or "")
    return item.code if item is not None and item.attributes.get("is_invoice") else None


def propose_invoice(contract: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been invoiced yet."""
    left = left_to_invoice(contract, ctx)
    return {
        "amount": left if left > 0 else None,
        "invoice_type": default_kind(contract, ctx),
        "tax_rate": main_rate(contract),
    }


def add_invoice(contract: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Draft an invoice of a contract, with the buyer's data as the contract has them."""
    kind = params["invoice_type"] or default_kind(contract, ctx)
    if kind is None:
        sentence = _("合同约定不开票，请选择开票类型。")
        raise Refused(sentence, code="invalid", errors={"invoice_type": [sentence]})
    values = {"contract": contract.id, "amount": params["amount"], "invoice_type": kind, "remark": params["remark"]}
    if params["tax_rate"] is not None:
        values["tax_rate"] = params["tax_rate"]
    made = ctx.forms.invoice.create(values)
    message = _("已新增开票申请 {number}，请核对抬头后提交审批。", number=made.number)
    return Result(message, open=("invoice", made.id))


def reverse(invoice: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a red invoice, whose negative amount goes back to the cap; the original is red in part or in full."""
    contract = ctx.forms.contract.get(invoice.contract, lock=True)
    left = invoice.amount + invoice.red_amount
    if params["amount"] > left:
        sentence = _("红冲金额不能超过发票未红冲的 {left} 元。", left=f"{left:,.2f}")
        raise Refused(sentence, code="over_invoice_amount", errors={"amount": [sentence]})
    kept = {name: getattr(invoice, name) for name in (*TITLE, *RECEIVER, "invoice_type", "tax_rate")}
    red = ctx.forms.invoice.create(
        kept
        | {
            "contract": contract.id,
            "amount": -params["amount"],
            "owner": invoice.owner,
            "red_of": invoice.id,
            "reason": params["reason"],
            "issued_at": ctx.today,
        }
    )
    ctx.forms.invoice.move(red, "book_red")
    if params["amount"] == left:
        ctx.forms.invoice.move(invoice.id, "red")
    elif invoice.status != "part_red":
        ctx.forms.invoice.move(invoice.id, "part_red")
    message = _("已红冲 {amount} 元，红字发票 {number}。", amount=f"{params['amount']:,.2f}", number=red.number)
    return Result(message, open=("invoice", red.id))
