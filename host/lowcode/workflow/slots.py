"""The places of a step: who fills each now, and whom else its people asked before or after themselves (加签).

A task that was handed on (转办, 改派) leaves its place to the one it went to; the place stays the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

HANDED_ON = ("transfer", "reassign")
"""How a task comes to stand in the place of another."""

Task = Row[Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """One place: the task that counts, and the places its people added."""

    task: Task
    before: list["Slot"] = field(default_factory=list)
    after: list["Slot"] = field(default_factory=list)

    @property
    def is_agreed(self) -> bool:
        """Whether its person has agreed, and everybody asked after that too."""
        return self.task.state == "agreed" and all(each.is_agreed for each in self.after)

    def tasks(self) -> Iterator[Task]:
        """Give the task and those of all places below."""
        yield self.task
        for each in (*self.before, *self.after):
            yield from each.tasks()

    def ready(self) -> Iterator[Task]:
        """Give what waits and need not wait any longer."""
        for each in (*self.before, *self.after):
            yield from each.ready()
        if self.task.state == "waiting" and all(each.is_agreed for each in self.before):
            yield self.task


def slots_of(tasks: Sequence[Task]) -> list[Slot]:
    """Arrange the tasks of one step that still count; what was added hangs below the place that added it."""
    by_id = {task.id: task for task in tasks}
    heirs = {task.origin: task for task in tasks if task.place in HANDED_ON}
    slots = {task.id: Slot(_heir(task, heirs)) for task in tasks if task.place not in HANDED_ON}
    top: list[Slot] = []
    for task_id, slot in slots.items():
        task = by_id[task_id]
        if task.place is None:
            top.append(slot)
        else:
            above = slots[_first(by_id[task.origin], by_id).id]
            (above.before if task.place == "before" else above.after).append(slot)
    return top


def counting(tasks: Iterable[Task], step: int | None = None) -> list[Task]:
    """Give the tasks that no return has undone, of one step or of all."""
    return [task for task in tasks if not task.superseded and step in (None, task.step)]


def agreed_by(tasks: Iterable[Task]) -> set[int]:
    """Name everybody who has agreed to what still counts."""
    return {task.user for task in counting(tasks) if task.state == "agreed"}


def _heir(task: Task, heirs: dict[int, Task]) -> Task:
    while task.id in heirs:
        task = heirs[task.id]
    return task


def _first(task: Task, by_id: dict[int, Task]) -> Task:
    while task.place in HANDED_ON:
        task = by_id[task.origin]
    return task
