"""A leaver's work goes to somebody else in one step."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from lowcode.database.schema import approval_tasks, audit, team_members
from lowcode.identity import hand_over
from lowcode.identity.tables import departments, users
from lowcode.platform import Platform
from lowcode.testing.client import Answer
from tests.workflow import conftest as fixtures
from tests.workflow.office import Office, at_once

office, plugin_modules = fixtures.office, fixtures.plugin_modules


def plan(office: Office, who: str) -> Any:
    return office["admin"].get(f"/users/{office.id(who)}/hand_over").expect(200)


def give(office: Office, who: str, to: str, **more: Any) -> Answer:
    return office["admin"].post(f"/users/{office.id(who)}/hand_over", {"to": office.id(to), **more})


def rows(office: Office, table: Any, **where: Any) -> list[Any]:
    with office.platform.db.read() as connection:
        return list(connection.execute(select(table).filter_by(**where).order_by(table.c.id)))


def test_the_plan_counts_what_a_person_has_in_hand(office: Office) -> None:
    draft, reviewed, deleted = office.draft(), office.submitted(), office.draft()
    office["ann"].delete(f"/forms/errand/records/{deleted}", 1).expect(204)
    assert draft != reviewed
    assert plan(office, "ann") == {
        "forms": [{"form": "errand", "label": "出差", "count": 2}],
        "tasks": 0,
        "departments": [],
    }
    found = plan(office, "lena")
    assert (found["forms"], found["tasks"]) == ([], 1)
    assert [each["name"] for each in found["departments"]] == ["销售部"]
    assert office["ann"].get(f"/users/{office.id('ann')}/hand_over").status == 403
    assert office["admin"].get("/users/999/hand_over").status == 404


def test_records_change_hands_in_whatever_state(office: Office) -> None:
    draft, reviewed = office.draft(), office.submitted()
    office["admin"].patch(f"/users/{office.id('tom')}", {"roles": ["treasurer", "clerk"]}).expect(200)
    told = give(office, "ann", "tom").expect(200)
    assert told["forms"] == [{"form": "errand", "label": "出差", "count": 2}]
    treasury = office["tom"].user_or_fail.department_id
    for record in rows(office, office.platform.forms["errand"].table):
        assert (record.owner, record.created_by) == (office.id("tom"), office.id("ann"))
        assert record.owner_department == treasury
        assert record.updated_by == 1
    assert [office.status(record) for record in (draft, reviewed)] == ["draft", "in_review"]
    newest = office["admin"].get(f"/forms/errand/records/{draft}/history").expect(200)[0]
    assert (newest["action"], newest["label"], newest["by"]["id"]) == ("hand_over", "移交", 1)
    assert {change["field"] for change in newest["changes"]} == {"owner", "owner_department"}
    assert plan(office, "ann")["forms"] == []
    assert office["ann"].get("/me").status == 200
    assert office.told("tom") == ["handed_over"]


def test_who_cannot_own_a_form_is_given_no_record_of_it(office: Office) -> None:
    record = office.draft("ann")
    for who in ("tom", "otto", "lena"):
        refused = give(office, "ann", who)
        assert (refused.status, refused.json["code"]) == (422, "invalid")
        assert refused.errors == {"to": ["接收人的角色不能负责“出差”，请选择其他人。"]}
    assert plan(office, "ann")["forms"][0]["count"] == 1
    office["ann"].delete(f"/forms/errand/records/{record}", 1).expect(204)
    give(office, "ann", "otto").expect(200)


def test_open_approvals_change_hands(office: Office) -> None:
    record = office.submitted()
    give(office, "lena", "boss").expect(200)
    assert office.asked() == {"boss"}
    assert [row.head_id for row in rows(office, departments, name="销售部")] == [office.id("boss")]
    office.decide("boss").expect(200)
    assert office.status(record) == "approved"


def test_nobody_gets_to_decide_on_his_own(office: Office) -> None:
    """The new person has submitted it: the next head above is asked, here the one of the company."""
    office.submitted("ann")
    give(office, "lena", "ann").expect(200)
    assert office.asked() == {"boss"}
    assert all(row.user != row.submitted_by for row in rows(office, approval_tasks))


def test_who_is_asked_already_is_not_asked_twice(office: Office) -> None:
    office.steps({"approvers": office.users("tom", "tina"), "mode": "all"})
    office.submitted("ann")
    give(office, "tom", "tina").expect(200)
    assert office.asked() == {"tina", "lena"}


def test_where_nobody_else_could_decide_nothing_changes(office: Office) -> None:
    """The only head left is the submitter's own; the administrator himself leaves."""
    office.head("公司", None)
    office.head("销售部", None)
    record = office.submitted("ann")  # nobody heads: the administrators are asked
    assert office.asked() == {"admin"}
    refused = office["admin"].post("/users/1/hand_over", {"to": office.id("ann")})
    assert (refused.status, refused.json["code"]) == (422, "no_approver")
    assert office.asked() == {"admin"}
    assert office.status(record) == "in_review"


def test_shares_end_and_the_person_may_be_disabled(office: Office, platform: Platform) -> None:
    record = office.draft("bob")
    share = {"form": "errand", "record": record, "user": office.id("ann"), "level": "read", "added_by": 1}
    with platform.db.write() as connection:
        connection.execute(insert(team_members).values(share | {"added_at": datetime.now(UTC)}))
    office.draft("ann")
    give(office, "ann", "bob", disable=True).expect(200)
    with platform.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(team_members)) == 0
    assert office["ann"].get("/me").status == 401
    assert office["admin"].get(f"/users/{office.id('ann')}").expect(200)["is_active"] is False


def test_it_races_with_a_batch_of_the_same_records(office: Office) -> None:
    """Both lock what they change in one order, and neither waits halfway for the other."""
    records = [office.submitted() for _each in range(20)]
    withdrawing = partial(office["ann"].post, "/forms/errand/actions/withdraw", {"ids": records[::-1]})
    start = time.monotonic()
    given, withdrawn = at_once([partial(give, office, "lena", "boss"), withdrawing])
    spent = time.monotonic() - start
    given.expect(200)
    assert {each["status"] for each in withdrawn.expect(200)} == {200}
    assert office.asked() == set()
    assert office.verified()["broken_at"] is None
    assert spent < 10


def test_what_lies_in_the_recycle_bin_goes_along(office: Office) -> None:
    """Else nobody could delete the department that it belongs to."""
    record = office.draft("ann")
    office["ann"].delete(f"/forms/errand/records/{record}", 1).expect(204)
    assert give(office, "ann", "tom").expect(200)["forms"] == []
    (row,) = rows(office, office.platform.forms["errand"].table)
    assert (row.owner, row.owner_department) == (office.id("tom"), office["tom"].user_or_fail.department_id)
    assert [row.action for row in rows(office, audit, form="errand")][-1] == "hand_over"
    office["kim"].post(f"/forms/errand/records/{record}/restore", {}).expect(200)


def test_a_department_that_only_the_recycle_bin_holds_says_so(office: Office) -> None:
    record, sales = office.draft("ann"), office["ann"].user_or_fail.department_id
    office.update(users, users.c.department_id == sales, department_id=None)
    refused = office["admin"].delete(f"/departments/{sales}")
    assert (refused.status, "回收站" in refused.json["detail"]) == (409, False)
    office["ann"].delete(f"/forms/errand/records/{record}", 1).expect(204)
    refused = office["admin"].delete(f"/departments/{sales}")
    assert (refused.status, refused.json["code"], "回收站" in refused.json["detail"]) == (409, "in_use", True)
    give(office, "ann", "tom").expect(200)
    office["admin"].delete(f"/departments/{sales}").expect(204)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": "x"}, "to"),
        ({"to": 999}, "to"),
        ({"to": "ann"}, "to"),
        ({"to": "otto"}, "to"),
        ({"to": "bob", "disable": "yes"}, "disable"),
        ({"to": "bob", "all": True}, "all"),
    ],
)
def test_faults_change_nothing(office: Office, body: dict[str, Any], field: str) -> None:
    office.draft()
    office.disable("otto")
    sent = body | ({"to": office.id(body["to"])} if body.get("to") in office.people else {})
    refused = office["admin"].post(f"/users/{office.id('ann')}/hand_over", sent)
    assert (refused.status, list(refused.errors)) == (422, [field])
    assert plan(office, "ann")["forms"][0]["count"] == 1
    assert rows(office, audit, form="$user") == []


def test_the_last_administrator_stays(office: Office) -> None:
    office.draft()
    refused = office["admin"].post("/users/1/hand_over", {"to": office.id("bob"), "disable": True})
    assert (refused.status, refused.json["code"]) == (422, "last_admin")


def test_it_is_in_the_audit(office: Office) -> None:
    office.draft()
    give(office, "ann", "bob", disable=True).expect(200)
    entries = {row.action: row for row in rows(office, audit, form="$user")}
    assert set(entries) == {"hand_over", "edit"}
    row = entries["hand_over"]
    assert (row.user, row.record) == (1, office.id("ann"))
    assert row.changes["to"] == [None, {"id": office.id("bob"), "title": "bob"}]
    assert entries["edit"].changes == {"is_active": [True, False]}


def test_a_thousand_records_take_seconds(office: Office, platform: Platform) -> None:
    """More than one batch; the time is the bound within which SQLite lets other writers wait, per ten thousand."""
    form = platform.forms["errand"]
    first = office.draft()
    with platform.db.write() as connection:
        values = dict(connection.execute(select(form.table).where(form.table.c.id == first)).one()._mapping)
        copies = [values | {"id": first + number, "name": f"第{number}次"} for number in range(1, 1200)]
        connection.execute(insert(form.table), copies)
    start = time.process_time()
    told = give(office, "ann", "bob").expect(200)
    spent = time.process_time() - start
    assert told["forms"][0]["count"] == 1200
    with platform.db.read() as connection:
        left = connection.scalar(select(func.count()).where(form.table.c.owner == office.id("ann")))
        written = connection.scalar(select(func.count()).where(audit.c.action == "hand_over", audit.c.form == "errand"))
    assert (left, written) == (0, 1200)
    assert spent < 12
    assert hand_over.BATCH < 1200
