"""The yardstick for contracts and payments: from a quotation to a contract, and money that comes in."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.raw_database import connect, number, read_quotation, rows
from benchmarks.rows import TOTALS
from crm_plugin.pricing import price_line

CHINA = ZoneInfo("Asia/Shanghai")
CENT = Decimal("0.01")

ACCEPTED = "SELECT id FROM crm_quotation WHERE id = %s AND status = 'accepted' AND deleted_at IS NULL FOR UPDATE"
BUYER = """
    SELECT c.owner, c.address, c.mobile, k.name AS receiver, k.mobile AS phone
    FROM crm_customer c LEFT JOIN crm_contact k ON k.id = %s WHERE c.id = %s AND c.deleted_at IS NULL"""
TITLE = "SELECT * FROM crm_invoice_title WHERE customer = %s AND is_default AND deleted_at IS NULL LIMIT 1"
SOLD = "SELECT id FROM crm_product WHERE id = ANY(%s) AND status = 'on_sale' AND deleted_at IS NULL"
CONTRACT = """
    INSERT INTO crm_contract (version, created_at, created_by, updated_at, updated_by, number, status, name, quotation,
        customer, opportunity, owner, owner_department, sign_contact, sign_user, payment_method, prepay_ratio,
        prepay_amount, retention_ratio, retention_amount, credit_days, invoice_type, invoice_title, tax_number,
        delivery_date, receiver_name, receiver_phone, receiver_address, rounding_policy, deviates, received_amount,
        unreceived_amount, pending_amount, invoiced_amount, uninvoiced_amount, applied_amount, order_count,
        total_quantity, gross_total, discount_total, net_total, tax_total, total_amount)
    VALUES (1, %(now)s, %(seller)s, %(now)s, %(seller)s, %(number)s, 'draft', %(name)s, %(id)s, %(customer)s,
        %(opportunity)s, %(owner)s, %(owner_department)s, %(contact)s, %(seller)s, %(payment_method)s, %(prepay_ratio)s,
        %(prepay_amount)s, 0, 0, 0, 'general', %(title)s, %(tax_number)s, %(delivery_date)s, %(receiver)s, %(phone)s,
        %(address)s, 'line', false, 0, %(total_amount)s, 0, 0, %(total_amount)s, 0, 0,
        %(total_quantity)s, %(gross_total)s, %(discount_total)s, %(net_total)s, %(tax_total)s, %(total_amount)s)
    RETURNING id"""
LINE_COLUMNS = (
    ("position", "int"), ("product", "bigint"), ("product_code", "text"), ("product_name", "text"), ("spec", "text"),
    ("unit", "text"), ("list_price", "numeric"), ("quantity", "numeric"), ("unit_price", "numeric"),
    ("discount_rate", "numeric"), ("tax_rate", "numeric"), ("gross_amount", "numeric"), ("discounted_price", "numeric"),
    ("discount_amount", "numeric"), ("subtotal", "numeric"), ("net_amount", "numeric"), ("tax_amount", "numeric"),
    ("delivery_date", "date"), ("remark", "text"), ("source", "bigint"),
)  # fmt: skip
LINE_NAMES = ", ".join(name for name, _kind in LINE_COLUMNS)
LINES = f"""
    INSERT INTO crm_contract_lines (record_id, {LINE_NAMES})
    SELECT %s, * FROM unnest({", ".join(f"%s::{kind}[]" for _name, kind in LINE_COLUMNS)})"""
CONVERTED = "UPDATE crm_quotation SET status = 'converted', version = version + 1, updated_at = %s WHERE id = %s"
ONE_MORE = "UPDATE crm_{} SET contract_count = contract_count + 1 WHERE id = %s"
BEGUN = "SELECT stage, expected_amount FROM crm_opportunity WHERE id = %s FOR UPDATE"
ADVANCE = """
    UPDATE crm_opportunity SET stage = 'negotiation', win_probability = 80, stage_at = %s, version = version + 1,
        weighted_amount = round(expected_amount * 0.8, 2), updated_at = %s WHERE id = %s"""
STAGE = """
    INSERT INTO crm_opportunity_stage (version, created_at, created_by, updated_at, updated_by, summary, opportunity,
        from_stage, to_stage, probability, amount, at, "by")
    VALUES (1, %s, %s, %s, %s, %s, %s, %s, 'negotiation', 80, %s, %s, %s)"""
EARLY = frozenset({"prospecting", "analysis", "proposal"})
AUDIT = """INSERT INTO audit (at, "user", form, record, action, changes) VALUES (%s, %s, %s, %s, %s, '{}')"""

READ = """
    SELECT c.*, k.name AS customer_name, u.name AS owner_name FROM crm_contract c
    LEFT JOIN crm_customer k ON k.id = c.customer LEFT JOIN users u ON u.id = c.owner
    WHERE c.id = %s AND c.deleted_at IS NULL"""
READ_LINES = "SELECT * FROM crm_contract_lines WHERE record_id = %s ORDER BY position"
LOCKED = f"{READ} FOR UPDATE OF c"
OPEN_ROWS = """
    SELECT * FROM crm_payment_plan WHERE contract = %s AND status IN ('open', 'partial') AND deleted_at IS NULL
    ORDER BY due_date, id"""
PAYMENT = """
    INSERT INTO crm_payment (version, created_at, created_by, updated_at, updated_by, number, status, name, contract,
        customer, owner, owner_department, amount, paid_at, method, stage, allocated_amount)
    VALUES (1, %s, %s, %s, %s, %s, 'pending', %s, %s, %s, %s, %s, %s, %s, %s, %s, 0) RETURNING id"""
PENDING = "UPDATE crm_contract SET pending_amount = pending_amount + %s WHERE id = %s"
WAITING = "SELECT * FROM crm_payment WHERE id = %s AND status = 'pending' AND deleted_at IS NULL FOR UPDATE"
CONFIRM = """
    UPDATE crm_payment SET status = 'confirmed', confirmed_by = %s, confirmed_at = %s, allocated_amount = amount,
        version = version + 1 WHERE id = %s RETURNING *"""
ALLOCATION = """
    INSERT INTO crm_payment_allocation (version, created_at, created_by, updated_at, updated_by, name, payment, plan,
        contract, customer, owner, department, amount, allocated_on, due_date)
    VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
PAID_OFF = """
    UPDATE crm_payment_plan SET received_amount = received_amount + %(part)s, outstanding = outstanding - %(part)s,
        status = CASE WHEN outstanding = %(part)s THEN 'paid' ELSE 'partial' END, version = version + 1,
        updated_at = %(now)s WHERE id = %(id)s"""
RECEIVED = """
    UPDATE crm_contract SET received_amount = received_amount + %(amount)s,
        pending_amount = pending_amount - %(amount)s, unreceived_amount = unreceived_amount - %(amount)s,
        status = CASE WHEN status = 'effective' THEN 'executing' ELSE status END WHERE id = %(contract)s"""
OF_CUSTOMER = """
    UPDATE crm_customer SET received_amount = received_amount + %(amount)s,
        unreceived_amount = unreceived_amount - %(amount)s WHERE id = %(customer)s"""
TELL = """
    INSERT INTO notifications ("user", event, kind, at, text, "values", url)
    VALUES (%s, %s, 'payment_confirmed', %s, '收款已确认到账', '{}', %s) ON CONFLICT ("user", event) DO NOTHING"""


def make_contract(key: int, body: dict[str, Any], seller: int) -> dict[str, Any]:
    """Carry an accepted quotation over to a new contract, and bring its opportunity forward."""
    connection, now = connect(), _now()
    with connection.transaction():
        rows(ACCEPTED, (key,))
        quotation = read_quotation(key)
        lines = _priced(quotation["lines"])
        values = _head(quotation, body, lines) | {"now": now, "seller": seller}
        values["number"] = number(connection, "contract", "HT", now)
        made = rows(CONTRACT, values)[0]["id"]
        connection.execute(LINES, (made, *([line[name] for line in lines] for name, _kind in LINE_COLUMNS)))
        connection.execute(CONVERTED, (now, key))
        connection.execute(AUDIT, (now, seller, "contract", made, "create"))
        connection.execute(AUDIT, (now, seller, "quotation", key, "convert"))
        connection.execute(ONE_MORE.format("customer"), (quotation["customer"],))
        connection.execute(ONE_MORE.format("opportunity"), (quotation["opportunity"],))
        _advance(connection, quotation["opportunity"], seller, now)
    record = {**quotation, "status": "converted"}
    return {"message": "已生成合同", "record": record, "open": {"form": "contract", "id": made}}


def _head(quotation: dict[str, Any], body: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Take over what quotation, customer and invoice title say; add up the lines."""
    buyer = rows(BUYER, (quotation["contact"], quotation["customer"]))[0]
    title = next(iter(rows(TITLE, (quotation["customer"],))), {})
    totals = {name: sum(line[column] for line in lines) for name, column in TOTALS.items()}
    ratio = Decimal(body["prepay_ratio"])
    head = {name: quotation[name] for name in ("id", "name", "customer", "contact", "opportunity", "owner")}
    return {
        **head,
        **totals,
        "owner_department": quotation["owner_department"],
        "payment_method": body["payment_method"],
        "prepay_ratio": ratio,
        "prepay_amount": (totals["total_amount"] * ratio / 100).quantize(CENT, ROUND_HALF_UP),
        "title": title.get("invoice_title"),
        "tax_number": title.get("tax_number"),
        "delivery_date": _today() + timedelta(days=30),
        "receiver": buyer["receiver"],
        "phone": quotation["contact_phone"] or buyer["phone"],
        "address": body["receiver_address"],
    }


def _priced(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Price the lines anew; those of products that are not sold any more stay as text."""
    sold = {row["id"] for row in rows(SOLD, ([line["product"] for line in lines],))}
    return [_line(line, sold) for line in lines]


def _line(line: dict[str, Any], sold: set[int]) -> dict[str, Any]:
    price = price_line(line["quantity"], line["unit_price"], line["discount_rate"], line["tax_rate"])
    product = line["product"] if line["product"] in sold else None
    return {
        **line,
        "product": product,
        "source": line["id"],
        "gross_amount": price.gross_amount,
        "discounted_price": price.discounted_price,
        "discount_amount": price.discount_amount,
        "subtotal": price.subtotal,
        "net_amount": price.net_amount,
        "tax_amount": price.tax_amount,
    }


def _advance(connection: psycopg.Connection[Any], key: int, seller: int, now: datetime) -> None:
    found = rows(BEGUN, (key,))[0]
    if found["stage"] in EARLY:
        connection.execute(ADVANCE, (now, now, key))
        summary, amount = f"{found['stage']} → 谈判", found["expected_amount"]
        connection.execute(STAGE, (now, seller, now, seller, summary, key, found["stage"], amount, now, seller))
        for form, action in (("opportunity", "edit"), ("opportunity_stage", "create")):
            connection.execute(AUDIT, (now, seller, form, key, action))


def add_payment(key: int, body: dict[str, Any], user: int) -> dict[str, Any]:
    """Register a payment within what is open of a contract."""
    connection, now, amount = connect(), _now(), Decimal(body["amount"])
    with connection.transaction():
        contract = rows(LOCKED, (key,))[0]
        waiting = rows(OPEN_ROWS, (key,))
        left = min(contract["unreceived_amount"], sum(row["outstanding"] for row in waiting))
        assert amount <= left - contract["pending_amount"]
        name, stage = f"{contract['name']} 收款", waiting[0]["stage"]
        found = number(connection, "payment", "SK", now)
        belongs = (contract["customer"], contract["owner"], contract["owner_department"])
        terms = (amount, _today(), contract["payment_method"], stage)
        made = rows(PAYMENT, (now, user, now, user, found, name, key, *belongs, *terms))[0]["id"]
        connection.execute(PENDING, (amount, key))
        connection.execute(AUDIT, (now, user, "payment", made, "create"))
    record = {**rows(READ, (key,))[0], "lines": rows(READ_LINES, (key,))}
    return {"message": "已登记收款", "record": record, "open": {"form": "payment", "id": made}}


def confirm(key: int, user: int) -> dict[str, Any]:
    """Confirm a payment, and pay off what is due first."""
    connection, now = connect(), _now()
    with connection.transaction():
        payment = rows(WAITING, (key,))[0]
        contract = rows(LOCKED, (payment["contract"],))[0]
        left = payment["amount"]
        for row in rows(OPEN_ROWS, (contract["id"],)):
            if part := min(left, row["outstanding"]):
                _pay_off(connection, payment, row, part, user, now)
                left -= part
        record = rows(CONFIRM, (user, now, key))[0]
        connection.execute(RECEIVED, payment)
        connection.execute(OF_CUSTOMER, payment)
        connection.execute(AUDIT, (now, user, "payment", key, "confirm"))
        connection.execute(TELL, (payment["owner"], f"payment:{key}:confirmed", now, f"/f/payment/{key}"))
    return {"message": "已确认", "record": record, "open": None}


def _pay_off(
    connection: psycopg.Connection[Any],
    payment: dict[str, Any],
    row: dict[str, Any],
    part: Decimal,
    user: int,
    now: datetime,
) -> None:
    belongs = (row["contract"], row["customer"], row["owner"], row["department"])
    on = max(payment["paid_at"], row["effective_on"])
    values = (f"{payment['number']} 核销 {row['name']}", payment["id"], row["id"], *belongs, part, on, row["due_date"])
    connection.execute(ALLOCATION, (now, user, now, user, *values))
    connection.execute(PAID_OFF, {"part": part, "now": now, "id": row["id"]})
    connection.execute(AUDIT, (now, user, "payment_allocation", payment["id"], "create"))
    connection.execute(AUDIT, (now, user, "payment_plan", row["id"], "edit"))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _today() -> date:
    return datetime.now(CHINA).date()
