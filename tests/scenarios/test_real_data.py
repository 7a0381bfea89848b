"""A real public data set through the HTTP API. Runs when `REAL_DATA` names its folder."""

import csv
import os
from pathlib import Path

import pytest

from tests.scenarios.serving import Client

pytestmark = pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder")


def rows(name: str) -> list[dict[str, str]]:
    with (Path(os.environ["REAL_DATA"]) / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(admin: Client) -> None:
    for row in rows("products.csv"):
        body = {"code": row["product"], "name": row["product"], "category": "gateway", "unit": "set"}
        answer = admin.post(
            "/forms/product/records",
            {**body, "reference_price": row["sales_price"], "spec": row["series"]},
            Idempotency_Key=f"product-{row['product']}",
        )
        assert answer.status_code == 201, answer.text
    for row in rows("accounts.csv"):
        body = {"name": row["account"], "source": "other", "region": row["office_location"], "remark": str(row)}
        answer = admin.post("/forms/customer/records", body, Idempotency_Key=f"account-{row['account']}")
        assert answer.status_code == 201, answer.text


def test_accounts_and_products_go_in_once_and_are_found(admin: Client) -> None:
    accounts, products = rows("accounts.csv"), rows("products.csv")
    assert (len(accounts), len(products)) == (85, 7)
    customers_before, products_before = admin.list("customer")["total"], admin.list("product")["total"]
    load(admin)
    load(admin)
    assert admin.list("customer")["total"] == customers_before + 85
    assert admin.list("product")["total"] == products_before + 7
    for row in accounts:
        found = admin.list("customer", list="all", search=row["account"].upper())
        assert row["account"] in [item["name"] for item in found["items"]]
    for row in products:
        found = admin.list("product", list="all", search=row["product"], per_page=200)
        assert row["product"] in [item["code"] for item in found["items"]]
