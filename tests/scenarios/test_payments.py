"""Money from registration to reversal, by the buttons of the people it concerns."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lowcode.database.schema import notifications
from lowcode.testing import run_job
from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, listed, page, read, today
from tests.scenarios.trading import draft, effective_by_rules, plan_row

Reminder = Callable[[dict[str, Any], int], list[tuple[str, str]]]

TOTAL = "3624.37"
PARTS = [("prepay", "1087.31"), ("delivery", "2355.84"), ("retention", "181.22")]
"""What 30/65/5 makes of it."""


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    made = found(api)
    made.people["finance_seller"] = api.as_user("finance", "sales", department="华东销售部", name="finance_seller")
    return made


def signed(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Give a contract in force with a retention of 5 %."""
    terms = {"retention_ratio": 5, "warranty_months": 12, **values}
    return effective_by_rules(company, who, **terms)


def plan(company: Company, contract: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(listed(company, "payment_plan", contract=contract["id"]), key=lambda row: row["id"])


def register(company: Company, contract: dict[str, Any], amount: str, who: str = "seller", **params: Any) -> int:
    body = {"amount": amount, "paid_at": f"{today(company)}", **params}
    return int(act(company, who, "contract", contract["id"], "add_payment", **body).expect(200)["open"]["id"])


def pay(company: Company, contract: dict[str, Any], amount: str, **params: Any) -> int:
    made = register(company, contract, amount, **params)
    act(company, "finance", "payment", made, "confirm").expect(200)
    return made


def figures(company: Company, contract: dict[str, Any], *names: str) -> tuple[Any, ...]:
    shown = read(company, "contract", contract["id"])
    return tuple(shown[name] for name in names)


def test_money_is_offered_registered_confirmed_and_counted(company: Company) -> None:
    contract = signed(company)
    assert [(row["stage"], row["plan_amount"]) for row in plan(company, contract)] == PARTS
    path = f"/forms/contract/records/{contract['id']}/actions/add_payment"
    offered = company["seller"].get(path).expect(200)["values"]
    assert (offered["amount"], offered["stage"], offered["method"]) == ("1087.31", "prepay", "transfer")
    made = register(company, contract, "1500.00")
    assert figures(company, contract, "received_amount", "pending_amount", "status") == ("0.00", "1500.00", "effective")
    act(company, "seller", "payment", made, "confirm").expect(403)
    act(company, "finance", "payment", made, "confirm").expect(200)
    assert figures(company, contract, "received_amount", "unreceived_amount", "pending_amount", "status") == (
        "1500.00",
        "2124.37",
        "0.00",
        "executing",
    )
    assert figures(company, contract, "prepay_state", "retention_state", "collection_rate", "overdue_amount") == (
        "received",
        "not_due",
        "41.39",
        "0.00",
    )
    assert [(row["received_amount"], row["outstanding"], row["status"]) for row in plan(company, contract)] == [
        ("1087.31", "0.00", "paid"),
        ("412.69", "1943.15", "partial"),
        ("0.00", "181.22", "open"),
    ]
    paid = read(company, "payment", made, "seller")
    assert (paid["stage"], paid["allocated_amount"], paid["status"]) == ("prepay", "1500.00", "confirmed")


def test_more_than_is_left_is_refused_with_what_is_left(company: Company) -> None:
    contract = signed(company)
    register(company, contract, "3600.00")
    body = {"contract": contract["id"], "amount": "24.38", "method": "transfer", "paid_at": f"{today(company)}"}
    hint = company["seller"].post("/forms/payment/preview", body).expect(200)
    assert "24.37" in hint["errors"]["amount"][0]
    answer = company["seller"].post("/forms/payment/records", body)
    assert answer.status == 422
    assert "24.37" in answer.errors["amount"][0]
    params = {"amount": "24.38", "paid_at": f"{today(company)}"}
    act(company, "seller", "contract", contract["id"], "add_payment", **params).expect(422)
    assert figures(company, contract, "pending_amount") == ("3600.00",)
    tomorrow = f"{today(company) + timedelta(days=1)}"
    answer = company["seller"].post("/forms/payment/records", body | {"amount": "1.00", "paid_at": tomorrow})
    assert set(answer.errors) == {"paid_at"}


def test_nobody_confirms_money_of_contracts_of_their_own(company: Company) -> None:
    customer = company["finance_seller"].post("/forms/customer/records", {"name": "自签客户", "source": "other"})
    contract = signed(company, "finance_seller", customer=customer.expect(201)["id"])
    made = register(company, contract, "100.00", "finance_seller")
    refused = act(company, "finance_seller", "payment", made, "confirm")
    assert (refused.status, refused.json["code"]) == (422, "own_receipt")
    assert read(company, "payment", made)["status"] == "pending"
    act(company, "finance", "payment", made, "confirm").expect(200)


def test_only_what_waits_may_be_deleted(company: Company) -> None:
    contract = signed(company)
    waits, paid = register(company, contract, "100.00"), pay(company, contract, "200.00")
    version = read(company, "payment", waits)["version"]
    company["seller"].delete(f"/forms/payment/records/{waits}", version).expect(204)
    assert figures(company, contract, "pending_amount") == ("0.00",)
    version = read(company, "payment", paid)["version"]
    for who in ("seller", "finance"):
        assert company[who].delete(f"/forms/payment/records/{paid}", version).status == 422
    assert figures(company, contract, "received_amount") == ("200.00",)


def test_a_reversal_gives_everything_back(company: Company) -> None:
    contract = signed(company)
    made = pay(company, contract, "1500.00")
    assert act(company, "seller", "payment", made, "reverse", reason="退款").status == 403
    mirror = act(company, "finance", "payment", made, "reverse", reason="退款").expect(200)["open"]["id"]
    assert figures(company, contract, "received_amount", "pending_amount") == ("0.00", "0.00")
    assert {row["status"] for row in plan(company, contract)} == {"open"}
    original, reversal = read(company, "payment", made), read(company, "payment", mirror)
    assert (original["status"], original["reversal"]["id"]) == ("reversed", mirror)
    assert (reversal["amount"], reversal["status"], reversal["allocated_amount"]) == (
        "-1500.00",
        "confirmed",
        "-1500.00",
    )
    for payment in (made, mirror):
        assert act(company, "finance", "payment", payment, "reverse", reason="再退").status == 422


def test_a_division_by_hand(company: Company) -> None:
    contract = signed(company)
    rows = [row["id"] for row in plan(company, contract)]
    body = {"contract": contract["id"], "amount": "300.00", "method": "wire"}
    split = [{"plan": rows[1], "amount": "200.00"}, {"plan": rows[2], "amount": "99.99"}]
    answer = company["seller"].post("/forms/payment/records", body | {"split": split})
    assert set(answer.errors) == {"split"}
    split[1]["amount"] = "100.00"
    made = company["seller"].post("/forms/payment/records", body | {"split": split}).expect(201)
    act(company, "finance", "payment", made["id"], "confirm").expect(200)
    assert [row["received_amount"] for row in plan(company, contract)] == ["0.00", "200.00", "100.00"]


def test_a_plan_by_hand_has_to_add_up(company: Company) -> None:
    contract = draft(company)
    row = plan_row(company, contract, "1000.00", 10)
    assert (row["percent"], row["period_no"], row["status"]) == ("27.59", 1, "waiting")
    refused = act(company, "seller", "contract", contract["id"], "submit")
    assert (refused.status, refused.json["code"]) == (422, "plan_off_total")
    plan_row(company, contract, "2624.37", 40)
    act(company, "seller", "contract", contract["id"], "submit").expect(200)
    path = f"/forms/payment_plan/records/{row['id']}"
    refused = company["seller"].patch(path, {"plan_amount": "999.00"}, row["version"])
    assert (refused.status, refused.json["code"]) == (422, "plan_in_force")
    assert company["seller"].delete(path, row["version"]).status == 422


def test_a_payment_over_the_cap_is_refused_by_its_own_code(company: Company) -> None:
    contract = signed(company)
    refused = act(company, "seller", "contract", contract["id"], "add_payment", amount="3624.38").expect(422)
    assert (refused["code"], list(refused["errors"])) == ("over_contract_total", ["amount"])


def test_a_plan_in_force_is_nobody_s_to_change(company: Company) -> None:
    """Found in use: the row of a contract in force took another amount, and what was open became negative."""
    contract = effective_by_rules(company)
    row = plan(company, contract)[0]
    path = f"/forms/payment_plan/records/{row['id']}"
    for values in ({"plan_amount": "1.00"}, {"due_date": f"{today(company) + timedelta(days=5)}"}, {"percent": "1"}):
        refused = company["seller"].patch(path, values, row["version"]).expect(422)
        assert refused["code"] == "plan_in_force"
    body = {"contract": contract["id"], "stage": "final", "plan_amount": "1.00", "due_date": f"{today(company)}"}
    assert company["seller"].post("/forms/payment_plan/records", body).expect(422)["code"] == "plan_in_force"
    assert company["seller"].delete(path, row["version"]).status == 422
    assert plan(company, contract)[0] == row


def test_the_overview_is_searched_by_customer_salesperson_and_number(company: Company) -> None:
    contract = signed(company)
    for word in ("宏图", "seller", contract["number"]):
        found_ids = {each["id"] for each in listed(company, "contract", "finance", list="receivable", search=word)}
        assert contract["id"] in found_ids, word
    (row,) = listed(company, "contract", "finance", list="receivable", search=contract["number"])
    assert (row["prepay_state"], row["retention_state"], row["unreceived_amount"]) == ("pending", "not_due", TOTAL)


def test_figures_follow_a_new_owner(company: Company) -> None:
    contract = signed(company)
    pay(company, contract, "100.00")
    owner = company["head"].user_id
    company.platform.as_system(lambda ctx: ctx.forms.contract.update(contract["id"], {"owner": owner}))
    assert {row["owner"]["id"] for row in plan(company, contract)} == {owner}
    assert {each["owner"]["id"] for each in listed(company, "payment_allocation", contract=contract["id"])} == {owner}


@pytest.fixture
def reminded(company: Company) -> Reminder:
    """Run the job so many days from today and give whom it told what of a contract."""

    def remind(contract: dict[str, Any], days: int) -> list[tuple[str, str]]:
        known = {row["id"] for row in plan(company, contract)}
        before = _told(company)
        run_job(company.platform, "crm", "remind_of_payments", now=_morning(today(company) + timedelta(days=days)))
        names = {each.user_id: name for name, each in company.people.items()}
        told = (each for each in _told(company)[len(before) :] if names.get(each.user))
        urls = {f"/f/payment_plan/{each}" for each in known} | {f"/f/contract/{contract['id']}"}
        mine = [each for each in told if each.url in urls]
        return sorted((each.kind, names[each.user]) for each in mine)

    return remind


def _told(company: Company) -> list[Any]:
    with company.platform.db.read() as connection:
        return list(connection.execute(select(notifications).order_by(notifications.c.id)))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(0, 30), UTC)


def test_people_are_reminded_once_of_what_is_due_and_every_three_days_of_what_is_overdue(
    company: Company, reminded: Reminder
) -> None:
    """Nothing is prepaid: all of it is due in 30 days."""
    contract = signed(company, prepay_ratio=0, end_date=f"{today(company) + timedelta(days=200)}")
    assert reminded(contract, 22) == []
    assert reminded(contract, 23) == [("payment_due", "seller")]
    assert reminded(contract, 24) == []
    assert reminded(contract, 30) == []
    everybody = [("payment_overdue", who) for who in ("finance", "finance_seller", "head", "seller")]
    assert reminded(contract, 31) == everybody
    assert reminded(contract, 31) == []
    assert reminded(contract, 33) == []
    assert reminded(contract, 35) == everybody, "what was missed on the fourth day is made up for"
    assert reminded(contract, 36) == []
    assert reminded(contract, 170) == [("contract_expiring", "seller"), *everybody]
    assert reminded(contract, 170) == []
    retention = plan(company, contract)[-1]
    last = (date.fromisoformat(retention["due_date"]) - today(company)).days - 30
    pay(company, contract, "3443.15")
    assert reminded(contract, last - 1) == []
    assert reminded(contract, last) == [("retention_due", who) for who in ("finance", "finance_seller", "seller")]


@pytest.mark.parametrize("panel", ["ageing", "statement"])
def test_the_pages_open(company: Company, panel: str) -> None:
    signed(company)
    for who in ("seller", "finance", "exec"):
        assert "</html>" in page(company, who, f"/panel/{panel}?customer={company.customer}")
        assert "</html>" in page(company, who, f"/panel/{panel}")
    assert company["service"].get(f"/panels/{panel}").status in (403, 404)
