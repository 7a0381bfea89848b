"""Scopes that follow another record, and actions that tell who came second."""

from dataclasses import replace
from typing import Any

import library
import pytest

from lowcode import access
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written, queries


def call_about(api: Api, loan: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = api.post("/forms/call/records", {"loan": loan["id"], "words": "请归还"}).expect(201)
    return made


def test_calls_are_seen_with_their_loan(api: Api) -> None:
    """Whoever reads the loan reads its calls, on every path; a colleague who does not, sees none."""
    mine, other = api.as_user("clerk", department="东馆"), api.as_user("clerk", department="东馆")
    head = api.as_user("head", department="东馆")
    call = call_about(mine, library.loan(mine))
    for who, found in ((mine, 1), (head, 1), (other, 0)):
        assert who.get("/forms/call/records").expect(200)["total"] == found
        who.get(f"/forms/call/records/{call['id']}").expect(200 if found else 404)
        who.get(f"/forms/call/records/{call['id']}/history").expect(200 if found else 404)


def test_sharing_a_loan_to_read_lets_its_calls_be_read_but_not_changed(api: Api) -> None:
    mine, other = api.as_user("clerk", department="东馆"), api.as_user("clerk", department="西馆")
    loan = library.loan(mine)
    call = call_about(mine, loan)
    change = {"words": "再次催还", "version": call["version"]}
    team = f"/forms/loan/records/{loan['id']}/team"
    mine.put(team, {"members": [{"user": other.user_id, "level": "read"}]}).expect(200)
    other.get(f"/forms/call/records/{call['id']}").expect(200)
    other.patch(f"/forms/call/records/{call['id']}", change).expect(403)
    mine.put(team, {"members": [{"user": other.user_id, "level": "write"}]}).expect(200)
    other.patch(f"/forms/call/records/{call['id']}", change).expect(200)


def test_calls_go_out_of_sight_with_a_deleted_loan(api: Api) -> None:
    mine = api.as_user("clerk", department="东馆")
    loan = library.loan(mine)
    call = call_about(mine, loan)
    mine.delete(f"/forms/loan/records/{loan['id']}", version=loan["version"]).expect(204)
    mine.get(f"/forms/call/records/{call['id']}").expect(404)
    api.get(f"/forms/call/records/{call['id']}").expect(200)


def test_who_comes_second_hears_that_somebody_was_faster(api: Api) -> None:
    first, second = api.as_user("clerk"), api.as_user("clerk")
    item = library.item(api)
    address = f"/forms/item/records/{item['id']}/actions/take"
    first.post(address, {}).expect(200)
    with nothing_written(api.platform):
        assert second.post(address, {}).expect(409)["code"] == "already_taken"


@pytest.mark.parametrize(("bought_on", "status"), [("today", 409), ("2020-01-01", 404)])
def test_a_record_that_went_out_of_sight_answers_as_it_was_seen(
    api: Api, monkeypatch: pytest.MonkeyPatch, bought_on: str, status: int
) -> None:
    """Only where `seen` holds: another record that the person may not read stays unknown to him."""
    form = api.platform.forms["item"]
    grants: Any = form.declared.access
    monkeypatch.setitem(grants, "clerk", replace(grants["clerk"], read={"keeper__isnull": True}))
    first, second = api.as_user("clerk"), api.as_user("clerk")
    item = library.item(api, **({} if bought_on == "today" else {"bought_on": bought_on}))
    address = f"/forms/item/records/{item['id']}/actions/take"
    first.post(address, {}).expect(200)
    second.get(f"/forms/item/records/{item['id']}").expect(404)
    second.post(address, {}).expect(status)
    api.as_user("auditor").post(address, {}).expect(403)


def test_a_page_of_calls_asks_once_about_their_loans(api: Api) -> None:
    mine = api.as_user("clerk", department="东馆")
    call_about(mine, library.loan(mine))
    with queries(api.platform) as few:
        mine.get("/forms/call/records").expect(200)
    for _each in range(7):
        call_about(mine, library.loan(mine))
    with queries(api.platform) as many:
        assert mine.get("/forms/call/records").expect(200)["total"] == 8
    assert len(many) == len(few)


def test_sharing_in_a_rule_counts_in_the_same_request(api: Api) -> None:
    """What was looked up before the rule shared the record is looked up anew."""
    mine, other = api.as_user("clerk", department="东馆"), api.as_user("clerk", department="西馆")
    loan = library.loan(mine)
    form = api.platform.forms["loan"]

    def share(ctx: Any) -> tuple[bool, bool]:
        record = ctx.system.forms.loan.get(loan["id"])
        before = access.permits(ctx, form, "read", record)
        ctx.system.forms.loan.share(loan["id"], other.user_id, "read")
        return before, access.permits(ctx, form, "read", record)

    assert api.platform.writing(other.user_or_fail, share) == (False, True)
