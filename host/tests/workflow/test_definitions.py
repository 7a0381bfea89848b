"""The steps as administrators edit them over HTTP: checked like YAML, kept as versions, never overwritten."""

from typing import Any

import pytest
from sqlalchemy import select

from lowcode.database.schema import audit
from lowcode.declare.check_workflows import MOST_HOURS
from lowcode.workflow.checking import MOST_TESTS
from tests.workflow.office import Office, at_once

PATH = "/workflows/errand/approvals/review"


def step(name: str = "lead", **values: Any) -> dict[str, Any]:
    return {"name": name, "label": "主管", "approvers": {"head_of": "owner"}, **values}


def read(office: Office) -> dict[str, Any]:
    return dict(office["admin"].get(PATH).expect(200))


def test_the_flows_are_listed_for_who_reads_the_form(office: Office) -> None:
    approval = {"name": "review", "label": "出差审批", "version": 1, "edited": False}
    listed = [{"name": "errand", "label": "出差审批", "form": "errand", "approvals": [approval]}]
    assert office["ann"].get("/workflows").expect(200) == listed
    assert office["otto"].get("/workflows").expect(200) == []
    assert office["otto"].get(PATH).status == 404
    assert office["ann"].get("/workflows/errand/approvals/nothing").status == 404


def test_the_steps_are_read_with_what_they_may_be_made_of(office: Office) -> None:
    shown = office["ann"].get(PATH).expect(200)
    assert [each["name"] for each in shown["steps"]] == ["lead", "money"]
    assert shown["steps"] == shown["declared_steps"]
    assert shown["steps"][1]["when"] == [{"amount__gte": 1000}, {"items__rate__gt": 10}]
    choices = shown["choices"]
    assert {"name": "treasurer", "label": "出纳"} in choices["roles"]
    assert {"name": "admin", "label": "平台管理员"} in choices["roles"]
    assert {"name": "reviewer", "label": "复核人"} in choices["people"]
    assert {"items__rate", "amount", "status"} <= {each["name"] for each in choices["fields"]}
    assert (choices["mode"], choices["empty"]) == (["any", "all", "sequence"], ["admins", "skip", "refuse"])


def test_only_administrators_edit(office: Office) -> None:
    for who in ("ann", "boss"):
        assert office[who].put(PATH, {"version": 1, "steps": [step()]}).status == 403
        assert office[who].post(f"{PATH}/reset", {"version": 1}).status == 403
        assert office[who].get(f"{PATH}/versions").status == 403


def test_an_edit_is_a_version_that_counts(office: Office) -> None:
    steps = [step(approvers={"role": "treasurer"}, mode="all", when={"amount__gt": 5}, due_hours=3)]
    made = office["admin"].put(PATH, {"version": 1, "steps": steps, "copy_to": {"role": "lead"}}).expect(200)
    assert (made["version"], made["edited"], made["copy_to"]) == (2, True, {"role": "lead"})
    office.submitted()
    assert office.asked() == {"tom", "tina"}
    assert office.runs()[0].version == 2
    newest, oldest = office["admin"].get(f"{PATH}/versions").expect(200)
    assert (newest["version"], newest["edited"], newest["by"]["id"]) == (2, True, office.id("admin"))
    assert (oldest["version"], oldest["edited"]) == (1, False)
    assert newest["at"] is not None
    with office.platform.db.read() as connection:
        (entry,) = connection.execute(select(audit).where(audit.c.form == "$workflow"))
    assert (entry.user, entry.action, entry.record) == (office.id("admin"), "edit", 2)
    assert [each["name"] for each in entry.changes["errand.review.steps"][1]] == ["lead"]


def test_writing_the_same_again_makes_no_version(office: Office) -> None:
    office["admin"].put(PATH, {"version": 1, "steps": read(office)["steps"]}).expect(200)
    assert read(office)["version"] == 1


def test_resetting_is_another_version(office: Office) -> None:
    office["admin"].put(PATH, {"version": 1, "steps": [step()]}).expect(200)
    shown = office["admin"].post(f"{PATH}/reset", {"version": 2}).expect(200)
    assert (shown["version"], shown["edited"], shown["steps"]) == (3, False, shown["declared_steps"])


def test_a_stale_edit_is_refused(office: Office) -> None:
    office["admin"].put(PATH, {"version": 1, "steps": [step()]}).expect(200)
    for version in (1, 0, 3):
        answer = office["admin"].put(PATH, {"version": version, "steps": [step("other")]})
        assert (answer.status, answer.json["code"]) == (409, "stale_version")
    assert office["admin"].put(PATH, {"steps": [step()]}).errors.keys() == {"version"}
    assert office["admin"].post(f"{PATH}/reset", {"version": 1}).status == 409


def test_two_edits_at_once_make_one_version(office: Office) -> None:
    calls = [
        (lambda name=name: office["admin"].put(PATH, {"version": 1, "steps": [step(name)]})) for name in ("a", "b", "c")
    ]
    assert sorted(answer.status for answer in at_once(calls)) == [200, 409, 409]
    assert read(office)["version"] == 2


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"approvers": {}}, "steps.0.approvers"),
    ({"approvers": {"role": "nobody"}}, "steps.0.approvers.role"),
    ({"approvers": {"role": 5}}, "steps.0.approvers.role"),
    ({"approvers": {"users": ["nobody"]}}, "steps.0.approvers.users"),
    ({"approvers": {"head_of": "amount"}}, "steps.0.approvers.head_of"),
    ({"approvers": {"head_of": "owner", "levels": 0}}, "steps.0.approvers.levels"),
    ({"approvers": {"role": "lead", "levels": 2}}, "steps.0.approvers.levels"),
    ({"approvers": {"field": "note"}}, "steps.0.approvers.field"),
    ({"approvers": {"chosen": "yes"}}, "steps.0.approvers.chosen"),
    ({"approvers": {"role": "lead", "field": "reviewer"}}, "steps.0.approvers"),
    ({"approvers": {"oracle": "x"}}, "steps.0.approvers.oracle"),
    ({"approvers": "lead"}, "steps.0.approvers"),
    ({"name": "Nein"}, "steps.0.name"),
    ({"name": "start"}, "steps.0.name"),
    ({"name": "second"}, "steps.1.name"),
    ({"name": None}, "steps.0.name"),
    ({"label": ""}, "steps.0.label"),
    ({"mode": "dice"}, "steps.0.mode"),
    ({"empty": "shrug"}, "steps.0.empty"),
    ({"due_hours": 0}, "steps.0.due_hours"),
    ({"due_hours": MOST_HOURS + 1}, "steps.0.due_hours"),
    ({"due_hours": 10**15}, "steps.0.due_hours"),
    ({"when": [{"amount__gt": each} for each in range(MOST_TESTS + 1)]}, "steps.0.when"),
    ({"due_hours": "8"}, "steps.0.due_hours"),
    ({"when": {"nothing": 1}}, "steps.0.when.nothing"),
    ({"when": {"amount__gt": "viel"}}, "steps.0.when.amount__gt"),
    ({"when": {"status": "lost"}}, "steps.0.when.status"),
    ({"when": 5}, "steps.0.when"),
    ({"colour": "red"}, "steps.0.colour"),
]


@pytest.mark.parametrize(("values", "path"), FAULTS, ids=[f"{path}={values}" for values, path in FAULTS])
def test_faulty_steps_are_refused_with_their_place(office: Office, values: dict[str, Any], path: str) -> None:
    answer = office["admin"].put(PATH, {"version": 1, "steps": [step(**values), step("second")]})
    assert answer.status == 422
    assert path in answer.errors
    assert all("一" <= sentence[0] <= "鿿" for sentence in answer.errors[path]), answer.errors
    assert read(office)["version"] == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"steps": []}, "steps"),
        ({"steps": None}, "steps"),
        ({}, "steps"),
        ({"steps": "x"}, "steps"),
        ({"steps": [step(f"s{number}") for number in range(51)]}, "steps"),
        ({"steps": [step()], "copy_to": {"chosen": True}}, "copy_to.chosen"),
        ({"steps": [step()], "copy_to": {"users": ["nobody"]}}, "copy_to.users"),
        ({"steps": [step()], "approved": "closed"}, "approved"),
    ],
)
def test_a_faulty_approval_is_refused(office: Office, body: dict[str, Any], path: str) -> None:
    answer = office["admin"].put(PATH, {"version": 1, **body})
    assert (answer.status, path in answer.errors) == (422, True), answer
    assert read(office)["version"] == 1


def test_a_run_keeps_its_definition_whatever_is_edited(office: Office) -> None:
    record = office.submitted(amount="1000")
    office["admin"].put(PATH, {"version": 1, "steps": [step(approvers=office.users("otto"))]}).expect(200)
    office.decide("lena").expect(200)
    assert office.asked() == {"tom", "tina"}
    assert office.approval("ann", record)["version"] == 1


def test_initialise_shows_the_difference_and_keeps_the_edited_steps(office: Office) -> None:
    steps = read(office)["steps"]
    changed = {**steps[1], "mode": "any"}
    office["admin"].put(PATH, {"version": 1, "steps": [changed, step("extra")], "copy_to": {"role": "lead"}}).expect(
        200
    )
    (plan,) = office["admin"].get("/apps/errands/initialise").expect(200)["workflows"]
    assert (plan["add"], plan["keep"]) == ([], ["review"])
    expected = {"added": ["lead"], "removed": ["extra"], "changed": ["money"], "reordered": False, "copies": True}
    assert plan["differs"] == [{"approval": "review", "kept_version": 2, **expected}]
    office["admin"].post("/apps/errands/initialise", {}).expect(200)
    assert read(office)["version"] == 2


def test_a_condition_on_the_state(office: Office) -> None:
    steps = [step(when={"status__in": ["draft", "in_review"]})]
    office["admin"].put(PATH, {"version": 1, "steps": steps}).expect(200)
    office.submitted()
    assert office.asked() == {"lena"}
