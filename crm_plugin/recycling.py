"""The nightly work on the pool: expired locks end, what nobody looks after goes into the pool, owners are warned.

It is done in parts, each in a transaction of its own, and may be cut short after any of them: done again from the
start it finds what is left, and nothing is moved or told twice.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from crm_plugin.candidates import CHUNK, Judged, judge, queries_of, read
from crm_plugin.ownership import put_into_pool
from crm_plugin.pool import Rules, Verdict, days_to_pool, level_faults, rules_of
from lowcode.api import Context, Fault, More, Record, _

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the step, the query within it, the last customer looked at, and what was done."""

    step: str = "unlock"
    query: int = 0
    last: int = 0
    unlocked: int = 0
    moved: int = 0
    warned: int = 0


def recycle(ctx: Context, state: Progress | None, due_at: datetime) -> str | More:
    """Do the next part of the run that is due at an instant; it is on that day that the rules are asked."""
    progress, day = state or Progress(), due_at.astimezone(ctx.time_zone).date()
    step = {"unlock": _unlock, "move": _move, "warn": _warn}[progress.step]
    following = step(progress, day, due_at, ctx)
    done = _(
        "{moved} 个客户已进入公海，{warned} 个客户即将进入，{unlocked} 个锁定已到期解除。",
        moved=following.moved,
        warned=following.warned,
        unlocked=following.unlocked,
    )
    return done + _without_effect(ctx) if following.step == "done" else More(done, following)


def _without_effect(ctx: Context) -> str:
    """Say which days by level the rules do not know, so that nobody counts on them."""
    found = level_faults(ctx.settings, ctx.dictionary("customer_level")).values()
    parts = "、".join(f"“{part}”" for part in dict.fromkeys(found))
    return _("公海规则中的{parts}没有生效，请管理员改正。", parts=parts) if parts else ""


def _unlock(progress: Progress, day: date, due_at: datetime, ctx: Context) -> Progress:
    found = ctx.forms.customer.find(is_locked=True, lock_until__lt=day, id__gt=progress.last, limit=CHUNK)
    for customer in found:
        ctx.forms.customer.update(customer, {"is_locked": False, "lock_until": None})
    counted = replace(progress, unlocked=progress.unlocked + len(found))
    if len(found) == CHUNK:
        return replace(counted, last=found[-1].id)
    return replace(counted, step="move", last=0)


def _move(progress: Progress, day: date, due_at: datetime, ctx: Context) -> Progress:
    rules = rules_of(ctx.settings)
    queries = queries_of(rules, day, ctx.time_zone)
    if progress.query >= len(queries):
        return replace(progress, step="warn", query=0, last=0)
    found = read(queries[progress.query], rules, progress.last, ctx)
    due = [judged.customer.id for judged in judge(found, rules, day, ctx)]
    moved = sum(_try_one(customer_id, rules, day, due_at, ctx) for customer_id in due)
    return _onward(replace(progress, moved=progress.moved + moved), found)


def _try_one(customer_id: int, rules: Rules, day: date, due_at: datetime, ctx: Context) -> bool:
    """Move a customer; one that cannot be moved, or is gone by now, stops the others no more than itself."""
    try:
        with ctx.savepoint():
            return _move_one(customer_id, rules, day, due_at, ctx)
    except Fault as fault:
        log.warning("Customer %s stays with its owner: %s", customer_id, fault)
        return False


def _move_one(customer_id: int, rules: Rules, day: date, due_at: datetime, ctx: Context) -> bool:
    """Move a customer if it is still due now that nobody else can change it."""
    customer = ctx.forms.customer.get(customer_id, lock=True)
    judged = next(judge([customer], rules, day, ctx), None)
    if judged is None:
        return False
    put_into_pool(customer, "recycle", ctx, _reason(judged.verdict), proof_of(judged, day, due_at, ctx))
    ctx.notify(
        [customer.owner],
        "customer_recycled",
        "客户“{name}”已 {days} 天没有进展，超过了 {limit} 天的上限，已自动进入公海。",
        record=customer,
        event=f"recycled:{due_at.isoformat()}",
        name=customer.name,
        days=judged.verdict.elapsed,
        limit=judged.verdict.limit,
    )
    return True


def _reason(verdict: Verdict) -> str:
    values = {"days": verdict.elapsed, "limit": verdict.limit}
    if verdict.rule == "follow":
        return _("{days} 天未跟进，上限 {limit} 天。", **values)
    if verdict.rule == "deal":
        return _("{days} 天未成交，上限 {limit} 天。", **values)
    return _("{days} 天未新建商机，上限 {limit} 天。", **values)


def proof_of(judged: Judged, day: date, due_at: datetime, ctx: Context) -> Mapping[str, Any]:
    """Say by which rule, of which version and from what a customer was judged, and in which run."""
    verdict, facts = judged.verdict, judged.facts
    inputs = {
        "day": day,
        "counted_from": verdict.base,
        "elapsed_days": verdict.elapsed,
        "limit_days": verdict.limit,
        "owned_on": facts.owned_on,
        "followed_on": facts.followed_on,
        "level": facts.level,
        "locked_until": facts.locked_until,
        "has_deal": facts.has_deal,
        "has_open_opportunity": facts.has_open_opportunity,
        "has_new_opportunity": facts.has_new_opportunity,
    }
    return {
        "rule": verdict.rule,
        "rule_version": ctx.configuration_version,
        "inputs": json.dumps(inputs, ensure_ascii=False, default=str),
        "run": due_at.isoformat(),
    }


def _warn(progress: Progress, day: date, due_at: datetime, ctx: Context) -> Progress:
    """Tell owners, once a day, of the customers they will lose within the days that administrators chose."""
    rules, done = rules_of(ctx.settings), replace(progress, step="done")
    if not ctx.settings["remind"] or not ctx.settings["remind_days"]:
        return done
    horizon = day + timedelta(ctx.settings["remind_days"] + 1)
    queries = queries_of(rules, horizon, ctx.time_zone)
    if progress.query >= len(queries):
        return done
    found = read(queries[progress.query], rules, progress.last, ctx)
    warned = [*judge(found, rules, horizon, ctx, queries[: progress.query])]
    for judged in warned:
        ctx.notify(
            [judged.customer.owner],
            "pool_reminder",
            "客户“{name}”还有 {days} 天就要进入公海，请及时跟进。",
            record=judged.customer,
            event=f"pool:{day}",
            name=judged.customer.name,
            days=days_to_pool(judged.facts, rules, day),
        )
    return _onward(replace(progress, warned=progress.warned + len(warned)), found)


def _onward(progress: Progress, found: list[Record]) -> Progress:
    """Go on behind the last customer of a query, or with the next query."""
    if len(found) == CHUNK:
        return replace(progress, last=found[-1].id)
    return replace(progress, query=progress.query + 1, last=0)
