"""The person a request acts for."""

from dataclasses import dataclass

ADMIN = "admin"
"""The host's own role: administrators of the platform."""


@dataclass(frozen=True, slots=True)
class User:
    """One signed-in person; `department_ids` are the own department and all below it."""

    id: int
    username: str
    name: str
    department_id: int | None = None
    department_ids: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    must_change_password: bool = False
    language: str | None = None
    is_active: bool = True

    @property
    def is_admin(self) -> bool:
        """Tell whether the person administers the platform."""
        return ADMIN in self.roles
