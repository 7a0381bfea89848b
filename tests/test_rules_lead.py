"""Rules of leads, and their life as the table of the requirements (domain.md §1.2) has it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_plugin import lead_states
from crm_plugin.rules import lead
from lowcode.api import Record, Refused
from lowcode.conditions import parse
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

NOW = datetime(2026, 11, 23, 2, 15, 30, tzinfo=UTC)
OWNER, COLLEAGUE = 1, 2

LIFE = {
    "unassigned": {"unassigned", "pending", "voided"},
    "pending": {"pending", "in_progress", "invalid", "converted", "unassigned", "voided"},
    "in_progress": {"in_progress", "pending", "invalid", "converted", "unassigned", "voided"},
    "invalid": {"in_progress", "pending", "unassigned", "voided"},
    "converted": {"in_progress"},
    "voided": {"pending", "unassigned"},
}
"""From where to where a lead may go, written down once more from the requirements."""

ADVANCE = st.tuples(
    st.just("advance"),
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["in_progress", "invalid", "converted"]),
            "invalid_reason": st.sampled_from([None, "no_need"]),
        }
    ),
)
FOLLOW = st.just(("follow", {"method": "call", "content": "谈过"}))
STEPS = st.one_of(
    ADVANCE,
    FOLLOW,
    st.tuples(st.just("assign"), st.fixed_dictionaries({"owner": st.sampled_from([OWNER, COLLEAGUE])})),
    st.tuples(st.just("release"), st.just({"reason": "转给别人"})),
    st.tuples(st.sampled_from(["void", "restore_void", "undo_conversion", "convert"]), st.just({})),
)


def prospect(crm: Plugin, **values: Any) -> Record:
    given = {
        "id": 1,
        "customer_name": "华宸智能科技",
        "contact_name": "王伟",
        "mobile": "13800138000",
        "source": "other",
        "status": "pending",
    }
    return make_record(crm.forms["lead"], **given | values)


def context(crm: Plugin, record: Record, **options: Any) -> FakeContext:
    colleague = User(COLLEAGUE, "colleague", "Colleague", None, frozenset(), frozenset({"sales"}))
    return FakeContext(now=NOW, plugin=crm, records={"lead": [record]}, people=[colleague], **options)


@pytest.mark.parametrize(
    ("reached", "faults"),
    [
        ({"mobile": None}, {"mobile"}),
        ({"mobile": None, "telephone": "021-88886666"}, set()),
        ({"mobile": None, "email": "wang@example.com"}, set()),
        ({}, set()),
    ],
)
def test_one_way_to_reach_the_contact_is_enough(crm: Plugin, reached: dict[str, Any], faults: set[str]) -> None:
    assert set(lead.validate(prospect(crm, **reached), None, FakeContext(now=NOW)) or {}) == faults


def test_an_appointment_lies_ahead_when_it_is_made(crm: Plugin) -> None:
    past, this_minute = NOW - timedelta(minutes=2), NOW.replace(second=0)
    ctx = FakeContext(now=NOW)
    assert set(lead.validate(prospect(crm, next_contact_at=past), None, ctx) or {}) == {"next_contact_at"}
    assert lead.validate(prospect(crm, next_contact_at=this_minute), None, ctx) == {}
    standing = prospect(crm, next_contact_at=past)
    assert lead.validate(prospect(crm, next_contact_at=past, remark="新"), standing, ctx) == {}
    assert set(lead.validate(prospect(crm, next_contact_at=past), prospect(crm), ctx) or {}) == {"next_contact_at"}


def test_administrators_load_appointments_of_the_past(crm: Plugin) -> None:
    past = prospect(crm, next_contact_at=NOW - timedelta(days=30))
    ctx = FakeContext(now=NOW, roles=("admin",))
    assert lead.validate(past, None, ctx) == {}
    assert set(lead.validate(past, prospect(crm), ctx) or {}) == {"next_contact_at"}


@pytest.mark.parametrize(
    ("status", "owner", "settled"),
    [
        (None, None, "unassigned"),
        (None, OWNER, "pending"),
        ("unassigned", OWNER, "pending"),
        ("in_progress", OWNER, "in_progress"),
        ("pending", None, "unassigned"),
        ("in_progress", None, "unassigned"),
        ("voided", None, "voided"),
        ("invalid", OWNER, "invalid"),
    ],
)
def test_the_state_agrees_with_the_owner(crm: Plugin, status: str | None, owner: int | None, settled: str) -> None:
    record = prospect(crm, id=None, status=status, owner=owner)
    lead.before_save(record, None, FakeContext(now=NOW))
    assert (record.status, record.owner_at) == (settled, NOW if owner else None)


def test_only_a_new_owner_counts_anew(crm: Plugin) -> None:
    before = prospect(crm, status="pending", owner=OWNER, owner_at=NOW - timedelta(days=3))
    record = prospect(crm, status="pending", owner=OWNER, owner_at=before.owner_at, remark="新")
    lead.before_save(record, before, FakeContext(now=NOW))
    assert record.owner_at == before.owner_at
    record.owner = COLLEAGUE
    lead.before_save(record, before, FakeContext(now=NOW))
    assert record.owner_at == NOW


def test_the_first_owner_and_a_hand_over_are_kept(crm: Plugin) -> None:
    record = prospect(crm, status="pending", owner=OWNER)
    ctx = context(crm, record)
    lead.after_save(record, None, ctx)
    lead.after_save(prospect(crm, status="pending", owner=COLLEAGUE), record, ctx)
    kept = [(each.action, each.prev_owner, each.new_owner, each.at) for each in ctx.forms.owner_history.find(lead=1)]
    assert kept == [("create", None, OWNER, NOW), ("hand_over", OWNER, COLLEAGUE, NOW)]


def test_a_lead_without_owner_has_no_history_yet(crm: Plugin) -> None:
    record = prospect(crm, status="unassigned")
    ctx = context(crm, record)
    lead.after_save(record, None, ctx)
    assert not ctx.forms.owner_history.exists(lead=1)


@pytest.mark.parametrize("status", LIFE)
def test_closed_leads_are_not_edited(crm: Plugin, status: str) -> None:
    before, record = prospect(crm, status=status), prospect(crm, status=status, remark="新", region="上海")
    faults = lead.validate(record, before, FakeContext(now=NOW)) or {}
    assert set(faults) == ({"remark", "region"} if status in {"converted", "voided"} else set())
    assert lead.validate(prospect(crm, status=status, customer=7), before, FakeContext(now=NOW)) == {}


def test_every_field_that_people_edit_is_closed_with_the_lead(crm: Plugin) -> None:
    fields = crm.forms["lead"].fields.values()
    assert {*lead.EDITABLE} == {each.name for each in fields if not each.filled_by_host and not each.create_only}


def test_a_converted_lead_is_kept(crm: Plugin) -> None:
    assert "撤销转化" in (lead.before_delete(prospect(crm, status="converted"), FakeContext()) or "")
    assert lead.before_delete(prospect(crm, status="invalid"), FakeContext()) is None


def test_giving_up_needs_a_reason(crm: Plugin) -> None:
    record = prospect(crm, status="pending", owner=OWNER)
    ctx = context(crm, record)
    with pytest.raises(Refused) as refused:
        lead.action_advance(record, {"status": "invalid", "invalid_reason": None}, ctx)
    assert refused.value.errors.keys() == {"invalid_reason"}
    lead.action_advance(record, {"status": "invalid", "invalid_reason": "no_need"}, ctx)
    given_up = ctx.forms.lead.get(1)
    assert (given_up.status, given_up.invalid_reason) == ("invalid", "no_need")
    lead.action_advance(given_up, {"status": "in_progress", "invalid_reason": "no_need"}, ctx)
    taken_up = ctx.forms.lead.get(1)
    assert (taken_up.status, taken_up.invalid_reason) == ("in_progress", None)


def test_the_same_state_is_no_advance(crm: Plugin) -> None:
    record = prospect(crm, status="in_progress", owner=OWNER)
    with pytest.raises(Refused) as refused:
        lead.action_advance(record, {"status": "in_progress"}, context(crm, record))
    assert refused.value.code == "same_state"


def test_an_assigned_lead_is_told_to_whoever_gets_it(crm: Plugin) -> None:
    record = prospect(crm, status="unassigned", number="XS20261123-0001")
    ctx = context(crm, record)
    lead.action_assign(record, {"owner": COLLEAGUE}, ctx)
    assert [(each["users"], each["kind"]) for each in ctx.notified] == [([COLLEAGUE], "customer_assigned")]
    (kept,) = ctx.forms.owner_history.find(lead=1)
    assert (kept.action, kept.prev_owner, kept.new_owner, kept.by) == ("assign", None, COLLEAGUE, 1)
    with pytest.raises(Refused):
        lead.action_assign(ctx.forms.lead.get(1), {"owner": COLLEAGUE}, ctx)


def test_whoever_takes_a_lead_need_not_be_told(crm: Plugin) -> None:
    record = prospect(crm, status="unassigned")
    ctx = context(crm, record)
    lead.action_assign(record, {"owner": 1}, ctx)
    assert ctx.notified == []


def test_a_released_lead_waits_for_an_owner(crm: Plugin) -> None:
    record = prospect(crm, status="in_progress", owner=OWNER)
    ctx = context(crm, record)
    lead.action_release(record, {"reason": "不在我的区域"}, ctx)
    released = ctx.forms.lead.get(1)
    assert (released.status, released.owner) == ("unassigned", None)
    (kept,) = ctx.forms.owner_history.find(lead=1)
    assert (kept.action, kept.prev_owner, kept.new_owner, kept.reason) == ("release", OWNER, None, "不在我的区域")


def test_the_table_is_that_of_the_requirements() -> None:
    reached = {(start, end) for step in lead_states.TABLE.values() for start, end in step.items()}
    assert reached == {(start, end) for start, ends in LIFE.items() for end in ends} - {("voided", "unassigned")}


def test_no_sequence_of_steps_leaves_the_table(crm: Plugin) -> None:
    @settings(max_examples=150, deadline=None)
    @given(owner=st.sampled_from([None, OWNER]), steps=st.lists(STEPS, max_size=12))
    def live(owner: int | None, steps: list[tuple[str, Mapping[str, Any]]]) -> None:
        start = prospect(crm, owner=owner)
        lead.before_save(start, None, FakeContext(now=NOW))
        ctx = context(crm, start)
        for name, params in steps:
            take(crm, ctx, name, params)

    live()


def take(crm: Plugin, ctx: FakeContext, name: str, params: Mapping[str, Any]) -> None:
    """Take one step, save as the host does, and look where it led."""
    before = ctx.forms.lead.get(1)
    press(crm, ctx, name, params)
    after = ctx.forms.lead.get(1)
    lead.before_save(after, before, ctx)
    ctx.forms.lead.update(1, {"status": after.status, "owner": after.owner})
    assert after.status == before.status or after.status in LIFE[before.status], f"{name}: {before} → {after}"
    assert (after.owner is None) == (after.status == "unassigned") or after.status == "voided"
    assert after.is_converted in (None, after.status == "converted")
    assert ctx.forms.customer.count(lead=1) == (1 if after.status == "converted" else 0)


def press(crm: Plugin, ctx: FakeContext, name: str, params: Mapping[str, Any]) -> None:
    """Press a button where the declaration shows it; a refusal is as good an answer as a step."""
    record, form = ctx.forms.lead.get(1), crm.forms["lead"]
    if parse(form.actions[name].when or {}, form.fields).matches(record, ctx.tokens):
        try:
            getattr(lead, f"action_{name}")(record, params, ctx)
        except Refused:
            assert ctx.forms.lead.get(1).status == record.status
