"""A company with a head, a department of clerks and a department of treasurers; nobody else is in the way."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import func, insert, select

from lowcode.configuration import touch
from lowcode.database.schema import approval_definitions, approval_tasks, approvals, notifications, trail
from lowcode.identity.tables import departments, users
from lowcode.platform import Platform
from lowcode.testing.client import Answer, Api

T = TypeVar("T")

PEOPLE = {
    "boss": ("公司", ("lead",)),
    "lena": ("销售部", ("lead",)),
    "ann": ("销售部", ("clerk",)),
    "bob": ("销售部", ("clerk",)),
    "tom": ("财务部", ("treasurer",)),
    "tina": ("财务部", ("treasurer",)),
    "kim": (None, ("keeper",)),
    "otto": (None, ()),
}
HEADS = {"公司": "boss", "销售部": "lena", "财务部": "tina"}


@dataclass
class Office:
    """Everybody's way to call the API, and what tests do again and again."""

    platform: Platform
    people: dict[str, Api]

    def __getitem__(self, name: str) -> Api:
        return self.people[name]

    def id(self, name: str) -> int:
        return self.people[name].user_id

    def username(self, name: str) -> str:
        user = self.people[name].user
        assert user is not None
        return user.username

    def draft(self, owner: str = "ann", **values: Any) -> int:
        record = self[owner].post("/forms/errand/records", {"name": "去北京", "amount": "100"} | values).expect(201)
        return int(record["id"])

    def submitted(self, owner: str = "ann", **values: Any) -> int:
        record = self.draft(owner, **values)
        self.act(owner, record, "submit").expect(200)
        return record

    def act(self, who: str, record: int, name: str) -> Answer:
        return self[who].post(f"/forms/errand/records/{record}/actions/{name}", {})

    def act_with(self, who: str, record: int, name: str, **said: Any) -> Answer:
        return self[who].post(f"/forms/errand/records/{record}/actions/{name}", said)

    def status(self, record: int) -> str:
        table = self.platform.forms["errand"].table
        with self.platform.db.read() as connection:
            return str(connection.scalar(select(table.c.status).where(table.c.id == record)))

    def box(self, who: str, box: str = "todo") -> list[dict[str, Any]]:
        found = self[who].get("/tasks", box=box, per_page=200).expect(200)
        return list(found["items"])

    def asked(self) -> set[str]:
        """Name everybody who has something to decide."""
        return {name for name in self.people if self.box(name)}

    def task(self, who: str) -> int:
        """Give the newest task of somebody."""
        return int(self.box(who)[-1]["id"])

    def decide(self, who: str, decision: str = "agree", opinion: str | None = "好") -> Answer:
        return self[who].post(f"/tasks/{self.task(who)}/{decision}", {"opinion": opinion})

    def tell(self, who: str, decision: str, **said: Any) -> Answer:
        """Do something about the newest task of somebody."""
        return self[who].post(f"/tasks/{self.task(who)}/{decision}", said)

    def ids(self, *names: str) -> list[int]:
        return [self.id(name) for name in names]

    def users(self, *names: str) -> dict[str, Any]:
        """Name people as the approvers of a step."""
        return {"users": [self.username(name) for name in names]}

    def approval(self, who: str, record: int) -> dict[str, Any]:
        return dict(self[who].get(f"/forms/errand/records/{record}/approval").expect(200))

    def steps(self, *steps: dict[str, Any]) -> None:
        """Let an administrator's steps count instead of the declared ones."""
        row = {"mode": "any", "when": None, "due_hours": None}
        rows = [row | {"name": f"s{number}", "label": f"第{number}步"} | step for number, step in enumerate(steps, 1)]
        with self.platform.db.write() as connection:
            last = connection.scalar(select(func.max(approval_definitions.c.version))) or 0
            values = {"workflow": "errand", "approval": "review", "version": last + 1, "steps": rows, "edited": True}
            connection.execute(insert(approval_definitions).values(values))
            touch(connection)

    def update(self, table: Any, where: Any, **values: Any) -> None:
        with self.platform.db.write() as connection:
            connection.execute(table.update().where(where).values(values))

    def head(self, department: str, name: str | None) -> None:
        self.update(departments, departments.c.name == department, head_id=self.id(name) if name else None)

    def disable(self, name: str) -> None:
        self.update(users, users.c.id == self.id(name), is_active=False)

    def told(self, who: str) -> list[str]:
        """Give the kinds of what somebody was told, the oldest first."""
        wanted = select(notifications.c.kind).where(notifications.c.user == self.id(who)).order_by(notifications.c.id)
        with self.platform.db.read() as connection:
            return list(connection.scalars(wanted))

    def trail(self) -> list[tuple[str | None, str]]:
        """Give who did what, in order."""
        names = {api.user_id: name for name, api in self.people.items()}
        with self.platform.db.read() as connection:
            return [
                (names.get(row.user), row.action) for row in connection.execute(select(trail).order_by(trail.c.seq))
            ]

    def verified(self, **asked: Any) -> dict[str, Any]:
        return dict(self["admin"].get("/audit/verify", **asked).expect(200))

    def runs(self) -> list[Any]:
        with self.platform.db.read() as connection:
            return list(connection.execute(select(approvals).order_by(approvals.c.id)))

    def tasks(self) -> list[tuple[str, str]]:
        """Give everybody's name and state, in order."""
        names = {api.user_id: name for name, api in self.people.items()}
        order = (approval_tasks.c.step, approval_tasks.c.position)
        with self.platform.db.read() as connection:
            rows = connection.execute(select(approval_tasks).order_by(approval_tasks.c.approval_id, *order))
            return [(names[row.user], row.state) for row in rows]


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make calls at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
