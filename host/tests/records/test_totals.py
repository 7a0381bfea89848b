"""Figures of many records: they are those that one gets by adding up, on both databases and behind the row filter."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import library
import pytest

from lowcode.api import Total
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.watching import queries


@pytest.fixture
def items(platform: Platform) -> list[Any]:
    """Make items whose figures differ, some of them empty."""

    def make(ctx: Any) -> list[Any]:
        subjects = [code for code in ctx.dictionary("subject") if not _is_parent(ctx, code)]
        return [
            ctx.forms.item.create(
                {
                    "code": f"T{number}",
                    "title": f"第{number}件",
                    "subject": subjects[number % 3],
                    "price": Decimal("0.01") + number * Decimal("83333.33"),
                    "weight": None if number % 4 == 0 else Decimal("0.001") * number,
                    "copies": None if number == 7 else number,
                    "bought_on": date(2026, 1 + number % 3, 31 if number % 3 != 1 else 28) if number % 5 else None,
                    "on_shelf": number % 2 == 0,
                }
            )
            for number in range(12)
        ]

    return platform.as_system(make)


def _is_parent(ctx: Any, code: str) -> bool:
    return any(item.parent == code for item in ctx.dictionary("subject").values())


def totals(platform: Platform, by: tuple[str, ...] = (), sum: tuple[str, ...] = (), **condition: Any) -> list[Total]:
    return platform.as_system(lambda ctx: ctx.forms.item.totals(by, sum, **condition))


def test_without_keys_there_is_one_total(platform: Platform, items: list[Any]) -> None:
    (total,) = totals(platform, sum=("price", "weight", "copies"))
    assert (total.keys, total.count) == ({}, len(items))
    expected = {name: sum((getattr(each, name) or Decimal() for each in items), Decimal()) for name in total.sums}
    assert total.sums == expected
    assert {name: (type(value), value.as_tuple().exponent) for name, value in total.sums.items()} == {
        "price": (Decimal, -2),
        "weight": (Decimal, -3),
        "copies": (Decimal, 0),
    }
    assert totals(platform, sum=("price",), price=-1) == [Total({}, 0, {"price": Decimal()})]
    assert totals(platform, ("subject",), price=-1) == []


@pytest.mark.parametrize(
    "by", [("subject",), ("on_shelf",), ("bought_on",), ("weight",), ("on_shelf", "subject"), ("keeper",), ("code",)]
)
def test_groups_are_those_of_the_records(platform: Platform, items: list[Any], by: tuple[str, ...]) -> None:
    found = totals(platform, by, ("price", "copies"))
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for each in items:
        groups[tuple(getattr(each, name) for name in by)].append(each)
    order = sorted(groups, key=lambda keys: [(value is None, value) for value in keys])
    assert [tuple(total.keys.values()) for total in found] == order
    assert [total.count for total in found] == [len(groups[keys]) for keys in order]
    assert [total.sums["price"] for total in found] == [sum(each.price for each in groups[keys]) for keys in order]


def test_months_of_days(platform: Platform, items: list[Any]) -> None:
    found = totals(platform, ("bought_on:month",))
    months = Counter(f"{each.bought_on:%Y-%m}" if each.bought_on else None for each in items)
    assert {total.keys["bought_on:month"]: total.count for total in found} == months
    assert found[-1].keys["bought_on:month"] is None


def test_months_of_instants_are_those_of_the_business_time_zone(platform: Platform) -> None:
    """In Shanghai the month begins at 16:00 UTC of the day before."""
    instants = {
        datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC): "2026-02",
        datetime(2026, 2, 28, 16, tzinfo=UTC): "2026-03",
        datetime(2024, 2, 29, 16, tzinfo=UTC): "2024-03",
        datetime(2024, 12, 31, 15, 59, tzinfo=UTC): "2024-12",
        datetime(2024, 12, 31, 16, 1, tzinfo=UTC): "2025-01",
    }

    def make(ctx: Any) -> list[Total]:
        for number, at in enumerate((*instants, None)):
            values = {"name": "甲", "card": f"CD{number:04}", "level": "basic", "joined_at": at, "keeper": 1}
            ctx.forms.member.create(values | {"level": next(iter(ctx.dictionary("level")))})
        found: list[Total] = ctx.forms.member.totals(("joined_at:month",))
        return found

    found = platform.as_system(make)
    assert {each.keys["joined_at:month"]: each.count for each in found} == {
        "2024-03": 1,
        "2024-12": 1,
        "2025-01": 1,
        "2026-02": 1,
        "2026-03": 1,
        None: 1,
    }


def test_they_obey_the_row_filter_in_one_query(api: Api) -> None:
    first, second = api.as_user("clerk"), api.as_user("clerk")
    for who, count in ((first, 2), (second, 3)):
        for _each in range(count):
            library.loan(who)
    with api.platform.reading(first.user_or_fail) as ctx:
        forms = ctx.personal.forms
        forms.loan.totals(("status",))
        with queries(api.platform) as seen:
            (mine,) = forms.loan.totals(("status",), ("total_deposit",))
        assert len([each for each in seen if "GROUP BY" in each]) == 1
    assert (mine.keys, mine.count, mine.sums) == ({"status": "draft"}, 2, {"total_deposit": Decimal("120.00")})
    binned = library.loan(second)
    second.delete(f"/forms/loan/records/{binned['id']}", binned["version"]).expect(204)
    (every,) = api.platform.as_system(lambda ctx: ctx.forms.loan.totals(("status",)))
    assert every.count == 5


@pytest.mark.parametrize(
    ("by", "added"),
    [
        (("lines",), ()),
        (("attachments",), ()),
        (("days_left",), ()),
        (("nothing",), ()),
        (("due_on:year",), ()),
        (("status:month",), ()),
        ((), ("subject",)),
        ((), ("days_left",)),
        ((), ("due_on",)),
        ((), ("nothing",)),
    ],
)
def test_what_has_no_groups_and_no_sum(platform: Platform, by: tuple[str, ...], added: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=(*by, *added)[0].partition(":")[0]):
        platform.as_system(lambda ctx: ctx.forms.loan.totals(by, added))


def test_groups_do_not_tell_what_is_masked(api: Api) -> None:
    library.member(api, phone="13800138000")
    with api.platform.reading(api.as_user("clerk").user_or_fail) as ctx, pytest.raises(ValueError, match="phone"):
        ctx.personal.forms.member.totals(("phone",))
    assert api.platform.as_system(lambda ctx: ctx.forms.member.totals(("phone",)))[0].count == 1


def test_the_largest_amounts_add_up(api: Api) -> None:
    """Twelve of them are more than 64 bits hold."""
    largest = Decimal("9999999999999999.99")
    loans = [library.loan(api)["id"] for _each in range(12)]

    def add(ctx: Any) -> list[Total]:
        for number, loan in enumerate(loans):
            ctx.forms.loan.update(loan, {"fine": -largest if number == 11 else largest})
        found: list[Total] = ctx.forms.loan.totals((), ("fine", "days"), id__in=loans)
        return found

    (total,) = api.platform.as_system(add)
    assert total.sums == {"fine": largest * 10, "days": Decimal(360)}
