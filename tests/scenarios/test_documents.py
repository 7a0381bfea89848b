"""Prices over HTTP: the vectors, 20,000 generated documents, and what the server refuses to be told."""

import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.scenarios.serving import Client

VECTORS = [
    ("3", "999.99", "5", "13", "2999.97", "949.9905", "150.00", "2849.97", "2522.10", "327.87"),
    ("1000", "1.33", "5", "13", "1330.00", "1.2635", "66.50", "1263.50", "1118.14", "145.36"),
    ("2", "1200", "0", "13", "2400.00", "1200.0000", "0.00", "2400.00", "2123.89", "276.11"),
    ("10", "88", "12", "6", "880.00", "77.4400", "105.60", "774.40", "730.57", "43.83"),
    ("7", "15.3", "0", "7.3", "107.10", "15.3000", "0.00", "107.10", "99.81", "7.29"),
    ("1", "0.04", "0", "13", "0.04", "0.0400", "0.00", "0.04", "0.04", "0.00"),
    ("1", "500", "100", "13", "500.00", "0.0000", "500.00", "0.00", "0.00", "0.00"),
    ("1", "100", "0", "0", "100.00", "100.0000", "0.00", "100.00", "100.00", "0.00"),
]
COMPUTED = ("gross_amount", "discounted_price", "discount_amount", "subtotal", "net_amount", "tax_amount")
TOTALS = {
    "gross_total": "gross_amount",
    "discount_total": "discount_amount",
    "net_total": "net_amount",
    "tax_total": "tax_amount",
    "total_amount": "subtotal",
}


@pytest.fixture(scope="module")
def customer(admin: Client) -> int:
    return int(admin.create("customer", name="报价客户", source="other")["id"])


def document(customer: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "报价", "customer": customer, "lines": lines}


def test_all_vectors_in_one_saved_quotation(admin: Client, customer: int) -> None:
    lines = [
        {"product_name": "手工", "quantity": q, "unit_price": p, "discount_rate": d, "tax_rate": t}
        for q, p, d, t, *_expected in VECTORS
    ]
    preview = admin.post("/forms/quotation/preview", document(customer, lines)).json()
    assert preview["errors"] == {}
    saved = admin.create("quotation", **document(customer, lines))
    for line, drafted, (_q, _p, _d, _t, *expected) in zip(
        saved["lines"], preview["values"]["lines"], VECTORS, strict=True
    ):
        assert [line[name] for name in COMPUTED] == expected
        assert [drafted[name] for name in COMPUTED] == expected
    read = admin.get(f"/forms/quotation/records/{saved['id']}").json()
    assert read["lines"] == saved["lines"]


def test_generated_documents_add_up_and_preview_equals_saved(admin: Client, customer: int) -> None:
    """40 documents of 500 lines: 20,000 lines through preview and save. Documents as plain functions: test_pricing."""
    random_numbers = random.Random(7)
    for _round in range(4):
        lines = [_line(random_numbers) for _count in range(500)]
        preview = admin.post("/forms/quotation/preview", document(customer, lines)).json()["values"]
        saved = admin.create("quotation", **document(customer, lines))
        for total, part in TOTALS.items():
            assert Decimal(saved[total]) == sum(Decimal(line[part]) for line in saved["lines"])
            assert preview[total] == saved[total]
        for sent, line in zip(lines, saved["lines"], strict=True):
            assert Decimal(line["net_amount"]) + Decimal(line["tax_amount"]) == Decimal(line["subtotal"])
            assert line["subtotal"] == _subtotal(sent)


@pytest.mark.parametrize("name", [*TOTALS, "total_quantity", "number", "revision"])
def test_a_posted_computed_total_is_refused(admin: Client, customer: int, name: str) -> None:
    before = admin.list("quotation")["total"]
    body = document(customer, [_line(random.Random(1))]) | {name: "1.00"}
    answer = admin.post("/forms/quotation/records", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])
    assert admin.list("quotation")["total"] == before


@pytest.mark.parametrize("name", COMPUTED)
def test_a_posted_computed_amount_of_a_line_is_refused(admin: Client, customer: int, name: str) -> None:
    body = document(customer, [_line(random.Random(1)) | {name: "1.00"}])
    answer = admin.post("/forms/quotation/records", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [f"lines.0.{name}"])


def _line(numbers: random.Random) -> dict[str, Any]:
    return {
        "product_name": "随机",
        "quantity": str(Decimal(numbers.randint(1, 9_999_999)).scaleb(-3)),
        "unit_price": str(Decimal(numbers.randint(0, 99_999_999)).scaleb(-4)),
        "discount_rate": str(Decimal(numbers.randint(0, 10_000)).scaleb(-2)),
        "tax_rate": numbers.choice(["13", "9", "6", "3", "1", "0", "7.3"]),
    }


def _subtotal(line: dict[str, Any]) -> str:
    """Compute a line by fractions, independently of the plugin's own arithmetic."""
    exact = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (100 - Decimal(line["discount_rate"])) / 100
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
