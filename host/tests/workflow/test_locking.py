"""What is in review stays as it was submitted, whoever writes; and nobody agrees to anything else."""

from typing import Any

import pytest

from lowcode.platform import Platform
from tests.workflow.office import Office


def rule(platform: Platform, record: int, **values: Any) -> None:
    """Let a rule write."""
    platform.as_system(lambda ctx: ctx.forms.errand.update(record, values))


def test_nobody_agrees_to_what_was_changed_since(office: Office) -> None:
    record = office.submitted(items=[{"what": "票", "rate": "1"}])
    task = office.task("lena")
    assert office.approval("lena", record)["changed"] is False
    rule(office.platform, record, note="later")
    assert office.approval("lena", record)["changed"] is True
    for decision, said in (("agree", {}), ("add_signer", {"to": office.id("otto"), "place": "after"})):
        answer = office["lena"].post(f"/tasks/{task}/{decision}", said)
        assert (answer.status, answer.json["code"]) == (409, "document_changed")
    assert (office.status(record), office.tasks()) == ("in_review", [("lena", "open")])


@pytest.mark.parametrize("way", ["reject", "return", "withdraw"])
def test_a_changed_document_can_be_handed_back(office: Office, way: str) -> None:
    record = office.submitted()
    rule(office.platform, record, amount="7")
    if way == "withdraw":
        office.act("ann", record, "withdraw").expect(200)
    else:
        office.tell("lena", way, opinion="变了").expect(200)
    office.act("ann", record, "submit").expect(200)
    office.decide("lena").expect(200)
    assert office.status(record) == "approved"


def test_changed_lines_count(office: Office) -> None:
    record = office.submitted(items=[{"what": "票", "rate": "1"}])
    rule(office.platform, record, items=[{"what": "票", "rate": "2"}])
    assert office.tell("lena", "agree").json["code"] == "document_changed"


def test_a_new_owner_and_a_write_that_leaves_the_content_do_not_count(office: Office) -> None:
    record = office.submitted()
    rule(office.platform, record, owner=office.id("bob"))
    rule(office.platform, record, note="other")
    rule(office.platform, record, note="submitted")
    office.decide("lena").expect(200)
    assert office.status(record) == "approved"


def test_a_document_deleted_in_review_comes_back_to_be_corrected(office: Office) -> None:
    record = office.submitted()
    office.platform.as_system(lambda ctx: ctx.forms.errand.delete(record))
    assert office.runs()[0].outcome == "cancelled"
    assert office["kim"].post(f"/forms/errand/records/{record}/restore", {}).expect(200)["status"] == "rejected"
    office.act("ann", record, "submit").expect(200)


def test_no_way_over_http_changes_what_is_in_review(office: Office) -> None:
    record = office.submitted(items=[{"what": "票", "rate": "1"}])
    path = f"/forms/errand/records/{record}"
    for who in ("ann", "kim", "admin", "lena"):
        api = office[who]
        shown = api.get(path)
        version = shown.json["version"] if shown.status == 200 else 2
        for body in ({"name": "x"}, {"items": []}, {"owner": office.id("bob")}):
            assert api.patch(path, body, version=version).status in {403, 404, 422}
        assert api.delete(path, version=version).status in {403, 404, 422}
        assert api.post(f"{path}/restore", {}).status in {403, 404}
        assert {"edit", "delete", "tidy"}.isdisjoint(shown.json.get("$can") or [])
        assert api.post(f"{path}/actions/tidy", {}).status in {403, 404, 422}
    office.decide("lena").expect(200)
    office["ann"].post(f"{path}/actions/tidy", {}).expect(200)
