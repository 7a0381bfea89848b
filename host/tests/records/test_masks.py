"""A telephone number that a person may not see whole stays hidden, whichever way he asks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import library
import pytest

from lowcode.declare.fields import Field
from lowcode.records import pages
from lowcode.records.masking import mask
from lowcode.testing.client import Api

PHONE, SHOWN = "13812341234", "138****1234"
EMAIL, SHOWN_EMAIL = "zhang.san@example.com", "z****@example.com"


@pytest.fixture
def owner(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


@pytest.fixture
def other(api: Api) -> Api:
    return api.as_user("clerk", department="西馆")


@pytest.fixture
def member(owner: Api) -> dict[str, Any]:
    return library.member(owner, phone=PHONE, email=EMAIL)


@pytest.fixture
def editor(api: Api) -> Iterator[Api]:
    """Somebody who may edit all members and delete none; the demo has no such role."""
    grants: Any = api.platform.forms["member"].declared.access
    before = grants["auditor"]
    grants["auditor"] = replace(before, read="all", edit="all")
    yield api.as_user("auditor", department="西馆")
    grants["auditor"] = before


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", PHONE, SHOWN),
        ("phone", "021-88886666", "021****6666"),
        ("text", "1234567", "1******"),
        ("text", "微信号码一二三四五", "微信号****二三四五"),
        ("text", "x", "*"),
        ("email", EMAIL, SHOWN_EMAIL),
        ("email", "a@b.cn", "a****@b.cn"),
    ],
)
def test_what_is_left_of_a_text(kind: str, value: str, shown: str) -> None:
    assert mask(Field(name="x", label="X", type=kind), value) == shown


def test_records_lists_and_histories_are_masked(owner: Api, other: Api, api: Api, member: dict[str, Any]) -> None:
    assert member["phone"] == PHONE
    address = f"/forms/member/records/{member['id']}"
    changed = owner.patch(address, {"phone": "13912341234"}, member["version"]).expect(200)
    back = owner.patch(address, {"phone": PHONE}, changed["version"]).expect(200)
    for who, seen, before in (
        (owner, PHONE, "13912341234"),
        (other, SHOWN, "139****1234"),
        (api, PHONE, "13912341234"),
    ):
        assert who.get(address).expect(200)["phone"] == seen
        (item,) = who.get("/forms/member/records", id=member["id"]).expect(200)["items"]
        assert item["phone"] == seen
        newest = who.get(f"{address}/history").expect(200)[0]
        assert [(each["old"], each["new"]) for each in newest["changes"] if each["field"] == "phone"] == [
            (before, seen)
        ]
    assert PHONE not in str(other.get(f"{address}/history").json)
    assert back["version"] == member["version"] + 2


def test_a_field_may_need_more_than_edit(api: Api, owner: Api, member: dict[str, Any]) -> None:
    """The demo's e-mail is whole for who may delete."""
    address = f"/forms/member/records/{member['id']}"
    assert owner.get(address).expect(200)["email"] == EMAIL
    assert api.as_user("auditor").get(address).status == 404
    head = api.as_user("head", department="西馆")
    assert head.get(address).expect(200)["email"] == SHOWN_EMAIL


def test_a_filter_or_search_tells_nothing_of_a_masked_value(owner: Api, other: Api, member: dict[str, Any]) -> None:
    def total(who: Api, **query: str) -> int:
        return int(who.get("/forms/member/records", **query).expect(200)["total"])

    for query in (
        {"search": PHONE}, {"search": PHONE[4:8]}, {"phone__contains": "1234"}, {"phone__startswith": "1381"},
        {"phone__in": f"{PHONE},1"}, {"phone__ne": "1"}, {"phone__isnull": "false"}, {"phone": PHONE},
    ):  # fmt: skip
        assert (total(owner, **query), total(other, **query)) == (1, 0), query
    assert total(other, search=member["name"]) == 1
    for sort in ("phone", "-phone"):
        assert "sort" in owner.get("/forms/member/records", sort=sort).expect(422)["errors"]


@pytest.mark.parametrize("near", [1, 5_000])
@pytest.mark.parametrize("sort", ["-id", "name"])
def test_no_way_to_many_matches_tells_of_a_masked_value(
    owner: Api, other: Api, monkeypatch: pytest.MonkeyPatch, near: int, sort: str
) -> None:
    """The index knows the digits; the first rows, the total, whether it is exact, and pages do not tell them."""
    monkeypatch.setattr(pages, "MOST_FOUND", 2)
    monkeypatch.setattr(pages, "SAMPLE", 4)
    monkeypatch.setattr(pages, "NEAR", near)
    for serial in range(5):
        library.member(owner, name=f"员工{serial}", phone=f"1381234567{serial}")
    mine = library.member(other, phone="13912345679")
    for query in (
        {"search": "1234567"},
        {"phone__contains": "567"},
        {"phone__contains": "5"},
        {"phone__startswith": "1"},
    ):
        for part in ({}, {"page": 2}, {"per_page": 1}):
            asked = {**query, **part, "sort": sort}
            told = owner.get("/forms/member/records", **asked).expect(200)
            assert (told["total"], told["total_is_exact"]) == (2, False), asked
            seen = other.get("/forms/member/records", **asked).expect(200)
            assert (seen["total"], seen["total_is_exact"], "next" in seen) == (1, True, False), asked
            assert [item["id"] for item in seen["items"]] == ([] if "page" in part else [mine["id"]]), asked


def test_nothing_is_filled_with_what_is_masked(owner: Api, other: Api, member: dict[str, Any]) -> None:
    for who, filled in ((owner, PHONE), (other, None)):
        draft = who.post("/forms/loan/preview", {"member": member["id"]}, changed="member").expect(200)
        assert draft["values"]["phone"] == filled
        loan = library.loan(who, member=member["id"])
        assert loan["phone"] == filled
        draft = who.post("/forms/loan/preview", {"member": member["id"], "phone": "13900000000"}, changed="member")
        assert draft.expect(200)["values"]["phone"] == filled


def test_a_preview_does_not_unmask(other: Api, owner: Api, member: dict[str, Any]) -> None:
    """Claiming a record in a draft does not show what the record hides."""
    for payload in ({}, {"keeper": other.user_id}):
        other.post("/forms/member/preview", payload, id=member["id"]).expect(403)
    assert PHONE in str(owner.post("/forms/member/preview", {}, id=member["id"]).expect(200))


def test_masked_values_that_come_back_change_nothing(api: Api, editor: Api, member: dict[str, Any]) -> None:
    """Whoever may edit but not see the address gets it masked in the form, and sends it back with the rest."""
    address = f"/forms/member/records/{member['id']}"
    shown = editor.get(address).expect(200)
    assert (shown["email"], shown["phone"]) == (SHOWN_EMAIL, PHONE)
    changed = editor.patch(address, {"name": "李四", "email": shown["email"]}, shown["version"]).expect(200)
    assert changed["email"] == SHOWN_EMAIL
    assert api.get(address).expect(200)["email"] == EMAIL
    draft = editor.post("/forms/member/preview", {"keeper": editor.user_id}, id=member["id"]).expect(200)
    assert draft["values"]["email"] == SHOWN_EMAIL
    editor.patch(address, {"email": "new@example.com"}, changed["version"]).expect(200)
    assert api.get(address).expect(200)["email"] == "new@example.com"


def test_a_unique_value_is_refused_without_being_told(other: Api, member: dict[str, Any]) -> None:
    payload = {"name": "王五", "card": "ZZ9999", "email": EMAIL}
    refused = other.post("/forms/member/records", payload).expect(409)
    assert EMAIL not in str(refused)


def test_panels_see_what_the_person_sees(api: Api, owner: Api, other: Api, member: dict[str, Any]) -> None:
    for who, seen in ((owner, PHONE), (other, SHOWN)):
        with api.platform.reading(who.user_or_fail) as ctx:
            assert ctx.personal.forms.member.get(member["id"]).phone == seen
            assert [each.phone for each in ctx.personal.forms.member.find(id=member["id"])] == [seen]
            assert ctx.forms.member.get(member["id"]).phone == PHONE  # rules act for the plugin


def test_pickers_do_not_tell(other: Api, owner: Api, member: dict[str, Any]) -> None:
    def offered(who: Api, search: str) -> Any:
        return who.open("GET", f"/f/loan/pick/member?search={search}", who._headers).json["items"]

    assert [item["value"] for item in offered(owner, PHONE[3:9])] == [str(member["id"])]
    assert offered(other, PHONE[3:9]) == []
    assert PHONE not in str(offered(other, member["name"]))


def test_the_form_says_what_is_masked(api: Api) -> None:
    described = api.get("/forms/member").expect(200)
    fields = {each["name"]: each for part in described["sections"] for each in part["fields"]}
    assert fields["phone"]["masked_without"] == "edit"
