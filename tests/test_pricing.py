"""Line and document amounts: the published vectors, and what holds for every document."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_plugin.pricing import LinePrice, price_document, price_line
from lowcode.api import Record
from tests.vectors import AMOUNTS, VECTORS

MAX_QUANTITY, MAX_PRICE, FULL_RATE = 99_999_999_999, 99_999_999_999_999, 10_000
"""The bounds of the form, in thousandths, ten-thousandths and hundredths."""

POLICIES = ("line", "unit_price")


Numbers = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]


def document(*lines: Numbers, policy: str | None = None) -> Any:
    names = ("quantity", "unit_price", "discount_rate", "tax_rate")
    rows = [SimpleNamespace(**dict(zip(names, line, strict=True))) for line in lines]
    return SimpleNamespace(lines=rows, rounding_policy=policy)


def priced(*lines: Numbers, policy: str | None = None) -> Any:
    made = document(*lines, policy=policy)
    price_document(cast(Record, made))
    return made


def half_up(value: Fraction, places: int) -> Decimal:
    """Round an exact fraction without `decimal`, as an independent oracle for amounts that are not negative."""
    scaled = value * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)


def check(document: Any) -> None:
    """Hold one priced document to every promise of the module."""
    for line in document.lines:
        full = Fraction(line.quantity) * Fraction(line.unit_price)
        kept = 1 - Fraction(line.discount_rate) / 100
        if document.rounding_policy == "unit_price":
            quantity, price = Fraction(line.quantity), Fraction(line.unit_price)
            assert line.gross_amount == half_up(quantity * Fraction(half_up(price, 2)), 2)
            assert line.subtotal == half_up(quantity * Fraction(half_up(price * kept, 2)), 2)
        else:
            assert line.gross_amount == half_up(full, 2)
            assert line.subtotal == half_up(full * kept, 2)
        assert line.discounted_price == half_up(Fraction(line.unit_price) * kept, 4)
        assert line.net_amount == half_up(Fraction(line.subtotal) / (1 + Fraction(line.tax_rate) / 100), 2)
        assert line.net_amount + line.tax_amount == line.subtotal
        assert line.gross_amount - line.discount_amount == line.subtotal
        assert 0 <= line.tax_amount <= line.subtotal <= line.gross_amount
    assert document.total_amount == sum(line.subtotal for line in document.lines)
    assert document.net_total + document.tax_total == document.total_amount
    assert document.gross_total - document.discount_total == document.total_amount
    assert document.total_quantity == sum(line.quantity for line in document.lines)


def line_of(quantity: int, price: int, discount: int, tax: int) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return (
        Decimal(quantity).scaleb(-3),
        Decimal(price).scaleb(-4),
        Decimal(discount).scaleb(-2),
        Decimal(tax).scaleb(-2),
    )


@pytest.mark.parametrize("policy", [None, "line"])
@pytest.mark.parametrize("vector", VECTORS)
def test_a_line_has_the_published_amounts(vector: tuple[str, ...], policy: str | None) -> None:
    quantity, price, discount, tax = (Decimal(value) for value in vector[:4])
    amounts = price_line(quantity, price, discount, tax, policy)
    assert [str(getattr(amounts, name)) for name in AMOUNTS] == list(vector[4:])


def test_halves_are_rounded_up_not_to_even() -> None:
    assert price_line(Decimal(1), Decimal("1.005"), Decimal(0), Decimal(0)).subtotal == Decimal("1.01")
    assert price_line(Decimal(1), Decimal("0.125"), Decimal(0), Decimal(0)).subtotal == Decimal("0.13")


def test_the_discounted_price_is_not_used_further() -> None:
    price = price_line(Decimal(1000), Decimal("1.33"), Decimal(5), Decimal(13))
    unit = price.discounted_price.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (1000 * unit, price.subtotal) == (Decimal("1260.00"), Decimal("1263.50"))


def test_the_unit_price_may_be_rounded_first() -> None:
    """1.33 less 5 % is 1.2635, and 1000 pieces at 1.26 come to 3.50 less than rounding at the line."""
    price = price_line(Decimal(1000), Decimal("1.33"), Decimal(5), Decimal(13), "unit_price")
    assert [str(getattr(price, name)) for name in AMOUNTS] == [
        *("1330.00", "1.2635", "70.00"),
        *("1260.00", "1115.04", "144.96"),
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_the_largest_line_is_exact(policy: str) -> None:
    check(priced(line_of(MAX_QUANTITY, MAX_PRICE, 1, 1), policy=policy))


def test_a_product_of_more_than_28_digits_is_not_rounded_twice() -> None:
    """Its places behind the cent are .499999999; kept to 28 digits first, it would round up."""
    check(priced(line_of(99_492_306_923, 99_999_999_999_987, 1, 0)))


def test_an_incomplete_line_has_no_amounts_and_does_not_count() -> None:
    made = priced(
        (Decimal(2), None, None, None),
        (None, Decimal(5), Decimal(0), Decimal(13)),
        (Decimal(2), Decimal(1200), None, Decimal(13)),
    )
    assert all(getattr(line, name) is None for line in made.lines[:2] for name in AMOUNTS)
    assert (made.total_amount, made.net_total, made.tax_total) == (
        Decimal("2400.00"),
        Decimal("2123.89"),
        Decimal("276.11"),
    )
    assert made.total_quantity == 2


def test_a_document_without_lines_totals_zero() -> None:
    made = priced()
    assert [made.total_amount, made.gross_total, made.discount_total, made.net_total, made.tax_total] == [
        Decimal(0)
    ] * 5


def test_a_price_cannot_be_changed() -> None:
    price = price_line(Decimal(1), Decimal(1), Decimal(0), Decimal(0))
    with pytest.raises(AttributeError):
        price.subtotal = Decimal(2)  # type: ignore[misc]
    assert isinstance(price, LinePrice)


LINES = st.builds(
    line_of,
    st.integers(1, MAX_QUANTITY),
    st.integers(0, MAX_PRICE),
    st.integers(0, FULL_RATE),
    st.integers(0, FULL_RATE),
)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.sampled_from(POLICIES))
def test_every_document_adds_up(lines: list[tuple[Decimal, Decimal, Decimal, Decimal]], policy: str) -> None:
    check(priced(*lines, policy=policy))


@pytest.mark.parametrize("part", range(4))
def test_nineteen_thousand_more_documents_add_up(part: int) -> None:
    """Hypothesis looks for odd corners; these are many ordinary ones, cheap enough to run each time."""
    random = Random(part)
    for _ in range(4_750):
        lines = [
            line_of(
                random.randint(1, random.choice((9_999, 9_999_999))),
                random.randint(0, random.choice((99_999, 999_999_999))),
                random.choice((0, 0, 500, 1_250, random.randint(0, FULL_RATE))),
                random.choice((1300, 900, 600, 300, 100, 0, 730)),
            )
            for _ in range(random.randint(1, 5))
        ]
        check(priced(*lines, policy=POLICIES[part % 2]))
