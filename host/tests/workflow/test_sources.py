"""Who is asked: levels of heads, the submitter's choice, and steps without people."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lowcode.database.schema import approval_tasks, approvals
from lowcode.testing.client import Answer
from lowcode.workflow import reminders
from tests.workflow.office import Office


def submit(office: Office, record: int, **said: Any) -> Answer:
    return office["ann"].post(f"/forms/errand/records/{record}/actions/submit", said)


def test_the_heads_of_several_levels(office: Office) -> None:
    office.steps({"approvers": {"head_of": "owner", "levels": 2}, "mode": "sequence"})
    office.submitted()
    assert office.tasks() == [("lena", "open"), ("boss", "waiting")]


def test_levels_count_heads_and_not_departments(office: Office) -> None:
    office.head("公司", "lena")
    office.steps({"approvers": {"head_of": "owner", "levels": 3}, "mode": "all"})
    office.submitted()
    assert office.tasks() == [("lena", "open")]


def test_the_submitter_picks_the_approvers(office: Office) -> None:
    office.steps({"approvers": {"chosen": True}, "mode": "all"}, {"approvers": office.users("boss")})
    record = office.draft()
    submit(office, record, approvers={"s1": office.ids("otto", "tom")}).expect(200)
    assert office.asked() == {"otto", "tom"}
    assert office.runs()[0].chosen == {"s1": office.ids("otto", "tom")}
    for name in ("tom", "otto", "boss"):
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, "approvers.s1"),
        ({"s1": []}, "approvers.s1"),
        ({"s1": "otto"}, "approvers.s1"),
        ({"s1": [9999]}, "approvers.s1"),
        ({"s1": "me"}, "approvers.s1"),
        ({"s1": "otto!", "s2": [1]}, "approvers.s2"),
        (["s1"], "approvers"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(office: Office, raw: Any, path: str) -> None:
    office.steps({"approvers": {"chosen": True}}, {"approvers": office.users("boss")})
    record = office.draft()
    if isinstance(raw, dict) and raw.get("s1") == "me":
        raw = {"s1": office.ids("otto", "ann")}
    answer = submit(office, record, **({} if raw is None else {"approvers": raw}))
    assert answer.status == 422
    assert path in answer.errors
    assert (office.status(record), office.runs()) == ("draft", [])


def test_a_choice_is_asked_only_where_the_step_is_needed(office: Office) -> None:
    office.steps({"approvers": {"chosen": True}, "when": {"amount__gte": 1000}}, {"approvers": office.users("boss")})
    submit(office, office.draft()).expect(200)
    assert "approvers.s1" in submit(office, office.draft(amount="1000")).errors
    assert office.asked() == {"boss"}


def test_a_move_without_a_choice_takes_none(office: Office) -> None:
    record = office.draft()
    assert "approvers.lead" in submit(office, record, approvers={"lead": office.ids("otto")}).errors
    assert "approvers" in office.act_with("ann", office.submitted(), "withdraw", approvers={}).errors


@pytest.mark.parametrize(("policy", "asked"), [("admins", {"admin"}), ("skip", {"boss"}), ("refuse", set())])
def test_a_step_without_people(office: Office, policy: str, asked: set[str]) -> None:
    office.steps({"approvers": {"field": "reviewer"}, "empty": policy}, {"approvers": office.users("boss")})
    record = office.draft()
    answer = submit(office, record)
    assert office.asked() == asked
    if policy == "refuse":
        assert (answer.status, answer.json["code"], office.status(record)) == (422, "no_approver", "draft")


@pytest.mark.parametrize(("policy", "asked"), [("head", {"lena", "bob"}), ("drop", {"bob"})])
def test_the_submitter_among_the_approvers(office: Office, policy: str, asked: set[str]) -> None:
    office.steps({"approvers": {"role": "clerk"}, "mode": "all", "own": policy})
    office.submitted()
    assert office.asked() == asked


def test_a_step_that_would_be_ones_own_is_never_skipped(office: Office) -> None:
    office.steps({"approvers": office.users("ann"), "own": "drop", "empty": "skip"})
    office.submitted()
    assert office.asked() == {"admin"}


@pytest.mark.parametrize(("policy", "asked"), [("skip", set()), ("ask", {"lena"})])
def test_who_has_agreed_before(office: Office, policy: str, asked: set[str]) -> None:
    office.steps({"approvers": office.users("lena")}, {"approvers": office.users("lena"), "repeated": policy})
    office.submitted()
    office.decide("lena").expect(200)
    assert office.asked() == asked


def test_nobody_is_reminded_of_what_belongs_to_no_active_app(office: Office) -> None:
    office.steps({"approvers": {"head_of": "owner"}, "due_hours": 1})
    office.submitted()
    later = datetime.now(UTC) + timedelta(hours=2)
    office.update(approvals, approvals.c.form == "errand", form="gone")
    assert office.platform.as_system(reminders.remind, now=later) == 0
    assert office.told("lena") == ["approval_asked"]
    office.update(approvals, approvals.c.form == "gone", form="errand")
    assert office.platform.as_system(reminders.remind, now=later) == 1


def test_a_due_decision_is_reminded_of_once(office: Office) -> None:
    office.steps({"approvers": office.users("tom", "tina"), "mode": "sequence", "due_hours": 8})
    office.submitted()
    (todo,) = office.box("tom")
    assert todo["due_at"] is not None
    now = office.runs()[0].submitted_at
    for hours, told in ((7, 0), (8, 1), (9, 0)):
        assert office.platform.as_system(reminders.remind, now=now + timedelta(hours=hours)) == told
    assert office.told("tom") == ["approval_asked", "approval_due"]
    assert office.told("tina") == []
    office.decide("tom").expect(200)
    assert office.box("tina")[0]["due_at"] is not None
    office.update(approval_tasks, approval_tasks.c.state == "open", state="cancelled")
    assert office.platform.as_system(reminders.remind, now=now + timedelta(hours=99)) == 0
