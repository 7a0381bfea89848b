"""Customers and their primary contacts, whatever is deleted and restored."""

from lowcode.testing.client import Api


def company(api: Api, name: str) -> int:
    return int(api.post("/forms/customer/records", {"name": name, "source": "other"}).expect(201)["id"])


def person(api: Api, customer: int, name: str) -> int:
    return int(api.post("/forms/contact/records", {"name": name, "customer": customer}).expect(201)["id"])


def primary(api: Api, customer: int) -> str | None:
    shown = api.get(f"/forms/customer/records/{customer}").expect(200)["primary_contact"]
    return shown["title"] if shown else None


def remove(api: Api, form: str, record: int) -> None:
    version = api.get(f"/forms/{form}/records/{record}").expect(200)["version"]
    api.delete(f"/forms/{form}/records/{record}", version).expect(204)


def test_a_customer_forgets_a_deleted_primary_contact(api: Api) -> None:
    customer = company(api, "忘记")
    contact = person(api, customer, "甲")
    assert primary(api, customer) == "甲"
    remove(api, "contact", contact)
    assert primary(api, customer) is None
    line = {"product_name": "手工", "quantity": 1, "unit_price": 1}
    body = {"name": "报价", "customer": customer, "lines": [line]}
    assert api.post("/forms/quotation/records", body).expect(201)["contact"] is None


def test_a_restored_contact_does_not_make_two_primary_ones(api: Api) -> None:
    customer = company(api, "恢复")
    first = person(api, customer, "甲")
    remove(api, "contact", first)
    person(api, customer, "乙")
    api.post(f"/forms/contact/records/{first}/restore").expect(200)
    contacts = api.get("/forms/contact/records", customer=customer, is_primary="true").expect(200)["items"]
    assert [contact["name"] for contact in contacts] == [primary(api, customer)]


def test_a_quotation_keeps_no_contact_of_another_customer(api: Api) -> None:
    one, two = company(api, "一"), company(api, "二")
    contact = person(api, one, "甲")
    line = {"product_name": "手工", "quantity": 1, "unit_price": 1}
    made = api.post("/forms/quotation/records", {"name": "报价", "customer": one, "lines": [line]}).expect(201)
    path = f"/forms/quotation/records/{made['id']}"
    assert made["contact"]["title"] == "甲"
    answer = api.patch(path, {"customer": two, "contact": contact}, made["version"])
    assert (answer.status, list(answer.errors)) == (422, ["contact"])
    changed = api.patch(path, {"customer": two}, made["version"]).expect(200)
    assert changed["contact"] is None


def test_a_contact_of_another_customer_cannot_be_the_primary_one(api: Api) -> None:
    contact = person(api, company(api, "别家"), "甲")
    body = {"name": "新客户", "source": "other", "primary_contact": contact}
    answer = api.post("/forms/customer/records", body)
    assert (answer.status, list(answer.errors)) == (422, ["primary_contact"])


def test_a_restored_contact_displaces_nobody(api: Api) -> None:
    customer = company(api, "让位")
    first = person(api, customer, "甲")
    remove(api, "contact", first)
    person(api, customer, "乙")
    assert api.post(f"/forms/contact/records/{first}/restore").expect(200)["is_primary"] is False
    assert primary(api, customer) == "乙"


def test_a_save_answers_what_rules_made_of_the_record_afterwards(api: Api) -> None:
    customer = company(api, "回填")
    body = {"name": "甲", "customer": customer, "mobile": "13800138000"}
    contact = api.post("/forms/contact/records", body).expect(201)
    read = api.get(f"/forms/customer/records/{customer}").expect(200)
    changed = api.patch(f"/forms/customer/records/{customer}", {"mobile": None}, read["version"]).expect(200)
    assert changed == api.get(f"/forms/customer/records/{customer}").expect(200)
    again = api.patch(f"/forms/customer/records/{customer}", {"remark": "好"}, changed["version"])
    assert again.expect(200)["primary_contact"]["id"] == contact["id"]


def test_lines_can_be_put_in_another_order(api: Api) -> None:
    lines = [{"product_name": name, "quantity": 1, "unit_price": 1} for name in ("甲", "乙", "丙")]
    body = {"name": "顺序", "customer": company(api, "顺序"), "lines": lines}
    made = api.post("/forms/quotation/records", body).expect(201)
    turned = [{"id": line["id"]} for line in reversed(made["lines"])]
    changed = api.patch(f"/forms/quotation/records/{made['id']}", {"lines": turned}, made["version"]).expect(200)
    assert [line["product_name"] for line in changed["lines"]] == ["丙", "乙", "甲"]
    assert changed["version"] == made["version"] + 1
    read = api.get(f"/forms/quotation/records/{made['id']}").expect(200)
    assert read["lines"] == changed["lines"]
