"""A list as a calendar: a month of days, each with its first records."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lowcode.errors import Invalid
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import days, reading, words
from lowcode.web.pages.view import CALENDAR, View, conditions

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.declare.model import ListView

MOST_SHOWN = 4
WEEK = 7
FIRST_YEAR, LAST_YEAR = 1900, 9998
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record on its day."""

    title: str
    link: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the grid; days of other months are empty."""

    date: date
    is_inside: bool
    is_today: bool = False
    entries: Sequence[Entry] = ()
    more: int = 0
    all_link: str = ""


class CalendarView(View):
    """A month, ready for the template."""

    kind = CALENDAR
    part = "calendar.html"

    def __init__(self, ctx: "Context", form: LiveForm, view: "ListView", asked: Mapping[str, str]) -> None:
        super().__init__(ctx, form, view, asked)
        self.by = self.known[view.calendar or ""]
        self.first = month_of(self.asked.get("month", ""), ctx.today)
        self.length = monthrange(self.first.year, self.first.month)[1]
        try:
            found = self._found()
        except Invalid as fault:
            self.refuse(fault)
            found = []
        self.total = sum(each.total for each in found)
        self.weeks = self._weeks(self._days(found))

    @property
    def heading(self) -> str:
        """Name the month."""
        return _("{year}年{month}", year=self.first.year, month=month_names()[self.first.month - 1])

    def day_label(self, day: date) -> str:
        """Name a day of the month."""
        return _("{month}{day}日", month=month_names()[day.month - 1], day=day.day)

    def weekdays(self) -> list[str]:
        """Name the days of the week."""
        return [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")]

    def month_link(self, step: int) -> str:
        """Give the address of a month before or after this one; 0 is the one that today is in."""
        if step == 0:
            return self.link(month=None)
        there = self.first.replace(day=15) + timedelta(days=30 * step)
        return self.link(month=f"{there:%Y-%m}")

    def _found(self) -> list[days.Day]:
        month = [self.first + timedelta(days=index) for index in range(self.length)]
        return days.by_day(self.ctx, self.form, self.by.name, month, MOST_SHOWN, conditions(self.wanted()))

    def _days(self, found: list[days.Day]) -> list[Day]:
        rows = reading.serialise(self.ctx, self.form, [each for day in found for each in day.records])
        shown = {row["id"]: self._entry(row) for row in rows}
        made = []
        for index, each in enumerate(found):
            day = self.first + timedelta(days=index)
            entries = [shown[record.id] for record in each.records]
            narrowed = {f"{self.by.name}__gte": day.isoformat(), f"{self.by.name}__lte": day.isoformat()}
            all_link = self.link(view=None, month=None, **narrowed)
            made.append(Day(day, True, day == self.ctx.today, entries, each.total - len(entries), all_link))
        return made

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        at = words.text(self.ctx, self.by, row[self.by.name])
        return Entry(row["$title"], f"{self.base}/{row['id']}", at[-5:] if self.by.type == "datetime" else "")

    def _weeks(self, shown: list[Day]) -> list[list[Day]]:
        """Fill up the first and the last week, which begin on Monday, with days of other months."""
        if not shown:
            return []
        before, after = shown[0].date.weekday(), WEEK - 1 - shown[-1].date.weekday()
        head = [Day(self.first - timedelta(days=index), False) for index in range(before, 0, -1)]
        tail = [Day(shown[-1].date + timedelta(days=index), False) for index in range(1, after + 1)]
        whole = [*head, *shown, *tail]
        return [whole[start : start + WEEK] for start in range(0, len(whole), WEEK)]


def month_names() -> list[str]:
    """Name the months of the year."""
    first = [_("1月"), _("2月"), _("3月"), _("4月"), _("5月"), _("6月")]
    return [*first, _("7月"), _("8月"), _("9月"), _("10月"), _("11月"), _("12月")]


def month_of(asked: str, today: date) -> date:
    """Give the first day of the month that an address names; what is none is this month."""
    found = MONTH.fullmatch(asked)
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return today.replace(day=1)
    return date(int(found[1]), int(found[2]), 1)
