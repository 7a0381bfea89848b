"""The yardstick for what customers owe: the list of receivables, and the ageing of plans."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from benchmarks.raw_contracts import CHINA
from benchmarks.raw_database import rows

MOST, FEW, LARGEST = 10_000, 1_000, 200
PAYABLE = "('effective', 'executing', 'completed', 'archived', 'terminated')"
LIKE = 'lower({} COLLATE "C") LIKE %(pattern)s'
OWN = f"({LIKE.format('c.number')} OR {LIKE.format('c.name')})"
BUYERS = f"SELECT k.id FROM crm_customer k WHERE {LIKE.format('k.name')}"
INDEXED = "AND lowcode_bigrams(k.number, k.name, k.short_name, k.mobile) @@ %(bigrams)s::tsquery"
STAFF = f"SELECT u.id FROM users u WHERE {LIKE.format('u.name')}"
RARE = f"""c.id IN (
    SELECT c.id FROM crm_contract c WHERE lowcode_bigrams(c.number, c.name) @@ %(bigrams)s::tsquery AND {OWN}
    UNION SELECT c.id FROM crm_contract c WHERE c.customer = ANY(%(buyers)s)
    UNION SELECT c.id FROM ({STAFF}) u JOIN crm_contract c ON c.owner = u.id)"""
COMMON = f"({OWN} OR c.customer IN ({BUYERS}) OR c.owner IN ({STAFF}))"
LIVE = f"c.deleted_at IS NULL AND c.status IN {PAYABLE}"
COUNT = f"SELECT count(*) FROM (SELECT 1 FROM crm_contract c WHERE {LIVE} AND {{}} LIMIT {MOST + 1}) counted"
PAGE = f"""
    SELECT c.*, k.name AS customer_name, u.name AS owner_name, n.name AS contact_name FROM
        (SELECT * FROM crm_contract c WHERE {LIVE} AND {{}}
        ORDER BY c.sign_date DESC NULLS LAST, c.id DESC LIMIT %(per_page)s) c
    LEFT JOIN crm_customer k ON k.id = c.customer LEFT JOIN users u ON u.id = c.owner
    LEFT JOIN crm_contact n ON n.id = c.sign_contact ORDER BY c.sign_date DESC NULLS LAST, c.id DESC"""
OVERDUE = """
    SELECT contract,
        coalesce(sum(plan_amount - received_amount) FILTER (WHERE due_date < %(today)s), 0) AS overdue_amount,
        coalesce(max(%(today)s - due_date) FILTER (WHERE due_date < %(today)s AND plan_amount > received_amount), 0)
            AS overdue_days,
        sum(received_amount) FILTER (WHERE stage = 'prepay') AS prepaid,
        sum(plan_amount - received_amount) FILTER (WHERE stage = 'prepay') AS prepay_left,
        sum(received_amount) FILTER (WHERE stage = 'retention') AS retained,
        sum(plan_amount - received_amount) FILTER (WHERE stage = 'retention') AS retention_left
    FROM crm_payment_plan WHERE contract = ANY(%(ids)s) AND status IN ('open', 'partial', 'paid') AND deleted_at IS NULL
    GROUP BY contract"""

BUCKETS = {"not_due": (None, 0), "d1_30": (1, 30), "d31_60": (31, 60), "d61_90": (61, 90), "over_90": (91, None)}
SUMS = ", ".join(
    f"coalesce(sum(amount) FILTER (WHERE days {f'>= {first}' if first else '<= 0'}"
    f"{f' AND days <= {last}' if first and last else ''}), 0) AS {code}"
    for code, (first, last) in BUCKETS.items()
)
TODAY = """
    SELECT customer, owner, %(on)s - due_date AS days, outstanding AS amount FROM crm_payment_plan
    WHERE status IN ('open', 'partial') AND effective_on <= %(on)s AND deleted_at IS NULL"""
PAST = """
    SELECT customer, owner, %(on)s - due_date AS days, plan_amount AS amount FROM crm_payment_plan
    WHERE effective_on <= %(on)s AND (voided_on IS NULL OR voided_on > %(on)s) AND deleted_at IS NULL
    UNION ALL SELECT customer, owner, %(on)s - due_date, -amount FROM crm_payment_allocation
    WHERE allocated_on <= %(on)s AND deleted_at IS NULL"""
GROUPS = f"SELECT customer, owner, {SUMS} FROM ({{}}) one GROUP BY customer, owner"
ROWS_TODAY = """
    SELECT p.*, p.outstanding AS open FROM crm_payment_plan p
    WHERE status IN ('open', 'partial') AND effective_on <= %(on)s AND deleted_at IS NULL"""
ROWS_PAST = """
    SELECT p.*, p.plan_amount - coalesce(a.amount, 0) AS open FROM crm_payment_plan p LEFT JOIN
        (SELECT plan, sum(amount) AS amount FROM crm_payment_allocation
        WHERE allocated_on <= %(on)s AND deleted_at IS NULL GROUP BY plan) a ON a.plan = p.id
    WHERE effective_on <= %(on)s AND (voided_on IS NULL OR voided_on > %(on)s) AND deleted_at IS NULL
        AND p.plan_amount > coalesce(a.amount, 0)"""
OLDEST = f"""
    SELECT o.*, c.name AS contract_name, k.name AS customer_name, u.name AS owner_name
    FROM ({{}} ORDER BY due_date LIMIT {LARGEST + 1}) o
    LEFT JOIN crm_contract c ON c.id = o.contract LEFT JOIN crm_customer k ON k.id = o.customer
    LEFT JOIN users u ON u.id = o.owner ORDER BY o.due_date"""
NAMES = "SELECT id, name FROM crm_customer WHERE id = ANY(%s)"
PEOPLE = "SELECT id, name FROM users WHERE id = ANY(%s)"

Amounts = dict[str, Decimal]


def receivables(asked: dict[str, list[str]]) -> dict[str, Any]:
    """Count and list the contracts that hold a text themselves, in their customer's name or in their owner's.

    Where few customers are so named, indexes find their contracts; otherwise one pass over all contracts is faster.
    """
    text, per_page = asked["search"][0].lower(), int(asked["per_page"][0])
    given: dict[str, Any] = {"pattern": f"%{text}%", "per_page": per_page}
    given["bigrams"] = " & ".join(f"'{text[at : at + 2]}'" for at in range(len(text) - 1))
    given["buyers"] = [row["id"] for row in rows(f"{BUYERS} {INDEXED} LIMIT {FEW + 1}", given)]
    holds = RARE if len(given["buyers"]) <= FEW else COMMON
    total = rows(COUNT.format(holds), given)[0]["count"]
    items = rows(PAGE.format(holds), given)
    found = rows(OVERDUE, {"today": _today(), "ids": [item["id"] for item in items]})
    figures = {row["contract"]: row for row in found}
    for item in items:
        item |= figures.get(item["id"], {"overdue_amount": Decimal(0), "overdue_days": 0})
        item["collection_rate"] = round(100 * item["received_amount"] / item["total_amount"], 2)
    return {"items": items, "page": 1, "per_page": per_page, "total": min(total, MOST), "total_is_exact": total <= MOST}


def ageing(asked: dict[str, list[str]]) -> dict[str, Any]:
    """Add up what was open on a day by customer, by owner and by how long it had been overdue."""
    today = _today()
    on = date.fromisoformat(asked["on"][0]) if "on" in asked else today
    given = {"on": on}
    groups = rows(GROUPS.format(TODAY if on >= today else PAST), given)
    groups = [row for row in groups if any(row[code] for code in BUCKETS)]
    oldest = rows(OLDEST.format(ROWS_TODAY if on >= today else ROWS_PAST), given)
    by_customer, by_owner = _added(groups, "customer"), _added(groups, "owner")
    largest = sorted(by_customer, key=lambda key: (-_overdue(by_customer[key]), key))[:LARGEST]
    names = {row["id"]: row["name"] for row in rows(NAMES, (largest,))}
    people = {row["id"]: row["name"] for row in rows(PEOPLE, (list(by_owner),))}
    total = {code: sum((row[code] for row in groups), Decimal(0)) for code in BUCKETS}
    return {
        "on": on,
        "total": _shown(total),
        "by_customer": [{"id": key, "title": names[key], **_shown(by_customer[key])} for key in largest],
        "by_owner": [{"id": key, "title": people[key], **_shown(amounts)} for key, amounts in by_owner.items()],
        "rows": oldest[:LARGEST],
        "customers": len(by_customer),
        "truncated": len(oldest) > LARGEST,
    }


def _added(groups: list[dict[str, Any]], key: str) -> dict[int, Amounts]:
    added: dict[int, Amounts] = defaultdict(lambda: dict.fromkeys(BUCKETS, Decimal(0)))
    for row in groups:
        mine = added[row[key]]
        for code in BUCKETS:
            mine[code] += row[code]
    return added


def _overdue(amounts: Amounts) -> Decimal:
    return sum(amounts.values(), Decimal(0)) - amounts["not_due"]


def _shown(amounts: Amounts) -> dict[str, str]:
    shown = {code: f"{amount:.2f}" for code, amount in amounts.items()}
    whole = sum(amounts.values(), Decimal(0))
    return shown | {"overdue": f"{_overdue(amounts):.2f}", "outstanding": f"{whole:.2f}"}


def _today() -> date:
    return datetime.now(CHINA).date()
