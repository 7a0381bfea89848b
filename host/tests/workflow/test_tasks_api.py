"""The process centre and the approval of a record over HTTP."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from lowcode.database.schema import approval_tasks
from lowcode.identity.tables import users
from lowcode.testing.watching import queries
from lowcode.workflow import viewing
from tests.workflow.office import Office


def test_the_boxes(office: Office) -> None:
    first, second = office.submitted(amount="1000", name="去上海"), office.submitted("bob")
    assert [item["record"] for item in office.box("lena")] == [
        {"id": first, "title": "去上海"},
        {"id": second, "title": "去北京"},
    ]
    task = office.box("lena")[0]["id"]
    office["lena"].post(f"/tasks/{task}/agree", {"opinion": "同意"}).expect(200)
    (done,) = office.box("lena", "done")
    assert (done["id"], done["state"], done["opinion"], done["outcome"]) == (task, "agreed", "同意", None)
    (started,) = office.box("ann", "started")
    assert (started["record"]["id"], started["step"], started["$labels"]["step"]) == (first, "money", "出纳")
    assert office.box("ann", "copied") == office.box("ann", "done") == office.box("ann") == []
    (todo,) = office.box("tom")
    assert (todo["form"], todo["step"], todo["submitted_by"]) == (
        "errand",
        "money",
        {"id": office.id("ann"), "title": "ann"},
    )
    assert todo["due_at"] > todo["opened_at"]
    assert todo["$labels"] == {"form": "出差", "approval": "出差审批", "step": "出纳"}


def test_the_boxes_have_pages(office: Office) -> None:
    records = [office.submitted() for _each in range(5)]
    page = office["lena"].get("/tasks", page=2, per_page=2).expect(200)
    assert (page["total"], page["page"], page["per_page"]) == (5, 2, 2)
    assert [item["record"]["id"] for item in page["items"]] == records[2:4]
    newest = office["ann"].get("/tasks", box="started", per_page=1).expect(200)
    assert (newest["total"], newest["items"][0]["record"]["id"]) == (5, records[-1])


def test_how_often_it_was_submitted_costs_no_statements(office: Office) -> None:
    """The tab of a record shows all its runs."""
    office.steps({"approvers": office.users("lena")}, {"approvers": office.users("tom")})
    record = office.submitted()
    office.tell("lena", "copy", to=office.id("otto")).expect(200)

    def again() -> None:
        office.act("ann", record, "withdraw").expect(200)
        office.act("ann", record, "submit").expect(200)

    def read(who: str) -> tuple[int, int]:
        with office.platform.reading(office[who].user_or_fail) as ctx, queries(office.platform) as sent:
            found = viewing.approvals_of(ctx, office.platform.forms["errand"], record)
        return len(found), len(sent)

    again()
    before = {who: read(who) for who in ("ann", "lena", "kim")}
    for _each in range(4):
        again()
    assert {who: read(who) for who in before} == {who: (6, sent) for who, (_runs, sent) in before.items()}
    assert all(runs == 2 for runs, _sent in before.values())


def test_what_waits_longest_comes_first(office: Office) -> None:
    """Tom waits for lena in the first record; when she agrees, the second has waited for him already."""
    office.steps({"approvers": office.users("lena", "tom"), "mode": "sequence"})
    first = office.submitted()
    office.steps({"approvers": office.users("tom")})
    second, third = office.submitted(), office.submitted()
    office.decide("lena").expect(200)
    for position, day in ((0, 2), (1, 3)):
        opened_at = datetime(2026, 1, day, tzinfo=UTC)
        office.update(approval_tasks, approval_tasks.c.position == position, opened_at=opened_at)
    assert [item["record"]["id"] for item in office.box("tom")] == [second, third, first]
    pages = [office["tom"].get("/tasks", page=page, per_page=1).expect(200)["items"] for page in (1, 2, 3)]
    assert [items[0]["record"]["id"] for items in pages] == [second, third, first]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"box": "mine"}, "box"), ({"page": "0"}, "page"), ({"per_page": "201"}, "per_page"), ({"user": "1"}, "user")],
)
def test_what_a_box_does_not_know_is_refused(office: Office, query: dict[str, str], field: str) -> None:
    answer = office["ann"].get("/tasks", **query)
    assert (answer.status, list(answer.errors)) == (422, [field])


def test_the_approval_of_a_record(office: Office) -> None:
    record = office.submitted(amount="1000", name="去上海")
    shown = office.approval("ann", record)
    lead, money = shown["steps"]
    assert (shown["outcome"], shown["label"], shown["submitted_by"]["title"]) == (None, "出差审批", "ann")
    assert (lead["state"], lead["people"][0]["user"]["title"], lead["people"][0]["state"]) == (
        "current",
        "lena",
        "open",
    )
    assert (money["state"], [each["user"]["title"] for each in money["people"]]) == ("coming", ["tom", "tina"])
    assert (shown["task"], shown["$can"]) == (None, ["urge", "copy"])
    mine = office.approval("lena", record)
    decisions = ["agree", "reject", "return", "transfer", "add_signer", "copy"]
    assert (mine["task"], mine["$can"]) == (office.task("lena"), decisions)
    office.decide("lena", opinion="可以").expect(200)
    lead, money = office.approval("ann", record)["steps"]
    assert (lead["state"], lead["people"][0]["opinion"], money["state"]) == ("agreed", "可以", "current")
    assert lead["people"][0]["decided_at"]
    office.decide("tom", "reject", "没钱").expect(200)
    shown = office.approval("ann", record)
    assert (shown["outcome"], [step["state"] for step in shown["steps"]]) == ("rejected", ["agreed", "rejected"])


def test_the_digest_is_that_of_the_frozen_document(office: Office) -> None:
    office.submitted(items=[{"what": "票", "rate": "1"}])
    (run,) = office.runs()
    canonical = json.dumps(run.document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert run.digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert office.approval("lena", run.record)["digest"] == run.digest


def test_an_approver_out_of_scope_reads_the_frozen_document_and_nothing_else(office: Office) -> None:
    record = office.submitted(amount="1000", secret="底价")
    path = f"/forms/errand/records/{record}"
    assert office["tom"].get(f"{path}/approval").status == 404, "nobody has asked tom yet"
    office.decide("lena").expect(200)
    shown = office.approval("tom", record)
    assert (shown["document"]["amount"], shown["document"]["$labels"]["status"]) == ("1000.00", "审批中")
    assert "secret" not in shown["document"]
    assert office.approval("kim", record)["document"]["secret"] == "底价"
    assert office["tom"].get(path).status == office["tom"].get(f"{path}/history").status == 404
    office.decide("tom").expect(200)
    assert office.approval("tom", record)["steps"][1]["people"][0]["state"] == "agreed"
    for who in ("otto", "bob"):
        assert office[who].get(f"{path}/approval").status == 404


def test_the_frozen_document_is_the_same_in_every_language(office: Office) -> None:
    office.update(users, users.c.id == office.id("ann"), language="en")
    record = office.submitted()
    (run,) = office.runs()
    assert run.document["$labels"]["status"] == "审批中"
    for who, state, step in (("ann", "In review", "Head of department"), ("lena", "审批中", "部门负责人")):
        shown = office.approval(who, record)
        assert (shown["document"]["$labels"]["status"], shown["steps"][0]["label"]) == (state, step)
        assert shown["digest"] == run.digest


def test_a_record_that_was_never_submitted_has_no_approval(office: Office) -> None:
    answer = office["ann"].get(f"/forms/errand/records/{office.draft()}/approval")
    assert (answer.status, answer.json["code"]) == (404, "no_approval")
    assert office["ann"].get("/forms/errand/records/999/approval").json["code"] == "not_found"


def test_a_rejection_needs_a_reason(office: Office) -> None:
    record = office.submitted()
    for opinion in (None, "", "  "):
        answer = office.decide("lena", "reject", opinion)
        assert (answer.status, list(answer.errors), office.status(record)) == (422, ["opinion"], "in_review")


@pytest.mark.parametrize(
    "body", [{"opinion": 5}, {"opinion": "字" * 100_001}, {"opinion": "a\0b"}, {"to": 3}, {"state": "agreed"}]
)
def test_a_faulty_decision_is_refused(office: Office, body: dict[str, object]) -> None:
    record = office.submitted()
    assert office["lena"].post(f"/tasks/{office.task('lena')}/agree", body).status == 422
    assert office.status(record) == "in_review"


def test_only_whom_the_task_asks_decides(office: Office) -> None:
    record = office.submitted()
    task = office.task("lena")
    for who in set(office.people) - {"lena"}:
        for decision in ("agree", "reject"):
            assert office[who].post(f"/tasks/{task}/{decision}", {"opinion": "x"}).status == 404
    assert office["lena"].as_nobody().post(f"/tasks/{task}/agree", {}).status == 401
    assert office.status(record) == "in_review"


def test_a_task_is_decided_once(office: Office) -> None:
    office.submitted()
    task = office.task("lena")
    office["lena"].post(f"/tasks/{task}/agree", {}).expect(200)
    answer = office["lena"].post(f"/tasks/{task}/reject", {"opinion": "不"})
    assert (answer.status, answer.json["code"]) == (409, "already_decided")


def test_the_same_key_decides_once_and_answers_twice(office: Office) -> None:
    office.submitted()
    task = office.task("lena")
    answers = [office["lena"].post(f"/tasks/{task}/agree", {}, key="k1").expect(200) for _each in range(2)]
    assert answers[0] == answers[1]
