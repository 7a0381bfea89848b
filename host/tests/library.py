"""Records of the demo plugin for tests, through the API."""

from itertools import count
from typing import Any

from lowcode.testing.client import Api

MODULES = ("demo_plugin.plugin",)

_numbers = count(1)


def item(api: Api, **values: Any) -> dict[str, Any]:
    """Add an item."""
    base = {"code": f"I-{next(_numbers)}", "title": "显微镜", "subject": "physics", "price": "150"}
    made: dict[str, Any] = api.post("/forms/item/records", base | values).expect(201)
    return made


def member(api: Api, **values: Any) -> dict[str, Any]:
    """Add a member."""
    base = {"name": "张三", "card": f"AB{next(_numbers):04}"}
    made: dict[str, Any] = api.post("/forms/member/records", base | values).expect(201)
    return made


def loan_payload(api: Api, **values: Any) -> dict[str, Any]:
    """Make what a loan is saved from, with a member and one line."""
    line = {"title": "三脚架", "quantity": "2", "price": "30"}
    base = {"subject": "实验课", "lines": [line], **values}
    return base if "member" in base else {**base, "member": member(api)["id"]}


def loan(api: Api, **values: Any) -> dict[str, Any]:
    """Add a loan."""
    made: dict[str, Any] = api.post("/forms/loan/records", loan_payload(api, **values)).expect(201)
    return made


def act(api: Api, record: dict[str, Any], name: str, **params: Any) -> dict[str, Any]:
    """Press a button of a loan; give the loan."""
    answer: dict[str, Any] = api.post(f"/forms/loan/records/{record['id']}/actions/{name}", params).expect(200)
    shown: dict[str, Any] = answer["record"]
    return shown


def set_state(api: Api, record: dict[str, Any], state: str) -> dict[str, Any]:
    """Put a loan into a state without asking anybody."""
    api.platform.as_system(lambda ctx: ctx.forms.loan.update(record["id"], {"status": state}))
    return read(api, "loan", record["id"])


def read(api: Api, form: str, record_id: int) -> dict[str, Any]:
    """Read a record."""
    shown: dict[str, Any] = api.get(f"/forms/{form}/records/{record_id}").expect(200)
    return shown
