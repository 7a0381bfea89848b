"""People as the rest of the host sees them, read in one query."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from lowcode.errors import NotFound
from lowcode.i18n import _
from lowcode.identity.model import User
from lowcode.identity.tables import departments, user_roles, users


def _joined(values: ColumnElement[str]) -> ColumnElement[str]:
    return func.aggregate_strings(values, ",")


_below = departments.alias("below")
_roles = select(_joined(user_roles.c.role)).where(user_roles.c.user_id == users.c.id).correlate(users)
_subtree = (
    select(_joined(cast(_below.c.id, Text))).where(_below.c.path.startswith(departments.c.path)).correlate(departments)
)

PERSON: tuple[ColumnElement[Any], ...] = (
    users.c.id,
    users.c.username,
    users.c.name,
    users.c.department_id,
    users.c.must_change_password,
    users.c.language,
    users.c.is_active,
    _roles.scalar_subquery().label("roles"),
    _subtree.scalar_subquery().label("department_ids"),
)
"""What `person` needs, to be selected from `PEOPLE`."""

PEOPLE = users.outerjoin(departments, departments.c.id == users.c.department_id)


def person(row: Any, must_change_password: bool | None = None) -> User:
    """Make the person of a row that holds `PERSON`; who knows better says whether the password has to be changed."""
    return User(
        id=row.id,
        username=row.username,
        name=row.name,
        department_id=row.department_id,
        department_ids=frozenset(int(part) for part in (row.department_ids or "").split(",") if part),
        roles=frozenset((row.roles or "").split(",")) - {""},
        must_change_password=row.must_change_password if must_change_password is None else must_change_password,
        language=row.language,
        is_active=row.is_active,
    )


def load_user(connection: Connection, user_id: int) -> User:
    """Return a person, signed in or not, active or not. Raises `NotFound`."""
    row = connection.execute(select(*PERSON).select_from(PEOPLE).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFound(_("没有找到用户 {id}，请刷新列表。", id=user_id))
    return person(row)
