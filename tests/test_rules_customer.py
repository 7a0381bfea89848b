"""Rules of customers."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm_plugin.rules import customer
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record
from tests.customers import BEFORE, NOW, TODAY, company, kept, refusal, world


def person(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["contact"], **{"id": 7, "name": "王伟", "customer": 1, **values})


def test_a_new_customer_is_owned_from_now_on(crm: Plugin) -> None:
    record = company(crm, id=None, owner=3)
    customer.before_save(record, None, world(crm))
    assert (record.owner_at, record.pool_at) == (NOW, None)


def test_a_new_customer_without_owner_is_in_the_pool_from_now_on(crm: Plugin) -> None:
    record = company(crm, id=None, owner=None)
    customer.before_save(record, None, world(crm))
    assert (record.owner_at, record.pool_at, record.prev_owner) == (None, NOW, None)


def test_losing_the_owner_remembers_who_it_was(crm: Plugin) -> None:
    record = company(crm, owner=None, owner_at=BEFORE, pool_reason="长期未跟进")
    customer.before_save(record, company(crm, owner=3, owner_at=BEFORE), FakeContext(now=NOW))
    assert (record.prev_owner, record.owner_at, record.pool_at, record.pool_reason) == (3, None, NOW, "长期未跟进")


def test_gaining_an_owner_ends_the_time_in_the_pool(crm: Plugin) -> None:
    pooled = {"prev_owner": 3, "pool_at": BEFORE, "pool_reason": "长期未跟进"}
    record = company(crm, owner=4, **pooled)
    customer.before_save(record, company(crm, owner=None, **pooled), FakeContext(now=NOW))
    assert (record.owner_at, record.pool_at, record.pool_reason, record.prev_owner) == (NOW, None, None, 3)
    assert (record.claimed_on, record.follow_up_status) == (TODAY, False)


def test_any_other_edit_leaves_the_dates(crm: Plugin) -> None:
    record = company(crm, owner=3, owner_at=BEFORE, name="新名称")
    customer.before_save(record, company(crm, owner=3, owner_at=BEFORE), FakeContext(now=NOW))
    assert record.owner_at == BEFORE


def test_a_customer_with_contacts_keeps_a_primary_one(crm: Plugin) -> None:
    original, record = company(crm, primary_contact=7), company(crm, primary_contact=None)
    with_contact = FakeContext(records={"contact": [person(crm, is_primary=True)]})
    assert set(customer.validate(record, original, with_contact) or {}) == {"primary_contact"}
    assert customer.validate(record, original, FakeContext(records={"contact": []})) is None


def test_a_new_customer_cannot_take_a_contact_of_another(crm: Plugin) -> None:
    record = company(crm, id=None, primary_contact=7)
    assert set(customer.validate(record, None, FakeContext()) or {}) == {"primary_contact"}


def test_choosing_the_primary_contact_marks_it(crm: Plugin) -> None:
    chosen = person(crm, is_primary=False)
    ctx = FakeContext(records={"contact": [chosen]})
    customer.after_save(company(crm, primary_contact=7), company(crm, primary_contact=6), ctx)
    assert ctx.forms.contact.get(7).is_primary


@pytest.mark.parametrize(
    ("linked", "sentence"),
    [
        ({"contact"}, "删除客户失败，有关联联系人。请先删除这些记录。"),
        ({"quotation"}, "删除客户失败，有关联报价单。请先删除这些记录。"),
        ({"opportunity"}, "删除客户失败，有关联销售机会。请先删除这些记录。"),
        (
            {"contact", "opportunity", "quotation"},
            "删除客户失败，有关联联系人、销售机会、报价单。请先删除这些记录。",
        ),
        (set(), None),
    ],
)
def test_deleting_names_what_is_linked(crm: Plugin, linked: set[str], sentence: str | None) -> None:
    records = {name: [make_record(crm.forms[name], id=2, customer=1)] for name in linked}
    assert customer.before_delete(company(crm), FakeContext(plugin=crm, records=records)) == sentence


def test_a_claim_takes_customer_and_contacts_and_is_kept_in_the_history(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, pool_at=BEFORE, prev_owner=4), records={"contact": [person(crm, status="active")]})
    customer.action_claim(ctx.forms.customer.get(1), {}, ctx)
    assert ctx.forms.customer.get(1).owner == 3
    assert ctx.forms.contact.get(7).owner == 3
    (row,) = ctx.forms.owner_history.find()
    assert (row.action, row.customer, row.prev_owner, row.new_owner) == ("claim", 1, None, 3)
    assert (row.at, row.by, row.summary) == (NOW, 3, "领取 华宸智能科技")
    assert ctx.notified == []


@pytest.mark.parametrize(("days_in_pool", "earliest"), [(0, "2026-11-30"), (6, "2026-11-24"), (7, None), (30, None)])
def test_the_previous_owner_waits(crm: Plugin, days_in_pool: int, earliest: str | None) -> None:
    ctx = world(crm, kept(crm, prev_owner=3, pool_at=NOW - timedelta(days_in_pool)))
    if earliest is None:
        customer.action_claim(ctx.forms.customer.get(1), {}, ctx)
        return
    code, sentence = refusal(lambda: customer.action_claim(ctx.forms.customer.get(1), {}, ctx))
    assert code == "previous_owner"
    assert f"最早 {earliest} 可以领取" in sentence


def test_the_previous_owner_does_not_wait_when_that_is_off_and_others_never_do(crm: Plugin) -> None:
    pooled = kept(crm, prev_owner=3, pool_at=NOW)
    off = world(crm, pooled, settings={"prev_owner_limit": False})
    customer.action_claim(off.forms.customer.get(1), {}, off)
    other = world(crm, pooled, user_id=4)
    customer.action_claim(other.forms.customer.get(1), {}, other)


def test_so_many_claims_a_day_in_the_business_zone(crm: Plugin) -> None:
    def claim(at: datetime, **values: Any) -> Record:
        return make_record(crm.forms["owner_history"], **{"action": "claim", "new_owner": 3, "at": at, **values})

    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
    old = [claim(midnight - timedelta(seconds=1)), claim(NOW, new_owner=4), claim(NOW, action="assign")]
    ctx = world(crm, kept(crm), records={"owner_history": [claim(midnight), *old]}, settings={"daily_claim_limit": 2})
    customer.action_claim(ctx.forms.customer.get(1), {}, ctx)
    ctx = world(
        crm, kept(crm), records={"owner_history": [claim(midnight), claim(NOW)]}, settings={"daily_claim_limit": 2}
    )
    code, sentence = refusal(lambda: customer.action_claim(ctx.forms.customer.get(1), {}, ctx))
    assert (code, "2026-11-24" in sentence) == ("pool_claim_limit", True)


@pytest.mark.parametrize("settings", [{"pool_enabled": False}, {"visible_to_members": False}])
def test_a_closed_pool_gives_nothing_and_shows_members_nothing(crm: Plugin, settings: dict[str, Any]) -> None:
    form = crm.forms["customer"]
    ctx = world(crm, kept(crm), settings=settings)
    assert refusal(lambda: customer.action_claim(ctx.forms.customer.get(1), {}, ctx))[0] == "pool_closed"
    members = [FakeContext(plugin=crm, roles=roles, settings=settings) for roles in ({"sales"}, {"finance"})]
    assert [customer.row_scope(form, "read", each) for each in members] == [{"owner__isnull": False}] * 2
    heads = [FakeContext(plugin=crm, roles={"sales", role}, settings=settings) for role in ("manager", "admin", "exec")]
    assert [customer.row_scope(form, "read", each) for each in heads] == [None] * 3
    assert customer.row_scope(form, "edit", members[0]) is None
    assert customer.row_scope(form, "read", FakeContext(plugin=crm, roles={"sales"})) is None


def test_releasing_clears_the_contacts_and_keeps_who_and_why(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, owner=3), records={"contact": [person(crm, owner=4, status="active")]})
    customer.action_release(ctx.forms.customer.get(1), {"reason": "no_intention"}, ctx)
    released = ctx.forms.customer.get(1)
    assert (released.owner, released.pool_reason, ctx.forms.contact.get(7).owner) == (None, "无合作意向", None)
    (row,) = ctx.forms.owner_history.find()
    assert (row.action, row.prev_owner, row.new_owner, row.reason) == ("release", 3, None, "无合作意向")


@pytest.mark.parametrize(("until", "refused"), [(TODAY, True), (TODAY - timedelta(1), False)])
def test_a_locked_customer_is_not_released_until_the_lock_is_over(crm: Plugin, until: date, refused: bool) -> None:
    ctx = world(crm, kept(crm, owner=3, is_locked=True, lock_until=until))
    if not refused:
        customer.action_release(ctx.forms.customer.get(1), {}, ctx)
        assert ctx.forms.customer.get(1).owner is None
        return
    code, sentence = refusal(lambda: customer.action_release(ctx.forms.customer.get(1), {}, ctx))
    assert (code, "2026-11-24" in sentence) == ("locked", True)


def test_a_customer_is_not_released_during_an_approval_or_into_a_closed_pool(crm: Plugin) -> None:
    offer = make_record(crm.forms["quotation"], id=1, customer=1, status="in_review")
    ctx = world(crm, kept(crm, owner=3), records={"quotation": [offer]})
    assert refusal(lambda: customer.action_release(ctx.forms.customer.get(1), {}, ctx))[0] == "in_review"
    closed = world(crm, kept(crm, owner=3), settings={"pool_enabled": False})
    assert refusal(lambda: customer.action_release(closed.forms.customer.get(1), {}, closed))[0] == "pool_closed"


def test_an_assignment_tells_the_new_owner_and_heeds_no_previous_owner(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, prev_owner=4, pool_at=NOW))
    customer.action_assign(ctx.forms.customer.get(1), {"owner": 4}, ctx)
    assert [(each["users"], each["kind"]) for each in ctx.notified] == [([4], "customer_assigned")]
    assert ctx.forms.owner_history.find()[0].action == "assign"


@pytest.mark.parametrize(
    ("follows", "contacts", "others"),
    [("nothing", {7: 3, 8: 4}, 3), ("contacts", {7: 4, 8: 4}, 3), ("all", {7: 4, 8: 4}, 4)],
)
def test_a_transfer_takes_along_what_is_chosen(
    crm: Plugin, follows: str, contacts: dict[int, int], others: int
) -> None:
    required: dict[str, Any] = {"status": "active", "customer": 1, "owner": 3}
    people = [person(crm, **required), person(crm, **{**required, "id": 8, "owner": 4})]
    chance = {"id": 1, "name": "机会", "stage": "prospecting", "expected_close_date": TODAY, "customer": 1, "owner": 3}
    chances = [
        make_record(crm.forms["opportunity"], **{**chance, "id": key, "closed_at": at})
        for key, at in ((1, None), (2, NOW))
    ]
    offers = [
        make_record(crm.forms["quotation"], id=key, customer=1, owner=3, status=status)
        for key, status in enumerate(("draft", "in_review", "sent"), 1)
    ]
    records = {"contact": people, "opportunity": chances, "quotation": offers}
    ctx = world(crm, kept(crm, owner=3), records=records)
    customer.action_transfer(ctx.forms.customer.get(1), {"owner": 4, "with": follows, "reason": "调岗"}, ctx)
    assert ctx.forms.customer.get(1).owner == 4
    assert {each.id: each.owner for each in ctx.forms.contact.find()} == contacts
    assert [each.owner for each in ctx.forms.opportunity.find()] == [others, 3]
    assert [each.owner for each in ctx.forms.quotation.find()] == [others, 3, 3]
    (row,) = ctx.forms.owner_history.find()
    assert (row.action, row.prev_owner, row.new_owner, row.reason) == ("transfer", 3, 4, "调岗")


def test_a_transfer_needs_another_owner(crm: Plugin) -> None:
    ctx = world(crm, kept(crm, owner=3))
    assert refusal(lambda: customer.action_transfer(ctx.forms.customer.get(1), {"owner": 3}, ctx))[0] == "same_owner"


@pytest.mark.parametrize(
    ("roles", "department", "allowed"),
    [({"sales"}, 7, False), ({"manager"}, 8, False), ({"manager"}, 7, True), ({"admin"}, None, True)],
)
def test_the_team_has_no_say_over_who_owns_a_customer(
    crm: Plugin, roles: set[str], department: int | None, allowed: bool
) -> None:
    until = {"lock_until": TODAY + timedelta(1), "is_locked": True}
    for act in (customer.action_release, customer.action_transfer, customer.action_lock, customer.action_unlock):
        standing = kept(crm, owner=3, owner_department=7, **(until if act is customer.action_unlock else {}))
        ctx = world(crm, standing, user_id=9, roles=roles, department_id=department)
        params = {"owner": 4, "until": TODAY}
        if allowed:
            act(ctx.forms.customer.get(1), params, ctx)
        else:
            assert refusal(lambda: act(ctx.forms.customer.get(1), params, ctx))[0] == "not_owner"  # noqa: B023


def test_a_lock_ends_with_the_change_of_owner(crm: Plugin) -> None:
    standing = company(crm, owner=3, is_locked=True, lock_until=TODAY)
    record = company(crm, owner=4, is_locked=True, lock_until=TODAY)
    customer.before_save(record, standing, world(crm))
    assert (record.is_locked, record.lock_until, record.prev_owner) == (False, None, 3)


@pytest.mark.parametrize(("lead", "action"), [(None, "create"), (5, "convert")])
def test_the_first_owner_is_kept_too(crm: Plugin, lead: int | None, action: str) -> None:
    ctx = world(crm)
    customer.after_save(company(crm, owner=3, lead=lead), None, ctx)
    (row,) = ctx.forms.owner_history.find()
    assert (row.action, row.prev_owner, row.new_owner) == (action, None, 3)


def test_a_change_of_owner_by_the_host_is_kept_and_one_by_an_action_only_once(crm: Plugin) -> None:
    ctx = world(crm)
    customer.after_save(company(crm, owner=4), company(crm, owner=3), ctx)
    customer.after_save(company(crm, owner=4), company(crm, owner=3), ctx)
    customer.after_save(company(crm, owner=4), company(crm, owner=4), ctx)
    assert [each.action for each in ctx.forms.owner_history.find()] == ["hand_over"]


def test_the_days_that_are_left_are_shown(crm: Plugin) -> None:
    shown = [
        kept(crm, id=1, owner=3, owner_at=NOW - timedelta(10)),
        kept(crm, id=2, owner=3, owner_at=NOW - timedelta(100)),
        kept(crm, id=3, owner=None),
        kept(crm, id=4, owner=3, owner_at=NOW, deal_status=True),
    ]
    customer.derive(shown, world(crm, *shown))
    assert [each.days_to_pool for each in shown] == [20, 0, None, None]


def test_an_opportunity_since_the_owner_took_over_counts(crm: Plugin) -> None:
    shown = [kept(crm, id=key, owner=3, owner_at=NOW - timedelta(10)) for key in (1, 2)]
    made = {1: NOW - timedelta(5), 2: NOW - timedelta(11)}
    chances = [make_record(crm.forms["opportunity"], id=key, customer=key, created_at=at) for key, at in made.items()]
    settings = {"no_follow_days": None, "no_deal_days": None, "no_opportunity_days": 15}
    customer.derive(shown, world(crm, *shown, records={"opportunity": chances}, settings=settings))
    assert [each.days_to_pool for each in shown] == [None, 5]
