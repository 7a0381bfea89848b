"""Funnel and forecast: figures over opportunities, as far as each person sees them."""

from datetime import timedelta
from typing import Any

import pytest

from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, opportunity, today

NOTHING = {"count": 0, "amount": "0.00"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    """Five opportunities of one salesperson, one of his head, and one of another department."""
    made = found(api)
    day = today(made)
    deals = {
        "new": opportunity(made, expected_amount="100.05"),
        "offered": opportunity(made, stage="proposal", expected_amount="200.00", expected_close_date=f"{day}"),
        "won": opportunity(made, expected_amount="1000.00", expected_close_date=f"{day}"),
        "lost": opportunity(made, expected_amount="5000.00", expected_close_date=f"{day}"),
        "none": opportunity(made, expected_amount="7000.00", expected_close_date=f"{day}"),
    }
    opportunity(made, "head", stage="negotiation", expected_amount="300.00", expected_close_date=f"{day}")
    far = made["other_seller"].post("/forms/customer/records", {"name": "广州客户", "source": "other"}).expect(201)
    late = f"{day + timedelta(days=800)}"
    opportunity(made, "other_seller", customer=far["id"], expected_amount="9.99", expected_close_date=late)
    act(made, "seller", "opportunity", deals["won"]["id"], "win", expected_amount="999.99").expect(200)
    act(made, "seller", "opportunity", deals["lost"]["id"], "lose", lost_reason="no_budget").expect(200)
    act(made, "seller", "opportunity", deals["none"]["id"], "lose", lost_reason="no_budget", stage="invalid").expect(
        200
    )
    return made


def shown(company: Company, who: str, panel: str, **params: Any) -> dict[str, Any]:
    data: dict[str, Any] = company[who].get(f"/panels/{panel}", **params).expect(200)
    return data


def test_the_funnel_of_one_salesperson(company: Company) -> None:
    data = shown(company, "seller", "funnel")
    assert [(row["stage"], row["count"], row["amount"], row["weighted"]) for row in data["stages"]] == [
        ("prospecting", 1, "100.05", "10.01"),
        ("analysis", 0, "0.00", "0.00"),
        ("proposal", 1, "200.00", "120.00"),
        ("negotiation", 0, "0.00", "0.00"),
        ("won", 1, "999.99", "999.99"),
        ("lost", 1, "5000.00", "0.00"),
        ("invalid", 1, "7000.00", "0.00"),
    ]
    assert data["open"] == {"count": 2, "amount": "300.05", "weighted": "130.01"}
    assert (data["won"], data["lost"]) == ({"count": 1, "amount": "999.99"}, {"count": 1, "amount": "5000.00"})
    assert (data["total"], data["win_rate"]) == ({"count": 5, "amount": "13300.04"}, "50.00")


def test_everybody_sees_his_own_part(company: Company) -> None:
    counted = {who: shown(company, who, "funnel")["total"]["count"] for who in ("seller", "head", "exec", "finance")}
    assert counted == {"seller": 5, "head": 6, "exec": 7, "finance": 7}
    assert shown(company, "other_seller", "funnel")["total"] == {"count": 1, "amount": "9.99"}
    assert shown(company, "other_head", "funnel")["win_rate"] is None
    assert company["service"].get("/panels/funnel").status == 403


def test_the_filters_narrow_what_the_person_sees(company: Company) -> None:
    def count(who: str, **params: Any) -> int:
        return int(shown(company, who, "funnel", **params)["total"]["count"])

    day = today(company)
    east, south, all_of_it = (
        company.platform.as_system(lambda ctx, name=name: ctx.users.ensure_department(name))
        for name in ("华东销售部", "华南销售部", "总部")
    )
    assert [count("exec", department=each) for each in (east, south, all_of_it)] == [6, 1, 7]
    assert [count("head", department=each) for each in (east, south, all_of_it)] == [6, 0, 6]
    assert count("exec", owner=company["head"].user_id) == 1
    assert count("seller", owner=company["head"].user_id) == 0
    assert count("exec", created_from=f"{day}", created_to=f"{day}") == 7
    assert count("exec", created_to=f"{day - timedelta(days=1)}") == 0
    assert count("exec", created_from=f"{day + timedelta(days=1)}") == 0
    assert company["exec"].get("/panels/funnel", created_from="morgen").status == 422


def test_the_forecast_counts_twelve_months_by_the_expected_day(company: Company) -> None:
    data = shown(company, "exec", "forecast")
    day = today(company)
    months = data["months"]
    assert (len(months), months[0]["month"]) == (12, f"{day:%Y-%m}")
    near = {row["month"]: row for row in months if row["count"]}
    this = near.pop(f"{day:%Y-%m}")
    expected = {"count": 3, "amount": "1499.99", "weighted": "1359.99", "won": "999.99"}
    if not near:  # in months of 31 days the first day's opportunity of thirty days ahead is due in this one too
        expected = {"count": 4, "amount": "1600.04", "weighted": "1370.00", "won": "999.99"}
    assert this == {"month": f"{day:%Y-%m}", **expected}
    assert data["total"] == {"count": 4, "amount": "1600.04", "weighted": "1370.00", "won": "999.99"}
    head, seller = data["by_owner"]
    assert head["owner"] == {"id": company["head"].user_id, "title": "head"}
    assert seller["owner"]["id"] == company["seller"].user_id
    figures = ("count", "amount", "weighted", "won")
    assert [head[name] for name in figures] == [1, "300.00", "240.00", "0.00"]
    assert [seller[name] for name in figures] == [3, "1300.04", "1130.00", "999.99"]


def test_the_forecast_starts_where_asked_and_shows_what_the_person_sees(company: Company) -> None:
    later = today(company) + timedelta(days=800)
    data = shown(company, "exec", "forecast", month_from=f"{later}")
    assert (data["months"][0]["month"], data["total"]["amount"]) == (f"{later:%Y-%m}", "9.99")
    hidden = shown(company, "seller", "forecast", month_from=f"{later}")
    assert (hidden["total"], hidden["by_owner"]) == ({**NOTHING, "weighted": "0.00", "won": "0.00"}, [])
    assert shown(company, "exec", "forecast", owner=company["head"].user_id)["total"]["amount"] == "300.00"
