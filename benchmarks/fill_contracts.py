"""Contracts for the benchmarks: each with ten rows of a plan, a third of them paid; and quotations to make more of."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, text

from benchmarks.deals import ROWS, ZERO, Deal, Row, Source
from benchmarks.rows import START, advance_ids, copy, line, system, totals
from lowcode.platform import Platform

FIRST_DEAL, DEALS, DEAL_LINES = 20_001, 600, 200
"""Accepted quotations, each of so many lines; their ids are beyond those of all others."""

BUYERS = 150
"""One customer of so many belongs to the first seller and has an opportunity whose work has just begun."""

CUSTOMERS = """
    UPDATE crm_customer SET contract_count = found.number, contract_amount = found.amount, received_amount = found.paid,
        unreceived_amount = found.amount - found.paid
    FROM (SELECT customer, count(*) AS number, sum(total_amount) AS amount, sum(received_amount) AS paid
        FROM crm_contract GROUP BY customer) found
    WHERE found.customer = crm_customer.id"""
QUOTATIONS = """
    UPDATE crm_{0} SET quotation_count = (SELECT count(*) FROM crm_quotation WHERE {0} = crm_{0}.id)
    WHERE id IN (SELECT {0} FROM crm_quotation)"""


def write_contracts(connection: Connection, platform: Platform, source: Source, count: int) -> None:
    """Write contracts with their lines, plans, payments and allocations, and the customers' figures of them."""
    forms = platform.forms
    rows: dict[str, Callable[[Deal], Iterable[Row]]] = {
        "contract": lambda deal: [_contract(deal)],
        "payment_plan": _plan,
        "payment": _payment,
        "payment_allocation": _allocations,
    }
    for name, make in rows.items():
        copy(connection, forms[name].table, (row for deal in _deals(source, count) for row in make(deal)))
    lines = (deal.line for deal in _deals(source, count))
    copy(connection, forms["contract"].line_tables["lines"], lines)
    advance_ids(connection, *(forms[name].table for name in rows))
    connection.execute(text(CUSTOMERS))


def write_accepted(connection: Connection, platform: Platform, source: Source) -> None:
    """Write quotations that customers of the first seller have accepted."""
    form, lines = platform.forms["quotation"], list(_long_lines(source))
    keys = range(FIRST_DEAL, FIRST_DEAL + DEALS)
    copy(connection, form.table, (_accepted(key, source, lines) for key in keys))
    copy(connection, form.line_tables["lines"], (line | {"record_id": key} for key in keys for line in lines))
    advance_ids(connection, form.table)
    for counted in ("customer", "opportunity"):
        connection.execute(text(QUOTATIONS.format(counted)))


def _deals(source: Source, count: int) -> Iterator[Deal]:
    return (Deal(key, source) for key in range(1, count + 1))


def _long_lines(source: Source) -> Iterator[Row]:
    for position in range(DEAL_LINES):
        product = source.products[position % len(source.products)]
        yield line(0, position, product, Decimal(1 + position % 90), ZERO)


def _accepted(key: int, source: Source, lines: Sequence[Row]) -> Row:
    customer = BUYERS * (1 + key % (source.customers // BUYERS))
    return {
        **system(key, source.sellers[0]),
        **totals(lines),
        "owner_department": source.departments[source.sellers[0]],
        "number": f"BJ2025-{key:08}",
        "name": f"报价 {key}",
        "status": "accepted",
        "customer": customer,
        "contact": customer,
        "contact_phone": f"138{customer:08}",
        "opportunity": customer,
        "quote_date": source.today,
        "valid_until": source.today + timedelta(days=30),
        "accepted_at": START,
        "revision": 1,
        "rounding_policy": "line",
        "below_floor": False,
    }


def _contract(deal: Deal) -> Row:
    total = deal.line["subtotal"]
    prepaid, retained = deal.planned[0], deal.planned[-1]
    return {
        **system(deal.key, deal.owner),
        **totals([deal.line]),
        "owner_department": deal.department,
        "number": f"HT2025-{deal.key:08}",
        "name": f"采购合同 {deal.key}",
        "status": "executing" if deal.received else "effective",
        "customer": deal.customer,
        "sign_contact": deal.customer,
        "sign_user": deal.owner,
        "sign_date": deal.signed,
        "start_date": deal.signed,
        "end_date": deal.due(ROWS),
        "payment_method": "transfer",
        "prepay_ratio": Decimal(10),
        "prepay_amount": prepaid,
        "retention_ratio": Decimal(10),
        "retention_amount": retained,
        "credit_days": 0,
        "invoice_type": "general",
        "delivery_date": deal.due(1),
        "receiver_name": f"联系人{deal.customer}",
        "receiver_phone": f"139{deal.customer:08}",
        "receiver_address": "示范路 1 号",
        "rounding_policy": "line",
        "deviates": False,
        "received_amount": deal.received,
        "unreceived_amount": total - deal.received,
        "pending_amount": ZERO,
        "invoiced_amount": ZERO,
        "uninvoiced_amount": total,
        "applied_amount": ZERO,
        "order_count": 0,
        "effective_at": START,
        "effective_on": deal.signed,
    }


def _plan(deal: Deal) -> Iterator[Row]:
    for index, (planned, paid) in enumerate(zip(deal.planned, deal.paid, strict=True)):
        due = deal.due(index)
        yield _shared(deal, _row_id(deal, index)) | {
            "name": f"采购合同 {deal.key} 第{index + 1}期",
            "period_no": index + 1,
            "stage": "prepay" if index == 0 else "retention" if index == ROWS - 1 else "progress",
            "percent": Decimal(10),
            "plan_amount": planned,
            "due_rule": "fixed",
            "due_date": due,
            "method": "transfer",
            "remind_days": 7,
            "remind_at": due - timedelta(days=7),
            "received_amount": paid,
            "outstanding": planned - paid,
            "status": "paid" if paid == planned else "partial" if paid else "open",
            "effective_on": deal.signed,
            "automatic": False,
        }


def _payment(deal: Deal) -> Iterator[Row]:
    if not deal.received:
        return
    yield system(deal.key, deal.owner) | {
        "owner_department": deal.department,
        "number": f"SK2025-{deal.key:08}",
        "name": f"采购合同 {deal.key} 收款",
        "status": "confirmed",
        "contract": deal.key,
        "customer": deal.customer,
        "amount": deal.received,
        "paid_at": deal.paid_on,
        "method": "transfer",
        "stage": "prepay",
        "confirmed_at": START,
        "allocated_amount": deal.received,
    }


def _allocations(deal: Deal) -> Iterator[Row]:
    for index, paid in enumerate(deal.paid):
        if paid:
            yield _shared(deal, _row_id(deal, index)) | {
                "name": f"SK2025-{deal.key:08} 核销 第{index + 1}期",
                "payment": deal.key,
                "plan": _row_id(deal, index),
                "amount": paid,
                "allocated_on": deal.paid_on,
                "due_date": deal.due(index),
            }


def _row_id(deal: Deal, index: int) -> int:
    return ROWS * (deal.key - 1) + index + 1


def _shared(deal: Deal, key: int) -> Row:
    """Give what rows of the plan and allocations have in common."""
    belongs = {"contract": deal.key, "customer": deal.customer, "department": deal.department}
    return system(key, deal.owner) | belongs
