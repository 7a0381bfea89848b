"""What rules do with records: moves by the system, numbers and host-filled fields of new records, versions."""

from decimal import Decimal
from typing import Any

import library
import pytest

from lowcode.errors import Conflict, Refused
from lowcode.platform import Platform
from lowcode.records import acting
from lowcode.testing.client import Api


def test_a_rule_moves_a_record_as_a_button_would(api: Api, platform: Platform) -> None:
    item = library.item(api)
    loan = library.set_state(api, library.loan(api, lines=[{"item": item["id"]}]), "approved")
    platform.as_system(lambda ctx: ctx.forms.loan.move(loan["id"], "hand_over"))
    assert library.read(api, "loan", loan["id"])["status"] == "lent"
    assert library.read(api, "item", item["id"])["is_lent"] is True  # after_move was called
    values = {"fine": Decimal("2.5"), "complaint": "缺页"}
    back = platform.as_system(lambda ctx: ctx.forms.loan.move(loan["id"], "take_back", values))
    assert (back.status, back.fine, back.notice) == ("returned", Decimal("2.50"), "缺页")
    newest, before = api.get(f"/forms/loan/records/{loan['id']}/history").expect(200)[:2]
    assert [newest["action"], before["action"]] == ["take_back", "hand_over"]


def test_a_rule_cannot_move_what_the_state_does_not_allow(api: Api, platform: Platform) -> None:
    loan = library.loan(api)
    with pytest.raises(Refused) as refused:
        platform.as_system(lambda ctx: ctx.forms.loan.move(loan["id"], "hand_over"))
    assert refused.value.code == "not_allowed_now"
    assert library.read(api, "loan", loan["id"]) == loan


def test_a_rule_submits_for_the_person_who_acts(api: Api, platform: Platform) -> None:
    """The run is that person's, who therefore does not decide it."""
    head = api.as_user("head", "clerk", department="总馆")
    other = api.as_user("head", department="总馆")
    loan = library.loan(head)

    def submit(ctx: Any) -> None:
        with ctx.as_user(head.user_id) as me:
            me.forms.loan.move(loan["id"], "submit")

    platform.as_system(submit)
    assert head.get("/tasks", box="todo").expect(200)["total"] == 0
    (task,) = other.get("/tasks", box="todo").expect(200)["items"]
    assert task["submitted_by"]["id"] == head.user_id


def test_a_new_record_takes_the_number_a_rule_gives(api: Api, platform: Platform) -> None:
    first = library.loan(api)
    payload = library.loan_payload(api) | {"number": f"{first['number']}-V2", "clerk": api.user_id, "is_late": True}
    made = platform.as_system(lambda ctx: ctx.forms.loan.create(payload))
    assert (made.number, made.is_late, made.status) == (f"{first['number']}-V2", True, "draft")
    with pytest.raises(Conflict) as taken:
        platform.as_system(lambda ctx: ctx.forms.loan.create(payload))
    assert (taken.value.code, set(taken.value.errors)) == ("duplicate", {"number"})
    second = library.loan(api)
    assert int(second["number"][-4:]) == int(first["number"][-4:]) + 1  # no number of the rule was used up


def test_people_still_give_neither_number_nor_what_the_host_fills(api: Api) -> None:
    payload = library.loan_payload(api)
    refused = api.post("/forms/loan/records", payload | {"number": "X", "is_late": True}).expect(422)
    assert refused["errors"].keys() == {"number", "is_late"}


def test_a_button_pressed_on_an_old_version_is_refused(platform: Platform, api: Api) -> None:
    loan = library.set_state(api, library.loan(api), "approved")
    form = platform.forms["loan"]
    user = api.user_or_fail
    with pytest.raises(Conflict) as stale:
        platform.writing(user, lambda ctx: acting.act(ctx, form, loan["id"], "hand_over", {}, version=1))
    assert stale.value.code == "stale_version"
    done = platform.writing(
        user, lambda ctx: acting.act(ctx, form, loan["id"], "hand_over", {}, version=loan["version"])
    )
    assert done["record"]["status"] == "lent"
