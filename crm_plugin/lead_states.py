"""The states of leads as one table: which step leads from where to where. Nothing else changes a lead's state."""

from collections.abc import Mapping

OPEN = ("unassigned", "pending", "in_progress", "invalid")
"""The states in which a lead is worked on; a converted or voided one is closed."""

TABLE: Mapping[str, Mapping[str, str]] = {
    "follow": {"unassigned": "unassigned", "pending": "in_progress", "in_progress": "in_progress"},
    "take_up": {"pending": "in_progress", "invalid": "in_progress"},
    "invalidate": {"pending": "invalid", "in_progress": "invalid"},
    "convert": {"pending": "converted", "in_progress": "converted"},
    "undo_conversion": {"converted": "in_progress"},
    "assign": dict.fromkeys(OPEN, "pending"),
    "release": dict.fromkeys(("pending", "in_progress", "invalid"), "unassigned"),
    "void": dict.fromkeys(OPEN, "voided"),
    "restore_void": {"voided": "pending"},
}
"""For each step the state it leads to, by the state it starts from. What is not here is not possible."""

ADVANCES = {"in_progress": "take_up", "invalid": "invalidate", "converted": "convert"}
"""The step behind each choice of 线索推进."""


def after(step: str, status: str) -> str | None:
    """Give the state after a step, or None where the step is not possible."""
    return TABLE[step].get(status)


def settled(status: str | None, owner: int | None) -> str:
    """Give the state that agrees with the owner: nobody's lead is unassigned, and somebody's is at least pending."""
    if owner is None and status in (None, "pending", "in_progress"):
        return "unassigned"
    if owner is not None and status in (None, "unassigned"):
        return "pending"
    return status or "unassigned"
