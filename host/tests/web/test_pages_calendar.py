"""Calendars: records on the day of a field in the business time zone, few for each day, a month at a time."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import library
import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.web.pages.calendar import month_of
from tests.web.lists import page, words


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def head(api: Api) -> Api:
    return api.as_user("head", department="总馆")


def days(text: str) -> dict[str, str]:
    """Give the markup of each day of the month."""
    cells = re.findall(r"<td.*?</td>", text, re.S)
    return {found[1]: each for each in cells if (found := re.search(r'datetime="([0-9-]+)"', each))}


def test_records_stand_on_their_day(head: Api) -> None:
    made = library.item(head, bought_on="2026-02-28")
    library.item(head, bought_on="2026-03-01", title="下月的")
    shown = days(page(head, "/f/item/all?view=calendar&month=2026-02"))
    assert len(shown) == 28
    assert f'<a href="/f/item/{made["id"]}"' in shown["2026-02-28"]
    assert [day for day, markup in shown.items() if "<li>" in markup] == ["2026-02-28"]


def test_a_full_day_leads_to_the_list_of_that_day(head: Api) -> None:
    for number in range(6):
        library.item(head, bought_on="2026-02-10", title=f"天平 {number}")
    text = page(head, "/f/item/all?view=calendar&month=2026-02&search=天平")
    day = days(text)["2026-02-10"]
    assert [words(each) for each in re.findall("<li>.*?</li>", day)] == [f"天平 {number}" for number in range(4)]
    address = re.findall(r'href="([^"]+)" aria-label="2月10日 还有 2 条">\+2', day)[0]
    assert address == "/f/item/all?search=%E5%A4%A9%E5%B9%B3&bought_on__gte=2026-02-10&bought_on__lte=2026-02-10"
    assert "共 6 条" in words(text)
    listed = page(head, address)
    assert words(re.findall(r'<nav class="pager".*?</nav>', listed, re.S)[0]).startswith("共 6 条")


def test_days_begin_in_the_business_time_zone(head: Api) -> None:
    early = library.member(head, name="早", joined_at="2026-02-28T15:59:00Z")
    late = library.member(head, name="晚", joined_at="2026-02-28T16:00:00Z")
    february = days(page(head, "/f/member/all?view=calendar&month=2026-02"))
    assert words(february["2026-02-28"]).endswith("23:59 早")
    assert f'/f/member/{late["id"]}"' not in "".join(february.values())
    march = days(page(head, "/f/member/all?view=calendar&month=2026-03"))
    assert words(march["2026-03-01"]).endswith("00:00 晚")
    assert f'/f/member/{early["id"]}"' not in "".join(march.values())


def test_filters_and_row_filter_hold(api: Api, head: Api) -> None:
    library.member(head, name="甲", joined_at="2026-02-10T02:00:00Z")
    assert "甲" in words(days(page(head, "/f/member/all?view=calendar&month=2026-02"))["2026-02-10"])
    auditor = api.as_user("auditor")  # sees only members with loans
    assert "甲" not in page(auditor, "/f/member/all?view=calendar&month=2026-02")
    assert "这个月没有记录。" in page(head, "/f/member/all?view=calendar&month=2026-02&name__contains=乙")
    assert 'role="alert"' in page(head, "/f/item/all?view=calendar&price__gte=many")


def test_months_follow_each_other(head: Api) -> None:
    text = page(head, "/f/item/all?view=calendar&month=2026-12&price__gte=6")
    nav = re.findall(r'<nav class="bar" aria-label="月份">.*?</nav>', text, re.S)[0]
    assert re.findall('href="([^"]+)"', nav) == [
        "/f/item/all?view=calendar&month=2026-11&price__gte=6",
        "/f/item/all?view=calendar&price__gte=6",
        "/f/item/all?view=calendar&month=2027-01&price__gte=6",
    ]
    assert "<h2>2026年12月</h2>" in text
    assert '<input type="hidden" name="month" value="2026-12">' in text
    assert 'aria-current="date"' in page(head, "/f/item/all?view=calendar")


@pytest.mark.parametrize(
    "asked", ["", "2026", "2026-13", "2026-00", "0000-01", "9999-12", "٢٠٢٦-٠١", "2026-1", "x" * 7]
)
def test_what_is_no_month_is_this_one(asked: str) -> None:
    assert month_of(asked, date(2026, 11, 24)) == date(2026, 11, 1)


def test_weeks_begin_on_monday(head: Api) -> None:
    rows = re.findall(r"<tr>.*?</tr>", page(head, "/f/item/all?view=calendar&month=2026-11"), re.S)[1:]
    assert [row.count("<td") for row in rows] == [7] * 6
    assert [row.count('class="outside"') for row in rows] == [6, 0, 0, 0, 0, 6]
