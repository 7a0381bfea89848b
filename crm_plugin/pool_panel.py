"""The simulation of the pool's rules: who would lose which customers on a day, by other rules and by today's."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from crm_plugin.candidates import Judged, all_due
from crm_plugin.pool import Rules, level_faults, rules_of
from lowcode.api import Context, Refused, _, hookimpl

MOST_SHOWN = 500
CHANGES = {(True, True): "same", (False, True): "added", (True, False): "removed"}


@hookimpl
def panel_pool_rules(ctx: Context, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Compare the customers that the chosen rules and today's take on a day; asks the same functions as the job."""
    faults = _level_faults(params, ctx)
    on = params.get("on") or ctx.today
    current, candidate = rules_of(ctx.settings), rules_of({**params, "pool_enabled": ctx.settings["pool_enabled"]})
    before = _due(current, on, ctx)
    after = before if candidate == current else _due(candidate, on, ctx)
    every = before | after
    ordered = sorted(every.values(), key=lambda each: (each.customer.owner, each.verdict.rule, each.customer.id))
    people = ctx.users.names({each.customer.owner for each in ordered})
    shown = [_leaving(each, people, before, after, ctx) for each in ordered[:MOST_SHOWN]]
    return {
        "on": on.isoformat(),
        "version": ctx.configuration_version,
        "today": {"count": len(before)},
        "candidate": {"count": len(after)},
        "leaving": shown,
        "by_owner": _by_owner(before.values(), after.values(), people),
        "truncated": len(ordered) > MOST_SHOWN,
        **({"faults": faults} if faults else {}),
    }


def _due(rules: Rules, on: date, ctx: Context) -> dict[int, Judged]:
    return {judged.customer.id: judged for judged in all_due(rules, on, ctx)}


def _leaving(
    judged: Judged, people: Mapping[int, str], before: Mapping[int, Judged], after: Mapping[int, Judged], ctx: Context
) -> dict[str, Any]:
    customer, verdict = judged.customer, judged.verdict
    return {
        "customer": {"form": "customer", "id": customer.id, "title": customer.name},
        "owner": {"id": customer.owner, "title": people.get(customer.owner, "")},
        "rule": _(ctx.dictionary("pool_rule")[verdict.rule].label),
        "days": verdict.elapsed,
        "limit": verdict.limit,
        "change": CHANGES[customer.id in before, customer.id in after],
    }


def _by_owner(before: Iterable[Judged], after: Iterable[Judged], people: Mapping[int, str]) -> list[dict[str, Any]]:
    """Count both for each owner, whoever loses most by the chosen rules first."""
    today, candidate = (Counter(each.customer.owner for each in found) for found in (before, after))
    owners = sorted(today.keys() | candidate.keys(), key=lambda owner: (-candidate[owner], -today[owner], owner))
    return [
        {
            "owner": {"id": owner, "title": people.get(owner, "")},
            "today": today[owner],
            "candidate": candidate[owner],
        }
        for owner in owners
    ]


def _level_faults(params: Mapping[str, Any], ctx: Context) -> dict[str, list[str]]:
    """Refuse levels that are not in the dictionary, and days that cannot be read.

    What is the setting already is only told: else nobody could see the page on which it is put right.
    """
    faults = {
        name: [_("“{part}”不是客户等级和天数，或者这个等级写了两次。请写成 A=60, B=30 的样子。", part=part)]
        for name, part in level_faults(params, ctx.dictionary("customer_level")).items()
    }
    if errors := {name: told for name, told in faults.items() if params[name] != ctx.settings[name]}:
        raise Refused(_("请检查各级别的天数。"), code="invalid", errors=errors)
    return faults
