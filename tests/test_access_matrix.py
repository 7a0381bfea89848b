"""Who may do what with which form is what the matrix of the requirements (domain.md §5.2, §5.3) says.

R read, C create, U edit, D delete, X export; own, department and below, all; owned and pool are customers with and
without an owner, `with` follows what a record is about. The portal comes with customer accounts; transfer and
assign are actions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lowcode.declare.model import Access, Plugin
from lowcode.testing.client import Api

ABOUT = "with customer+with lead+with opportunity"
MATRIX = {
    "lead": {
        "sales": "R:own C U:own",
        "manager": "R:department+pool C U:department+pool D:department+pool X",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "customer": {
        "sales": "R:own+pool C U:own",
        "manager": "R:department+pool C U:department D:department X",
        "finance": "R:owned",
        "service": "R:owned",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "contact": {
        "sales": "R:own C U:own",
        "manager": "R:department C U:department D:department X",
        "finance": "R:all",
        "service": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "quotation": {
        "sales": "R:own C U:own D:own",
        "manager": "R:department C U:department D:department",
        "finance": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "opportunity": {
        "sales": "R:own C U:own D:own",
        "manager": "R:department C U:department D:department X",
        "finance": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "follow_up": {
        "sales": f"R:own+{ABOUT} U:own D:{ABOUT}",
        "manager": f"R:department+{ABOUT} U:own D:department X",
        "service": "R:own+with customer",
        "admin": "R:all U:all D:all X",
        "exec": "R:all",
    },
    "opportunity_stage": {
        "sales": "R:with opportunity",
        "manager": "R:with opportunity",
        "finance": "R:with opportunity",
        "admin": "R:all X",
        "exec": "R:all",
    },
    "owner_history": {
        "sales": "R:with customer+with lead",
        "manager": "R:with customer+with lead",
        "admin": "R:all X",
        "exec": "R:all",
    },
    "invoice_title": {
        "sales": "R:with customer C U:with customer D:with customer",
        "manager": "R:with customer C U:with customer D:with customer",
        "finance": "R:all C U:all",
        "admin": "R:all C U:all D:all",
        "exec": "R:all",
    },
    "holding_limit": {"admin": "R:all C U:all D:all"},
    "product": {
        "sales": "R:all",
        "manager": "R:all",
        "finance": "R:all",
        "service": "R:all",
        "product": "R:all C U:all D:all X",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "contract": {
        "sales": "R:own C U:own D:own",
        "manager": "R:department C U:department D:department X",
        "finance": "R:all X",
        "service": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "contract_change": {
        "sales": "R:own+with contract C U:own D:own",
        "manager": "R:department C U:department D:department",
        "finance": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "invoice": {
        "sales": "R:own+with contract C U:own D:own",
        "manager": "R:department+with contract",
        "finance": "R:all X",
        "admin": "R:all",
        "exec": "R:all",
    },
    "order": {
        "sales": "R:own C U:own D:own",
        "manager": "R:department C U:department D:department X",
        "finance": "R:all",
        "service": "R:all",
        "product": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "payment": {
        "sales": "R:own+with contract C U:own D:own",
        "manager": "R:department+with contract",
        "finance": "R:all C U:all D:all X",
        "admin": "R:all",
        "exec": "R:all",
    },
    "payment_allocation": {
        "sales": "R:with contract",
        "manager": "R:with contract",
        "finance": "R:all X",
        "admin": "R:all X",
        "exec": "R:all",
    },
    "payment_plan": {
        "sales": "R:with contract C U:with contract D:with contract",
        "manager": "R:with contract C U:with contract D:with contract X",
        "finance": "R:all X",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
    "shipment": {
        "sales": "R:with order C U:with order D:with order",
        "manager": "R:with order C U:with order D:with order X",
        "finance": "R:all",
        "service": "R:all",
        "product": "R:all",
        "admin": "R:all C U:all D:all X",
        "exec": "R:all",
    },
}
SCOPES = {"owner__isnull=True": "pool", "owner__isnull=False": "owned"}
MASKED = {
    "lead": {"mobile", "telephone", "email", "wechat"},
    "customer": {"mobile", "telephone", "email", "wechat"},
    "contact": {"mobile", "telephone", "email", "wechat"},
    "opportunity": {"contact_phone"},
    "quotation": {"contact_phone", "sent_to"},
    "contract": {"receiver_phone"},
    "order": {"receiver_phone"},
    "shipment": {"receiver_phone"},
    "invoice": {"receiver_phone"},
}


def scope(part: Any) -> str:
    return part if isinstance(part, str) else SCOPES["&".join(f"{key}={value}" for key, value in part.items())]


def written(grant: Access) -> str:
    """Write a grant in the letters of the matrix."""
    words = []
    for letter, granted in zip(
        "RCUDX", (grant.read, grant.create, grant.edit, grant.delete, grant.export), strict=True
    ):
        if granted is True:
            words.append(letter)
        elif granted:
            parts = [granted] if isinstance(granted, str | Mapping) else granted
            words.append(f"{letter}:{'+'.join(scope(part) for part in parts)}")
    return " ".join(words)


@pytest.mark.parametrize("form", MATRIX)
def test_access_is_that_of_the_matrix(crm: Plugin, form: str) -> None:
    assert {role: written(grant) for role, grant in crm.forms[form].access.items()} == MATRIX[form]


def test_every_form_is_in_the_matrix(crm: Plugin) -> None:
    assert crm.forms.keys() == MATRIX.keys()


def test_masks_and_hidden_prices(crm: Plugin) -> None:
    masked = {
        name: {each.name for each in form.fields.values() if each.masked_without == "edit"}
        for name, form in crm.forms.items()
    }
    assert {name: fields for name, fields in masked.items() if fields} == MASKED
    for price in ("cost_price", "min_price"):
        assert set(crm.forms["product"].fields[price].visible_to) == {"product", "finance", "admin"}
    assert {name for name, form in crm.forms.items() if form.team} == {"customer", "opportunity"}


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return ("crm_plugin.plugin",)


MOBILE, SHOWN = "13812341234", "138****1234"


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    """Make a salesperson's customer."""
    owner = api.as_user("sales", department="销售一部")
    record: dict[str, Any] = owner.post("/forms/customer/records", {"name": "华东机械", "mobile": MOBILE}).expect(201)
    return {**record, "api": owner}


def test_the_mobile_of_a_customer_is_whole_for_owners_heads_and_those_who_write(
    api: Api, customer: dict[str, Any]
) -> None:
    owner, address = customer["api"], f"/forms/customer/records/{customer['id']}"
    guest, head = api.as_user("sales", department="销售二部"), api.as_user("manager", department="销售一部")
    for who, seen in ((owner, MOBILE), (head, MOBILE), (api.as_user("finance"), SHOWN), (api, MOBILE)):
        assert who.get(address).expect(200)["mobile"] == seen
    for level, seen in (("read", SHOWN), ("write", MOBILE)):
        members = [{"user": guest.user_id, "level": level}]
        owner.put(f"{address}/team", {"members": members}).expect(200)
        assert guest.get(address).expect(200)["mobile"] == seen
        draft = guest.post("/forms/quotation/preview", {"customer": customer["id"]}, changed="customer").expect(200)
        assert draft["values"]["contact_phone"] == (MOBILE if level == "write" else None)


def test_a_customer_in_the_pool_shows_no_number_until_it_is_somebodys(api: Api, customer: dict[str, Any]) -> None:
    owner, address = customer["api"], f"/forms/customer/records/{customer['id']}"
    api.platform.as_system(lambda ctx: ctx.forms.customer.update(customer["id"], {"owner": None}))
    assert owner.get(address).expect(200)["mobile"] == SHOWN
    (listed,) = owner.get("/forms/customer/records", list="pool").expect(200)["items"]
    assert listed["mobile"] == SHOWN
    assert owner.get("/forms/customer/records", list="pool", search=MOBILE[3:9]).expect(200)["total"] == 0
    assert owner.get("/forms/customer/records", list="pool", mobile=MOBILE).expect(200)["total"] == 0
    api.platform.as_system(lambda ctx: ctx.forms.customer.update(customer["id"], {"owner": owner.user_id}))
    assert owner.get(address).expect(200)["mobile"] == MOBILE
