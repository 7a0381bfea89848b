"""Check workflows: states, moves, approvals."""

from collections.abc import Collection, Mapping
from typing import Any

from lowcode.declare.check_conditions import check_condition
from lowcode.declare.check_forms import check_parameters
from lowcode.declare.check_links import check_sets
from lowcode.declare.problems import Spot, hint, quote
from lowcode.declare.scene import Fields, Scene
from lowcode.declare.workflows import Approval, Move, Step, Workflow

SOURCES = ("role", "users", "head_of", "field", "chosen")
MOST_LEVELS = 10
MOST_HOURS = 8760
"""A decision is due within a year."""

START = "start"
"""What a return to the submitter is called."""

PEOPLE = ("owner", "submitter", "system")


def check_workflow(workflow: Workflow, scene: Scene) -> None:
    """Report every fault of one workflow."""
    spot = scene.file(workflow.file)
    form = scene.form(workflow.form, spot / "form")
    fields: Fields | None = None
    if form is not None:
        fields = scene.fields_of(form)
        if form.workflow != workflow.name:
            message = (
                f"The form '{form.name}' does not name this workflow. Write `workflow: {workflow.name}` in {form.file}."
            )
            (spot / "form").fault("E401", message)
    _check_deletable(workflow, spot / "states")
    for name, move in workflow.moves.items():
        _check_move(move, workflow, fields, spot / "moves" / name, scene)
    for name, approval in workflow.approvals.items():
        check_approval(approval, workflow, fields, spot / "approvals" / name, scene)


def _check_state(name: str, states: Collection[str], spot: Spot) -> None:
    if name and states and name not in states:
        spot.fault("E402", f"{quote(name)} is not a state of this workflow.{hint(name, states)} Name a declared state.")


def _check_deletable(workflow: Workflow, spot: Spot) -> None:
    """Report states whose records may be deleted anyway, or are being decided on."""
    decided = {move.to for move in workflow.moves.values() if move.approval}
    for name, state in workflow.states.items():
        at = spot / name / "deletable"
        if state.deletable and state.editable:
            at.fault("E408", f"Records in '{name}' are editable and may be deleted anyway. Remove 'deletable'.")
        elif state.deletable and name in decided:
            at.fault("E408", f"Records in '{name}' are being decided on and have to stay. Remove 'deletable'.")


def _check_move(move: Move, workflow: Workflow, fields: Fields | None, spot: Spot, scene: Scene) -> None:
    for index, name in enumerate(move.from_):
        _check_state(name, workflow.states, (spot / "from")[index])
    _check_state(move.to, workflow.states, spot / "to")
    scene.roles(move.by, spot / "by", PEOPLE)
    if move.approval is not None and move.approval not in workflow.approvals:
        near = hint(move.approval, workflow.approvals)
        message = f"{quote(move.approval)} is not an approval of this workflow.{near} Declare it under `approvals:`."
        (spot / "approval").fault("E403", message)
    check_parameters(move.params, spot / "params", scene)
    if fields is None:
        return
    check_condition(move.when, fields, spot / "when", scene, workflow.states)
    check_sets(move.params, fields, spot / "params")


def check_approval(approval: Approval, workflow: Workflow, fields: Fields | None, spot: Spot, scene: Scene) -> None:
    """Report every fault of one approval; administrators' own steps are checked so too."""
    _check_state(approval.approved, workflow.states, spot / "approved")
    _check_state(approval.rejected, workflow.states, spot / "rejected")
    seen: set[str] = set()
    for index, step in enumerate(approval.steps):
        at = (spot / "steps")[index]
        if step.name in seen:
            (at / "name").fault("E405", f"Another step is called {quote(step.name)}. Choose another name.")
        if step.name == START:
            (at / "name").fault("E405", f"{quote(START)} stands for the submitter. Choose another name.")
        seen.add(step.name)
        _check_step(step, workflow, fields, at, scene)
    if "chosen" in approval.copy_to:
        (spot / "copy_to" / "chosen").fault("E404", "The submitter picks approvers only. Name who gets a copy.")
    _check_people(approval.copy_to, fields, spot / "copy_to", scene)


def _check_step(step: Step, workflow: Workflow, fields: Fields | None, spot: Spot, scene: Scene) -> None:
    if step.due_hours is not None and not 1 <= step.due_hours <= MOST_HOURS:
        message = f"'due_hours' must be from 1 to {MOST_HOURS}. Write the hours until the reminder."
        (spot / "due_hours").fault("E404", message)
    if len(step.approvers.keys() - {"levels"}) > 1:
        (spot / "approvers").fault("E404", f"A step has one source of approvers. Keep one of: {', '.join(SOURCES)}.")
    _check_people(step.approvers, fields, spot / "approvers", scene)
    if fields is not None:
        check_condition(step.when, fields, spot / "when", scene, workflow.states)


def _check_people(people: Mapping[str, Any], fields: Fields | None, spot: Spot, scene: Scene) -> None:
    """Report sources of approvers or readers that cannot be worked out."""
    for source, value in people.items():
        at = spot / source
        names = value if isinstance(value, tuple) else (value,)
        if source == "levels":
            _check_levels(value, people, at)
        elif source not in SOURCES:
            message = (
                f"{quote(source)} is not a source of people.{hint(source, SOURCES)} Use one of: {', '.join(SOURCES)}."
            )
            at.fault("E404", message)
        elif source == "chosen":
            if value is not True:
                at.fault("E404", "'chosen' is either true or left out. Write `chosen: true`.")
        elif not names or not all(isinstance(name, str) and name for name in names):
            at.fault("E404", f"'{source}' takes a name or a list of names. Write it as text.")
        elif source == "role":
            scene.roles(names, at)
        elif source in ("head_of", "field"):
            _check_person(names, fields, at, also=("submitter",) if source == "head_of" else ())


def _check_levels(value: Any, people: Mapping[str, Any], spot: Spot) -> None:
    if "head_of" not in people:
        spot.fault("E404", "'levels' counts heads of departments. Write it beside `head_of:`, or leave it out.")
    elif type(value) is not int or not 1 <= value <= MOST_LEVELS:
        spot.fault("E404", f"'levels' is a whole number from 1 to {MOST_LEVELS}. Correct the value.")


def _check_person(names: Collection[str], fields: Fields | None, spot: Spot, also: Collection[str]) -> None:
    for name in names:
        people = [each for each, declared in (fields or {}).items() if declared.type == "user" and not declared.derived]
        if fields is not None and name not in also and name not in people:
            near = hint(name, people)
            spot.fault(
                "E404", f"{quote(name)} is not a user field of the form.{near} Name one of: {', '.join(people)}."
            )
