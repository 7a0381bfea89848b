"""Stored sums stay equal to what they add up, whatever happens to the records that point here."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import library
import pytest
from sqlalchemy import select, update

from lowcode.context import Context
from lowcode.database.datacheck import wrong_rollups
from lowcode.records import rollups, store
from lowcode.records.record import copy_of
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


def due(api: Api, member: dict[str, Any]) -> str:
    shown: str = library.read(api, "member", member["id"])["fine_due"]
    return shown


def test_a_difference_follows_both_of_its_fields(api: Api) -> None:
    member = library.member(api)
    assert (member["fine_due"], due(api, member)) == ("0.00", "0.00")
    loan = library.loan(api, member=member["id"])
    fine(api, loan, "5.30")
    assert due(api, member) == "5.30"
    address = f"/forms/member/records/{member['id']}"
    paid = api.patch(address, {"fine_paid": "2.20"}, library.read(api, "member", member["id"])["version"]).expect(200)
    assert (paid["fine_due"], due(api, member)) == ("3.10", "3.10")
    fine(api, loan, "1.00")
    assert due(api, member) == "-1.20"
    cleared = api.patch(address, {"fine_paid": None}, library.read(api, "member", member["id"])["version"]).expect(200)
    assert (cleared["fine_due"], due(api, member)) == ("1.00", "1.00")
    assert api.platform.as_system(wrong_rollups) == []


def test_a_difference_is_previewed_and_not_written_by_people_or_rules(api: Api) -> None:
    payload = {"name": "李四", "card": "AB9999", "fine_paid": "2.50"}
    assert api.post("/forms/member/preview", payload).expect(200)["values"]["fine_due"] == "-2.50"
    assert "fine_due" in api.post("/forms/member/records", {**payload, "fine_due": "9.00"}).errors
    member = api.post("/forms/member/records", payload).expect(201)
    assert member["fine_due"] == "-2.50"
    written = {"fine_paid": Decimal("3.00"), "fine_due": Decimal("9.00")}
    by_rule = api.platform.as_system(lambda ctx: ctx.forms.member.update(member["id"], written))
    assert (by_rule.fine_due, due(api, member)) == (Decimal("-3.00"), "-3.00")


def test_a_difference_counts_what_came_after_the_record_was_read(api: Api) -> None:
    """A rule holds a record from before a child was written, and changes the other figure."""
    member, loan_of = library.member(api), library.loan
    loan = loan_of(api, member=member["id"])

    def work(ctx: Context) -> None:
        form = ctx.platform.forms["member"]
        old = store.load(ctx, form, member["id"])
        assert old is not None
        ctx.forms.loan.update(loan["id"], {"fine": Decimal(7), "status": "returned"})
        new = copy_of(old)
        new.fine_paid = Decimal(2)
        store.update_record(ctx, form, new, old)

    api.platform.as_system(work)
    assert due(api, member) == "5.00"


def test_lists_filter_sort_and_add_up_a_difference(api: Api) -> None:
    members = [library.member(api, fine_paid=f"{paid}.00") for paid in (1, 3, 2)]
    found = api.get("/forms/member/records", fine_due__lt="-1.50", sort="fine_due").expect(200)
    assert [item["id"] for item in found["items"]] == [members[1]["id"], members[2]["id"]]
    total = api.platform.as_system(lambda ctx: ctx.forms.member.totals(sum=["fine_due"]))
    assert total[0].sums["fine_due"] == Decimal("-6.00")


def test_the_data_check_names_a_difference_that_is_wrong(api: Api) -> None:
    member, table = library.member(api), api.platform.forms["member"].table
    with api.platform.db.write() as connection:
        connection.execute(update(table).where(table.c.id == member["id"]).values(fine_due=Decimal("0.10")))
    assert api.platform.as_system(wrong_rollups) == [f"member {member['id']} fine_due: 0.10 != 0.00"]


@pytest.mark.parametrize("name", ["loan_count", "fine_total"])
def test_what_is_stored_is_what_is_expected(api: Api, name: str) -> None:
    members = [library.member(api) for _each in range(3)]
    for index, member in enumerate(members):
        for _each in range(index):
            fine(api, library.loan(api, member=member["id"]), f"{index}.25")
    form = api.platform.forms["member"]
    with api.platform.reading(api.user_or_fail) as ctx:
        expected = rollups.expected(ctx, form.declared.fields[name], form.table.c.id, form.table)
        rows = ctx.connection.execute(select(form.table.c[name], expected)).all()
    assert len(rows) == 3
    assert all(stored == right for stored, right in rows)
