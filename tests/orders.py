"""Contracts and orders of the tests of rules."""

from datetime import date
from decimal import Decimal
from typing import Any

from crm_plugin.pricing import price_document
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record

LINE = {
    "id": 11, "product_name": "网关", "quantity": Decimal(3), "unit_price": Decimal("999.99"),
    "discount_rate": Decimal(5), "tax_rate": Decimal(13), "unit": "set",
}  # fmt: skip
PLAIN = LINE | {"id": 12, "product_name": "模块", "quantity": Decimal(10), "discount_rate": Decimal(0)}


def contract_of(crm: Plugin, *lines: dict[str, Any], **values: Any) -> Record:
    base = {
        "id": 5, "number": "HT20261123-0001", "name": "网关合同", "customer": 3, "owner": 1, "status": "effective",
        "delivery_date": date(2026, 12, 1), "rounding_policy": "line", "lines": lines or (LINE,),
    }  # fmt: skip
    record = make_record(crm.forms["contract"], **base | values)
    price_document(record)
    return record


def row(source: int | None = 11, quantity: str = "1", **values: Any) -> dict[str, Any]:
    base = {name: value for name, value in LINE.items() if name != "id"}
    return base | {"source": source, "quantity": Decimal(quantity)} | values


def order_of(crm: Plugin, *rows: dict[str, Any], **values: Any) -> Record:
    base = {
        "contract": 5, "status": "pending", "order_date": date(2026, 11, 23), "delivery_date": date(2026, 12, 1),
        "rounding_policy": "line", "lines": rows,
    }  # fmt: skip
    return make_record(crm.forms["order"], **base | values)


def context(crm: Plugin, *orders: Record, contract: Record | None = None, **more: Any) -> FakeContext:
    settings = more.pop("settings", {})
    records = {"contract": [contract or contract_of(crm)], "order": [*orders], **more}
    return FakeContext(plugin=crm, records=records, settings=settings)


def saved(crm: Plugin, number: int, *rows: dict[str, Any], **values: Any) -> Record:
    record = order_of(crm, *rows, id=number, **values)
    price_document(record)
    return record
