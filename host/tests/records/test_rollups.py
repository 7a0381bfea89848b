"""Stored sums stay equal to what they add up, whatever happens to the records that point here."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import library
import pytest
from sqlalchemy import select

from lowcode.records import rollups
from lowcode.testing.client import Api


def figures(api: Api, member: dict[str, Any]) -> tuple[int, str]:
    shown = library.read(api, "member", member["id"])
    return shown["loan_count"], shown["fine_total"]


def fine(api: Api, loan: dict[str, Any], amount: str, status: str = "returned") -> None:
    values = {"fine": Decimal(amount), "status": status}
    api.platform.as_system(lambda ctx: ctx.forms.loan.update(loan["id"], values))


def test_a_new_record_has_zeros(api: Api) -> None:
    assert figures(api, library.member(api)) == (0, "0.00")


def test_creating_deleting_and_restoring_count(api: Api) -> None:
    member = library.member(api)
    loan = library.loan(api, member=member["id"])
    library.loan(api, member=member["id"])
    assert figures(api, member) == (2, "0.00")
    address = f"/forms/loan/records/{loan['id']}"
    api.delete(address, loan["version"]).expect(204)
    assert figures(api, member) == (1, "0.00")
    api.post(f"{address}/restore", {}).expect(200)
    assert figures(api, member) == (2, "0.00")


def test_pointing_elsewhere_moves_the_figure(api: Api) -> None:
    one, other = library.member(api), library.member(api)
    loan = library.loan(api, member=one["id"])
    api.patch(f"/forms/loan/records/{loan['id']}", {"member": other["id"]}, loan["version"]).expect(200)
    assert (figures(api, one), figures(api, other)) == ((0, "0.00"), (1, "0.00"))


def test_a_condition_says_what_is_added_up(api: Api) -> None:
    member = library.member(api)
    first, second = (library.loan(api, member=member["id"]) for _each in range(2))
    fine(api, first, "5.10", status="lent")
    fine(api, second, "0.20")
    assert figures(api, member) == (2, "0.20")
    fine(api, first, "5.10")
    assert figures(api, member) == (2, "5.30")
    fine(api, second, "1.00")
    assert figures(api, member) == (2, "6.10")


def test_a_figure_does_not_raise_the_version(api: Api) -> None:
    member = library.member(api)
    api.platform.as_system(lambda ctx: ctx.forms.member.update(member["id"], {"remark": "x"}))
    before = library.read(api, "member", member["id"])
    library.loan(api, member=member["id"], lent_on="2026-01-01", due_on="2026-01-02")
    after = library.read(api, "member", member["id"])
    assert after["version"] == before["version"] + 1  # by the rule that sets the last day, not by the roll-up


def test_many_at_once_are_all_counted(api: Api) -> None:
    member = library.member(api)
    payloads = [library.loan_payload(api, member=member["id"]) for _each in range(12)]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda each: api.post("/forms/loan/records", each).status, payloads))
    assert statuses == [201] * 12
    assert figures(api, member)[0] == 12


@pytest.mark.parametrize("name", ["loan_count", "fine_total"])
def test_what_is_stored_is_what_is_expected(api: Api, name: str) -> None:
    members = [library.member(api) for _each in range(3)]
    for index, member in enumerate(members):
        for _each in range(index):
            fine(api, library.loan(api, member=member["id"]), f"{index}.25")
    form = api.platform.forms["member"]
    with api.platform.reading(api.user_or_fail) as ctx:
        expected = rollups.expected(ctx, form, form.declared.fields[name], form.table.c.id)
        rows = ctx.connection.execute(select(form.table.c[name], expected)).all()
    assert len(rows) == 3
    assert all(stored == right for stored, right in rows)
