"""Rules of invoices: the cap, the tax in the amount, what each step needs, and red invoices."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crm_plugin import invoicing
from crm_plugin.pricing import price_line
from lowcode.api import Context, Record, Refused, Result, _, hookimpl

ONE, NONE = Decimal(1), Decimal(0)


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Take the buyer's data from the customer's default title and the tax rate from the contract's lines."""
    if record.owner is None:
        record.owner = ctx.user.id or None
    if record.contract is None:
        return
    contract = ctx.forms.contract.get(record.contract)
    record.owner = record.owner or contract.owner
    if record.tax_rate is None:
        record.tax_rate = invoicing.main_rate(contract)
    record.title_type = record.title_type or "company"
    if record.invoice_title is None:
        _take_default_title(record, contract, ctx)


def _take_default_title(record: Record, contract: Record, ctx: Context) -> None:
    for title in ctx.forms.invoice_title.find(customer=contract.customer, is_default=True, limit=1):
        record.title_type, record.invoice_title = title.title_type, title.invoice_title
        record.tax_number = record.tax_number or title.tax_number
        record.bank_name = record.bank_name or title.bank
        record.bank_account = record.bank_account or title.bank_account
        record.invoice_address = record.invoice_address or title.address
        record.invoice_phone = record.invoice_phone or title.phone


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Split the amount, which includes the tax, as a line of a document is split."""
    record.net_amount = record.tax_amount = None
    if record.amount is not None and record.tax_rate is not None:
        price = price_line(ONE, abs(record.amount), NONE, record.tax_rate)
        sign = 1 if record.amount >= 0 else -1
        record.net_amount, record.tax_amount = sign * price.net_amount, sign * price.tax_amount


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold the amount to what is left to invoice before it is saved; the save itself does so under a lock."""
    if record.red_of is not None or record.amount is None:
        return None
    if record.amount <= 0:
        return {"amount": _("开票金额必须大于 0；要冲回已开的发票，请用红冲。")}
    if record.contract is None or ctx.is_writing or not _takes_more(record, original):
        return None
    sentence = invoicing.cap_fault(record, original, ctx.forms.contract.get(record.contract), ctx)
    return {"amount": sentence} if sentence else None


def _takes_more(record: Record, original: Record | None) -> bool:
    return bool(record.amount > invoicing.counted(original))


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Count the amount against the cap, and name the invoice after its contract."""
    if record.red_of is None and _takes_more(record, original):
        invoicing.require_cap(record, original, ctx)
    if original is None:
        name = ctx.forms.contract.get(record.contract).name
        record.name = _("{contract} 红字发票", contract=name) if record.red_of else _("{contract} 发票", contract=name)
        record.applied_at = ctx.now


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Look at what a step needs; tell the applicant when the invoice is there."""
    if move == "submit":
        _require_title(record, ctx)
        invoicing.require_cap(record, record, ctx)
    elif move == "mail":
        _require_address(record, ctx)
    elif move == "void":
        _require_same_month(record, ctx)
    elif move == "issue":
        _require_past(record, ctx)
        ctx.notify(
            [record.owner],
            "invoice_issued",
            "{contract} 的发票 {invoice_no} 已开具，金额 {amount} 元。",
            record=record,
            event="issued",
            contract=ctx.forms.contract.get(record.contract).name,
            invoice_no=record.invoice_no,
            amount=f"{record.amount:,.2f}",
        )


def _require_title(record: Record, ctx: Context) -> None:
    if faults := invoicing.title_faults(record, ctx):
        raise Refused(_("抬头信息不完整，请补充后再提交。"), code="title_incomplete", errors=faults)


def _require_address(record: Record, ctx: Context) -> None:
    """Ask for the way an invoice goes out: by e-mail, or by a courier to an address."""
    if invoicing.is_electronic(record, ctx):
        needed = {"email": _("电子发票发送到邮箱，请先填写收票邮箱。")}
    else:
        needed = {"courier": _("请选择快递公司。"), "tracking_no": _("请填写快递单号。")}
    faults = {name: [sentence] for name, sentence in needed.items() if not getattr(record, name)}
    if faults:
        raise Refused(_("邮寄信息不完整，请补充后再邮寄。"), code="address_incomplete", errors=faults)


def _require_past(record: Record, ctx: Context) -> None:
    """Refuse an invoice of a day to come: the month of issue decides whether it may be voided."""
    if record.issued_at > ctx.today:
        sentence = _("开票日期不能晚于今天。")
        raise Refused(sentence, code="issued_in_future")


def _require_same_month(record: Record, ctx: Context) -> None:
    """Let an issued invoice be voided in the month of its issue only, and a red one never."""
    if record.red_of is not None:
        raise Refused(_("红字发票不能作废。"), code="red_invoice")
    if record.issued_at is not None and (record.issued_at.year, record.issued_at.month) != (
        ctx.today.year,
        ctx.today.month,
    ):
        raise Refused(_("跨月的发票不能作废，请用红冲。"), code="other_month")


@hookimpl
def propose_reverse(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Offer what has not been taken back yet."""
    return {"amount": record.amount + record.red_amount}


@hookimpl
def action_reverse(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Take an issued invoice back, in part or in full."""
    return invoicing.reverse(record, params, ctx)
