"""Statements of account: what a customer owed at first, what came along in a period, and what is owed at its end.

A contract counts from the day it took effect, with changes and an early end on the days they were made; money counts
when it was allocated, so that the closing balance is what the ageing shows for that day. Invoices change no balance.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crm_plugin.allocating import MANY, ZERO, by_ids
from crm_plugin.invoicing import ISSUED
from lowcode.api import Context, Record, Refused, _, hookimpl

ORDER = ("contract", "change", "end", "receipt", "reversal", "invoice")
"""What comes first on one day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a statement, with what it adds to each column, in yuan."""

    day: date
    kind: str
    text: str
    contract: int
    number: str = ""
    amount: Decimal = ZERO
    received: Decimal = ZERO
    invoiced: Decimal = ZERO


@hookimpl
def panel_statement(params: Mapping[str, Any], ctx: Context) -> Mapping[str, Any]:
    """Write the account of a customer in a period."""
    last = params.get("to") or ctx.today
    first = params.get("from") or date(last.year, 1, 1)
    if first > last:
        sentence = _("开始日期不能晚于结束日期。")
        raise Refused(sentence, code="invalid", errors={"from": [sentence]})
    empty: dict[str, Any] = {"customer": None, "from": first.isoformat(), "to": last.isoformat(), "rows": []}
    if params.get("customer") is None:
        return empty
    customer = ctx.forms.customer.get(params["customer"])
    opening = _opening(customer.id, first, ctx)
    entries = sorted(_entries(customer.id, first, last, ctx), key=lambda each: (each.day, ORDER.index(each.kind)))
    totals = {name: sum((getattr(each, name) for each in entries), ZERO) for name in ("amount", "received", "invoiced")}
    return {
        **empty,
        "customer": {"form": "customer", "id": customer.id, "title": customer.name},
        "opening": f"{opening:.2f}",
        "rows": _rows(entries, opening, ctx),
        "totals": {name: f"{value:.2f}" for name, value in totals.items()},
        "closing": f"{opening + totals['amount'] - totals['received']:.2f}",
    }


def _opening(customer: int, first: date, ctx: Context) -> Decimal:
    plan, paid = ctx.forms.payment_plan, ctx.forms.payment_allocation
    before: dict[str, Any] = {"customer": customer, "effective_on__lt": first}
    parts = (
        (1, plan.totals(sum=("plan_amount",), **before)),
        (-1, plan.totals(sum=("plan_amount",), voided_on__lt=first, **before)),
        (-1, paid.totals(sum=("amount",), customer=customer, allocated_on__lt=first)),
    )
    return sum((sign * value for sign, found in parts for total in found for value in total.sums.values()), ZERO)


def _entries(customer: int, first: date, last: date, ctx: Context) -> Iterable[Entry]:
    yield from _planned(customer, first, last, ctx)
    yield from _received(customer, first, last, ctx)
    yield from _invoiced(customer, first, last, ctx)


def _planned(customer: int, first: date, last: date, ctx: Context) -> Iterable[Entry]:
    """Give contracts that took effect, changed or ended, from the rows of their plans that came or went."""
    amounts: dict[tuple[int, date, bool], Decimal] = defaultdict(lambda: ZERO)
    for name, sign in (("effective_on", 1), ("voided_on", -1)):
        period = {f"{name}__gte": first, f"{name}__lte": last, "effective_on__isnull": False}
        found = ctx.forms.payment_plan.totals(by=("contract", name), sum=("plan_amount",), customer=customer, **period)
        for total in found:
            amounts[total.keys["contract"], total.keys[name], sign < 0] += sign * total.sums["plan_amount"]
    contracts = _contracts({contract for contract, _day, _gone in amounts}, ctx)
    found_entries: dict[tuple[int, date, str], Decimal] = defaultdict(lambda: ZERO)
    for (contract, day, is_gone), amount in amounts.items():
        found_entries[contract, day, _kind(contracts.get(contract), day, is_gone)] += amount
    texts = {"contract": _("合同生效"), "change": _("合同变更"), "end": _("合同终止")}
    for (contract, day, kind), amount in found_entries.items():
        number = contracts[contract].number if contract in contracts else ""
        if amount:
            yield Entry(day=day, kind=kind, text=texts[kind], contract=contract, number=number, amount=amount)


def _kind(contract: Record | None, day: date, is_gone: bool) -> str:
    if is_gone:
        return "end" if contract is not None and contract.ended_on == day else "change"
    return "contract" if contract is None or contract.effective_on == day else "change"


def _received(customer: int, first: date, last: date, ctx: Context) -> Iterable[Entry]:
    """Give payments and reversals, each with what it pays off on a day."""
    totals = ctx.forms.payment_allocation.totals(
        by=("contract", "payment", "allocated_on"),
        sum=("amount",),
        customer=customer,
        allocated_on__gte=first,
        allocated_on__lte=last,
    )
    payments = by_ids(ctx.forms.payment, (each.keys["payment"] for each in totals))
    for total in totals:
        payment, amount = payments.get(total.keys["payment"]), total.sums["amount"]
        if amount:
            kind = "receipt" if amount > 0 else "reversal"
            yield Entry(
                day=total.keys["allocated_on"],
                kind=kind,
                text=_("收款") if kind == "receipt" else _("收款红冲"),
                contract=total.keys["contract"],
                number=payment.number if payment else "",
                received=amount,
            )


def _invoiced(customer: int, first: date, last: date, ctx: Context) -> Iterable[Entry]:
    found = ctx.forms.invoice.find(
        customer=customer, status__in=sorted(ISSUED), issued_at__gte=first, issued_at__lte=last, limit=MANY
    )
    for invoice in found:
        yield Entry(
            day=invoice.issued_at,
            kind="invoice",
            text=_("红字发票") if invoice.amount < 0 else _("开票"),
            contract=invoice.contract,
            number=invoice.invoice_no or invoice.number,
            invoiced=invoice.amount,
        )


def _rows(entries: Iterable[Entry], opening: Decimal, ctx: Context) -> list[dict[str, Any]]:
    kept = list(entries)
    contracts = _contracts({each.contract for each in kept}, ctx)
    rows, balance = [], opening
    for each in kept:
        balance += each.amount - each.received
        contract = contracts.get(each.contract)
        title = contract.name if contract else f"#{each.contract}"
        rows.append(
            {
                "day": each.day.isoformat(),
                "kind": each.kind,
                "number": each.number,
                "text": each.text,
                "contract": {"form": "contract", "id": each.contract, "title": title},
                "amount": f"{each.amount:.2f}" if each.amount else None,
                "received": f"{each.received:.2f}" if each.received else None,
                "invoiced": f"{each.invoiced:.2f}" if each.invoiced else None,
                "balance": f"{balance:.2f}",
            }
        )
    return rows


def _contracts(ids: Iterable[int], ctx: Context) -> dict[int, Record]:
    return by_ids(ctx.forms.contract, ids)
