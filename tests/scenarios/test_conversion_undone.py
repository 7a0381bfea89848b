"""Conversions are taken back while nothing has grown on what they made."""

import pytest

from lowcode.testing.client import Api
from tests.scenarios.leading import again, customer, do, lead, standing
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, listed, read

FOLLOW = {"method": "visit", "content": "看过样机"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_a_conversion_is_undone_while_nothing_has_grown(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    do(company, "seller", made, "convert").expect(200)
    done = again(company, made)
    assert do(company, "head", made, "undo_conversion").status == 403
    do(company, "admin", made, "undo_conversion").expect(200)
    now = again(company, made)
    assert (now["status"], now["is_converted"], now["converted_at"]) == ("in_progress", False, None)
    assert (now["customer"], now["contact"], now["opportunity"]) == (None, None, None)
    for form in ("customer", "contact", "opportunity"):
        assert company["admin"].get(f"/forms/{form}/records/{done[form]['id']}").status == 404
    assert len(listed(company, "follow_up", customer_name=made["customer_name"])) == 1
    do(company, "seller", made, "convert").expect(200)
    assert again(company, made)["customer"]["id"] != done["customer"]["id"]


def test_what_has_grown_stands_in_the_way_of_undoing(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "convert").expect(200)
    done = again(company, made)
    client, chance = done["customer"]["id"], done["opportunity"]["id"]
    company["seller"].post("/forms/contact/records", {"customer": client, "name": "另一位"}).expect(201)
    act(company, "seller", "opportunity", chance, "follow", **FOLLOW).expect(200)
    before = standing(company)
    refused = do(company, "admin", made, "undo_conversion")
    assert (refused.status, refused.json["code"]) == (422, "has_children")
    assert [kind for kind in ("联系人", "跟进记录", "报价单") if kind in refused.json["detail"]] == [
        "联系人",
        "跟进记录",
    ]
    assert standing(company) == before


def test_undoing_leaves_a_customer_that_was_there_before(company: Company) -> None:
    known = customer(company, name="无锡透平叶片")
    made = lead(company)
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    do(company, "seller", made, "convert", customer=known["id"]).expect(200)
    done = again(company, made)
    do(company, "admin", made, "undo_conversion").expect(200)
    now = read(company, "customer", known["id"])
    assert (now["contact_count"], now["opportunity_count"], now["primary_contact"]) == (0, 0, None)
    assert listed(company, "follow_up", customer=known["id"]) == []
    assert company["admin"].get(f"/forms/opportunity/records/{done['opportunity']['id']}").status == 404


def test_undoing_leaves_a_customer_that_was_merged_into_another(company: Company) -> None:
    made, other = lead(company), customer(company, name="合并后的客户")
    do(company, "seller", made, "follow", **FOLLOW).expect(200)
    do(company, "seller", made, "convert").expect(200)
    client = again(company, made)["customer"]["id"]
    act(company, "head", "customer", client, "merge", into=other["id"]).expect(200)
    assert again(company, made)["customer"]["id"] == other["id"]
    do(company, "admin", made, "undo_conversion").expect(200)
    now = read(company, "customer", other["id"])
    assert (now["contact_count"], now["opportunity_count"]) == (0, 0)
    assert again(company, made)["status"] == "in_progress"


def test_there_is_nothing_to_undo_before_a_conversion(company: Company) -> None:
    assert do(company, "admin", lead(company), "undo_conversion").json["code"] == "not_allowed_now"


@pytest.mark.parametrize(
    ("form", "name", "params", "told"),
    [
        ("opportunity", "win", {}, "销售机会已结束"),
        ("opportunity", "transfer", {"owner": "other_seller"}, "销售机会已换负责人"),
        ("customer", "transfer", {"owner": "other_seller"}, "客户已换负责人"),
        ("customer", "release", {}, "客户已换负责人"),
        ("customer", "lock", {"until": "2999-01-01"}, "客户已锁定"),
    ],
)
def test_what_has_moved_on_stands_in_the_way_of_undoing(
    company: Company, form: str, name: str, params: dict[str, str], told: str
) -> None:
    made = lead(company)
    do(company, "seller", made, "convert").expect(200)
    given = {key: company[who].user_id if key == "owner" else who for key, who in params.items()}
    act(company, "seller", form, again(company, made)[form]["id"], name, **given).expect(200)
    before = standing(company)
    refused = do(company, "admin", made, "undo_conversion")
    assert (refused.status, refused.json["code"]) == (422, "moved_on")
    assert told in refused.json["detail"]
    assert standing(company) == before


def test_what_has_come_back_does_not_stand_in_the_way_of_undoing(company: Company) -> None:
    made = lead(company)
    do(company, "seller", made, "convert").expect(200)
    done = again(company, made)
    client, chance = done["customer"]["id"], done["opportunity"]["id"]
    act(company, "seller", "customer", client, "transfer", owner=company["other_seller"].user_id).expect(200)
    act(company, "admin", "customer", client, "transfer", owner=company["seller"].user_id).expect(200)
    act(company, "seller", "opportunity", chance, "win").expect(200)
    act(company, "admin", "opportunity", chance, "reopen").expect(200)
    do(company, "admin", made, "undo_conversion").expect(200)
