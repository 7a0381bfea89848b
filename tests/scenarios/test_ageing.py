"""Ageing and statements against SQL written by hand, and every stored sum against one made anew.

DOCUMENTS says how many contracts random things happen to, within half a year of business days.
"""

import os
import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from crm_plugin import planning, receivables
from crm_plugin.ageing import outstanding
from lowcode.api import Context, Fault
from lowcode.database import datacheck
from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import today
from tests.scenarios.trading import draft

DOCUMENTS = int(os.environ.get("DOCUMENTS") or 8)
STEPS = 8
DAYS = 180
DATES = 50

ROWS_ON = text(
    "select p.customer, p.owner, p.due_date, p.plan_amount - coalesce((select sum(a.amount) from"
    " crm_payment_allocation a where a.plan = p.id and a.allocated_on <= :day), 0) as still_open"
    " from crm_payment_plan p where p.deleted_at is null and p.effective_on <= :day"
    " and (p.voided_on is null or p.voided_on > :day)"
)
"""What was open on a day, row by row; amounts in the database's own units."""


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    """Contracts of two departments, to which random things have happened on the way to today."""
    made = found(api)
    far = made["other_seller"].post("/forms/customer/records", {"name": "广州客户", "source": "other"}).expect(201)
    dice = random.Random(20261124)
    for number in range(DOCUMENTS):
        who, customer = (("seller", made.customer), ("other_seller", far["id"]))[number % 2]
        _live(made, who, customer, dice)
    return made


def _live(company: Company, who: str, customer: int, dice: random.Random) -> None:
    """Let a contract take effect some time ago, and a few things happen to it since."""
    start = today(company) - timedelta(days=dice.randrange(DAYS // 2, DAYS))
    terms = {
        "customer": customer, "prepay_ratio": dice.choice((0, 30, 50)), "retention_ratio": dice.choice((0, 5)),
        "warranty_months": dice.choice((1, 3, 12)), "credit_days": dice.choice((0, 45)),
        "sign_date": None, "delivery_date": f"{start + timedelta(days=dice.choice((5, 40, 90)))}",
    }  # fmt: skip
    contract = draft(company, who, **terms)["id"]

    def sign(ctx: Context) -> None:
        ctx.forms.contract.update(contract, {"status": "pending_sign"})
        ctx.forms.contract.move(contract, "sign", {"sign_date": f"{start}"})

    day = start
    company.platform.as_system(sign, now=_noon(day))
    for _step in range(STEPS):
        day += timedelta(days=dice.randrange(1, 2 * DAYS // STEPS))
        if day > today(company):
            return
        try:
            company.platform.as_system(lambda ctx: _happen(contract, dice, ctx), now=_noon(day))
        except Fault:
            continue


def _happen(contract_id: int, dice: random.Random, ctx: Context) -> None:
    contract = ctx.forms.contract.get(contract_id, lock=True)
    kind = dice.random()
    if kind < 0.6:
        amount = (contract.total_amount * dice.randrange(1, 5) / 10).quantize(Decimal("0.01"))
        paid_at = ctx.today - timedelta(days=dice.randrange(0, 3))
        values = {"contract": contract.id, "amount": amount, "method": "transfer", "paid_at": paid_at}
        ctx.forms.payment.move(ctx.forms.payment.create(values), "confirm")
    elif kind < 0.75:
        paid = ctx.forms.payment.find(contract=contract.id, status="confirmed", reverses__isnull=True)
        if paid:
            receivables.reverse(dice.choice(paid), "退款", ctx)
    elif kind < 0.95 and contract.status in {"effective", "executing"}:
        line = contract.lines[0]
        lines = [{"id": line.id, "quantity": max(Decimal(1), line.quantity + dice.choice((-1, 1, 2)))}]
        rest = [{"id": each.id} for each in contract.lines[1:]]
        planning.replan(ctx.forms.contract.update(contract, {"lines": lines + rest}), ctx)
    elif contract.status in {"effective", "executing"}:
        ctx.forms.contract.move(contract, "terminate", {"reason": "客户取消"})


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


@pytest.fixture(scope="module")
def days(company: Company) -> list[date]:
    """Fifty days, today among them."""
    dice = random.Random(7)
    last = today(company)
    return [last, *(last - timedelta(days=dice.randrange(-5, DAYS)) for _number in range(DATES - 1))]


def _by_hand(company: Company, day: date) -> dict[tuple[int, int, str], Decimal]:
    with company.platform.db.read() as connection:
        shown = f"{day}" if connection.dialect.name == "sqlite" else day
        scale = -2 if connection.dialect.name == "sqlite" else 0
        rows = connection.execute(ROWS_ON, {"day": shown}).all()
    sums: dict[tuple[int, int, str], Decimal] = {}
    for row in rows:
        late = (day - date.fromisoformat(str(row.due_date))).days
        bucket = "not_due" if late <= 0 else "over_90" if late > 90 else ("d1_30", "d31_60", "d61_90")[(late - 1) // 30]
        key = (row.customer, row.owner, bucket)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row.still_open).scaleb(scale)
    return {key: amount for key, amount in sums.items() if amount}


def test_what_was_open_on_any_day_is_what_sql_says(company: Company, days: list[date]) -> None:
    differing = 0
    for day in days:
        groups = company.platform.as_system(lambda ctx, d=day: outstanding(d, {}, ctx))
        shown = {(*key, code): value for key, each in groups.items() for code, value in each.items() if value}
        differing += shown != _by_hand(company, day)
    assert differing == 0
    assert _by_hand(company, days[0])


def test_the_panel_shows_everybody_what_they_may_see(company: Company, days: list[date]) -> None:
    for day in (days[0], days[1], days[2]):
        whole = company["finance"].get("/panels/ageing", on=f"{day}").expect(200)
        parts = [company[who].get("/panels/ageing", on=f"{day}").expect(200) for who in ("seller", "other_seller")]
        heads = [company[who].get("/panels/ageing", on=f"{day}").expect(200) for who in ("head", "other_head")]
        for name in ("not_due", "d1_30", "over_90", "overdue", "outstanding"):
            assert _total(whole, name) == sum(_total(each, name) for each in parts)
            assert [_total(each, name) for each in parts] == [_total(each, name) for each in heads]
        assert _total(whole, "outstanding") == sum(_by_hand(company, day).values(), Decimal(0))
        assert _rows_open(whole) == _total(whole, "outstanding")
        assert all(row["contract"]["title"].startswith("网关") for row in parts[0]["rows"])
        for name, key in (("by_customer", "outstanding"), ("by_owner", "overdue")):
            assert sum(Decimal(row[key]) for row in whole[name]) == _total(whole, key)


def _total(data: dict[str, Any], name: str) -> Decimal:
    return Decimal(data["total"][name])


def _rows_open(data: dict[str, Any]) -> Decimal:
    assert not data["truncated"]
    return sum((Decimal(row["outstanding"]) for row in data["rows"]), Decimal(0))


def test_the_panel_narrows_to_a_salesperson_a_department_and_a_customer(company: Company) -> None:
    seller = company["seller"].user_id
    department = company.platform.as_system(lambda ctx: ctx.users.department_of(seller))
    shown = [
        company["finance"].get("/panels/ageing", **{name: value}).expect(200)["total"]
        for name, value in (("owner", seller), ("department", department), ("customer", company.customer))
    ]
    own = company["seller"].get("/panels/ageing").expect(200)["total"]
    assert shown == [own, own, own]


def test_whoever_has_no_contract_sees_nothing_owed(company: Company) -> None:
    nobody = company["other_head"].user_id
    for day in (today(company), today(company) - timedelta(days=30)):
        data = company["exec"].get("/panels/ageing", on=f"{day}", owner=nobody).expect(200)
        assert (_total(data, "outstanding"), data["rows"], data["by_customer"]) == (0, [], [])


def test_a_statement_closes_with_what_the_ageing_shows(company: Company, days: list[date]) -> None:
    first, last = sorted(days[1:3])
    answer = company["finance"].get("/panels/statement", customer=company.customer, **{"from": first, "to": last})
    data = answer.expect(200)
    on = {day: _customer(company, day) for day in (first - timedelta(days=1), last)}
    assert [Decimal(data["opening"]), Decimal(data["closing"])] == list(on.values())
    balance = Decimal(data["opening"])
    for row in data["rows"]:
        balance += Decimal(row["amount"] or 0) - Decimal(row["received"] or 0)
        assert Decimal(row["balance"]) == balance
        assert first.isoformat() <= row["day"] <= last.isoformat()
        assert row["number"]
    assert balance == Decimal(data["closing"])
    for name in ("amount", "received", "invoiced"):
        assert sum((Decimal(row[name] or 0) for row in data["rows"]), Decimal(0)) == Decimal(data["totals"][name])


def _customer(company: Company, day: date) -> Decimal:
    found = _by_hand(company, day).items()
    return sum((amount for (customer, _owner, _bucket), amount in found if customer == company.customer), Decimal(0))


def test_a_statement_of_nobody_asks_for_a_customer(company: Company) -> None:
    data = company["finance"].get("/panels/statement").expect(200)
    assert (data["customer"], data["rows"]) == (None, [])
    wrong = {"customer": company.customer, "from": "2026-02-01", "to": "2026-01-01"}
    assert set(company["finance"].get("/panels/statement", **wrong).errors) == {"from"}


def test_the_rows_of_a_statement_are_of_every_kind(company: Company) -> None:
    first = f"{today(company) - timedelta(days=2 * DAYS)}"
    data = company["finance"].get("/panels/statement", customer=company.customer, **{"from": first}).expect(200)
    assert data["opening"] == "0.00"
    assert {row["kind"] for row in data["rows"]} >= {"contract", "receipt", "reversal", "change"}


def test_every_sum_is_right(company: Company) -> None:
    assert company.platform.as_system(datacheck.wrong_rollups) == []
    company.platform.as_system(_check_sums)


def _check_sums(ctx: Context) -> None:
    allocated = {
        each.keys["payment"]: each.sums["amount"]
        for each in ctx.forms.payment_allocation.totals(by=("payment",), sum=("amount",))
    }
    for payment in ctx.forms.payment.find():
        assert allocated[payment.id] == payment.amount
    for contract in ctx.forms.contract.find():
        rows = planning.live_rows(contract.id, ctx)
        assert contract.received_amount + contract.unreceived_amount == contract.total_amount
        assert 0 <= contract.received_amount == sum(row.received_amount for row in rows)
        if contract.status != "terminated":
            assert sum(row.plan_amount for row in rows) == contract.total_amount
            assert sum(row.outstanding for row in rows) == contract.unreceived_amount
