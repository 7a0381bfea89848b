"""How many customers a person may own and lock."""

from datetime import timedelta
from typing import Any

import pytest

from crm_plugin import ownership
from crm_plugin.rules import customer
from lowcode.declare.model import Plugin
from tests.customers import BEFORE, TODAY, kept, limit, refusal, world


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ([{"most": 9}], 9),
        ([{"most": 9}, {"most": 5}], 5),
        ([{"most": 1}, {"most": 9, "department": 7}], 9),
        ([{"most": 1}, {"most": 2, "department": 7}, {"most": 9, "user": 3}], 9),
        ([{"most": 9, "user": 4}], None),
        ([{"most": 9, "department": 8}], None),
        ([{"most": 9, "kind": "lock"}], None),
        ([], None),
    ],
)
def test_the_nearest_limit_holds(crm: Plugin, limits: list[dict[str, Any]], most: int | None) -> None:
    records = [limit(crm, **{**each, "id": key}) for key, each in enumerate(limits, 1)]
    found = ownership.limit_of(3, "own", world(crm, records={"holding_limit": records}))
    assert (found.max_count if found else None) == most


@pytest.mark.parametrize(
    ("most", "counts_deals", "refused"), [(3, True, False), (2, True, True), (2, False, False), (1, False, True)]
)
def test_nobody_gets_more_than_the_limit(crm: Plugin, most: int, counts_deals: bool, refused: bool) -> None:
    held = [kept(crm, id=2, owner=3), kept(crm, id=3, owner=3, deal_status=True), kept(crm, id=4, owner=4)]
    limits = {"holding_limit": [limit(crm, most, count_deal_customers=counts_deals)]}
    for original in (None, kept(crm, owner=3, deleted_at=BEFORE)):  # new, or back from the recycle bin
        ctx = world(crm, *held, records=limits)
        if refused:
            code, sentence = refusal(lambda: customer.before_save(kept(crm, owner=3), original, ctx))  # noqa: B023
            assert (code, f"最多 {most} 个" in sentence) == ("holding_limit", True)
        else:
            customer.before_save(kept(crm, owner=3), original, ctx)
    for act in (customer.action_claim, customer.action_assign, customer.action_transfer):
        owner = 4 if act is customer.action_transfer else None
        ctx = world(crm, kept(crm, owner=owner), *held, records=limits, roles={"admin"})
        if refused:
            assert refusal(lambda: act(ctx.forms.customer.get(1), {"owner": 3}, ctx))[0] == "holding_limit"  # noqa: B023
        else:
            act(ctx.forms.customer.get(1), {"owner": 3}, ctx)
            assert ctx.forms.customer.get(1).owner == 3


def test_locks_are_for_today_or_later_and_limited(crm: Plugin) -> None:
    locked = [kept(crm, id=2, owner=3, is_locked=True, lock_until=TODAY)]
    expired = [kept(crm, id=3, owner=3, is_locked=True, lock_until=TODAY - timedelta(1))]
    limits = {"holding_limit": [limit(crm, 1, kind="lock"), limit(crm, 1, id=2)]}
    ctx = world(crm, kept(crm, owner=3), *expired, records=limits)
    assert refusal(lambda: customer.action_lock(ctx.forms.customer.get(1), {"until": TODAY - timedelta(1)}, ctx))[
        0
    ] == ("invalid")
    customer.action_lock(ctx.forms.customer.get(1), {"until": TODAY}, ctx)
    assert (ctx.forms.customer.get(1).is_locked, ctx.forms.customer.get(1).lock_until) == (True, TODAY)
    customer.action_unlock(ctx.forms.customer.get(1), {}, ctx)
    assert (ctx.forms.customer.get(1).is_locked, ctx.forms.customer.get(1).lock_until) == (False, None)
    full = world(crm, kept(crm, owner=3), *locked, records=limits)
    code, _sentence = refusal(lambda: customer.action_lock(full.forms.customer.get(1), {"until": TODAY}, full))
    assert code == "holding_limit"
