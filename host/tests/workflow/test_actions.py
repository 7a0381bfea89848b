"""What approvers, submitters and administrators can do about a run besides agreeing and rejecting."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lowcode.database.schema import approval_copies, approvals
from lowcode.errors import Forbidden
from lowcode.workflow import approval
from tests.workflow.errands import rules
from tests.workflow.office import Office

TWO = ("tom", "tina")


def three_steps(office: Office) -> int:
    office.steps(*({"approvers": office.users(name)} for name in ("lena", "tom", "boss")))
    record = office.submitted()
    for name in ("lena", "tom"):
        office.decide(name).expect(200)
    return record


def test_a_return_to_the_submitter_ends_the_run(office: Office) -> None:
    record = office.submitted()
    answer = office.tell("lena", "return", opinion="补材料").expect(200)
    assert (answer["outcome"], office.status(record), office.runs()[0].outcome) == ("returned", "rejected", "returned")
    assert rules.moves[-1] == (record, "review.returned")
    assert office.told("ann") == ["approval_decided"]
    office.act("ann", record, "submit").expect(200)
    assert [run.outcome for run in office.runs()] == ["returned", None]
    entry = office["ann"].get(f"/forms/errand/records/{record}/history").expect(200)[1]
    assert (entry["action"], entry["label"]) == ("review.returned", "审批退回")


def test_a_return_goes_to_the_step_before(office: Office) -> None:
    record = three_steps(office)
    assert office.tell("boss", "return", opinion="再看").expect(200)["outcome"] is None
    assert office.asked() == {"tom"}
    for name in ("tom", "boss"):
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


def test_a_return_to_the_first_step_asks_everybody_anew(office: Office) -> None:
    record = three_steps(office)
    shown = office.approval("boss", record)
    assert [each["name"] for each in shown["returnable"]] == ["s1", "s2"]
    office.tell("boss", "return", opinion="重来", to="s1").expect(200)
    assert office.tasks() == [
        *(("lena", "agreed"), ("lena", "open"), ("tom", "agreed"), ("boss", "returned")),
    ]
    shown = office.approval("ann", record)
    assert [step["state"] for step in shown["steps"]] == ["current", "coming", "coming"]
    assert [each["superseded"] for each in shown["steps"][0]["people"]] == [True, False]
    for name in ("lena", "tom", "boss"):
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


@pytest.mark.parametrize("said", [{"opinion": ""}, {"opinion": "x", "to": "s3"}, {"opinion": "x", "to": "nowhere"}])
def test_a_return_needs_a_reason_and_a_step_that_was_passed(office: Office, said: dict[str, Any]) -> None:
    three_steps(office)
    before = office.tasks()
    answer = office.tell("boss", "return", **said)
    assert (answer.status, list(answer.errors)) == (422, ["opinion" if not said["opinion"] else "to"])
    assert office.tasks() == before


def test_a_task_is_transferred(office: Office) -> None:
    record = office.submitted()
    office.tell("lena", "transfer", to=office.id("otto"), opinion="你来").expect(200)
    assert (office.asked(), office.tasks()) == ({"otto"}, [("lena", "transferred"), ("otto", "open")])
    assert office.told("otto") == ["approval_transferred"]
    assert office.box("lena", "done")[0]["state"] == "transferred"
    office.decide("otto").expect(200)
    assert office.status(record) == "approved"


def test_a_transferred_turn_keeps_its_place(office: Office) -> None:
    office.steps({"approvers": office.users("tom", "tina", "boss"), "mode": "sequence"})
    record = office.submitted()
    office.tell("tom", "transfer", to=office.id("otto")).expect(200)
    for name in ("otto", "tina", "boss"):
        assert office.asked() == {name}
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


@pytest.mark.parametrize("whom", ["ann", "tina", "nobody", "disabled", "several", "text"])
def test_a_transfer_goes_to_an_active_person_who_may_decide(office: Office, whom: str) -> None:
    office.steps({"approvers": office.users(*TWO), "mode": "all"})
    office.submitted()
    if whom == "disabled":
        office.disable("otto")
    to = {"nobody": 9999, "disabled": office.id("otto"), "several": office.ids("otto", "kim"), "text": "otto"}
    answer = office.tell("tom", "transfer", to=to[whom] if whom in to else office.id(whom))
    assert (answer.status, list(answer.errors)) == (422, ["to"])
    assert office.tasks() == [("tom", "open"), ("tina", "open")]


@pytest.mark.parametrize("mode", ["any", "all", "sequence"])
def test_signers_before(office: Office, mode: str) -> None:
    office.steps({"approvers": office.users(*TWO), "mode": mode})
    record = office.submitted()
    office.tell("tom", "add_signer", to=office.ids("otto", "kim"), place="before", opinion="先看").expect(200)
    assert office.box("tom") == []
    assert office.told("kim") == ["approval_transferred"]
    for name in ("otto", "kim"):
        office.decide(name).expect(200)
    office.decide("tom").expect(200)
    if mode != "any":
        assert office.status(record) == "in_review"
        office.decide("tina").expect(200)
    assert office.status(record) == "approved"


@pytest.mark.parametrize("mode", ["any", "all", "sequence"])
def test_signers_after(office: Office, mode: str) -> None:
    office.steps({"approvers": office.users(*TWO), "mode": mode})
    record = office.submitted()
    office.tell("tom", "add_signer", to=office.id("otto"), place="after", opinion="再看").expect(200)
    assert office.asked() == {"any": {"otto"}, "all": {"otto", "tina"}, "sequence": {"otto"}}[mode]
    office.decide("otto").expect(200)
    if mode != "any":
        assert office.status(record) == "in_review"
        office.decide("tina").expect(200)
    assert office.status(record) == "approved"


def test_signers_of_signers_who_transfer(office: Office) -> None:
    record = office.submitted()
    office.tell("lena", "add_signer", to=office.id("otto"), place="before").expect(200)
    office.tell("otto", "add_signer", to=office.id("kim"), place="before").expect(200)
    office.tell("kim", "transfer", to=office.id("tom")).expect(200)
    for name in ("tom", "otto", "lena"):
        assert office.asked() == {name}
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


def test_who_waits_for_signers_is_not_asked_when_another_decides(office: Office) -> None:
    office.steps({"approvers": office.users(*TWO)})
    record = office.submitted()
    office.tell("tom", "add_signer", to=office.id("otto"), place="before").expect(200)
    office.decide("tina").expect(200)
    assert (office.status(record), office.asked()) == ("approved", set())


@pytest.mark.parametrize("said", [{"place": "beside"}, {}, {"place": "before", "to": []}, {"place": "after", "to": 0}])
def test_faulty_signers_are_refused(office: Office, said: dict[str, Any]) -> None:
    office.submitted()
    assert office.tell("lena", "add_signer", **{"to": office.id("otto"), **said}).status == 422
    assert office.tasks() == [("lena", "open")]


def test_the_submitter_never_signs(office: Office) -> None:
    office.submitted()
    for place in ("before", "after"):
        answer = office.tell("lena", "add_signer", to=office.ids("otto", "ann"), place=place)
        assert (answer.status, list(answer.errors)) == (422, ["to"])
    assert office.tasks() == [("lena", "open")]


def test_an_approver_and_the_submitter_send_copies(office: Office) -> None:
    record = office.submitted()
    assert office.tell("lena", "copy", to=office.ids("otto", "tom")).expect(200)["people"] == 2
    path = f"/forms/errand/records/{record}/approval"
    assert office["ann"].post(f"{path}/copy", {"to": office.ids("otto", "kim")}).expect(200)["people"] == 1
    assert office["bob"].post(f"{path}/copy", {"to": office.ids("otto")}).status == 404
    assert (office.told("otto"), office.told("kim")) == (["approval_copied"], ["approval_copied"])
    (item,) = office.box("otto", "copied")
    assert (item["record"]["id"], item["read_at"]) == (record, None)
    assert office.approval("otto", record)["document"]["name"] == "去北京"
    assert office.box("otto", "copied")[0]["read_at"] is not None
    assert [each["user"]["title"] for each in office.approval("ann", record)["copies"]] == ["otto", "tom", "kim"]
    assert office["otto"].post(f"/tasks/{office.task('lena')}/agree", {}).status == 404


def test_copies_of_the_flow_go_out_with_the_approval(office: Office) -> None:
    office["admin"].put(
        "/workflows/errand/approvals/review",
        {"version": 1, "steps": [step()], "copy_to": {"role": "treasurer", **office.users("ann", "otto")}},
    ).expect(200)
    office.submitted()
    assert office.box("otto", "copied") == []
    office.decide("lena").expect(200)
    assert len(office.box("otto", "copied")) == len(office.box("tom", "copied")) == 1
    assert office.box("ann", "copied") == [], "the submitter knows"
    with office.platform.db.read() as connection:
        assert set(connection.scalars(approval_copies.select().with_only_columns(approval_copies.c.sent_by))) == {None}


def step(**values: Any) -> dict[str, Any]:
    return {"name": "lead", "label": "主管", "approvers": {"head_of": "owner"}, **values}


def test_the_submitter_urges_once_in_half_an_hour(office: Office) -> None:
    record = office.submitted()
    path = f"/forms/errand/records/{record}/approval/urge"
    for who in ("bob", "lena", "admin"):
        assert office[who].post(path, {}).status == 404
    assert office["ann"].post(path, {}).expect(200)["people"] == 1
    answer = office["ann"].post(path, {})
    assert (answer.status, answer.json["code"]) == (422, "urged_recently")
    assert office.told("lena") == ["approval_asked", "approval_urged"]
    earlier = office.runs()[0].urged_at - timedelta(minutes=30)
    office.update(approvals, approvals.c.record == record, urged_at=earlier)
    office["ann"].post(path, {}).expect(200)
    office.decide("lena").expect(200)
    assert office["ann"].post(path, {}).status == 404


def test_an_administrator_reassigns_anybodys_task(office: Office) -> None:
    office.steps({"approvers": office.users("tom", "tina"), "mode": "sequence"})
    record = office.submitted()
    shown = office.approval("admin", record)
    assert "reassign" in shown["$can"]
    second = shown["steps"][0]["people"][1]["task"]
    office["admin"].post(f"/tasks/{second}/reassign", {"to": office.id("otto"), "opinion": "休假"}).expect(200)
    assert office.tasks() == [("tom", "open"), ("tina", "transferred"), ("otto", "waiting")]
    assert office.box("tina", "done") == []
    office["admin"].post(f"/tasks/{office.task('tom')}/reassign", {"to": office.id("boss")}).expect(200)
    for name in ("boss", "otto"):
        office.decide(name).expect(200)
    assert office.status(record) == "approved"


def test_whoever_calls_it_only_administrators_and_the_platform_reassign(office: Office) -> None:
    office.submitted()
    task, said = office.task("lena"), {"to": office.id("otto")}
    with pytest.raises(Forbidden):
        office.platform.writing(office["boss"].user_or_fail, lambda ctx: approval.reassign(ctx, task, said))
    assert office.asked() == {"lena"}
    office.platform.as_system(lambda ctx: approval.reassign(ctx, task, said))
    assert office.asked() == {"otto"}


def test_only_administrators_reassign_and_only_what_is_pending(office: Office) -> None:
    office.submitted()
    task = office.task("lena")
    for who in ("lena", "ann", "boss"):
        assert office[who].post(f"/tasks/{task}/reassign", {"to": office.id("otto")}).status == 403
    office.decide("lena").expect(200)
    answer = office["admin"].post(f"/tasks/{task}/reassign", {"to": office.id("otto")})
    assert (answer.status, answer.json["code"]) == (409, "already_decided")
    assert office["admin"].post("/tasks/999/reassign", {"to": office.id("otto")}).status == 404


@pytest.mark.parametrize("decision", ["return", "transfer", "add_signer"])
def test_what_is_decided_or_another_persons_stays(office: Office, decision: str) -> None:
    office.submitted()
    task, said = office.task("lena"), {"opinion": "x", "to": office.id("otto"), "place": "before"}
    said = {"return": {"opinion": "x"}, "transfer": {"to": office.id("otto")}}.get(decision, said)
    assert office["tom"].post(f"/tasks/{task}/{decision}", said).status == 404
    office.decide("lena").expect(200)
    answer = office["lena"].post(f"/tasks/{task}/{decision}", said)
    assert (answer.status, answer.json["code"]) == (409, "already_decided")


def test_decisions_are_told(office: Office) -> None:
    office.submitted()
    assert office.told("lena") == ["approval_asked"]
    office.decide("lena", "reject", "太贵").expect(200)
    assert office.told("ann") == ["approval_decided"]


def test_old_runs_without_a_version_still_read(office: Office) -> None:
    record = office.submitted()
    kept = {key: value for key, value in office.runs()[0].definition.items() if key != "copy_to"}
    known = ("name", "label", "approvers", "mode", "when", "due_hours")
    kept["steps"] = [{key: each[key] for key in known} for each in kept["steps"]]
    with office.platform.db.write() as connection:
        connection.execute(update(approvals).values(definition=kept, version=None, chosen=None))
    assert office.approval("lena", record)["version"] is None
    office.decide("lena").expect(200)
    assert office.status(record) == "approved"
