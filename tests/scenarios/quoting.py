"""Two sales departments, and a quotation's way through its states by their buttons."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import select

from lowcode.database.schema import mails
from lowcode.platform import Platform
from lowcode.testing import run_job
from lowcode.testing.client import Answer, Api

LINE = {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5}
PAST = {"quote_date": "2026-01-05", "valid_until": "2026-01-31"}
PARAMS: dict[str, dict[str, Any]] = {"decline": {"reason": "价格太高"}}
PEOPLE = {
    "exec": ("总部", ("exec",)),
    "head": ("华东销售部", ("manager",)),
    "seller": ("华东销售部", ("sales",)),
    "other_head": ("华南销售部", ("manager",)),
    "other_seller": ("华南销售部", ("sales",)),
    "finance": ("财务部", ("finance",)),
    "service": ("客服部", ("service",)),
}
HEADS = {"总部": "exec", "华东销售部": "head", "华南销售部": "other_head"}

_numbers = count(1)


@dataclass
class Company:
    """Everybody's way to call the API, and what tests do again and again."""

    platform: Platform
    people: dict[str, Api]
    customer: int = 0

    def __getitem__(self, name: str) -> Api:
        return self.people[name]

    def draft(self, who: str = "seller", **values: Any) -> dict[str, Any]:
        base = {"name": f"网关报价 {next(_numbers)}", "customer": self.customer, "lines": [LINE]}
        made: dict[str, Any] = self[who].post("/forms/quotation/records", base | values).expect(201)
        return made

    def act(self, who: str, record: dict[str, Any], name: str, **params: Any) -> Answer:
        return self[who].post(f"/forms/quotation/records/{record['id']}/actions/{name}", params)

    def read(self, record: dict[str, Any], who: str = "admin") -> dict[str, Any]:
        shown: dict[str, Any] = self[who].get(f"/forms/quotation/records/{record['id']}").expect(200)
        return shown

    def decide(self, who: str, record: dict[str, Any], decision: str = "agree") -> None:
        box = self[who].get("/tasks", box="todo", per_page=200).expect(200)["items"]
        (task,) = (each for each in box if each["record"]["id"] == record["id"])
        self[who].post(f"/tasks/{task['id']}/{decision}", {"opinion": "看过"}).expect(200)

    def bring(self, state: str, **values: Any) -> dict[str, Any]:
        """Make a quotation that has come to a state by everybody's own buttons, and by the system where it is so."""
        record = self.draft(**(PAST if state == "expired" else {}) | values)
        if state != "draft":
            self.act("seller", record, "submit").expect(200)
        if state == "withdrawn":
            self.act("seller", record, "withdraw").expect(200)
        elif state not in {"draft", "in_review"}:
            self.decide("head", record, "reject" if state == "rejected" else "agree")
        steps = {"sent": "send", "accepted": "accept", "converted": "accept", "declined": "decline", "voided": "revise"}
        if step := steps.get(state):
            self.act("seller", record, step, **PARAMS.get(step, {})).expect(200)
        if state == "converted":
            self.platform.as_system(lambda ctx: ctx.forms.quotation.move(record["id"], "convert"))
        elif state == "expired":
            self.expire()
        shown = self.read(record, "seller")
        assert shown["status"] == state
        return shown

    def expire(self) -> str:
        """Let the daily job run."""
        return run_job(self.platform, "crm", "expire_quotations")

    def mails(self) -> list[Any]:
        with self.platform.db.read() as connection:
            return list(connection.execute(select(mails).order_by(mails.c.id)))


def found(api: Api) -> Company:
    """Make the people, their heads and a customer of the seller."""
    company = Company(api.platform, {"admin": api})
    for name, (department, roles) in PEOPLE.items():
        company.people[name] = api.as_user(*roles, department=department, name=name)
    departments = {name: api.platform.as_system(lambda ctx, n=name: ctx.users.ensure_department(n)) for name in HEADS}
    for name, head in HEADS.items():
        above = None if name == "总部" else departments["总部"]
        body = {"head": company[head].user_id, "parent": above}
        api.patch(f"/departments/{departments[name]}", body).expect(200)
    made = company["seller"].post("/forms/customer/records", {"name": "上海宏图自动化有限公司", "source": "other"})
    company.customer = made.expect(201)["id"]
    return company
