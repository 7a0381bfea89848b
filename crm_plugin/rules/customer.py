"""Rules of customers: who owns them, how they come into the pool and out of it, and which contact stands for them.

A customer without an owner is in the pool (公海).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crm_plugin import merging
from crm_plugin.candidates import facts_for
from crm_plugin.contracting import OWNED_STATES
from crm_plugin.following import follow, marks
from crm_plugin.ownership import (
    give,
    give_all,
    holding_fault,
    is_noted,
    note,
    owner_lock,
    pool_is_open,
    pool_is_visible,
    put_into_pool,
    require_owner,
    require_say,
)
from crm_plugin.pool import days_to_pool, rules_of
from lowcode.api import Context, Form, Record, Refused, Result, Where, _, hookimpl

UNREVIEWED = ("draft", "rejected", "withdrawn")
OPEN_ORDERS = ("pending", "confirmed", "in_production", "part_shipped", "shipped")


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold the primary contact to the customer's own contacts, with contacts there must be one; look at new owners."""
    if original is None:
        return _faults_of_new(record, ctx)
    cleared = record.primary_contact is None and original.primary_contact is not None
    if cleared and ctx.forms.contact.exists(id=original.primary_contact):
        return {"primary_contact": _("客户有联系人时必须指定主联系人。请选择一位联系人。")}
    return None


def _faults_of_new(record: Record, ctx: Context) -> Mapping[str, str]:
    faults = {}
    if record.primary_contact is not None:
        faults["primary_contact"] = _("新客户还没有联系人。请先保存客户，再新增联系人。")
    try:
        if record.owner is not None:
            require_owner("customer", record.owner, ctx)
    except Refused as fault:
        faults["owner"] = fault.detail
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Hold new owners to their limit, and keep the dates of ownership equal to the owner, whoever changes it.

    One that comes back from the recycle bin keeps its owner, even one who has left: managers see and transfer it.
    """
    if original is not None and original.deleted_at is not None:
        for name, value in marks("customer", record.id, ctx).items():  # follow-ups may have gone meanwhile
            setattr(record, name, value)
    is_new = original is None or original.deleted_at is not None
    if is_new and record.owner is not None:
        holding_fault(record.owner, ctx)
    owner_before = original.owner if original is not None else None
    if original is not None and record.owner == owner_before:
        return
    record.is_locked, record.lock_until = False, None  # a lock protects the customer of whoever set it
    if record.owner is None:
        record.prev_owner, record.owner_at, record.pool_at = owner_before, None, ctx.now
        return
    if original is not None and owner_before is None:
        record.claimed_on, record.follow_up_status = ctx.today, False
    record.prev_owner = owner_before or record.prev_owner
    record.owner_at, record.pool_at, record.pool_reason = ctx.now, None, None


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep a change of owner that no action has noted, and mark the chosen contact as primary.

    The contact's own rule unmarks the one before.
    """
    if original is None:
        note(record, "convert" if record.lead else "create", record.owner, ctx)
    elif record.owner != original.owner and not is_noted(record, original.owner, ctx):
        note(original, "hand_over", record.owner, ctx)
    contact_before = original.primary_contact if original is not None else None
    if record.primary_contact is None or record.primary_contact == contact_before:
        return
    contact = ctx.forms.contact.get(record.primary_contact)
    if not contact.is_primary:
        ctx.forms.contact.update(contact, {"is_primary": True})


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a customer that other records point to, and say which."""
    linked = []
    if ctx.forms.contact.exists(customer=record.id):
        linked.append(_("联系人"))
    if ctx.forms.opportunity.exists(customer=record.id):
        linked.append(_("销售机会"))
    if ctx.forms.quotation.exists(customer=record.id):
        linked.append(_("报价单"))
    if ctx.forms.contract.exists(customer=record.id):
        linked.append(_("销售合同"))
    if not linked:
        return None
    return _("删除客户失败，有关联{what}。请先删除这些记录。", what="、".join(linked))


@hookimpl
def row_scope(form: Form, access: str, ctx: Context) -> Where | None:
    """Hide the pool from its members when it is closed, or when only managers give out what is in it."""
    return None if access != "read" or pool_is_visible(ctx) else {"owner__isnull": False}


@hookimpl
def derive(records: Sequence[Record], ctx: Context) -> None:
    """Count the days that are left to the owners."""
    rules = rules_of(ctx.settings)
    for record, facts in zip(records, facts_for(records, rules, ctx), strict=True):
        record.days_to_pool = days_to_pool(facts, rules, ctx.today)


@hookimpl
def action_follow(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Keep a follow-up of this customer."""
    return follow(record, params, ctx)


@hookimpl
def action_release(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Put a customer into the pool, unless it is locked or a quotation of it is being decided."""
    require_say(record, ctx)
    if not ctx.settings["pool_enabled"]:
        raise Refused(_("公海没有启用，不能放入客户。请联系管理员启用公海。"), code="pool_closed")
    if _is_locked(record, ctx):
        raise Refused(
            _("客户已锁定到 {until}，最早 {day} 可以放入公海；也可以先解锁。", **_lock_days(record)), code="locked"
        )
    if ctx.forms.quotation.exists(customer=record.id, status="in_review"):
        raise Refused(_("客户有报价单正在审批，不能放入公海。请等审批结束，或先撤回报价单。"), code="in_review")
    if ctx.forms.contract.exists(customer=record.id, status="in_review"):
        raise Refused(_("客户有合同正在审批，不能放入公海。请等审批结束，或先撤回合同。"), code="in_review")
    chosen = ctx.dictionary("reasons").get(params.get("reason") or "")
    put_into_pool(record, "release", ctx, chosen.label if chosen else None)
    return Result(_("客户“{name}”已放入公海。", name=record.name))


@hookimpl
def action_claim(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give a customer of the pool to whoever asks for it first, within what one person may take."""
    if not pool_is_open(ctx):
        raise Refused(_("现在不能领取公海客户，请联系经理分配给您。"), code="pool_closed")
    _refuse_previous_owner(record, ctx)
    _refuse_too_many_claims(ctx)
    give(record, ctx.user.id, "claim", ctx)
    return Result(_("您已领取客户“{name}”。", name=record.name))


def _refuse_previous_owner(record: Record, ctx: Context) -> None:
    """Keep whoever lost a customer from taking it back at once."""
    gave_up = _gave_up(record, ctx)
    if not ctx.settings["prev_owner_limit"] or gave_up is None:
        return
    since = gave_up.astimezone(ctx.time_zone).date()
    earliest = since + timedelta(ctx.settings["prev_owner_days"] or 0)
    if ctx.today < earliest:
        raise Refused(
            _(
                "您是这个客户的前负责人，客户 {since} 进入公海，{days} 天内不能领回，最早 {day} 可以领取。",
                since=since.isoformat(),
                days=ctx.settings["prev_owner_days"],
                day=earliest.isoformat(),
            ),
            code="previous_owner",
        )


def _gave_up(record: Record, ctx: Context) -> datetime | None:
    """Tell when the person who acts last lost a customer to the pool; it may have had other owners since."""
    lost = ctx.forms.owner_history.find(
        customer=record.id, prev_owner=ctx.user.id, new_owner__isnull=True, order_by="-at", limit=1
    )
    pooled = record.pool_at if record.prev_owner == ctx.user.id else None
    return max(filter(None, (pooled, *(each.at for each in lost))), default=None)


def _refuse_too_many_claims(ctx: Context) -> None:
    """Hold a person to so many claims a day; the lock makes those at the same time count one after another."""
    most = ctx.settings["daily_claim_limit"]
    if most is None:
        return
    ctx.lock(owner_lock(ctx.user.id))
    claimed = ctx.forms.owner_history.count(new_owner=ctx.user.id, action="claim", at__gte="$today")
    if claimed >= most:
        raise Refused(
            _(
                "您今天已领取 {claimed} 个客户，每天最多 {most} 个，最早 {day} 可以再领取。",
                claimed=claimed,
                most=most,
                day=(ctx.today + timedelta(1)).isoformat(),
            ),
            code="pool_claim_limit",
        )


@hookimpl
def action_assign(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give a customer of the pool to a salesperson and tell him."""
    give(record, params["owner"], "assign", ctx)
    return Result(_("客户“{name}”已分配给{person}。", name=record.name, person=_name(params["owner"], ctx)))


@hookimpl
def action_transfer(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give a customer to another person, with what is chosen to follow; the old owner may stay in its team."""
    require_say(record, ctx)
    before, owner, follows = record.owner, params["owner"], params.get("with")
    if owner == before:
        raise Refused(_("客户已由{person}负责，请选择另一位新负责人。", person=_name(owner, ctx)), code="same_owner")
    give(record, owner, "transfer", ctx, params.get("reason"), with_contacts=follows in {"contacts", "all"})
    if follows == "all":
        mine = {"customer": record.id, "owner": before}
        give_all("opportunity", owner, ctx, **mine, closed_at__isnull=True)
        give_all("quotation", owner, ctx, **mine, status__in=UNREVIEWED)
        give_all("contract", owner, ctx, **mine, status__in=OWNED_STATES)
        give_all("order", owner, ctx, **mine, status__in=OPEN_ORDERS)
    if params.get("keep"):
        ctx.forms.customer.share(record, before, params["keep"])
    return Result(_("客户“{name}”已转移给{person}。", name=record.name, person=_name(owner, ctx)))


@hookimpl
def action_lock(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Keep a customer out of the pool until a day; how many one person may lock is limited."""
    require_say(record, ctx)
    until = params["until"]
    if until < ctx.today:
        fault = _("锁定至的日期不能早于今天（{day}）。", day=ctx.today.isoformat())
        raise Refused(_("请检查锁定至的日期。"), code="invalid", errors={"until": [fault]})
    holding_fault(record.owner, ctx, "lock")
    ctx.forms.customer.update(record, {"is_locked": True, "lock_until": until})
    return Result(_("客户“{name}”已锁定到 {until}。", name=record.name, until=until.isoformat()))


@hookimpl
def action_unlock(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Let the rules of the pool have their way again."""
    require_say(record, ctx)
    ctx.forms.customer.update(record, {"is_locked": False, "lock_until": None})
    return Result(_("客户“{name}”已解锁。", name=record.name))


def _is_locked(record: Record, ctx: Context) -> bool:
    """Tell whether a lock holds; one whose last day is over does not, even before the nightly job ends it."""
    return bool(record.is_locked) and (record.lock_until is None or record.lock_until >= ctx.today)


def _lock_days(record: Record) -> dict[str, str]:
    return {"until": record.lock_until.isoformat(), "day": (record.lock_until + timedelta(1)).isoformat()}


def _name(user_id: int, ctx: Context) -> str:
    return ctx.users.names([user_id]).get(user_id, "")


@hookimpl
def action_merge(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge a duplicate into another customer."""
    return merging.merge_customers(record, params, ctx)
