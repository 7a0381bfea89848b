"""Prices from payload to answer: the vectors, generated documents, and what the server refuses to be told."""

import os
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from lowcode.context import Context
from lowcode.platform import Platform
from lowcode.records import saving
from lowcode.testing.client import Api
from tests.vectors import AMOUNTS, VECTORS

DOCUMENTS = int(os.environ.get("DOCUMENTS") or 500)
"""How many documents are generated on each database; 20,000 take some minutes."""

TOTALS = {
    "gross_total": "gross_amount",
    "discount_total": "discount_amount",
    "net_total": "net_amount",
    "tax_total": "tax_amount",
    "total_amount": "subtotal",
}


@pytest.fixture(scope="module")
def customer(api: Api) -> int:
    return int(api.post("/forms/customer/records", {"name": "报价客户", "source": "other"}).expect(201)["id"])


def document(customer: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "报价", "customer": customer, "lines": lines}


def test_all_vectors_in_one_saved_quotation(api: Api, customer: int) -> None:
    lines = [
        {"product_name": "手工", "quantity": q, "unit_price": p, "discount_rate": d, "tax_rate": t}
        for q, p, d, t, *_expected in VECTORS
    ]
    preview = api.post("/forms/quotation/preview", document(customer, lines)).expect(200)
    assert preview["errors"] == {}
    saved = api.post("/forms/quotation/records", document(customer, lines)).expect(201)
    rows = zip(saved["lines"], preview["values"]["lines"], VECTORS, strict=True)
    for line, drafted, (_q, _p, _d, _t, *expected) in rows:
        assert [line[name] for name in AMOUNTS] == expected
        assert [drafted[name] for name in AMOUNTS] == expected
    read = api.get(f"/forms/quotation/records/{saved['id']}").expect(200)
    assert read["lines"] == saved["lines"]


def test_generated_documents_add_up_and_preview_equals_saved(platform: Platform, api: Api, customer: int) -> None:
    assert api.user is not None
    numbers = random.Random(7)
    for start in range(0, DOCUMENTS, 250):
        batch = [_lines(numbers) for _document in range(min(250, DOCUMENTS - start))]
        platform.writing(api.user, lambda ctx, batch=batch: [_save_and_compare(ctx, customer, each) for each in batch])
    listed = api.get("/forms/quotation/records", search="报价", per_page=1).expect(200)
    assert listed["total"] >= DOCUMENTS


def _save_and_compare(ctx: Context, customer: int, lines: list[dict[str, Any]]) -> None:
    form = ctx.platform.forms["quotation"]
    drafted = saving.preview(ctx, form, document(customer, lines))
    assert drafted["errors"] == {}
    saved = saving.create(ctx, form, document(customer, lines))
    for total, part in TOTALS.items():
        assert Decimal(saved[total]) == sum(Decimal(line[part]) for line in saved["lines"])
        assert drafted["values"][total] == saved[total]
    for sent, line, before in zip(lines, saved["lines"], drafted["values"]["lines"], strict=True):
        assert {name: line[name] for name in AMOUNTS} == {name: before[name] for name in AMOUNTS}
        assert Decimal(line["net_amount"]) + Decimal(line["tax_amount"]) == Decimal(line["subtotal"])
        assert line["subtotal"] == _subtotal(sent)


@pytest.mark.parametrize("name", [*TOTALS, "total_quantity", "number", "revision"])
def test_a_posted_computed_total_is_refused(api: Api, customer: int, name: str) -> None:
    before = api.get("/forms/quotation/records").expect(200)["total"]
    answer = api.post("/forms/quotation/records", document(customer, _lines(random.Random(1))) | {name: "1.00"})
    assert (answer.status, list(answer.errors)) == (422, [name])
    assert api.get("/forms/quotation/records").expect(200)["total"] == before


@pytest.mark.parametrize("name", AMOUNTS)
def test_a_posted_computed_amount_of_a_line_is_refused(api: Api, customer: int, name: str) -> None:
    first, *others = _lines(random.Random(1))
    answer = api.post("/forms/quotation/records", document(customer, [first | {name: "1.00"}, *others]))
    assert (answer.status, list(answer.errors)) == (422, [f"lines.0.{name}"])


def _lines(numbers: random.Random) -> list[dict[str, Any]]:
    return [_line(numbers) for _line_number in range(numbers.randint(1, 8))]


def _line(numbers: random.Random) -> dict[str, Any]:
    return {
        "product_name": "随机",
        "quantity": str(Decimal(numbers.randint(1, 9_999_999)).scaleb(-3)),
        "unit_price": str(Decimal(numbers.randint(0, 99_999_999)).scaleb(-4)),
        "discount_rate": str(Decimal(numbers.randint(0, 10_000)).scaleb(-2)),
        "tax_rate": numbers.choice(["13", "9", "6", "3", "1", "0", "7.3"]),
    }


def _subtotal(line: dict[str, Any]) -> str:
    """Compute a line on its own, apart from the plugin's arithmetic; 28 digits suffice for these bounds."""
    exact = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (100 - Decimal(line["discount_rate"])) / 100
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
