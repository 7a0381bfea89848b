"""The yardstick: a bare WSGI application with hand-written SQL for the same requests.

It checks nothing and knows nobody: no sign-in, no permissions, no validation, no headers. It reads and writes the
same rows in the same number of transactions, and does the same arithmetic.
"""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from benchmarks import raw_approvals, raw_contracts, raw_deals, raw_receivables
from benchmarks.raw_database import connect, number, read_quotation, rows
from crm_plugin.pricing import price_line

MOST = 10_000
SELLER = int(os.environ.get("BENCH_SELLER", "1"))

AUDIT = """INSERT INTO audit (at, "user", form, record, action, changes) VALUES (%s, %s, %s, %s, 'create', '{}')"""
CUSTOMER = """
    INSERT INTO crm_customer (version, created_at, created_by, updated_at, updated_by, number, name, short_name, status,
        level, source, industry, mobile, region, address, owner, owner_at, is_locked, deal_status, follow_up_status,
        contact_count, quotation_count)
    VALUES (1, %s, %s, %s, %s, %s, %s, %s, 'potential', %s, %s, %s, %s, %s, %s, %s, %s, false, false, false, 0, 0)
    RETURNING id"""
GIVEN = ("name", "short_name", "level", "source", "industry", "mobile", "region", "address")
QUOTATION = """
    INSERT INTO crm_quotation (version, created_at, created_by, updated_at, updated_by, number, status, name, customer,
        contact, contact_phone, quote_date, valid_until, owner, revision, total_quantity, gross_total, discount_total,
        net_total, tax_total, total_amount)
    VALUES (1, %s, %s, %s, %s, %s, 'draft', %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s) RETURNING id"""
LINE_COLUMNS = (
    ("position", "int"), ("product", "bigint"), ("product_code", "text"), ("product_name", "text"), ("spec", "text"),
    ("unit", "text"), ("list_price", "numeric"), ("quantity", "numeric"), ("unit_price", "numeric"),
    ("discount_rate", "numeric"), ("tax_rate", "numeric"), ("gross_amount", "numeric"), ("discounted_price", "numeric"),
    ("discount_amount", "numeric"), ("subtotal", "numeric"), ("net_amount", "numeric"), ("tax_amount", "numeric"),
)  # fmt: skip
LINE_NAMES = ", ".join(name for name, _kind in LINE_COLUMNS)
LINES = f"""
    INSERT INTO crm_quotation_lines (record_id, {LINE_NAMES})
    SELECT %s, * FROM unnest({", ".join(f"%s::{kind}[]" for _name, kind in LINE_COLUMNS)})"""
COUNT_UP = "UPDATE crm_customer SET quotation_count = quotation_count + 1 WHERE id = %s"
LIKE = 'lower(c.{0} COLLATE "C") LIKE %(pattern)s'
LISTS = {
    "all": ("c.owner IS NOT NULL", ("number", "name", "short_name", "mobile"), "c.created_at DESC, c.id DESC"),
    "pool": ("c.owner IS NULL", ("number", "name"), "c.pool_at DESC NULLS LAST, c.id DESC"),
}
INDEXED = "AND lowcode_bigrams(c.number, c.name, c.short_name, c.mobile) @@ %(bigrams)s::tsquery"
COUNT = "SELECT count(*) FROM (SELECT 1 FROM crm_customer c WHERE {where} LIMIT 10001) found"
PAGE = """
    SELECT c.*, u.name AS owner_name, (SELECT name FROM crm_contact k WHERE k.id = c.primary_contact) AS contact_name
    FROM crm_customer c LEFT JOIN users u ON u.id = c.owner WHERE {where} ORDER BY {order} LIMIT %(per_page)s"""
LIVE = "c.deleted_at IS NULL AND c.owner IS NOT NULL"
NEWEST = f"""
    SELECT c.*, u.name AS owner_name, (SELECT name FROM crm_contact k WHERE k.id = c.primary_contact) AS contact_name
    FROM crm_customer c LEFT JOIN users u ON u.id = c.owner WHERE {LIVE} {{where}}
    ORDER BY c.created_at DESC, c.id DESC LIMIT %s"""
TOKENS = {token: name for name, token in json.loads(os.environ.get("BENCH_TOKENS", "{}")).items()}
SCOPES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "sales": ("AND c.owner = %s", (SELLER,)),
    "head": ("AND c.owner_department = 1", ()),
    "exec": ("", ()),
}
PRODUCTS = """
    SELECT id, code, name, spec, unit, reference_price, tax_rate FROM crm_product
    WHERE id = ANY(%s) AND deleted_at IS NULL AND status = 'on_sale'"""
BUYER = "SELECT primary_contact, mobile FROM crm_customer WHERE id = %s AND deleted_at IS NULL"

ACTIONS: dict[str, Callable[[int, dict[str, Any]], dict[str, Any]]] = {
    "submit": lambda key, _body: raw_approvals.submit(key),
    "claim": lambda key, _body: raw_deals.claim(key, SELLER),
    "make_contract": lambda key, body: raw_contracts.make_contract(key, body, SELLER),
    "add_payment": lambda key, body: raw_contracts.add_payment(key, body, SELLER),
    "confirm": lambda key, _body: raw_contracts.confirm(key, SELLER),
}
LISTED: dict[str, Callable[[dict[str, list[str]]], dict[str, Any]]] = {
    "/api/v1/tasks": raw_approvals.todo,
    "/api/v1/forms/contract/records": raw_receivables.receivables,
    "/api/v1/panels/ageing": raw_receivables.ageing,
}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    status = "200 OK"
    if path == "/healthz":
        answer: Any = {"status": "ok"}
    elif method == "POST":
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if "/actions/" in path:
            answer = ACTIONS[path.split("/")[-1]](int(path.split("/")[-3]), body)
        elif path.endswith("/agree"):
            answer = raw_approvals.agree(int(path.split("/")[-2]), body["opinion"])
        elif path.endswith("/preview"):
            answer = _priced(body)
        else:
            status = "201 Created"
            answer = _create_customer(body) if path == "/api/v1/forms/customer/records" else _create_quotation(body)
    elif path == "/api/v1/panels/funnel":
        answer = raw_deals.funnel()
    elif path in LISTED:
        answer = LISTED[path](parse_qs(environ["QUERY_STRING"]))
    elif path.endswith("/approval"):
        answer = raw_approvals.read(int(path.split("/")[-2]))
    elif path == "/api/v1/forms/customer/records":
        asked = parse_qs(environ["QUERY_STRING"])
        answer = _list(asked) if "search" in asked else _newest(environ["HTTP_AUTHORIZATION"], asked)
    else:
        answer = read_quotation(int(path.rpartition("/")[2]))
    content = json.dumps(answer, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _create_customer(body: dict[str, Any]) -> dict[str, Any]:
    connection, now = connect(), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with connection.transaction():
        named = number(connection, "customer", "KH", now)
        given = [body[name] for name in GIVEN]
        row = connection.execute(CUSTOMER, (now, SELLER, now, SELLER, named, *given, SELLER, now)).fetchone()
        assert row is not None
        connection.execute(AUDIT, (now, SELLER, "customer", row[0]))
    return {"id": row[0], "version": 1, "number": named, **body, "owner": SELLER, "created_at": now}


def _priced(body: dict[str, Any]) -> dict[str, Any]:
    ids = list({line["product"] for line in body["lines"]})
    products = {row["id"]: row for row in rows(PRODUCTS, (ids,))}
    buyer = rows(BUYER, (body["customer"],))[0]
    lines = [_line(position, line, products[line["product"]]) for position, line in enumerate(body["lines"])]
    return {
        **body,
        "contact": buyer["primary_contact"],
        "contact_phone": buyer["mobile"],
        "lines": lines,
        "total_quantity": sum(line["quantity"] for line in lines),
        "gross_total": sum(line["gross_amount"] for line in lines),
        "discount_total": sum(line["discount_amount"] for line in lines),
        "net_total": sum(line["net_amount"] for line in lines),
        "tax_total": sum(line["tax_amount"] for line in lines),
        "total_amount": sum(line["subtotal"] for line in lines),
    }


def _line(position: int, line: dict[str, Any], product: dict[str, Any]) -> dict[str, Any]:
    quantity, discount = Decimal(line["quantity"]), Decimal(line["discount_rate"])
    price = price_line(quantity, product["reference_price"], discount, product["tax_rate"])
    return {
        "position": position,
        "product": product["id"],
        "product_code": product["code"],
        "product_name": product["name"],
        "spec": product["spec"],
        "unit": product["unit"],
        "list_price": product["reference_price"],
        "quantity": quantity,
        "unit_price": product["reference_price"],
        "discount_rate": discount,
        "tax_rate": product["tax_rate"],
        "gross_amount": price.gross_amount,
        "discounted_price": price.discounted_price,
        "discount_amount": price.discount_amount,
        "subtotal": price.subtotal,
        "net_amount": price.net_amount,
        "tax_amount": price.tax_amount,
    }


def _create_quotation(body: dict[str, Any]) -> dict[str, Any]:
    connection, now = connect(), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with connection.transaction():
        priced = _priced(body)
        named = number(connection, "quotation", "BJ", now)
        names = ("total_quantity", "gross_total", "discount_total", "net_total", "tax_total", "total_amount")
        head = (body["name"], body["customer"], priced["contact"], priced["contact_phone"])
        days = (now.date(), now.date() + timedelta(days=30))
        values = (now, SELLER, now, SELLER, named, *head, *days, SELLER, *(priced[name] for name in names))
        row = connection.execute(QUOTATION, values).fetchone()
        assert row is not None
        columns = [[line[name] for line in priced["lines"]] for name, _kind in LINE_COLUMNS]
        connection.execute(LINES, (row[0], *columns))
        connection.execute(COUNT_UP, (body["customer"],))
        connection.execute(AUDIT, (now, SELLER, "quotation", row[0]))
    return {"id": row[0], "version": 1, "number": named, **priced}


def _list(asked: dict[str, list[str]]) -> dict[str, Any]:
    """Count with the index; find a page with it too, unless so many match that they are at hand."""
    given: dict[str, Any] = {name: values[0] for name, values in asked.items()}
    given |= {"pattern": f"%{given['search'].lower()}%", "per_page": int(given["per_page"])}
    given["bigrams"] = " & ".join(f"'{given['search'][at : at + 2]}'" for at in range(len(given["search"]) - 1))
    scope, names, order = LISTS[given["list"]]
    where = f"c.deleted_at IS NULL AND {scope} AND ({' OR '.join(LIKE.format(name) for name in names)})"
    if "owner" in given:
        where += " AND c.owner = %(owner)s AND c.status = %(status)s"
    total = rows(COUNT.format(where=f"{where} {INDEXED}"), given)[0]["count"]
    narrowed = where if total > MOST else f"{where} {INDEXED}"
    items = rows(PAGE.format(where=narrowed, order=order), given)
    return {"items": items, "page": 1, "per_page": 20, "total": min(total, MOST), "total_is_exact": total <= MOST}


def _newest(authorization: str, asked: dict[str, list[str]]) -> dict[str, Any]:
    """List what a seller owns, what a department owns, or everything, as the caller's token says."""
    where, values = SCOPES[TOKENS[authorization.removeprefix("Bearer ")]]
    total = rows(f"SELECT count(*) FROM crm_customer c WHERE {LIVE} {where}", values)[0]["count"]
    items = rows(NEWEST.format(where=where), (*values, int(asked["per_page"][0])))
    return {"items": items, "page": 1, "per_page": 20, "total": total}
