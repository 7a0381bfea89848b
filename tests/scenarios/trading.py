"""Contracts by everybody's own buttons, and by the rules where a test is about what comes after them."""

from datetime import timedelta
from itertools import count
from typing import Any

from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, read, today

__all__ = [
    "LINE", "LINES", "Company", "act", "act_on", "decide", "draft", "effective", "effective_by_rules", "found", "order",
    "plan_row", "read", "scan", "submit", "terms", "today",
]  # fmt: skip

LINE = {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5, "tax_rate": 13}
"""It comes to 2849.97."""

LINES = [LINE, {"product_name": "采集模块", "quantity": 10, "unit_price": "88", "discount_rate": 12, "tax_rate": 6}]
"""Together they come to 3624.37."""

_numbers = count(1)


def terms(company: Company, **values: Any) -> dict[str, Any]:
    """Give what a contract needs; prepayment 30 %, so that nobody but the head and finance is asked."""
    base = {
        "name": f"网关销售合同 {next(_numbers)}",
        "customer": company.customer,
        "payment_method": "transfer",
        "prepay_ratio": 30,
        "sign_date": f"{today(company)}",
        "delivery_date": f"{today(company) + timedelta(days=30)}",
        "receiver_name": "陈工",
        "receiver_phone": "13812345678",
        "receiver_address": "上海市浦东新区张江路 1 号",
        "invoice_title": "上海宏图自动化有限公司",
        "tax_number": "91310115MA1K3ABC4D",
        "lines": LINES,
    }
    return base | values


def draft(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Make a draft contract."""
    made: dict[str, Any] = company[who].post("/forms/contract/records", terms(company, **values)).expect(201)
    return made


def act_on(company: Company, who: str, record: dict[str, Any], name: str, form: str = "contract", **params: Any) -> Any:
    """Press a button of a record, by default of a contract."""
    return act(company, who, form, record["id"], name, **params)


def decide(company: Company, who: str, record: dict[str, Any], decision: str = "agree", form: str = "contract") -> Any:
    """Decide what a person is asked about a record; give the answer."""
    box = company[who].get("/tasks", box="todo", form=form, per_page=200).expect(200)["items"]
    (task,) = (each for each in box if each["record"]["id"] == record["id"])
    return company[who].post(f"/tasks/{task['id']}/{decision}", {"opinion": "看过"})


def submit(company: Company, record: dict[str, Any], *people: str, form: str = "contract", who: str = "seller") -> Any:
    """Submit a record and let people agree one after another; give it as it stands then."""
    act_on(company, who, record, "submit", form).expect(200)
    for person in people or ("head", "finance"):
        decide(company, person, record, form=form).expect(200)
    return read(company, form, record["id"])


def effective(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Bring a contract into force by everybody's own buttons; its prepayment is 30 % at least."""
    made: dict[str, Any] = submit(company, draft(company, who, **values), who=who)
    assert made["status"] == "effective", made["status"]
    return made


def effective_by_rules(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Bring a contract into force without asking anybody, which is faster."""
    made = draft(company, who, **values)

    def bring(ctx: Any) -> None:
        ctx.forms.contract.update(made["id"], {"status": "pending_sign"})
        ctx.forms.contract.move(made["id"], "sign", {"sign_date": values.get("sign_date") or f"{ctx.today}"})

    company.platform.as_system(bring)
    return read(company, "contract", made["id"])


def order(company: Company, contract: dict[str, Any], who: str = "seller", **params: Any) -> dict[str, Any]:
    """Order what is left of a contract, or the lines in `params`; give the order."""
    opened = act_on(company, who, contract, "make_order", **params).expect(200)["open"]
    return read(company, "order", opened["id"])


def plan_row(company: Company, contract: dict[str, Any], amount: str, days: int, **values: Any) -> dict[str, Any]:
    """Add a row to the plan of a draft contract, due so many days from today."""
    due = f"{today(company) + timedelta(days=days)}"
    body = {"contract": contract["id"], "stage": "delivery", "plan_amount": amount, "due_date": due, **values}
    made: dict[str, Any] = company["seller"].post("/forms/payment_plan/records", body).expect(201)
    return made


def scan(company: Company, who: str = "seller") -> str:
    """Upload a signed page; give the id of the file."""
    return str(company[who].upload("scan.pdf", b"%PDF-1.4\n%%EOF\n").expect(201)["id"])
