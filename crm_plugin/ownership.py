"""Who owns a customer: every change is kept with its reason, and the contacts follow.

Whoever gives a customer has its row locked; the lock on the new owner comes after it, everywhere in this order.
"""

from collections.abc import Mapping
from typing import Any

from lowcode.api import Context, Record, Refused, _

CHUNK = 500

SEES_POOL = frozenset({"manager", "admin", "exec"})
"""Who sees the pool even when members do not."""


def pool_is_visible(ctx: Context) -> bool:
    """Tell whether the person who acts sees what is in the pool; whoever does not is told nothing of it."""
    return not ctx.user.roles.isdisjoint(SEES_POOL) or pool_is_open(ctx)


def pool_is_open(ctx: Context) -> bool:
    """Tell whether people take customers out of the pool themselves."""
    return bool(ctx.settings["pool_enabled"] and ctx.settings["visible_to_members"])


def require_owner(form: str, user_id: int, ctx: Context) -> None:
    """Refuse an owner who does not work with such records: nobody would look after what is given to him."""
    if getattr(ctx.forms, form).may_own(user_id):
        return
    person = ctx.users.names([user_id]).get(user_id, "")
    sentence = _("{person}的角色不能负责这样的记录，请选择另一位同事。", person=person)
    raise Refused(sentence, code="cannot_own", errors={"owner": [sentence]})


def require_say(record: Record, ctx: Context) -> None:
    """Refuse members of the team: with a shared customer comes no say over who owns it."""
    is_head = "manager" in ctx.user.roles and record.owner_department in ctx.user.department_ids
    if record.owner != ctx.user.id and not is_head and not ctx.user.is_admin:
        raise Refused(_("只有负责人、负责人的经理和管理员可以这样做，请联系负责人。"), code="not_owner")


def give(
    customer: Record, owner_id: int, action: str, ctx: Context, reason: str | None = None, *, with_contacts: bool = True
) -> Record:
    """Give a customer to a person and tell him. Raises Refused for somebody who may not own it or has enough."""
    require_owner("customer", owner_id, ctx)
    holding_fault(owner_id, ctx)
    note(customer, action, owner_id, ctx, reason)
    given = ctx.forms.customer.update(customer, {"owner": owner_id})
    if with_contacts:
        of_whom = {} if customer.owner is None else {"owner": customer.owner}
        give_all("contact", owner_id, ctx, customer=customer.id, **of_whom)
    if owner_id != ctx.user.id:
        ctx.notify(
            [owner_id],
            "customer_assigned",
            "客户“{name}”已由您负责。",
            given,
            f"given:{given.version}",
            name=given.name,
        )
    return given


def put_into_pool(
    customer: Record, action: str, ctx: Context, reason: str | None = None, proof: Mapping[str, Any] | None = None
) -> Record:
    """Take a customer from its owner: nobody owns it and its contacts any more, and its team is gone."""
    note(customer, action, None, ctx, reason, proof)
    ctx.forms.customer.unshare(customer)
    pooled = ctx.forms.customer.update(customer.id, {"owner": None, "pool_reason": reason})
    give_all("contact", None, ctx, customer=customer.id, owner__isnull=False)
    return pooled


def note(
    customer: Record,
    action: str,
    owner_id: int | None,
    ctx: Context,
    reason: str | None = None,
    proof: Mapping[str, Any] | None = None,
) -> Record:
    """Keep one change of owner in the history, before or after it is made; `customer` is as it stood before."""
    label = ctx.dictionary("owner_change")[action].label
    return ctx.forms.owner_history.create(
        {
            "summary": f"{label} {customer.name}"[:200],
            "customer": customer.id,
            "action": action,
            "prev_owner": None if action in {"create", "convert"} else customer.owner,
            "new_owner": owner_id,
            "reason": reason,
            "at": ctx.now,
            "by": ctx.user.id or None,
            **(proof or {}),
        }
    )


def is_noted(customer: Record, prev_owner: int | None, ctx: Context) -> bool:
    """Tell whether the change from this owner to the one the customer has now is in the history already."""
    return ctx.forms.owner_history.exists(
        customer=customer.id, prev_owner=prev_owner, new_owner=customer.owner, at=ctx.now
    )


def give_all(form: str, owner_id: int | None, ctx: Context, **condition: Any) -> int:
    """Give all records of a form that satisfy a condition to a person, or to nobody; count them."""
    records, last, count = getattr(ctx.forms, form), 0, 0
    while found := records.find(**condition, id__gt=last, limit=CHUNK):
        for record in found:
            records.update(record.id, {"owner": owner_id})
        last, count = found[-1].id, count + len(found)
    return count


def holding_fault(owner_id: int, ctx: Context, kind: str = "own") -> None:
    """Refuse one more customer, or one more locked one, to somebody who has as many as he may.

    The lock makes those who give to the same person at the same time count one after another.
    """
    limit = limit_of(owner_id, kind, ctx)
    if limit is None:
        return
    ctx.lock(owner_lock(owner_id))
    held = held_by(owner_id, kind, ctx, count_deal_customers=limit.count_deal_customers)
    if held < limit.max_count:
        return
    person = ctx.users.names([owner_id]).get(owner_id, "")
    values = {"person": person, "held": held, "rule": limit.name, "most": limit.max_count}
    if kind == "lock":
        raise Refused(
            _("{person}已锁定 {held} 个客户，按“{rule}”最多 {most} 个。请先解锁一个。", **values), code="holding_limit"
        )
    raise Refused(
        _("{person}已有 {held} 个客户，按“{rule}”最多 {most} 个。请先转移一个，或把一个放入公海。", **values),
        code="holding_limit",
    )


def owner_lock(owner_id: int) -> str:
    """Name the lock under which what a person holds and claims is counted."""
    return f"customer_owner:{owner_id}"


def held_by(owner_id: int, kind: str, ctx: Context, *, count_deal_customers: bool = True) -> int:
    """Count the customers that somebody owns, or those he keeps locked."""
    condition: dict[str, Any] = {"owner": owner_id}
    if kind == "lock":
        condition |= {"is_locked": True, "lock_until__gte": "$today"}
    if not count_deal_customers:
        condition["deal_status__ne"] = True
    return ctx.forms.customer.count(**condition)


def limit_of(owner_id: int, kind: str, ctx: Context) -> Record | None:
    """Find the limit that holds for a person: his own, else of the nearest department over him, else everybody's.

    Of several that are equally near, the strictest holds.
    """
    found = ctx.forms.holding_limit.find(kind=kind)
    if not found:
        return None
    over = {department: distance for distance, department in enumerate(ctx.users.departments_over(owner_id))}
    near = [(_distance(each, owner_id, over), each.max_count, each) for each in found]
    holding = [(distance, most, each) for distance, most, each in near if distance is not None]
    return min(holding, key=lambda each: each[:2])[2] if holding else None


def _distance(limit: Record, owner_id: int, over: Mapping[int, int]) -> tuple[int, int] | None:
    if limit.user is not None:
        return (0, 0) if limit.user == owner_id else None
    if limit.department is not None:
        return (1, over[limit.department]) if limit.department in over else None
    return (2, 0)
