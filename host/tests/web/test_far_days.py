"""Days far from any business are refused; rows that hold them already break nothing that shows them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import library
import pytest
from sqlalchemy import insert, update

from lowcode.database.schema import audit
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.forms import HOST_FIELDS
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from tests.web.lists import page

DAYS = ("0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31")
INSTANTS = (
    "0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+01:00", "3000-01-01T00:00:00Z",
    "2999-12-31T23:59:59-01:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-08:00", "0001-01-01T00:00:00+08:00",
    "9999-12-31",
)  # fmt: skip
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture(params=[FIRST, LAST], ids=["first", "last"])
def stored(request: pytest.FixtureRequest, api: Api) -> dict[str, Any]:
    """Two members and a call that were stored before such days were refused."""
    at: datetime = request.param
    loan = library.loan(api)
    call = api.post("/forms/call/records", {"loan": loan["id"], "words": "请归还"}).expect(201)
    library.member(api)
    with api.platform.db.write() as connection:
        for name, values in (("member", {"joined_at": at, "birthday": at.date()}), ("call", {"at": at})):
            connection.execute(update(api.platform.forms[name].table).values(values))
        text = f"{at:%Y-%m-%d}".rjust(10, "0") + "T00:00:00Z"
        entry = {"user": 1, "form": "member", "record": loan["member"]["id"], "action": "edit", "at": datetime.now(UTC)}
        connection.execute(insert(audit).values(entry | {"changes": {"joined_at": [None, text]}}))
    return {"at": at, "loan": loan, "call": call["id"], "member": loan["member"]["id"]}


@pytest.mark.parametrize(("kind", "values"), [("date", DAYS), ("datetime", INSTANTS)])
def test_they_are_no_values_and_no_operands(kind: str, values: tuple[str, ...]) -> None:
    for value in values:
        for read in (FIELD_TYPES[kind].parse, FIELD_TYPES[kind].parse_operand):
            with pytest.raises(ValueFault):
                read(HOST_FIELDS["id"], value)
    for wrong in (date.max, date.min) if kind == "date" else (FIRST, LAST):
        with pytest.raises(ValueFault):
            FIELD_TYPES[kind].parse(HOST_FIELDS["id"], wrong)


def test_the_first_and_the_last_day_are() -> None:
    for value in ("1900-01-01", "2999-12-31"):
        assert FIELD_TYPES["date"].parse(HOST_FIELDS["id"], value) == date.fromisoformat(value)
    for value in ("1900-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "3000-01-01T00:00:00+01:00"):
        assert FIELD_TYPES["datetime"].parse(HOST_FIELDS["id"], value) == datetime.fromisoformat(value)


def test_records_with_them_are_refused(api: Api) -> None:
    member = library.member(api)
    for field, values in (("birthday", DAYS), ("joined_at", INSTANTS)):
        for value in values:
            refused = api.patch(f"/forms/member/records/{member['id']}", {field: value}, member["version"])
            assert (refused.status, list(refused.errors)) == (422, [field]), value
    refused = api.patch(f"/forms/member/records/{member['id']}", {"birthday": DAYS[-1]}, member["version"])
    assert refused.errors == {"birthday": ["请填写 1900 年到 2999 年之间的日期。"]}


@pytest.mark.parametrize("operator", ["", "__gte", "__lte", "__lt"])
def test_so_are_filters_by_them(api: Api, operator: str) -> None:
    library.member(api)
    for field, values in (("birthday", DAYS), ("joined_at", INSTANTS)):
        for value in values:
            refused = api.get("/forms/member/records", **{field + operator: value})
            assert (refused.status, list(refused.errors)) == (422, [field + operator]), value
            answer = api.open("GET", f"/f/member/all?{field}{operator}={value.replace('+', '%2B')}", api.credentials)
            assert answer.status in (200, 422), value


def test_pages_show_what_is_stored(api: Api, stored: dict[str, Any]) -> None:
    shown = stored["at"].replace(tzinfo=None).isoformat(" ", "minutes")
    member = f"/f/member/{stored['member']}"
    moved = "0001-01-01 08:05" if stored["at"] == FIRST else shown  # Shanghai by its own noon, before 1901
    assert moved in page(api, member)
    for address in (
        "/f/member/all",
        "/f/member/all?sort=-joined_at",
        f"{member}/edit",
        "/f/call/all",
        "/f/member/all?view=calendar",
    ):
        page(api, address)
    page(api, f"/f/loan/{stored['loan']['id']}")
    page(api, f"/f/loan/{stored['loan']['id']}/timeline")
    page(api, f"{member}/timeline")


def test_the_api_answers_what_is_stored(api: Api, stored: dict[str, Any]) -> None:
    text = stored["at"].replace(tzinfo=None).isoformat() + "Z"
    record = library.read(api, "member", stored["member"])
    assert (record["joined_at"], record["birthday"]) == (text, text[:10])
    events = api.get(f"/forms/loan/records/{stored['loan']['id']}/timeline").expect(200)["items"]
    assert text in {each["at"] for each in events}
    api.get(f"/forms/member/records/{stored['member']}/history").expect(200)
    api.patch(f"/forms/member/records/{stored['member']}", {"name": "李四"}, record["version"]).expect(200)


def test_lists_go_on_behind_them(api: Api, stored: dict[str, Any]) -> None:
    first = api.get("/forms/member/records", sort="joined_at", per_page=1).expect(200)
    after = api.get("/forms/member/records", sort="joined_at", per_page=1, after=first["next"]).expect(200)
    assert {each["id"] for each in first["items"] + after["items"]} >= {stored["member"]}
    assert len(after["items"]) == 1


def test_files_hold_them(api: Api, stored: dict[str, Any]) -> None:
    for kind in ("csv", "xlsx"):
        answer = api._client.get(
            f"/api/v1/forms/member/export?format={kind}&columns=all", headers=api._headers, buffered=True
        )
        assert answer.status_code == 200, answer.json
        if kind == "csv":
            rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
            assert {row["生日"] for row in rows} == {stored["at"].date().isoformat()}


def test_figures_by_month_count_them(api: Api, stored: dict[str, Any]) -> None:
    totals = api.platform.as_system(lambda ctx: ctx.forms.member.totals(by=("joined_at:month",)))
    assert sum(each.count for each in totals) == 2
