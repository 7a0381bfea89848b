"""Derived fields: filled by one call of the hook for all records that are shown, and nowhere else."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import library
import openpyxl
import pytest

from lowcode.conditions import ConditionFault
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written

BASE = "/forms/loan/records"
FAR = date(2200, 1, 1)


@pytest.fixture
def days(platform: Platform) -> int:
    """Give how many days are left until the loans of these tests are due."""
    return platform.as_system(lambda ctx: (FAR - ctx.today).days)


def lent(api: Api, **values: Any) -> dict[str, Any]:
    return library.set_state(api, library.loan(api, due_on=FAR.isoformat(), **values), "lent")


@contextmanager
def derivations(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[int]]]:
    """Collect the ids of the records of each call of the hook."""
    seen: list[list[int]] = []
    call = platform.hooks.call

    def note(form: str, hook: str, /, **arguments: Any) -> Any:
        if hook == "derive":
            seen.append([each.id for each in arguments["records"]])
        return call(form, hook, **arguments)

    with monkeypatch.context() as patched:
        patched.setattr(platform.hooks, "call", note)
        yield seen


def exported(who: Api, kind: str, columns: str) -> tuple[list[Any], list[Any]]:
    address = f"/api/v1/forms/loan/export?format={kind}&columns={columns}"
    content = who._client.get(address, headers=who._headers, buffered=True).data
    if kind == "csv":
        head, row = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        return head, row
    head, row = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return list(head), list(row)


def shown(who: Api, address: str) -> str:
    """Open a page."""
    headers = {**who.credentials, "Accept-Language": "zh"}
    answer = who.app.test_client().get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_whatever_shows_a_record_shows_it(api: Api, days: int) -> None:
    loan = lent(api)
    assert loan["days_left"] == days
    assert [each["days_left"] for each in api.get(BASE).expect(200)["items"]] == [days]
    assert [each["days_left"] for each in api.get(BASE, fields="days_left").expect(200)["items"]] == [days]
    for address in ("/f/loan/all", f"/f/loan/{loan['id']}", f"/f/member/{loan['member']['id']}?tab=loan.member"):
        assert re.search(rf"\b{days:,}\b", shown(api, address)), address
    for kind in ("csv", "xlsx"):
        for columns in ("list", "all"):
            head, row = exported(api, kind, columns)
            assert str(row[head.index("剩余天数")]) == str(days)


def test_a_write_answers_it(api: Api, days: int) -> None:
    clerk = api.as_user("clerk")
    loan = library.set_state(clerk, library.loan(clerk, due_on=FAR.isoformat(), lent_on="2199-12-15"), "lent")
    assert library.act(clerk, loan, "extend", days=5)["days_left"] == days + 5


def test_panels_read_it_and_other_rules_do_not(api: Api, days: int) -> None:
    loan = lent(api)
    person = api.user_or_fail
    with api.platform.reading(person) as ctx:
        assert ctx.personal.forms.loan.get(loan["id"]).days_left == days
        assert [each.days_left for each in ctx.personal.forms.loan.find()] == [days]
        assert ctx.forms.loan.get(loan["id"]).days_left is None


def test_one_call_for_a_page(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    loans = sorted(lent(api)["id"] for _each in range(3))
    with derivations(api.platform, monkeypatch) as calls:
        api.get(BASE).expect(200)
        exported_rows = api._client.get("/api/v1/forms/loan/export?format=csv", headers=api._headers, buffered=True)
        assert exported_rows.status_code == 200
        api.get(BASE, fields="subject").expect(200)
        api.get("/forms/member/records").expect(200)
    assert [sorted(each) for each in calls] == [loans, loans]


def test_a_draft_of_a_new_record_has_none(api: Api, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    loan = library.loan(api, due_on=FAR.isoformat())
    with derivations(api.platform, monkeypatch) as calls:
        new = api.post("/forms/loan/preview", library.loan_payload(api)).expect(200)
        assert (new["values"]["days_left"], calls) == (None, [])
        edited = api.post("/forms/loan/preview", {"subject": "x"}, id=loan["id"]).expect(200)
    assert (edited["values"]["days_left"], calls) == (None, [[loan["id"]]])


@pytest.mark.parametrize("query", [{"days_left": "1"}, {"days_left__gte": "1"}, {"sort": "days_left"}])
def test_lists_do_not_ask_for_it(api: Api, query: dict[str, str]) -> None:
    refused = api.get(BASE, **query).expect(422)
    assert set(refused["errors"]) == {next(iter(query)) if "sort" not in query else "sort"}
    assert "days_left" in " ".join(refused["errors"].popitem()[1])


def test_people_do_not_write_it(api: Api) -> None:
    loan = library.loan(api)
    with nothing_written(api.platform):
        payload = library.loan_payload(api, member=loan["member"]["id"], days_left=3)
        assert set(api.post(BASE, payload).expect(422)["errors"]) == {"days_left"}
        refused = api.patch(f"{BASE}/{loan['id']}", {"days_left": 3}, loan["version"]).expect(422)
        assert set(refused["errors"]) == {"days_left"}


def test_rules_neither_write_nor_ask_for_it(api: Api) -> None:
    loan = library.loan(api)

    def update(ctx: Any) -> None:
        ctx.forms.loan.update(loan["id"], {"days_left": 3})

    def create(ctx: Any) -> None:
        payload = library.loan_payload(api, member=loan["member"]["id"])
        ctx.forms.loan.create({**payload, "days_left": 3})

    for write in (update, create):
        with nothing_written(api.platform), pytest.raises(ValueError, match="days_left"):
            api.platform.as_system(write)
    with pytest.raises(ConditionFault):
        api.platform.as_system(lambda ctx: ctx.forms.loan.find(days_left=3))


def test_history_and_tables_do_not_know_it(api: Api) -> None:
    loan = lent(api)
    entries = api.get(f"{BASE}/{loan['id']}/history").expect(200)
    assert entries
    assert "days_left" not in {change["field"] for entry in entries for change in entry["changes"]}
    assert "days_left" not in api.platform.forms["loan"].table.c


def test_descriptions_say_that_it_is_not_written(api: Api) -> None:
    (field,) = [
        each
        for section in api.get("/forms/loan").expect(200)["sections"]
        for each in section["fields"]
        if each["name"] == "days_left"
    ]
    assert field["readonly"] is True
    described = api.get("/openapi.json").expect(200)["components"]["schemas"]["loan"]["properties"]["days_left"]
    assert described == {"title": "剩余天数", "readOnly": True}
