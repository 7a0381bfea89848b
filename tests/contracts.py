"""Contracts without a database, and the rules in the order of a save."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin.pricing import price_document
from crm_plugin.rules import contract
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OWNER = 7
GATEWAY = {"product_name": "网关", "quantity": Decimal(3), "unit_price": Decimal("999.99"), "discount_rate": Decimal(5),
           "tax_rate": Decimal(13)}  # fmt: skip
MODULE = {"product_name": "模块", "quantity": Decimal(10), "unit_price": Decimal(88), "discount_rate": Decimal(12),
          "tax_rate": Decimal(6)}  # fmt: skip


def quotation(crm: Plugin, **values: Any) -> Record:
    """An accepted quotation of 3624.37; its lines have the ids 11 and 12."""
    base = {
        "id": 5, "number": "BJ1", "name": "网关报价", "customer": 3, "owner": OWNER, "status": "accepted",
        "rounding_policy": "line", "lines": [{"id": 11, **GATEWAY}, {"id": 12, **MODULE}],
    }  # fmt: skip
    made = make_record(crm.forms["quotation"], **{**base, **values})
    price_document(made)
    return made


def agreement(crm: Plugin, **values: Any) -> Record:
    """A contract of that quotation; its lines have the ids 21 and 22."""
    base = {
        "id": 9, "number": "HT1", "name": "网关合同", "customer": 3, "owner": OWNER, "status": "draft", "quotation": 5,
        "sign_date": TODAY, "delivery_date": TODAY + timedelta(days=30), "payment_method": "transfer",
        "prepay_ratio": Decimal(30), "retention_ratio": Decimal(5), "warranty_months": 12, "invoice_type": "general",
        "rounding_policy": "line", "version": 1, "credit_days": 0, "receiver_name": "陈工",
        "receiver_phone": "13812345678", "receiver_address": "上海",
        "lines": [{"id": 21, "source": 11, **GATEWAY}, {"id": 22, "source": 12, **MODULE}],
    }  # fmt: skip
    return make_record(crm.forms["contract"], **{**base, **values})


def context(crm: Plugin, **records: list[Record]) -> FakeContext:
    people = [User(OWNER, "lina", "李娜")]
    company = {"name": "宏图自动化", "owner": OWNER, "address": "上海市张江路 1 号", "status": "potential"}
    customer = make_record(crm.forms["customer"], id=3, source="other", **company)
    known = {"customer": [customer], "quotation": [quotation(crm)], **records}
    return FakeContext(plugin=crm, now=NOW, user_id=OWNER, people=people, records=known)


def computed(crm: Plugin, record: Record, ctx: FakeContext | None = None) -> Record:
    contract.compute(record, ctx or context(crm))
    return record


def kept(crm: Plugin, **values: Any) -> Record:
    """A contract as it stands in the database, with its amounts."""
    record = computed(crm, agreement(crm, **values))
    for name in ("received_amount", "pending_amount", "invoiced_amount", "applied_amount"):
        setattr(record, name, getattr(record, name) or Decimal("0.00"))
    record.unreceived_amount = record.total_amount - record.received_amount
    return record
