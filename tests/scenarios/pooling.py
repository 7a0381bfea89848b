"""Customers, their owners and the pool by everybody's own buttons."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from lowcode.database.schema import notifications
from lowcode.testing.client import Answer
from tests.scenarios.quoting import Company

_numbers = count(1)


def customer(company: Company, who: str = "seller", **values: Any) -> dict[str, Any]:
    base = {"name": f"杭州远景仪表 {next(_numbers)} 号厂", "source": "other"}
    made: dict[str, Any] = company[who].post("/forms/customer/records", base | values).expect(201)
    return made


def pooled(company: Company, **values: Any) -> dict[str, Any]:
    return customer(company, "admin", owner=None, **values)


def act(company: Company, who: str, record: dict[str, Any], name: str, **params: Any) -> Answer:
    return company[who].post(f"/forms/customer/records/{record['id']}/actions/{name}", params)


def read(company: Company, record: dict[str, Any], who: str = "admin") -> dict[str, Any]:
    shown: dict[str, Any] = company[who].get(f"/forms/customer/records/{record['id']}").expect(200)
    return shown


def contact(company: Company, record: dict[str, Any], name: str = "周敏", who: str = "seller") -> int:
    body = {"customer": record["id"], "name": name}
    return int(company[who].post("/forms/contact/records", body).expect(201)["id"])


def owner_of(company: Company, form: str, record_id: int) -> int | None:
    owner: int | None = company.platform.as_system(lambda ctx: getattr(ctx.forms, form).get(record_id).owner)
    return owner


def changes(company: Company, record: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Give the kept changes of a customer's owner, oldest first."""

    def look(ctx: Any) -> list[tuple[Any, ...]]:
        rows = ctx.forms.owner_history.find(customer=record["id"])
        return [(each.action, each.prev_owner, each.new_owner, each.by) for each in rows]

    return company.platform.as_system(look)


def told(company: Company, who: str, kind: str) -> list[str]:
    wanted = select(notifications.c.url).where(
        notifications.c.user == company[who].user_id, notifications.c.kind == kind
    )
    with company.platform.db.read() as connection:
        return list(connection.scalars(wanted))


@contextmanager
def settings(company: Company, **chosen: Any) -> Iterator[None]:
    before = company["admin"].get("/apps/crm/settings").expect(200)
    company["admin"].put("/apps/crm/settings", chosen).expect(200)
    try:
        yield
    finally:
        company["admin"].put("/apps/crm/settings", {name: before[name] for name in chosen}).expect(200)


@contextmanager
def limited(company: Company, **values: Any) -> Iterator[None]:
    made = company["admin"].post("/forms/holding_limit/records", {"name": "上限", "kind": "own", **values}).expect(201)
    try:
        yield
    finally:
        company["admin"].delete(f"/forms/holding_limit/records/{made['id']}", made["version"]).expect(204)


def aged(company: Company, record: dict[str, Any], days: int, **values: Any) -> None:
    """Let a customer have been owned for so many days."""
    owned = datetime.now(UTC).replace(microsecond=0) - timedelta(days)
    company.platform.as_system(lambda ctx: ctx.forms.customer.update(record["id"], {"owner_at": owned, **values}))
