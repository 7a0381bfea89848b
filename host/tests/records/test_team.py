"""Sharing a record with colleagues: who may say so, and what it adds."""

from functools import partial
from typing import Any

import library
import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written, queries
from tests.workflow.office import at_once


def people(api: Api) -> tuple[Api, Api, Api, Api]:
    """Give the owner of a loan, two colleagues elsewhere and the owner's head."""
    owner = api.as_user("clerk", department="东馆")
    return owner, api.as_user("clerk", department="西馆"), api.as_user("clerk"), api.as_user("head", department="东馆")


def path(record: dict[str, Any]) -> str:
    return f"/forms/loan/records/{record['id']}"


def share(who: Api, record: dict[str, Any], **levels: Api) -> Any:
    members = [{"user": person.user_id, "level": level} for level, person in levels.items()]
    return who.put(f"{path(record)}/team", {"members": members})


def listed(api: Api) -> set[int]:
    return {item["id"] for item in api.get("/forms/loan/records", per_page=200).expect(200)["items"]}


def test_who_may_read_sees_the_record_and_changes_nothing(api: Api) -> None:
    owner, guest, _other, _head = people(api)
    loan = library.loan(owner)
    guest.get(path(loan)).expect(404)
    share(owner, loan, read=guest).expect(200)
    assert listed(guest) == {loan["id"]}
    shown = guest.get(path(loan)).expect(200)
    assert not {"edit", "delete", "share"} & set(shown["$can"])
    assert guest.get(f"{path(loan)}/history").expect(200)
    with nothing_written(api.platform):
        guest.patch(path(loan), {"subject": "x"}, loan["version"]).expect(403)
        guest.delete(path(loan), loan["version"]).expect(403)
        share(guest, loan, write=guest).expect(403)
    share(owner, loan).expect(200)
    assert listed(guest) == set()
    guest.get(path(loan)).expect(404)


def test_who_may_write_edits_and_neither_deletes_nor_shares_nor_takes_it(api: Api) -> None:
    owner, guest, other, _head = people(api)
    loan = library.loan(owner)
    share(owner, loan, write=guest).expect(200)
    changed = guest.patch(path(loan), {"subject": "新的事由"}, loan["version"]).expect(200)
    assert "edit" in changed["$can"]
    assert not {"delete", "share"} & set(changed["$can"])
    with nothing_written(api.platform):
        guest.delete(path(loan), changed["version"]).expect(403)
        share(guest, loan, read=other).expect(403)
        for clerk in (guest.user_id, other.user_id):
            refused = guest.patch(path(loan), {"clerk": clerk}, changed["version"])
            assert refused.expect(403)["code"] == "out_of_scope"


def test_lists_and_records_agree_without_a_query_for_each_record(api: Api) -> None:
    owner, guest, _other, _head = people(api)
    loans = [library.loan(owner) for _each in range(6)]
    for index, loan in enumerate(loans):
        share(owner, loan, **{"write" if index % 2 else "read": guest}).expect(200)
    guest.get("/forms/loan/records", per_page=1).expect(200)
    with queries(api.platform) as few:
        guest.get("/forms/loan/records", per_page=1).expect(200)
    with queries(api.platform) as many:
        found = guest.get("/forms/loan/records", per_page=6).expect(200)["items"]
    assert len(many) == len(few)
    can = {item["id"]: "edit" in item["$can"] for item in found}
    assert can == {loan["id"]: bool(index % 2) for index, loan in enumerate(loans)}


def test_owners_their_heads_and_administrators_share(api: Api) -> None:
    owner, guest, other, head = people(api)
    loan = library.loan(owner)
    assert "share" in owner.get(path(loan)).expect(200)["$can"]
    assert share(head, loan, read=guest).expect(200)["can_share"] is True
    shown = share(api, loan, read=other, write=guest).expect(200)["members"]
    assert {(each["user"]["id"], each["level"]) for each in shown} == {
        (other.user_id, "read"),
        (guest.user_id, "write"),
    }
    assert guest.get(f"{path(loan)}/team").expect(200) == {"members": shown, "can_share": False}
    stranger, auditor = api.as_user("clerk", department="别处"), api.as_user("auditor")
    with nothing_written(api.platform):
        share(stranger, loan, read=stranger).expect(404)
        stranger.get(f"{path(loan)}/team").expect(404)
        share(auditor, loan, read=stranger).expect(404, 403)


def test_the_history_tells_who_was_added_and_the_same_again_adds_nothing(api: Api) -> None:
    owner, guest, _other, _head = people(api)
    loan = library.loan(owner)
    share(owner, loan, read=guest).expect(200)
    entry = owner.get(f"{path(loan)}/history").expect(200)[0]
    assert (entry["action"], entry["by"]["id"]) == ("team", owner.user_id)
    member = {"user": {"id": guest.user_id, "title": guest.user_or_fail.name}, "level": "read"}
    assert entry["changes"] == [{"field": "$team", "label": "协作成员", "old": [], "new": [member]}]
    with nothing_written(api.platform):
        share(owner, loan, read=guest).expect(200)


def test_members_stay_through_deletion_and_a_new_owner(api: Api) -> None:
    owner, guest, other, _head = people(api)
    loan = library.loan(owner)
    share(owner, loan, read=guest).expect(200)
    owner.delete(path(loan), loan["version"]).expect(204)
    guest.get(path(loan)).expect(404)
    assert guest.get("/forms/loan/bin").expect(200)["total"] == 0
    back = owner.post(f"{path(loan)}/restore", {}).expect(200)
    guest.get(path(loan)).expect(200)
    api.patch(path(loan), {"clerk": other.user_id}, back["version"]).expect(200)
    guest.get(path(loan)).expect(200)
    owner.get(path(loan)).expect(404)


def test_a_new_owner_is_no_longer_a_member(api: Api) -> None:
    owner, guest, other, _head = people(api)
    loan = library.loan(owner)
    share(owner, loan, read=guest, write=other).expect(200)
    api.patch(path(loan), {"clerk": guest.user_id}, loan["version"]).expect(200)
    left = guest.get(f"{path(loan)}/team").expect(200)["members"]
    assert [each["user"]["id"] for each in left] == [other.user_id]
    share(guest, loan, read=other).expect(200)
    entry = next(each for each in guest.get(f"{path(loan)}/history").expect(200) if each["action"] == "team")
    assert entry["changes"][0]["field"] == "$team"


def test_a_member_who_is_handed_the_record_is_its_owner_only(api: Api) -> None:
    owner, guest, other, _head = people(api)
    loan, gone = library.loan(owner), library.loan(owner)
    for each in (loan, gone):
        share(owner, each, read=guest, write=other).expect(200)
    owner.delete(path(gone), gone["version"]).expect(204)
    api.post(f"/users/{owner.user_id}/hand_over", {"to": guest.user_id}).expect(200)
    guest.post(f"{path(gone)}/restore", {}).expect(200)
    for each in (loan, gone):
        left = guest.get(f"{path(each)}/team").expect(200)["members"]
        assert [row["user"]["id"] for row in left] == [other.user_id]


def test_two_colleagues_added_on_the_page_at_once_both_stay(api: Api) -> None:
    owner, guest, other, _head = people(api)
    for _round in range(5):
        loan = library.loan(owner)
        address, sent = f"/f/loan/{loan['id']}/team", {"level": "read"}
        adding = [
            partial(owner._client.post, address, data=sent | {"user": str(each.user_id)}, headers=owner.credentials)
            for each in (guest, other)
        ]
        assert [answer.status_code for answer in at_once(adding)] == [204, 204]
        found = owner.get(f"{path(loan)}/team").expect(200)["members"]
        assert {each["user"]["id"] for each in found} == {guest.user_id, other.user_id}


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ("x", "members"),
        ([1], "members.0"),
        ([{"user": 1, "level": "read", "more": 1}], "members.0"),
        ([{"user": "x", "level": "read"}], "members.0.user"),
        ([{"user": 10**12, "level": "read"}], "members.0.user"),
        ([{"user": True, "level": "read"}], "members.0.user"),
        ([{"user": 1, "level": "all"}], "members.0.level"),
        ([{"user": 1, "level": []}], "members.0.level"),
        ([{"user": 1}], "members.0.level"),
        ([{"user": 1, "level": "read"}, {"user": 1, "level": "write"}], "members.1.user"),
        ([{"user": 1, "level": "read"}] * 101, "members"),
    ],
)
def test_bad_members_are_named(api: Api, members: Any, at: str) -> None:
    owner = api.as_user("clerk")
    loan = library.loan(owner)
    with nothing_written(api.platform):
        assert set(owner.put(f"{path(loan)}/team", {"members": members}).errors) == {at}


def test_the_owner_and_who_has_left_are_no_members(api: Api) -> None:
    owner, guest, _other, _head = people(api)
    loan = library.loan(owner)
    assert "members.0.user" in share(owner, loan, read=owner).expect(422)["errors"]
    api.patch(f"/users/{guest.user_id}", {"is_active": False}).expect(200)
    assert "members.0.user" in share(owner, loan, read=guest).expect(422)["errors"]


def test_a_member_who_left_may_stay_listed(api: Api) -> None:
    owner, guest, other, _head = people(api)
    loan = library.loan(owner)
    share(owner, loan, read=guest).expect(200)
    api.patch(f"/users/{guest.user_id}", {"is_active": False}).expect(200)
    share(owner, loan, read=guest, write=other).expect(200)


def test_a_form_without_teams_has_none(api: Api) -> None:
    member = library.member(api)
    api.get(f"/forms/member/records/{member['id']}/team").expect(404)
    api.put(f"/forms/member/records/{member['id']}/team", {"members": []}).expect(404)
    assert "share" not in member["$can"]
