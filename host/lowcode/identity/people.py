"""People and departments as records and rules see them."""

import secrets
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lowcode.conditions import containing
from lowcode.database.among import among
from lowcode.identity import departments as department_service
from lowcode.identity import users as user_service
from lowcode.identity.loading import load_user
from lowcode.identity.model import User
from lowcode.identity.names import username_key
from lowcode.identity.tables import departments, user_roles, users

if TYPE_CHECKING:
    from lowcode.context import Context


_BY_ID = select(users.c.id, users.c.name, users.c.department_id, users.c.is_active).where(among(users.c.id))


class People:
    """What a context knows of staff. Each look-up is one query for all ids asked."""

    def __init__(self, ctx: "Context") -> None:
        self._ctx = ctx
        self._rows: dict[int, Any] = {ctx.user.id: ctx.user} if ctx.user.id else {}

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The first passwords of people made by `ensure`, by username; shown once, kept nowhere."""
        return {}

    def rows(self, ids: Iterable[int]) -> dict[int, Any]:
        """Give id, name, department and whether the person is active. Who asks is known already."""
        wanted = set(ids)
        if missing := wanted - self._rows.keys():
            found = self._ctx.connection.execute(_BY_ID, {"ids": missing})
            self._rows.update((row.id, row) for row in found.all())
        return {key: self._rows[key] for key in wanted & self._rows.keys()}

    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """Give the names people are shown by."""
        return {key: row.name for key, row in self.rows(ids).items()}

    def department_of(self, user_id: int | None) -> int | None:
        """Give a person's department."""
        rows = self.rows([user_id]) if user_id else {}
        return rows[user_id].department_id if user_id in rows else None

    def department_rows(self, ids: Iterable[int]) -> dict[int, Any]:
        """Give id and name of departments."""
        statement = select(departments.c.id, departments.c.name).where(departments.c.id.in_(sorted(set(ids))))
        return {row.id: row for row in self._ctx.connection.execute(statement).all()}

    def department_names(self, ids: Iterable[int]) -> dict[int, str]:
        """Give the names of departments."""
        return {key: row.name for key, row in self.department_rows(ids).items()}

    def active(self, search: str = "", limit: int = 50) -> list[Any]:
        """Give people who can be chosen, by name."""
        statement = select(users.c.id, users.c.name, users.c.username).where(users.c.is_active)
        if search:
            statement = statement.where(containing(users.c.name, search) | containing(users.c.username, search))
        return list(self._ctx.connection.execute(statement.order_by(users.c.name, users.c.id).limit(limit)))

    def with_role(self, role: str) -> list[int]:
        """Give the active people that have a role, by id."""
        held = users.join(user_roles, user_roles.c.user_id == users.c.id)
        statement = select(users.c.id).select_from(held).where(users.c.is_active, user_roles.c.role == role)
        return list(self._ctx.connection.scalars(statement.order_by(users.c.id)))

    def with_username(self, username: str) -> int | None:
        """Give the active person of a username."""
        statement = select(users.c.id).where(users.c.is_active, users.c.username_key == username_key(username))
        return self._ctx.connection.scalar(statement)

    def heads_over(self, user_id: int | None) -> list[int]:
        """Give the active heads of a person's department and of those above it, nearest first."""
        own = departments.alias("own")
        statement = (
            select(users.c.id)
            .join_from(departments, users, users.c.id == departments.c.head_id)
            .join(own, own.c.path.startswith(departments.c.path))
            .where(own.c.id == self.department_of(user_id), users.c.is_active)
            .order_by(func.length(departments.c.path).desc())
        )
        return list(self._ctx.connection.scalars(statement))

    def departments_over(self, user_id: int | None) -> list[int]:
        """Give a person's department and those above it, nearest first."""
        own = departments.alias("own")
        statement = (
            select(departments.c.id)
            .join(own, own.c.path.startswith(departments.c.path))
            .where(own.c.id == self.department_of(user_id))
            .order_by(func.length(departments.c.path).desc())
        )
        return list(self._ctx.connection.scalars(statement))

    def departments_below(self, department_id: int) -> list[int]:
        """Give a department and all below it."""
        top = departments.alias("top")
        statement = (
            select(departments.c.id)
            .join(top, departments.c.path.startswith(top.c.path))
            .where(top.c.id == department_id)
            .order_by(departments.c.id)
        )
        return list(self._ctx.connection.scalars(statement))

    def load(self, user_id: int) -> User:
        """Give a person with roles and departments."""
        return load_user(self._ctx.connection, user_id)

    def ensure(
        self,
        username: str,
        name: str,
        roles: Iterable[str],
        department: str | None = None,
        email: str | None = None,
    ) -> int:
        """Find or make a person of sample data; a new one gets a random first password."""
        known = self._ctx.connection.scalar(select(users.c.id).where(users.c.username == username))
        if known is not None:
            return int(known)
        self.passwords[username] = secrets.token_urlsafe(9)
        payload = {
            "username": username,
            "name": name,
            "password": self.passwords[username],
            "roles": list(roles),
            "department": self.ensure_department(department) if department else None,
            "email": email,
            "must_change_password": False,  # sample people are for trying things out at once
        }
        made = user_service.create(self._ctx.connection, payload, self._ctx.platform.roles)
        return int(made["id"])

    def ensure_department(self, name: str, parent: str | None = None) -> int:
        """Find or make a department of sample data."""
        known = self._ctx.connection.scalar(select(departments.c.id).where(departments.c.name == name))
        if known is not None:
            return int(known)
        payload = {"name": name, "parent": self.ensure_department(parent) if parent else None}
        return int(department_service.create(self._ctx.connection, payload)["id"])

    def set_head(self, department: str, user_id: int) -> None:
        """Make a person the head of a department of sample data."""
        department_service.update_department(
            self._ctx.connection, self.ensure_department(department), {"head": user_id}
        )
