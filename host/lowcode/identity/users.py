"""People who may sign in, and what they may be."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.i18n import LANGUAGES, _
from lowcode.identity import departments, passwords, sessions
from lowcode.identity.fields import Values, check
from lowcode.identity.model import ADMIN
from lowcode.identity.names import invalid, username_key
from lowcode.identity.tables import departments as department_table
from lowcode.identity.tables import user_roles, users


def create(connection: Connection, payload: Mapping[str, Any], roles: Iterable[str]) -> dict[str, Any]:
    """Add a person; `roles` are those that plugins declare. Raises `Invalid` and `Conflict`."""
    values = check(payload, allowed={*roles, ADMIN}, required=("username", "name", "password"))
    now = datetime.now(UTC)
    row = {
        "must_change_password": False,
        "is_active": True,
        "department_id": None,
        **_columns(connection, values, username=values["username"]),
        "created_at": now,
        "updated_at": now,
    }
    user_id = _unique(connection, lambda: connection.scalar(insert(users).values(row).returning(users.c.id)))
    _set_roles(connection, user_id, values.get("roles", ()))
    return get(connection, user_id)


def update_user(
    connection: Connection, user_id: int, payload: Mapping[str, Any], roles: Iterable[str]
) -> dict[str, Any]:
    """Change a person. A new password, other roles and disabling end their sessions. Raises `Invalid`, `Conflict`."""
    before = get(connection, user_id)
    values = check(payload, allowed={*roles, ADMIN, *before["roles"]})
    connection.execute(select(user_roles.c.user_id).where(user_roles.c.role == ADMIN).with_for_update())
    columns = _columns(connection, values, username=values.get("username", before["username"]))
    columns["updated_at"] = datetime.now(UTC)
    _unique(connection, lambda: connection.execute(update(users).where(users.c.id == user_id).values(columns)))
    other_roles = "roles" in values and set(values["roles"]) != set(before["roles"])
    if other_roles:
        _set_roles(connection, user_id, values["roles"])
    if other_roles or "password" in values or values.get("is_active") is False:
        sessions.revoke_all(connection, user_id)
    _require_an_administrator(connection)
    return get(connection, user_id)


def change_password(db: Database, user_id: int, old: str, new: str) -> str:
    """Replace one's own password, end every session and open a new one; return its token. Raises `Invalid`."""
    with db.read() as connection:
        row = connection.execute(select(users.c.username, users.c.password_hash).where(users.c.id == user_id)).one()
    # Hashing is slow by design, so it happens before the transaction that would keep other writers waiting.
    if not passwords.verify(row.password_hash, old):
        raise invalid("old", _("原密码不正确，请重新输入。"))
    fault = passwords.fault(new, row.username)
    if passwords.verify(row.password_hash, new):
        fault = _("新密码不能与原密码相同，请换一个密码。")
    if fault:
        raise invalid("new", fault)
    now, new_hash = datetime.now(UTC), passwords.hash_password(new)
    same = (users.c.id == user_id) & (users.c.password_hash == row.password_hash)
    statement = update(users).where(same).values(password_hash=new_hash, must_change_password=False, updated_at=now)

    def work(connection: Connection) -> str:
        if not connection.execute(statement).rowcount:
            raise Conflict(_("密码刚刚已被修改，请重新登录。"))
        sessions.revoke_all(connection, user_id)
        return sessions.open_session(connection, user_id, now)

    return db.run(work)


def set_language(connection: Connection, user_id: int, language: str) -> None:
    """Remember the language a person chose. Raises `Invalid`."""
    if language not in LANGUAGES:
        raise invalid("language", _("没有这种语言，请从列表中选择。"))
    connection.execute(update(users).where(users.c.id == user_id).values(language=language))


def get(connection: Connection, user_id: int) -> dict[str, Any]:
    """Return one person as JSON. Raises `NotFound`."""
    found = _read(connection, users.c.id == user_id)
    if not found:
        raise NotFound(_("没有找到用户 {id}，请刷新列表。", id=user_id))
    return found[0]


def list_users(connection: Connection, search: str = "", page: int = 1, per_page: int = 50) -> dict[str, Any]:
    """Return one page of people by id, narrowed to those whose name or username contains `search`."""
    condition = or_(
        users.c.name.icontains(search, autoescape=True), users.c.username.icontains(search, autoescape=True)
    )
    total = connection.scalar(select(func.count()).select_from(users).where(condition))
    items = _read(connection, condition, limit=per_page, offset=(page - 1) * per_page)
    return {"items": items, "page": page, "per_page": per_page, "total": total, "total_is_exact": True}


def ensure_admin(db: Database, config: Config) -> str | None:
    """Create the first administrator of an empty installation; return its password when it was made up here."""
    return db.run(lambda connection: _ensure_admin(connection, config.admin_password))


def _ensure_admin(connection: Connection, given: str | None) -> str | None:
    if connection.scalar(select(func.count()).select_from(users)):
        return None
    password = given or secrets.token_urlsafe(16)
    row = {"username": "admin", "name": "管理员", "password": password, "must_change_password": False}
    try:
        with connection.begin_nested():
            create(connection, {**row, "roles": [ADMIN]}, ())
    except Conflict:  # another process was first
        return None
    return None if given else password


def _columns(connection: Connection, values: Values, username: str) -> dict[str, Any]:
    """Turn checked values into columns of `users`. Raises `Invalid`."""
    columns: dict[str, Any] = {
        name: values[name] for name in ("name", "is_active", "must_change_password", "language") if name in values
    }
    if "username" in values:
        columns |= {"username": values["username"], "username_key": username_key(values["username"])}
    if "department" in values:
        if values["department"] is not None:
            departments.require(connection, "department", values["department"])
        columns["department_id"] = values["department"]
    if "password" in values:
        fault = passwords.fault(values["password"], username)
        if fault:
            raise invalid("password", fault)
        columns["password_hash"] = passwords.hash_password(values["password"])
    return columns


def _unique(connection: Connection, statement: Any) -> Any:
    try:
        with connection.begin_nested():
            return statement()
    except IntegrityError as error:
        sentence = _("用户名已被使用，请换一个。")
        raise Conflict(sentence, code="duplicate", errors={"username": [sentence]}) from error


def _set_roles(connection: Connection, user_id: int, roles: Iterable[str]) -> None:
    connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
    rows = [{"user_id": user_id, "role": role} for role in sorted(set(roles))]
    if rows:
        connection.execute(insert(user_roles), rows)


def _require_an_administrator(connection: Connection) -> None:
    """Refuse a change after which nobody administers the platform; the caller has locked the administrators."""
    query = (
        select(func.count()).select_from(users.join(user_roles)).where(users.c.is_active, user_roles.c.role == ADMIN)
    )
    if not connection.scalar(query):
        raise Invalid(_("这是最后一位启用的管理员，请先指定另一位管理员。"), code="last_admin")


def _read(
    connection: Connection, condition: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[dict[str, Any]]:
    query = (
        select(users, department_table.c.name.label("department_name"))
        .select_from(users.outerjoin(department_table, department_table.c.id == users.c.department_id))
        .where(condition)
        .order_by(users.c.id)
        .limit(limit)
        .offset(offset)
    )
    rows = connection.execute(query).all()
    roles: dict[int, list[str]] = {row.id: [] for row in rows}
    found = select(user_roles).where(user_roles.c.user_id.in_(roles)).order_by(user_roles.c.role)
    for user_id, role in connection.execute(found):
        roles[user_id].append(role)
    return [_json(row, roles[row.id]) for row in rows]


def _json(row: Any, roles: list[str]) -> dict[str, Any]:
    department = {"id": row.department_id, "title": row.department_name} if row.department_id else None
    return {
        "id": row.id,
        "username": row.username,
        "name": row.name,
        "department": department,
        "roles": roles,
        "is_active": row.is_active,
        "must_change_password": row.must_change_password,
        "language": row.language,
        "created_at": row.created_at,
    }
