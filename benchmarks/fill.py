"""Fill a database with a company of any size: rows for the derived tables, many at once, past the save path."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, select, update

from benchmarks.deals import Source
from benchmarks.fill_contracts import write_accepted, write_contracts
from benchmarks.fill_opportunities import STAGES, opportunities
from benchmarks.rows import START, advance_ids, line, system, totals, write
from lowcode import initialise, settings
from lowcode.database import derived
from lowcode.database.metadata import metadata
from lowcode.database.migrate import connection_for_ddl
from lowcode.database.schema import approval_tasks, approvals, trail_head
from lowcode.declare.workflows import Step
from lowcode.identity import departments, sessions, users
from lowcode.identity.tables import users as user_table
from lowcode.platform import Platform
from lowcode.workflow import flows, trail

SELLERS = 50
PRODUCTS = 1000
QUOTATIONS = 1000
LINES = 50
TASKS = 10_000
UNLIMITED = {"daily_claim_limit": 10_000}
POOLED = 5
"""One customer of so many has nobody in charge."""
PLACES = ("华东", "江南", "东海", "北辰", "中原", "西岭", "南粤", "长风", "天和", "金石", "云帆", "海川")
TRADES = ("精密机械", "新能源", "生物医药", "供应链", "环保科技", "电子材料", "智能装备", "食品", "信息技术")
ENDINGS = ("有限公司", "股份有限公司", "集团有限公司", "（上海）有限公司")
STATUSES = ("potential", "interested", "negotiating", "deal", "lost")
LEVELS = ("A", "B", "C", "D")
INDUSTRIES = ("it", "finance", "manufacturing", "energy", "healthcare", "construction")
SOURCES = ("promotion", "search", "referral", "phone", "trade_show", "other")


@dataclass(frozen=True, slots=True)
class Company:
    """What the load generator needs to know of the data."""

    tokens: dict[str, str]
    seller: int
    customers: int
    products: int
    quotations: int
    contracts: int
    today: date

    @property
    def token(self) -> str:
        """Give the session of the seller, who owns the quotations."""
        return self.tokens["sales"]


def create_tables(platform: Platform) -> None:
    """Make every table anew."""
    for tables in reversed([metadata, *platform.tables.values()]):
        tables.drop_all(platform.db.engine)
    for tables in [metadata, *platform.tables.values()]:
        tables.create_all(platform.db.engine)


def fill(platform: Platform, customers: int, contracts: int = 0) -> Company:
    """Write sellers, products, customers with one contact each, quotations of 50 lines, and contracts."""
    random = Random(20261123)
    platform.as_system(lambda ctx: initialise.apply(ctx, "crm"))
    platform.as_system(lambda ctx: settings.write(ctx, "crm", UNLIMITED))
    today = platform.as_system(lambda ctx: ctx.today)
    with platform.db.write() as connection:
        sellers = _sellers(connection, platform)
        tokens = _sign_in(connection, platform, sellers)
        table = {name: form.table for name, form in platform.forms.items()}
        lines = platform.forms["quotation"].line_tables["lines"]
        products = list(_products(random, sellers))
        write(connection, table["product"], products)
        write(connection, table["customer"], _customers(random, sellers, customers))
        write(connection, table["contact"], _contacts(sellers, customers))
        write(connection, table["opportunity"], opportunities(random, sellers, customers))
        quotations = list(_quotations(random, sellers[0], products, customers))
        write(connection, table["quotation"], (quotation for quotation, _rows in quotations))
        write(connection, lines, (row for _quotation, rows in quotations for row in rows))
        advance_ids(connection, table["product"], table["customer"], table["contact"], table["quotation"])
        advance_ids(connection, table["opportunity"])
        for each in (table["customer"], table["quotation"], table["opportunity"]):
            of_owner = select(user_table.c.department_id).where(user_table.c.id == each.c.owner)
            connection.execute(update(each).values(owner_department=of_owner.scalar_subquery()))
        _tasks(connection, sellers[0])
        if contracts:
            source = Source(sellers, _departments(connection), products, customers, today)
            write_contracts(connection, platform, source, contracts)
            write_accepted(connection, platform, source)
    _index(platform)
    _analyse(platform)
    return Company(tokens, sellers[0], customers, PRODUCTS, QUOTATIONS, contracts, today)


def _sellers(connection: Connection, platform: Platform) -> list[int]:
    for serial in range(SELLERS):
        named = {"username": f"seller{serial}", "name": f"销售{serial}"}
        payload = named | {"password": "Bench-12345-x", "roles": ["sales"]}
        users.create(connection, payload, platform.roles)
    return list(connection.scalars(select(user_table.c.id).order_by(user_table.c.id)))


def _sign_in(connection: Connection, platform: Platform, sellers: list[int]) -> dict[str, str]:
    """Open the sessions: a seller, the head of half the sellers, an executive, finance, and one with much to decide."""
    department = departments.create(connection, {"name": "销售部"})["id"]
    people = {"sales": sellers[0]}
    for username, role in (("head", "manager"), ("exec", "exec"), ("busy", "manager"), ("finance", "finance")):
        payload = {"username": username, "name": username, "password": "Bench-12345-x", "roles": [role]}
        people[username] = users.create(connection, payload | {"department": department}, platform.roles)["id"]
    half = user_table.c.id.in_(sellers[: SELLERS // 2])
    connection.execute(user_table.update().where(half).values(department_id=department))
    connection.execute(user_table.update().values(must_change_password=False))
    departments.update_department(connection, department, {"head": people["head"]})
    return {name: sessions.open_session(connection, person, datetime.now(UTC)) for name, person in people.items()}


def _departments(connection: Connection) -> dict[int, int | None]:
    found = connection.execute(select(user_table.c.id, user_table.c.department_id))
    return {row.id: row.department_id for row in found}


def _products(random: Random, sellers: list[int]) -> Iterator[dict[str, Any]]:
    for key in range(1, PRODUCTS + 1):
        yield system(key, sellers[key % SELLERS]) | {
            "code": f"P{key:05}",
            "name": f"{random.choice(TRADES)}组件 {key}",
            "category": "gateway",
            "spec": f"DN{key % 40 * 5}",
            "unit": "pc",
            "status": "on_sale",
            "reference_price": Decimal(random.randrange(100, 5_000_000)) / 100,
            "tax_rate": Decimal(13),
        }


def _customers(random: Random, sellers: list[int], count: int) -> Iterator[dict[str, Any]]:
    for key in range(1, count + 1):
        name = f"{random.choice(PLACES)}{random.choice(TRADES)}{random.choice(ENDINGS)} {key}"
        yield system(key, sellers[key % SELLERS], random.randrange(300)) | {
            "number": f"KH2025-{key:08}",
            "name": name,
            "short_name": name[:4],
            "status": random.choice(STATUSES),
            "level": random.choice(LEVELS),
            "source": random.choice(SOURCES),
            "industry": random.choice(INDUSTRIES),
            "primary_contact": key,
            "mobile": f"138{key:08}",
            "region": random.choice(PLACES),
            "owner_at": START,
            **({"owner": None, "pool_at": _pool_day(random)} if key % POOLED == 1 else {"pool_at": None}),
            "is_locked": False,
            "deal_status": False,
            "follow_up_status": False,
            "contact_count": 1,
            "opportunity_count": 1,
            "open_opportunity_count": int(STAGES[key % len(STAGES)] not in {"won", "lost"}),
            "quotation_count": 0,
        }


def _pool_day(random: Random) -> datetime:
    return START + timedelta(days=300, seconds=random.randrange(10_000_000))


def _contacts(sellers: list[int], count: int) -> Iterator[dict[str, Any]]:
    for key in range(1, count + 1):
        yield system(key, sellers[key % SELLERS]) | {
            "name": f"联系人{key}",
            "customer": key,
            "is_primary": True,
            "is_decision_maker": False,
            "status": "active",
            "mobile": f"139{key:08}",
        }


def _quotations(
    random: Random, seller: int, products: list[dict[str, Any]], customers: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for key in range(1, QUOTATIONS + 1):
        rows = [_line(random, key, position, random.choice(products)) for position in range(LINES)]
        customer = random.randrange(customers // SELLERS) * SELLERS + SELLERS  # one of this seller's
        day = (START + timedelta(days=key % 300)).date()
        yield (
            system(key, seller)
            | totals(rows)
            | {
                "number": f"BJ2025-{key:08}",
                "name": f"报价 {key}",
                "customer": customer,
                "contact": customer,
                "contact_phone": f"138{customer:08}",
                "quote_date": day,
                "valid_until": day + timedelta(days=30),
                "revision": 1,
                "status": "draft",
            },
            rows,
        )


def _tasks(connection: Connection, seller: int) -> None:
    """Let very many approvals wait for one person; they are of records that nobody opens here."""
    busy = connection.scalar(select(user_table.c.id).where(user_table.c.username == "busy"))
    step = Step(name="head", label="部门负责人", approvers={"head_of": "owner"})
    flow = flows.to_json(flows.Flow("报价审批", "approved", "rejected", (step,)))
    shared = {"form": "quotation", "workflow": "quotation", "approval": "review", "submitted_by": seller, "step": 0}
    runs = (
        shared
        | {"id": key, "record": QUOTATIONS + key, "title": f"报价 {key}", "definition": flow, "document": {}}
        | {"digest": "0" * 64, "submitted_at": START}
        for key in range(1, TASKS + 1)
    )
    write(connection, approvals, runs)
    asked = {"step": 0, "position": 0, "user": busy, "submitted_by": seller, "state": "open", "opened_at": START}
    write(connection, approval_tasks, (asked | {"approval_id": key} for key in range(1, TASKS + 1)))
    advance_ids(connection, approvals)
    connection.execute(insert(trail_head).values(id=1, seq=0, hash=trail.START))


def _line(random: Random, quotation: int, position: int, product: dict[str, Any]) -> dict[str, Any]:
    quantity, discount = Decimal(random.randrange(1, 100)), Decimal(random.choice((0, 3, 5, 12)))
    return line(quotation, position, product, quantity, discount)


def _index(platform: Platform) -> None:
    """Make the indexes that a migration would have made before; afterwards it is faster."""
    with connection_for_ddl(platform.db) as connection, connection.begin():
        for tables in platform.tables.values():
            derived.put_right(connection, tables)


def _analyse(platform: Platform) -> None:
    """Give the planner its statistics, as autovacuum does a minute later."""
    with platform.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if platform.db.is_sqlite else "VACUUM ANALYZE")
