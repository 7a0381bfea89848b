"""Nobody decides on what he submitted himself, whichever way he tries."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from lowcode.database.schema import approval_tasks
from lowcode.identity.tables import user_roles
from tests.workflow.office import Office


def submit(office: Office, approvers: dict[str, Any], **values: Any) -> int:
    office.steps({"approvers": approvers, "mode": "all"})
    return office.submitted("ann", **values)


def grant(office: Office, name: str, role: str) -> None:
    with office.platform.db.write() as connection:
        connection.execute(insert(user_roles).values(user_id=office.id(name), role=role))


def check(office: Office, record: int, *asked: str) -> None:
    assert office.asked() == set(asked)
    for task_id in range(1, 20):
        assert office["ann"].post(f"/tasks/{task_id}/agree", {}).status == 404
    assert office.status(record) == "in_review"


def test_named_by_username(office: Office) -> None:
    check(office, submit(office, {"users": [office.username("ann")]}), "lena")


def test_named_by_role(office: Office) -> None:
    check(office, submit(office, {"role": "clerk"}), "lena", "bob")


def test_named_by_a_field(office: Office) -> None:
    check(office, submit(office, {"field": "reviewer"}, reviewer=office.id("ann")), "lena")


def test_named_as_the_owner(office: Office) -> None:
    check(office, submit(office, {"field": "owner"}), "lena")


def test_named_by_the_hook(office: Office) -> None:
    record = office.submitted("ann", instead=office.id("ann"))
    check(office, record, "lena")


def test_head_of_the_own_department(office: Office) -> None:
    office.head("销售部", "ann")
    check(office, submit(office, {"head_of": "owner"}), "boss")


def test_head_of_every_department(office: Office) -> None:
    office.head("销售部", "ann")
    office.head("公司", "ann")
    check(office, submit(office, {"head_of": "owner"}), "admin")


def test_as_an_administrator(office: Office) -> None:
    grant(office, "ann", "admin")
    check(office, submit(office, {"field": "reviewer"}), "admin")


def test_by_another_persons_task(office: Office) -> None:
    record = office.submitted("ann")
    assert office["ann"].post(f"/tasks/{office.task('lena')}/agree", {}).status == 404
    assert office.status(record) == "in_review"


def test_by_becoming_the_head_afterwards(office: Office) -> None:
    record = office.submitted("ann", amount="1000")
    office.head("销售部", "ann")
    grant(office, "ann", "treasurer")
    office.decide("lena").expect(200)
    check(office, record, "tom", "tina", "boss")  # the head stands in for ann


def test_by_submitting_for_somebody_else(office: Office) -> None:
    office.head("销售部", "kim")
    record = office.draft("ann")
    office.act("kim", record, "ask").expect(200)
    assert office.box("kim") == []
    assert office.asked() == {"admin"}, "kim belongs to no department"


def test_the_last_administrator_alone(office: Office) -> None:
    office.steps({"approvers": {"field": "reviewer"}})
    record = office["admin"].post("/forms/errand/records", {"name": "去", "amount": "1"}).expect(201)["id"]
    answer = office.act("admin", record, "submit")
    assert (answer.status, answer.json["code"]) == (422, "no_approver")
    assert (office.status(record), office.runs(), office.tasks()) == ("draft", [], [])


def test_a_later_step_that_would_find_nobody_refuses_the_submit(office: Office) -> None:
    office.steps({"approvers": {"role": "treasurer"}}, {"approvers": {"field": "reviewer"}})
    record = office["admin"].post("/forms/errand/records", {"name": "去", "amount": "1"}).expect(201)["id"]
    assert office.act("admin", record, "submit").json["code"] == "no_approver"


def test_by_picking_oneself(office: Office) -> None:
    office.steps({"approvers": {"chosen": True}})
    record = office.draft("ann")
    answer = office.act_with("ann", record, "submit", approvers={"s1": [office.id("ann")]})
    assert (answer.status, "approvers.s1" in answer.errors, office.status(record)) == (422, True, "draft")


def test_by_a_transfer_to_the_submitter(office: Office) -> None:
    record = office.submitted("ann")
    assert "to" in office.tell("lena", "transfer", to=office.id("ann")).errors
    check(office, record, "lena")


def test_by_signing_beside_the_approver(office: Office) -> None:
    record = office.submitted("ann")
    for place in ("before", "after"):
        assert "to" in office.tell("lena", "add_signer", to=office.id("ann"), place=place).errors
    check(office, record, "lena")


def test_by_reassigning_to_the_submitter(office: Office) -> None:
    record = office.submitted("ann")
    answer = office["admin"].post(f"/tasks/{office.task('lena')}/reassign", {"to": office.id("ann")})
    assert "to" in answer.errors
    check(office, record, "lena")


def test_by_reassigning_as_an_administrator_to_oneself(office: Office) -> None:
    grant(office, "ann", "admin")
    record = office.submitted("ann")
    answer = office["ann"].post(f"/tasks/{office.task('lena')}/reassign", {"to": office.id("ann")})
    assert "to" in answer.errors
    check(office, record, "lena")


def test_by_handing_the_record_over(office: Office) -> None:
    office.steps({"approvers": office.users("lena")}, {"approvers": {"field": "owner"}})
    record = office.submitted("bob")
    office.platform.as_system(lambda ctx: ctx.forms.errand.update(record, {"owner": office.id("ann")}))
    office.decide("lena").expect(200)
    assert office.asked() == {"ann"}, "bob has submitted it, ann has not"
    office.platform.as_system(lambda ctx: ctx.forms.errand.update(record, {"owner": office.id("bob")}))
    assert office["bob"].post(f"/tasks/{office.task('ann')}/agree", {}).status == 404
    assert office.status(record) == "in_review"


def test_by_a_step_that_may_be_skipped(office: Office) -> None:
    office.steps({"approvers": office.users("ann"), "empty": "skip", "own": "drop"})
    check(office, office.submitted("ann"), "admin")


def test_by_a_return_that_asks_anew(office: Office) -> None:
    office.steps({"approvers": {"role": "treasurer"}}, {"approvers": office.users("lena")})
    record = office.submitted("ann")
    office.decide("tom").expect(200)
    grant(office, "ann", "treasurer")
    office.tell("lena", "return", opinion="再看").expect(200)
    check(office, record, "tom", "tina", "lena")  # the head stands in for ann


def test_the_database_refuses_such_a_task(office: Office) -> None:
    office.submitted("ann")
    task = {"approval_id": office.runs()[0].id, "step": 0, "position": 9, "state": "open"}
    mine = {"user": office.id("ann"), "submitted_by": office.id("ann")}
    with pytest.raises(IntegrityError), office.platform.db.write() as connection:
        connection.execute(insert(approval_tasks).values(task | mine))


def test_what_an_assistant_submits_is_not_for_its_owner_to_decide(office: Office) -> None:
    office.steps({"approvers": office.users("ann", "lena"), "mode": "all"})
    record = office.draft("ann")
    office.act("kim", record, "ask").expect(200)
    assert office.asked() == {"lena"}, "the head of ann, the owner, is asked already"
    assert "to" in office.tell("lena", "transfer", to=office.id("ann")).errors
    assert "to" in office.tell("lena", "add_signer", to=office.id("ann"), place="before").errors


def test_who_has_become_the_owner_hands_on_what_he_was_asked(office: Office) -> None:
    record = office.submitted("ann")
    office.platform.as_system(lambda ctx: ctx.forms.errand.update(record, {"owner": office.id("lena")}))
    refused = office.decide("lena")
    assert (refused.status, refused.json["code"], office.status(record)) == (403, "own_request", "in_review")
    office.tell("lena", "transfer", to=office.id("boss")).expect(200)
