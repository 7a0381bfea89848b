"""What an attacker tried and got: kept, so that nobody gets it again."""

import base64
from typing import Any

import pytest

from lowcode.testing.client import Api

LINE = {"product_name": "手工", "quantity": "1", "unit_price": "1"}


@pytest.fixture
def secret(api: Api) -> dict[str, Any]:
    """A customer of a salesperson in another department."""
    owner = api.as_user("sales", department="别的部门")
    made: dict[str, Any] = owner.post(
        "/forms/customer/records", {"name": f"机密 {owner.user_id}", "source": "other"}
    ).expect(201)
    return made


def test_a_preview_names_no_record_out_of_scope(api: Api, secret: dict[str, Any]) -> None:
    spy = api.as_user("sales", department="本部门")
    shown = spy.post("/forms/quotation/preview", {"customer": secret["id"]}).expect(200)
    assert shown["values"]["customer"] == {"id": secret["id"], "title": ""}
    assert "customer" in shown["errors"]
    unknown = spy.post("/forms/quotation/preview", {"customer": 999_999}).expect(200)
    assert unknown["errors"]["customer"] == shown["errors"]["customer"]


def test_a_preview_names_no_foreign_file(api: Api) -> None:
    file = api.as_user("sales").upload("机密.txt", b"x").expect(201)
    shown = api.as_user("sales").post("/forms/quotation/preview", {"attachments": [file["id"]]}).expect(200)
    assert "机密" not in str(shown["values"])


def test_a_pool_customer_gets_no_contact_and_no_other_primary_one(api: Api) -> None:
    pool = api.post("/forms/customer/records", {"name": "公海一号", "source": "other", "owner": None}).expect(201)
    spy = api.as_user("sales")
    body = {"name": "插足", "customer": pool["id"], "owner": spy.user_id, "is_primary": True}
    assert spy.post("/forms/contact/records", body).status == 422
    assert api.get(f"/forms/customer/records/{pool['id']}").expect(200)["primary_contact"] is None


def test_only_the_owner_of_a_customer_changes_its_primary_contact(api: Api) -> None:
    first = api.as_user("sales")
    customer = first.post("/forms/customer/records", {"name": "易主", "source": "other"}).expect(201)
    first.post("/forms/contact/records", {"name": "甲", "customer": customer["id"]}).expect(201)
    second = first.post("/forms/contact/records", {"name": "乙", "customer": customer["id"]}).expect(201)
    api.platform.as_system(lambda ctx: ctx.forms.customer.update(customer["id"], {"owner": api.user_id}))
    answer = first.patch(f"/forms/contact/records/{second['id']}", {"is_primary": True}, second["version"])
    assert (answer.status, list(answer.errors)) == (422, ["is_primary"])


@pytest.mark.parametrize(
    "query",
    [
        {"name__contains": "$me"},
        {"created_at__gte": "$me"},
        {"owner": "$me+5"},
        {"owner__in": "$today,$me"},
        {"total_amount__gte": "$now"},
        {"after": base64.urlsafe_b64encode(b"[" * 1500).decode()},
    ],
)
def test_strange_queries_are_refused(api: Api, query: dict[str, str]) -> None:
    assert api.get("/forms/quotation/records", **query).status == 422


def test_the_word_for_me_still_means_me(api: Api) -> None:
    person = api.as_user("sales")
    made = person.post("/forms/customer/records", {"name": "我的", "source": "other"}).expect(201)
    found = person.get("/forms/customer/records", owner="$me").expect(200)["items"]
    assert [item["id"] for item in found] == [made["id"]]


@pytest.mark.parametrize("header", ["http://[", "null", "https://elsewhere.example"])
def test_a_strange_origin_is_foreign(api: Api, header: str) -> None:
    answer = api.as_nobody().call("POST", "/login", {"username": "a", "password": "b"}, {"Origin": header})
    assert answer.status == 403


def test_a_long_address_with_a_key_is_unknown(api: Api) -> None:
    assert api.post("/" + "a" * 300, {}, key="k").status == 404


def test_what_points_at_a_deleted_record_is_not_restored(api: Api) -> None:
    customer = api.post("/forms/customer/records", {"name": "先删", "source": "other"}).expect(201)
    body = {"name": "后删", "customer": customer["id"], "lines": [LINE]}
    quotation = api.post("/forms/quotation/records", body).expect(201)
    api.delete(f"/forms/quotation/records/{quotation['id']}", quotation["version"]).expect(204)
    version = api.get(f"/forms/customer/records/{customer['id']}").expect(200)["version"]
    api.delete(f"/forms/customer/records/{customer['id']}", version).expect(204)
    answer = api.post(f"/forms/quotation/records/{quotation['id']}/restore")
    assert (answer.status, list(answer.errors)) == (422, ["customer"])
    api.post(f"/forms/customer/records/{customer['id']}/restore").expect(200)
    api.post(f"/forms/quotation/records/{quotation['id']}/restore").expect(200)


def test_a_manager_changes_no_customer_of_another_department_through_a_contact(api: Api) -> None:
    seller, manager = api.as_user("sales", department="甲部"), api.as_user("manager", department="甲部")
    customer = seller.post("/forms/customer/records", {"name": "跨部门", "source": "other"}).expect(201)
    seller.post("/forms/contact/records", {"name": "甲", "customer": customer["id"]}).expect(201)
    second = seller.post("/forms/contact/records", {"name": "乙", "customer": customer["id"]}).expect(201)
    stranger = api.as_user("sales", department="乙部")
    api.platform.as_system(lambda ctx: ctx.forms.customer.update(customer["id"], {"owner": stranger.user_id}))
    answer = manager.patch(f"/forms/contact/records/{second['id']}", {"is_primary": True}, second["version"])
    assert (answer.status, list(answer.errors)) == (422, ["is_primary"])
    assert api.patch(f"/forms/contact/records/{second['id']}", {"is_primary": True}, second["version"]).status == 200
