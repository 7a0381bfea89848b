"""Initialise seeds the steps that administrators keep and never overwrites what they edited."""

from typing import Any

from sqlalchemy import select

from lowcode import initialise
from lowcode.database.schema import approval_definitions
from lowcode.platform import Platform
from lowcode.workflow import flows
from tests.workflow.office import Office


def kept(platform: Platform) -> list[tuple[int, bool, list[str]]]:
    with platform.db.read() as connection:
        rows = connection.execute(select(approval_definitions).order_by(approval_definitions.c.version))
        return [(row.version, row.edited, [step["name"] for step in row.steps]) for row in rows]


def plan(office: Office) -> list[dict[str, object]]:
    return list(office["admin"].get("/apps/errands/initialise").expect(200)["workflows"])


def test_it_adds_the_declared_steps_once(uninitialised_platform: Platform) -> None:
    platform = uninitialised_platform
    done = platform.as_system(lambda ctx: initialise.apply(ctx, "errands"))
    assert done["workflows"] == [{"name": "errand", "label": "出差审批", "add": ["review"], "keep": [], "differs": []}]
    assert kept(platform) == [(1, False, ["lead", "money"])]
    again = platform.as_system(lambda ctx: initialise.apply(ctx, "errands"))
    assert (again["workflows"][0]["add"], again["workflows"][0]["keep"]) == ([], ["review"])
    assert initialise.is_complete(again)
    assert len(kept(platform)) == 1


def test_what_was_stored_reads_as_what_was_declared(office: Office) -> None:
    workflow = office.platform.active_plugins[0].declared.workflows["errand"]  # type: ignore[union-attr]
    declared = workflow.approvals["review"].steps
    stored = office.platform.as_system(lambda ctx: flows.current(ctx, workflow, "review"))
    assert flows.steps_json(stored.steps) == flows.steps_json(declared)


def test_edited_steps_stay(office: Office) -> None:
    office.steps({"approvers": {"role": "lead"}})
    difference = {"added": ["lead", "money"], "removed": ["s1"], "changed": [], "reordered": False, "copies": False}
    differs = [{"approval": "review", "kept_version": 2, **difference}]
    assert plan(office) == [
        {"name": "errand", "label": "出差审批", "add": [], "keep": ["review"], "differs": differs},
    ]
    office["admin"].post("/apps/errands/initialise", {}).expect(200)
    assert [row[:2] for row in kept(office.platform)] == [(1, False), (2, True)]


def test_steps_that_nobody_edited_follow_an_upgrade(office: Office) -> None:
    older: list[dict[str, Any]] = [
        {"name": "old", "label": "旧", "approvers": {}, "mode": "any", "when": None, "due_hours": None}
    ]
    office.update(approval_definitions, approval_definitions.c.version == 1, steps=older)
    office.platform.as_system(lambda ctx: initialise.apply(ctx, "errands"))
    assert kept(office.platform) == [(1, False, ["old"]), (2, False, ["lead", "money"])]


def test_without_stored_steps_the_declared_ones_count(office: Office) -> None:
    with office.platform.db.write() as connection:
        connection.execute(approval_definitions.delete())
    office.submitted()
    assert office.asked() == {"lena"}
