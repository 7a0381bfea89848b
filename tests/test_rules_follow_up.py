"""Rules of follow-ups: what they leave behind on what was followed, and how long they may be corrected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_plugin.following import follow, refresh
from crm_plugin.rules import customer, follow_up, lead, opportunity
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(days=3), NOW + timedelta(days=3)
ME, OTHER = 7, 8
TALK = {"method": "call", "content": "客户要报价"}


def company(crm: Plugin, **values: Any) -> Record:
    return make_record(
        crm.forms["customer"], **{"id": 3, "name": "宏图自动化", "owner": ME, "status": "potential", **values}
    )


def person(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["contact"], **{"id": 5, "name": "王芳", "customer": 3, **values})


def deal(crm: Plugin, **values: Any) -> Record:
    return make_record(crm.forms["opportunity"], **{"id": 9, "name": "采集", "customer": 3, "owner": ME, **values})


def hint(crm: Plugin, **values: Any) -> Record:
    base = {"id": 4, "customer_name": "华宸智能", "contact_name": "李强", "owner": ME, "status": "pending"}
    return make_record(crm.forms["lead"], **{**base, **values})


def talk(crm: Plugin, **values: Any) -> Record:
    base = {"id": 1, "contact_at": NOW, "object_type": "customer", "object_id": 3, "customer": 3, **TALK}
    return make_record(crm.forms["follow_up"], **{**base, **values})


def context(
    crm: Plugin, user_id: int = ME, roles: tuple[str, ...] = ("sales",), **records: list[Record]
) -> FakeContext:
    known = {"customer": [company(crm)], "contact": [person(crm)], **records}
    people = [User(ME, "lina", "李娜"), User(OTHER, "wang", "王强")]
    return FakeContext(plugin=crm, now=NOW, user_id=user_id, roles=roles, people=people, records=known)


def test_a_lead_is_in_progress_from_its_first_follow_up_on(crm: Plugin) -> None:
    for status, after in (("unassigned", "unassigned"), ("pending", "in_progress"), ("in_progress", "in_progress")):
        ctx = context(crm, lead=[hint(crm, status=status)])
        lead.action_follow(ctx.forms.lead.get(4), {**TALK, "next_contact_at": LATER}, ctx)
        shown, (made,) = ctx.forms.lead.get(4), ctx.forms.follow_up.find()
        assert (shown.status, shown.follow_up_status, shown.last_follow_at) == (after, True, NOW)
        assert (shown.last_follow_content, shown.next_contact_at) == ("客户要报价", LATER)
        assert (made.subject, made.customer_name, made.lead, made.customer) == ("打电话-华宸智能", "华宸智能", 4, None)
        assert (made.object_type, made.object_id, made.owner, made.contact_at) == ("lead", 4, ME, NOW)


def test_a_customer_may_get_a_status_and_its_primary_contact_hears_of_the_next_time(crm: Plugin) -> None:
    ctx = context(crm, customer=[company(crm, primary_contact=5)], contact=[person(crm), person(crm, id=6)])
    customer.action_follow(ctx.forms.customer.get(3), {**TALK, "status": "interested", "next_contact_at": LATER}, ctx)
    shown, (made,) = ctx.forms.customer.get(3), ctx.forms.follow_up.find()
    assert (shown.status, shown.last_follow_at, shown.next_contact_at) == ("interested", NOW, LATER)
    assert (made.contact, made.customer, made.opportunity) == (5, 3, None)
    assert [each.next_contact_at for each in ctx.forms.contact.find()] == [LATER, None]
    follow(ctx.forms.customer.get(3), {**TALK, "contact": 6, "subject": "自己写的主题"}, ctx)
    (_first, second) = ctx.forms.follow_up.find()
    assert (second.contact, second.subject, ctx.forms.customer.get(3).status) == (6, "自己写的主题", "interested")


def test_talk_of_an_opportunity_is_talk_with_its_customer(crm: Plugin) -> None:
    ctx = context(crm, opportunity=[deal(crm, contact=5)])
    opportunity.action_follow(ctx.forms.opportunity.get(9), {**TALK, "next_contact_at": LATER}, ctx)
    shown, client = ctx.forms.opportunity.get(9), ctx.forms.customer.get(3)
    assert (shown.last_follow_at, shown.next_contact_at, shown.follow_up_status) == (NOW, LATER, True)
    assert (client.last_follow_at, client.next_contact_at, client.follow_up_status) == (NOW, None, True)
    assert ctx.forms.contact.get(5).next_contact_at == LATER
    (made,) = ctx.forms.follow_up.find()
    assert (made.object_type, made.object_id, made.customer, made.contact) == ("opportunity", 9, 3, 5)


def test_a_contact_who_is_gone_is_not_spoken_to(crm: Plugin) -> None:
    for contacts, spoken_to in (([6], 6), ([], None)):
        people = [person(crm, id=number) for number in contacts]
        ctx = context(
            crm, opportunity=[deal(crm, contact=5)], customer=[company(crm, primary_contact=6)], contact=people
        )
        follow(ctx.forms.opportunity.get(9), TALK, ctx)
        assert ctx.forms.follow_up.find()[0].contact == spoken_to


@settings(max_examples=40, deadline=None)
@given(days=st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_the_last_follow_up_is_the_latest_one_in_whatever_order_they_are_entered(crm: Plugin, days: list[int]) -> None:
    ctx = context(crm)
    for number in days:
        at = NOW - timedelta(days=number)
        follow(ctx.forms.customer.get(3), {**TALK, "contact_at": at, "content": f"{number} 天前"}, ctx)
    shown = ctx.forms.customer.get(3)
    assert (shown.last_follow_at, shown.last_follow_content) == (NOW - timedelta(days=min(days)), f"{min(days)} 天前")


@pytest.mark.parametrize(
    ("planned", "agreed", "after"),
    [
        (None, None, None), (EARLIER, None, None), (NOW + timedelta(hours=2), None, None),
        (LATER, None, LATER), (EARLIER, LATER, LATER), (LATER, LATER + timedelta(days=1), LATER + timedelta(days=1)),
    ],
)  # fmt: skip
def test_an_appointment_up_to_today_is_done_by_a_follow_up(
    crm: Plugin, planned: datetime | None, agreed: datetime | None, after: datetime | None
) -> None:
    ctx = context(crm, customer=[company(crm, next_contact_at=planned)])
    follow(ctx.forms.customer.get(3), {**TALK, "next_contact_at": agreed}, ctx)
    assert ctx.forms.customer.get(3).next_contact_at == after


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, set()),
        ({"contact_at": NOW + timedelta(minutes=1)}, set()),
        ({"contact_at": NOW + timedelta(minutes=3)}, {"contact_at"}),
        ({"end_at": NOW - timedelta(seconds=1)}, {"end_at"}),
        ({"end_at": NOW}, set()),
        ({"next_contact_at": NOW}, {"next_contact_at"}),
        ({"next_contact_at": NOW + timedelta(seconds=1)}, set()),
        ({"next_contact_at": EARLIER, "origin": 2}, set()),
        ({"contact": 5}, set()),
        ({"contact": 6}, {"contact"}),
        ({"contact": 5, "customer": 4}, {"contact"}),
    ],
)
def test_times_and_contact_are_checked(crm: Plugin, values: dict[str, Any], fields: set[str]) -> None:
    ctx = context(crm, contact=[person(crm), person(crm, id=6, customer=4)])
    assert set(follow_up.validate(talk(crm, **values), None, ctx) or {}) == fields


def test_what_was_right_stays_right_in_a_correction(crm: Plugin) -> None:
    before = talk(crm, next_contact_at=EARLIER, contact=99)
    assert (
        follow_up.validate(talk(crm, next_contact_at=EARLIER, contact=99, content="更正"), before, context(crm)) == {}
    )


def test_a_follow_up_is_corrected_on_its_day_only(crm: Plugin) -> None:
    form = crm.forms["follow_up"]
    assert follow_up.row_scope(form, "edit", context(crm)) == {"created_at__gte": "$today"}
    assert follow_up.row_scope(form, "edit", context(crm, roles=("admin",))) is None
    for access in ("read", "delete", "export", "create"):
        assert follow_up.row_scope(form, access, context(crm)) is None


@pytest.mark.parametrize(
    ("user_id", "roles", "owner", "kept"),
    [
        (ME, ("sales",), ME, False), (OTHER, ("sales",), ME, True), (OTHER, ("manager",), ME, False),
        (OTHER, ("admin",), ME, False), (OTHER, ("sales",), None, True),
    ],
)  # fmt: skip
def test_only_the_owner_of_the_object_deletes(
    crm: Plugin, user_id: int, roles: tuple[str, ...], owner: int | None, kept: bool
) -> None:
    ctx = context(crm, user_id, roles, customer=[company(crm, owner=owner)])
    assert (follow_up.before_delete(talk(crm, owner=OTHER), ctx) is not None) is kept


def test_a_correction_and_a_deletion_show_on_the_object(crm: Plugin) -> None:
    old, new = talk(crm, contact_at=EARLIER, content="第一次"), talk(crm, id=2, content="第二次")
    ctx = context(crm, follow_up=[old, new], customer=[company(crm, last_follow_at=NOW, last_follow_content="第二次")])
    corrected = ctx.forms.follow_up.update(2, {"content": "更正"})
    follow_up.after_save(corrected, new, ctx)
    assert ctx.forms.customer.get(3).last_follow_content == "更正"
    for left, shown in ((2, ("第一次", EARLIER, True)), (1, (None, None, False))):
        ctx.forms.follow_up.delete(left)
        follow_up.after_delete(talk(crm, id=left), ctx)
        client = ctx.forms.customer.get(3)
        assert (client.last_follow_content, client.last_follow_at, client.follow_up_status) == shown


def test_what_changes_nothing_that_is_shown_writes_nothing(crm: Plugin) -> None:
    ctx = context(crm, follow_up=[talk(crm)])
    follow_up.after_save(talk(crm, next_plan="寄样品"), talk(crm), ctx)
    follow_up.after_save(talk(crm), None, ctx)
    assert ctx.forms.customer.get(3).version is None
    refresh(talk(crm, customer=99), ctx)
