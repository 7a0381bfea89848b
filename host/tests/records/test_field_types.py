"""What each field type takes and refuses, and how it is written and shown."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lowcode.declare.fields import Field
from lowcode.fieldtypes import COMMON_KEYS, FIELD_TYPES, ValueFault
from lowcode.testing.values import BAD, bad_numbers

NAMES = {
    *("text", "textarea", "phone", "email", "url", "integer", "number", "money", "date", "datetime", "boolean"),
    *("secret", "choice", "ref", "user", "department", "image", "files", "lines"),
}


def field(kind: str, **keys: Any) -> Field:
    return Field(name="it", label="It", type=kind, **keys)


def parse(kind: str, raw: Any, **keys: Any) -> Any:
    return FIELD_TYPES[kind].parse(field(kind, **keys), raw)


def test_these_are_all_the_types() -> None:
    assert set(FIELD_TYPES) == NAMES
    assert all(not kind.keys & COMMON_KEYS for kind in FIELD_TYPES.values())


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "  e\u0301 ", "é"),
        ("textarea", "a\r\nb\tc", "a\nb\tc"),
        ("phone", "+86 138-0013-8000", "+86 138-0013-8000"),
        ("phone", "021-88886666转801", "021-88886666转801"),
        ("email", "li.na+x@mail.example.com", "li.na+x@mail.example.com"),
        ("url", "https://例子.cn/路?a=1#b", "https://例子.cn/路?a=1#b"),
        ("integer", "-12", -12),
        ("integer", Decimal("5.0"), 5),
        ("number", " 1.5 ", Decimal("1.50")),
        ("number", "1.500", Decimal("1.50")),
        ("money", 3, Decimal("3.00")),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", date(2024, 2, 29), date(2024, 2, 29)),
        ("datetime", "2026-11-23T10:15:00+08:00", datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        ("datetime", "2026-11-23T02:15:00.9Z", datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        ("datetime", datetime(2026, 11, 23, 2, 15, tzinfo=UTC), datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        ("boolean", False, False),
        ("choice", "a_b.c-9", "a_b.c-9"),
        ("ref", "12", 12),
        ("image", "0" * 32, "0" * 32),
        ("files", ["0" * 32, "0" * 32, "1" * 32], ["0" * 32, "1" * 32]),
    ],
)
def test_good_values_are_read(kind: str, raw: Any, value: Any) -> None:
    assert parse(kind, raw) == value


WITHOUT_LOOKING = {"ref", "user", "department", "image", "files", "choice", "lines"}
"""What these name is looked up in the database, so a well-formed id is no fault of the type."""


@pytest.mark.parametrize(
    ("kind", "raw"), [(kind, raw) for kind, raws in BAD.items() if kind not in WITHOUT_LOOKING for raw in raws]
)
def test_bad_values_are_refused(kind: str, raw: Any) -> None:
    with pytest.raises(ValueFault):
        parse(kind, raw)


@pytest.mark.parametrize("kind", ["integer", "number", "money"])
@pytest.mark.parametrize("keys", [{}, {"min": Decimal(0), "max": Decimal(5)}, {"more_than": Decimal(0)}])
def test_bad_numbers_are_refused(kind: str, keys: dict[str, Any]) -> None:
    for raw in bad_numbers(field(kind, **keys)):
        with pytest.raises(ValueFault):
            parse(kind, raw, **keys)


def test_numbers_keep_their_scale_and_refuse_finer_ones() -> None:
    assert str(parse("number", "1.2500", digits=3)) == "1.250"
    with pytest.raises(ValueFault, match="最多 3 位小数"):
        parse("number", "1.2501", digits=3)


def test_the_largest_number_fills_the_column() -> None:
    assert parse("money", "9999999999999999.99") == Decimal("9999999999999999.99")
    with pytest.raises(ValueFault, match="太大"):
        parse("money", "10000000000000000")


@pytest.mark.parametrize("raw", [Decimal("1E+1000000"), Decimal("1E-1000000"), Decimal("NaN"), Decimal("Infinity")])
def test_numbers_without_end_are_refused_at_once(raw: Decimal) -> None:
    with pytest.raises(ValueFault):
        parse("number", raw)


NONCHARACTERS = ("\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff")


@pytest.mark.parametrize("character", ["\0", "\a", "\x1b", "\x85", "\ud800", "\n", "\u2028", "\u2029", *NONCHARACTERS])
def test_control_characters_are_refused_in_lines_of_text(character: str) -> None:
    with pytest.raises(ValueFault):
        parse("text", f"a{character}b")


def test_longer_texts_may_break_their_lines_and_hold_no_noncharacters() -> None:
    assert parse("textarea", "a\u2028b\u2029c\nd\te") == "a\u2028b\u2029c\nd\te"
    for character in NONCHARACTERS:
        with pytest.raises(ValueFault):
            parse("textarea", f"a{character}b")


def test_a_masked_address_is_none() -> None:
    with pytest.raises(ValueFault, match="完整"):
        parse("email", "c****@example.com")


def test_texts_are_as_long_as_declared() -> None:
    assert parse("text", "字" * 5, max=Decimal(5)) == "字" * 5
    with pytest.raises(ValueFault, match="最多 5 个字符"):
        parse("text", "字" * 6, max=Decimal(5))


def test_a_pattern_is_for_the_whole_text() -> None:
    assert parse("text", "AB12", pattern="[A-Z]+[0-9]+") == "AB12"
    for raw in ("AB12x", "xAB12"):
        with pytest.raises(ValueFault):
            parse("text", raw, pattern="[A-Z]+[0-9]+")


@pytest.mark.parametrize(
    ("kind", "value", "dumped", "shown"),
    [
        ("integer", 12345, 12345, "12,345"),
        ("number", Decimal("1234.50"), "1234.50", "1,234.5"),
        ("money", Decimal("1234.50"), "1234.50", "1,234.50"),
        ("date", date(2026, 1, 2), "2026-01-02", "2026-01-02"),
        ("datetime", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("boolean", True, True, "是"),
    ],
)
def test_values_are_dumped_and_shown(kind: str, value: Any, dumped: Any, shown: str) -> None:
    assert FIELD_TYPES[kind].dump(field(kind), value) == dumped
    assert FIELD_TYPES[kind].text(field(kind), dumped) == shown


def test_operands_of_conditions_may_lie_outside_the_bounds() -> None:
    declared = field("money", min=Decimal(0))
    assert FIELD_TYPES["money"].parse_operand(declared, "-1") == Decimal("-1.00")


@pytest.mark.parametrize(
    ("digits", "value", "shown"),
    [
        (4, "100", "100.00"),
        (4, "1234.5", "1,234.50"),
        (4, "0.1234", "0.1234"),
        (3, "2", "2"),
        (3, "2.5", "2.5"),
        (0, "10", "10"),
    ],
)
def test_a_unit_price_shows_two_places_and_a_quantity_none_it_needs_not(digits: int, value: str, shown: str) -> None:
    number = Field(name="value", label="值", type="number", digits=digits)
    assert FIELD_TYPES["number"].text(number, value) == shown
