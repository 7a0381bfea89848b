"""Opportunities and follow-ups by everybody's own buttons."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from lowcode.testing.client import Answer
from tests.scenarios.quoting import Company


def today(company: Company) -> date:
    """The business day, as the platform sees it."""
    return company.platform.as_system(lambda ctx: ctx.today)


def instant(**ago: float) -> str:
    """Write the instant so long ago; a negative number lies ahead."""
    return f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def opportunity(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    base = {
        "name": "车间数据采集",
        "customer": company.customer,
        "expected_amount": "1000.00",
        "expected_close_date": f"{today(company) + timedelta(days=30)}",
    }
    made: dict[str, Any] = company[who].post("/forms/opportunity/records", base | values).expect(201)
    return made


def act(company: Company, who: str, form: str, record_id: int, name: str, **params: Any) -> Answer:
    return company[who].post(f"/forms/{form}/records/{record_id}/actions/{name}", params)


def read(company: Company, form: str, record_id: int, who: str = "admin") -> dict[str, Any]:
    shown: dict[str, Any] = company[who].get(f"/forms/{form}/records/{record_id}").expect(200)
    return shown


def listed(company: Company, form: str, who: str = "admin", **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = company[who].get(f"/forms/{form}/records", per_page=200, **query).expect(200)["items"]
    return found


def contact(company: Company, name: str, who: str = "seller", **values: Any) -> int:
    body = {"customer": company.customer, "name": name, **values}
    return int(company[who].post("/forms/contact/records", body).expect(201)["id"])


def page(company: Company, who: str, path: str) -> str:
    """Open a page and give its markup."""
    person = company[who]
    answer = person.app.test_client(use_cookies=False).get(path, headers=dict(person.credentials))
    assert answer.status_code == 200, path
    return answer.text
