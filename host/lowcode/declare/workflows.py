"""What a plugin may declare of workflows: states, moves, and the approvals that moves open."""

# ruff: noqa: RUF009 (`key` is `dataclasses.field` with a sentence)

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lowcode.declare.fields import COLOURS, Field, Where
from lowcode.declare.keys import key


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of a workflow."""

    name: str = key("What `status` stores.", from_key=True)
    label: str = key("What people see.")
    editable: bool = key("Whether records in it may be edited and deleted.", False)
    deletable: bool = key("Whether records in it may be deleted although they are not editable.", False)
    colour: str | None = key("The colour of the tag.", None, one_of=COLOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A way from one state to another."""

    name: str = key("The name of the action in the API.", from_key=True)
    label: str = key("The button.")
    from_: tuple[str, ...] = key("The states it starts from.", yaml="from")
    to: str = key("The state it leads to.")
    by: tuple[str, ...] = key("Who may: `owner`, `submitter`, `system`, or roles.", ("owner",))
    when: Where | None = key("The records that allow it.", None)
    approval: str | None = key("The approval it opens.", None)
    params: Mapping[str, Field] = key("What the dialog asks for; fields of the form of the same name are set.", {})
    confirm: str | None = key("A question to answer before it runs.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an approval."""

    name: str = key("A name, unique within the approval.", role="name")
    label: str = key("What people see.")
    approvers: Mapping[str, Any] = key(
        "One of `role:`, `users:` (usernames), `head_of:` (a user field or `submitter`; with `levels: 2` the heads "
        "of so many departments upwards), `field:` (a user field), `chosen: true` (whom the submitter picks)."
    )
    mode: str = key("或签 any, 会签 all, 依次 sequence.", "any", one_of=("any", "all", "sequence"))
    when: Where | None = key("The records that need the step.", None)
    due_hours: int | None = key("Hours until a reminder.", None)
    empty: str = key(
        "A step nobody is found for: ask administrators, skip it, or refuse.",
        "admins",
        one_of=("admins", "skip", "refuse"),
    )
    own: str = key(
        "Where the submitter is an approver: the head above stands in, or the others decide alone.",
        "head",
        one_of=("head", "drop"),
    )
    repeated: str = key("Who has agreed in an earlier step: is not asked again, or is.", "skip", one_of=("skip", "ask"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The steps between asking and deciding."""

    name: str = key("The name moves refer to.", from_key=True)
    label: str | None = key("What people see.", None)
    approved: str = key("The state after the last agreement.")
    rejected: str = key("The state after a rejection.")
    steps: tuple[Step, ...] = key("In order.")
    copy_to: Mapping[str, Any] = key("Who gets a copy of what was approved; sources as of `approvers`.", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The states of a form's records."""

    name: str = key("The name, and of the file.", yaml="workflow", role="name")
    label: str = key("What people call it.")
    form: str = key("The form it drives.")
    status_label: str = key("The label of `status`.", "状态")
    states: Mapping[str, State] = key("The first is the start.")
    moves: Mapping[str, Move] = key("The ways between them.", {})
    approvals: Mapping[str, Approval] = key("What moves with `approval:` open.", {})
    file: str = key("Where it was declared.", "", role="loader")
