"""Serial numbers: no duplicates, no gaps, counted by period, changed by administrators."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import library
import pytest

from lowcode import numbering
from lowcode.errors import Refused
from lowcode.platform import SYSTEM, Platform
from lowcode.testing.client import Api

LATE = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
NEXT_DAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


def take(platform: Platform, rule: str, now: datetime) -> str:
    return platform.as_system(lambda ctx: numbering.take(ctx, rule), now=now)


def change(platform: Platform, rule: str, now: datetime, **payload: Any) -> dict[str, Any]:
    return platform.writing(SYSTEM, lambda ctx: numbering.change_rule(ctx, rule, payload), now=now)


def test_counting_starts_again_each_business_day(platform: Platform) -> None:
    numbers = [take(platform, "loan", now) for now in (LATE, LATE, NEXT_DAY, NEXT_DAY)]
    assert numbers == ["JY20261123-0001", "JY20261123-0002", "JY20261124-0001", "JY20261124-0002"]


def test_a_rule_without_reset_counts_on(platform: Platform) -> None:
    assert [take(platform, "member", now) for now in (LATE, NEXT_DAY)] == ["D000001", "D000002"]


def test_a_number_wider_than_its_place_keeps_all_digits() -> None:
    assert numbering.render("K{yy}{seq:03}", date(2026, 1, 2), 12345) == "K2612345"


def test_a_refused_save_takes_no_number(api: Api) -> None:
    library.loan(api)
    refused = library.loan_payload(api, lent_on="2026-03-02", due_on="2026-03-01")
    api.post("/forms/loan/records", refused).expect(422)
    assert library.loan(api)["number"].endswith("-0002")


def test_a_transaction_that_is_taken_back_leaves_no_gap(platform: Platform) -> None:
    def work(ctx: Any) -> None:
        numbering.take(ctx, "member")
        raise Refused("no")

    with pytest.raises(Refused):
        platform.as_system(work)
    assert take(platform, "member", LATE) == "D000001"


def test_many_at_once_get_different_numbers_without_a_gap(platform: Platform) -> None:
    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda _index: take(platform, "loan", LATE), range(60)))
    assert sorted(numbers) == [f"JY20261123-{number:04}" for number in range(1, 61)]


def test_a_new_pattern_holds_for_new_records(platform: Platform) -> None:
    take(platform, "loan", LATE)
    answer = change(platform, "loan", LATE, pattern="L-{yyyy}{mm}{dd}-{seq:02}")
    assert answer["sample"] == "L-20261123-01"
    assert take(platform, "loan", LATE) == "L-20261123-02"


@pytest.mark.parametrize(
    ("reset", "pattern", "after"),
    [
        ("never", "JY{yyyy}{mm}{dd}-{seq:04}", "JY20261124-0004"),
        ("month", "JY{yyyy}{mm}-{seq:04}", "JY202611-0004"),
        ("year", "JY{yyyy}-{seq:04}", "JY2026-0004"),
    ],
)
def test_another_reset_never_gives_a_number_twice(platform: Platform, reset: str, pattern: str, after: str) -> None:
    for _each in range(3):
        take(platform, "loan", LATE)
    change(platform, "loan", LATE, reset=reset, pattern=pattern)
    assert take(platform, "loan", NEXT_DAY) == after


def test_a_period_that_comes_back_counts_on(platform: Platform) -> None:
    given = {take(platform, "loan", LATE) for _each in range(3)}
    change(platform, "loan", LATE, reset="never")
    given |= {take(platform, "loan", LATE) for _each in range(2)}
    change(platform, "loan", LATE, reset="day")
    assert take(platform, "loan", LATE) not in given


@pytest.mark.parametrize(
    ("pattern", "reset"),
    [
        ("no sequence", "never"),
        ("{seq:04}{seq:04}", "never"),
        ("{seq}", "never"),
        ("{seq:099}", "never"),
        ("{year}-{seq:04}", "never"),
        ("{seq:04}{{", "never"),
        ("{0.__class__}{seq:04}", "never"),
        ("JY{seq:04}", "day"),
        ("JY{yyyy}{mm}-{seq:04}", "day"),
        ("JY{mm}-{seq:04}", "month"),
        ("JY{mm}-{seq:04}", "year"),
        ("x" * 60 + "{seq:04}", "never"),
        ("a\0{seq:04}", "never"),
        ("{seq:04}", "weekly"),
    ],
)
def test_unusable_patterns_are_refused(pattern: str, reset: str) -> None:
    assert numbering.fault(pattern, reset)


@pytest.mark.parametrize("payload", [{"pattern": 5}, {"name": "x"}, {"reset": None}, {"pattern": "{seq:04}"}])
def test_a_bad_change_is_refused_and_changes_nothing(api: Api, payload: dict[str, Any]) -> None:
    before = api.get("/numbering").expect(200)
    api.call("PATCH", "/numbering/loan", payload).expect(422)
    assert api.get("/numbering").expect(200) == before


def test_a_rule_that_is_not_initialised_says_what_to_do(uninitialised_platform: Platform) -> None:
    with pytest.raises(Refused, match="初始化") as fault:
        take(uninitialised_platform, "loan", LATE)
    assert fault.value.code == "not_initialised"


def test_a_new_pattern_counts_on_over_numbers_that_are_taken(api: Api) -> None:
    """Under `Z1{seq:01}` the sixth is Z16; under `Z{seq:01}` the sixteenth would be Z16 again."""
    api.patch("/numbering/loan", {"pattern": "Z1{seq:01}", "reset": "never"}).expect(200)
    taken = [library.loan(api)["number"] for _ in range(6)]
    api.patch("/numbering/loan", {"pattern": "Z{seq:01}"}).expect(200)
    numbers = [library.loan(api)["number"] for _ in range(16)]
    assert len({*taken, *numbers}) == 22


def test_a_number_that_its_column_cannot_hold_is_refused(api: Api) -> None:
    answer = api.patch("/numbering/loan", {"pattern": "A" * 44 + "{seq:16}", "reset": "never"})
    assert (answer.status, list(answer.errors)) == (422, ["pattern"])
