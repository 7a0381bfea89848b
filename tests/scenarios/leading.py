"""Leads by everybody's own buttons."""

from itertools import count
from typing import Any

from lowcode.testing.client import Answer
from tests.scenarios.quoting import Company
from tests.scenarios.selling import act, read

_numbers = count(1)

MADE = ("customer", "contact", "opportunity", "follow_up", "owner_history", "lead")
"""The forms whose records a conversion makes or changes."""


def lead(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Enter a lead of a company that nobody has heard of."""
    number = next(_numbers)
    base = {
        "customer_name": f"苏州启明装备 {number} 号厂",
        "contact_name": "周敏",
        "mobile": f"139{number:08}",
        "source": "trade_show",
    }
    made: dict[str, Any] = company[who].post("/forms/lead/records", base | values).expect(201)
    return made


def do(company: Company, who: str, record: dict[str, Any], name: str, **params: Any) -> Answer:
    """Press a button of a lead."""
    return act(company, who, "lead", record["id"], name, **params)


def again(company: Company, record: dict[str, Any]) -> dict[str, Any]:
    """Read a lead anew, as an administrator."""
    return read(company, "lead", record["id"])


def standing(company: Company) -> dict[str, list[tuple[int, int]]]:
    """Give id and version of all that stands of what a conversion touches."""

    def look(ctx: Any) -> dict[str, list[tuple[int, int]]]:
        found = {name: getattr(ctx.forms, name).find() for name in MADE}
        return {name: [(each.id, each.version) for each in records] for name, records in found.items()}

    return company.platform.as_system(look)


def changes_of_owner(company: Company, record: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Give the kept changes of a lead's owner, oldest first."""

    def look(ctx: Any) -> list[tuple[Any, ...]]:
        found = ctx.forms.owner_history.find(lead=record["id"])
        return [(each.action, each.prev_owner, each.new_owner, each.reason, each.by) for each in found]

    return company.platform.as_system(look)


def preview(company: Company, who: str, record: dict[str, Any], **params: Any) -> Answer:
    """Ask what a conversion would do."""
    return company[who].post(f"/forms/lead/records/{record['id']}/actions/convert", params, preview=1)


def upload(company: Company, who: str, name: str) -> str:
    """Upload a paper and give its id."""
    return str(company[who].upload(name, b"%PDF-1.4 some paper").expect(201)["id"])


def customer(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    """Enter a customer."""
    made: dict[str, Any] = company[who].post("/forms/customer/records", {"source": "other"} | values).expect(201)
    return made
