"""Following up leads, customers and opportunities: one record of the talk, and what it leaves behind on them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lowcode.api import Context, Record, Result, _

GIVEN = ("method", "content", "contact_at", "end_at", "next_contact_at", "next_plan", "attachments")
"""What the three dialogs ask for under the names of the follow-up's own fields."""

MARKS = ("follow_up_status", "last_follow_at", "last_follow_content")
"""What a lead, a customer or an opportunity shows of its latest follow-up."""

LONGEST_SUBJECT = 100

CLOCKS_DIFFER = timedelta(minutes=2)
"""How far the clock of a person's device may be ahead."""


def follow(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Keep a follow-up of a lead, a customer or an opportunity, and let them know of it."""
    values = _linked(record, params, ctx)
    values |= {name: params[name] for name in GIVEN if params.get(name) is not None}
    values |= {"owner": ctx.user.id, "contact_at": params.get("contact_at") or ctx.now}
    values["subject"] = params.get("subject") or _subject(values, ctx)
    made = ctx.forms.follow_up.create(values)
    _tell_object(record, made, params, ctx)
    _tell_linked(record, made, ctx)
    return Result(_("已保存跟进“{subject}”。", subject=made.subject))


def refresh(follow_up: Record, ctx: Context) -> None:
    """Let everything that a follow-up was about show its latest one again, after a correction or a deletion."""
    for name in ("lead", "customer", "opportunity"):
        record_id = getattr(follow_up, name)
        form = getattr(ctx.forms, name)
        if record_id is None or not form.exists(id=record_id):
            continue
        form.update(record_id, marks(name, record_id, ctx))


def marks(form: str, record_id: int, ctx: Context) -> dict[str, Any]:
    """Give what a lead, a customer or an opportunity shows of its latest follow-up."""
    left = ctx.forms.follow_up.find(**{form: record_id}, order_by="-contact_at", limit=1)
    latest = left[0] if left else None
    return {
        "follow_up_status": latest is not None,
        "last_follow_at": latest.contact_at if latest else None,
        "last_follow_content": latest.content if latest else None,
    }


def form_of(record: Record) -> str:
    """Name the form of a record; the host names the class of records after it."""
    return type(record).__name__


def _linked(record: Record, params: Mapping[str, Any], ctx: Context) -> dict[str, Any]:
    """Give what the follow-up is about: the object, its customer, and the person spoken to."""
    kind = form_of(record)
    values: dict[str, Any] = {"object_type": kind, "object_id": record.id, kind: record.id}
    if kind == "lead":
        return values | {"customer_name": record.customer_name}
    customer = record if kind == "customer" else ctx.forms.customer.get(record.customer)
    known = record.contact if kind == "opportunity" else None
    contact = params.get("contact") or _usual_contact(customer, known, ctx)
    return values | {"customer": customer.id, "customer_name": customer.name, "contact": contact}


def _usual_contact(customer: Record, known: int | None, ctx: Context) -> int | None:
    """Give whom people usually speak to: the opportunity's contact, else the customer's primary one."""
    asked = (each for each in (known, customer.primary_contact) if each is not None)
    return next((each for each in asked if ctx.forms.contact.exists(id=each, customer=customer.id)), None)


def _subject(values: Mapping[str, Any], ctx: Context) -> str:
    """Name a follow-up after the way of talking and the customer."""
    method = ctx.dictionary("follow_up_method")[values["method"]].label
    return f"{method}-{values['customer_name']}"[:LONGEST_SUBJECT]


def _tell_object(record: Record, made: Record, params: Mapping[str, Any], ctx: Context) -> None:
    """Write the follow-up back to what it is about; the first one starts a lead, a customer's status may be chosen."""
    kind = form_of(record)
    changes = _latest(record, made) | {"next_contact_at": _next(record, made, ctx)}
    if kind == "lead" and record.status == "pending":
        changes["status"] = "in_progress"
    elif kind == "customer" and params.get("status"):
        changes["status"] = params["status"]
    getattr(ctx.forms, kind).update(record, changes)


def _tell_linked(record: Record, made: Record, ctx: Context) -> None:
    """Let the contact know of the next appointment; talk of an opportunity counts as talk with its customer."""
    if made.contact is not None and made.next_contact_at is not None:
        ctx.forms.contact.update(made.contact, {"next_contact_at": made.next_contact_at})
    if form_of(record) == "opportunity":
        customer = ctx.forms.customer.get(made.customer, lock=True)
        ctx.forms.customer.update(customer, _latest(customer, made))


def _latest(record: Record, made: Record) -> dict[str, Any]:
    """Give the marks of having been followed; a talk entered late does not hide a later one."""
    changes: dict[str, Any] = {"follow_up_status": True}
    if record.last_follow_at is None or made.contact_at >= record.last_follow_at:
        changes |= {"last_follow_at": made.contact_at, "last_follow_content": made.content}
    return changes


def _next(record: Record, made: Record, ctx: Context) -> datetime | None:
    """Give the next appointment: the one agreed on now; without one, an appointment up to today is done."""
    planned: datetime | None = record.next_contact_at
    agreed: datetime | None = made.next_contact_at
    if agreed is not None or planned is None:
        return agreed
    return None if planned.astimezone(ctx.time_zone).date() <= ctx.today else planned
