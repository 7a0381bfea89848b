"""Who is asked, in which order, and what a decision leads to."""

from typing import Any

import pytest

from tests.workflow.errands import rules
from tests.workflow.office import Office

USERS = ["tom", "tina", "boss"]


def users(office: Office, *names: str) -> dict[str, Any]:
    return {"users": [office.username(name) for name in names]}


def test_one_step_approves(office: Office) -> None:
    record = office.submitted(amount="999.99")
    assert office.asked() == {"lena"}
    answer = office.decide("lena").expect(200)
    assert (answer["state"], answer["outcome"], office.status(record)) == ("agreed", "approved", "approved")
    assert rules.moves == [(record, "submit"), (record, "review.approved")]


def test_a_condition_adds_a_step_by_amount(office: Office) -> None:
    record = office.submitted(amount="1000")
    assert office.decide("lena").expect(200)["outcome"] is None
    assert office.asked() == {"tom", "tina"}
    office.decide("tom").expect(200)
    assert office.status(record) == "in_review"
    assert office.decide("tina").expect(200)["outcome"] == "approved"


@pytest.mark.parametrize(("rate", "state"), [("10", "approved"), ("10.01", "in_review")])
def test_a_condition_looks_into_line_items(office: Office, rate: str, state: str) -> None:
    record = office.submitted(items=[{"what": "a", "rate": "1"}, {"what": "b", "rate": rate}])
    office.decide("lena").expect(200)
    assert office.status(record) == state


def test_without_any_step_it_is_approved_at_once(office: Office) -> None:
    office.steps({"approvers": {"role": "treasurer"}, "when": {"amount__gt": 500}})
    record = office.submitted(amount="500")
    assert office.status(record) == "approved"
    assert rules.moves == [(record, "submit"), (record, "review.approved")]
    assert [step["state"] for step in office.approval("ann", record)["steps"]] == ["skipped"]


def test_any_is_decided_by_the_first(office: Office) -> None:
    office.steps({"approvers": users(office, *USERS)})
    office.submitted()
    assert office.asked() == set(USERS)
    assert office.decide("tina").expect(200)["outcome"] == "approved"
    assert office.tasks() == [("tom", "cancelled"), ("tina", "agreed"), ("boss", "cancelled")]


def test_all_waits_for_everybody(office: Office) -> None:
    office.steps({"approvers": users(office, *USERS), "mode": "all"})
    record = office.submitted()
    for name in ("boss", "tom"):
        assert office.decide(name).expect(200)["outcome"] is None
    assert office.decide("tina").expect(200)["outcome"] == "approved"
    assert office.status(record) == "approved"


def test_sequence_asks_one_after_the_other(office: Office) -> None:
    office.steps({"approvers": users(office, *USERS), "mode": "sequence"})
    record = office.submitted()
    for position, name in enumerate(USERS):
        assert office.asked() == {name}
        assert office.decide(name).expect(200)["outcome"] == ("approved" if position == 2 else None)
    assert office.status(record) == "approved"


@pytest.mark.parametrize("mode", ["any", "all", "sequence"])
def test_one_rejection_ends_it(office: Office, mode: str) -> None:
    office.steps({"approvers": users(office, *USERS), "mode": mode}, {"approvers": {"role": "lead"}})
    record = office.submitted()
    answer = office.decide("tom", "reject", "太贵").expect(200)
    assert (answer["outcome"], office.status(record), office.asked()) == ("rejected", "rejected", set())
    assert rules.moves[-1] == (record, "review.rejected")
    assert {state for _name, state in office.tasks()} == {"rejected", "cancelled"}


def test_a_rejected_record_is_corrected_and_submitted_again(office: Office) -> None:
    record = office.submitted()
    office.decide("lena", "reject", "太贵").expect(200)
    version = office["ann"].get(f"/forms/errand/records/{record}").expect(200)["version"]
    office["ann"].patch(f"/forms/errand/records/{record}", {"amount": "50"}, version=version).expect(200)
    office.act("ann", record, "submit").expect(200)
    first, second = office.runs()
    assert (first.outcome, second.outcome) == ("rejected", None)
    assert (first.document["amount"], second.document["amount"]) == ("100.00", "50.00")


def test_withdrawing_cancels_what_was_asked(office: Office) -> None:
    record = office.submitted()
    office.act("ann", record, "withdraw").expect(200)
    (run,) = office.runs()
    assert (run.outcome, office.tasks(), office.asked()) == ("withdrawn", [("lena", "cancelled")], set())
    office.act("ann", record, "submit").expect(200)
    assert office.asked() == {"lena"}


def test_a_rule_that_moves_or_deletes_the_record_cancels_the_run(office: Office) -> None:
    moved, deleted = office.submitted(), office.submitted()
    office.platform.as_system(lambda ctx: ctx.forms.errand.update(moved, {"status": "closed"}))
    office.platform.as_system(lambda ctx: ctx.forms.errand.delete(deleted))
    assert [run.outcome for run in office.runs()] == ["cancelled", "cancelled"]
    assert office.asked() == set()


def test_heads_are_looked_for_upwards(office: Office) -> None:
    office.head("销售部", None)
    office.submitted("ann")
    assert office.asked() == {"boss"}


def test_a_head_who_left_is_passed_over(office: Office) -> None:
    office.disable("lena")
    office.submitted("ann")
    assert office.tasks() == [("boss", "open")]


def test_the_head_of_a_head_is_the_next_one_up(office: Office) -> None:
    office.head("销售部", "ann")
    office.submitted("ann")
    assert office.asked() == {"boss"}


def test_a_field_names_the_approver(office: Office) -> None:
    office.steps({"approvers": {"field": "reviewer"}})
    office.submitted(reviewer=office.id("otto"))
    assert office.asked() == {"otto"}


def test_the_head_of_the_submitter(office: Office) -> None:
    office.steps({"approvers": {"head_of": "submitter"}})
    office.act("kim", office.draft("ann"), "ask").expect(200)
    assert office.asked() == {"admin"}, "kim belongs to no department"


def test_a_step_without_people_goes_to_the_administrators(office: Office) -> None:
    office.steps({"approvers": {"field": "reviewer"}})
    record = office.submitted()
    assert office.asked() == {"admin"}
    office.decide("admin").expect(200)
    assert office.status(record) == "approved"


def test_who_agreed_before_is_not_asked_again(office: Office) -> None:
    team = users(office, "tom", "tina")
    office.steps({"approvers": users(office, "tom")}, {"approvers": team}, {"approvers": team, "mode": "all"})
    record = office.submitted()
    office.decide("tom").expect(200)
    assert office.tasks() == [("tom", "agreed"), ("tina", "open")]
    office.decide("tina").expect(200)
    assert office.status(record) == "approved"
    assert [step["state"] for step in office.approval("ann", record)["steps"]] == ["agreed", "skipped", "agreed"]


def test_a_hook_speaks_before_the_declaration(office: Office) -> None:
    office.submitted(instead=office.id("bob"))
    assert office.asked() == {"bob"}


def test_a_hook_that_names_nobody_leaves_the_step_to_the_administrators(office: Office) -> None:
    office.submitted(instead=office.id("ann"), amount="13")
    assert office.asked() == {"admin"}


def test_a_run_keeps_the_steps_it_started_with(office: Office) -> None:
    record = office.submitted(amount="1000")
    office.steps({"approvers": users(office, "otto")})
    office.decide("lena").expect(200)
    assert office.asked() == {"tom", "tina"}
    assert [step["name"] for step in office.approval("ann", record)["steps"]] == ["lead", "money"]
    office.submitted()
    assert office.asked() == {"tom", "tina", "otto"}


def test_the_document_is_frozen_after_the_rules_of_the_move(office: Office) -> None:
    office.submitted(items=[{"what": "票", "rate": "1"}])
    (run,) = office.runs()
    assert (run.document["note"], run.document["status"], run.document["items"][0]["what"]) == (
        "submitted",
        "in_review",
        "票",
    )


def test_the_history_tells_who_decided(office: Office) -> None:
    record = office.submitted()
    office.decide("lena").expect(200)
    entry = office["ann"].get(f"/forms/errand/records/{record}/history").expect(200)[0]
    assert (entry["action"], entry["label"], entry["by"]["title"]) == ("review.approved", "审批通过", "lena")
    assert [(each["field"], each["old"], each["new"]) for each in entry["changes"]] == [
        ("status", "in_review", "approved")
    ]
