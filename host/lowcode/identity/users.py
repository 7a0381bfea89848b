"""People who may sign in, and what they may be."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from lowcode import auditing
from lowcode.conditions import containing
from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.i18n import LANGUAGES, _
from lowcode.identity import departments, passwords, policy, sessions, totp
from lowcode.identity.fields import Values, check
from lowcode.identity.model import ADMIN
from lowcode.identity.names import invalid, username_key
from lowcode.identity.own_password import KEPT, replacement
from lowcode.identity.tables import departments as department_table
from lowcode.identity.tables import user_roles, users

log = logging.getLogger(__name__)

OWN_FIELDS = ("email", "language")
"""What everybody may change of themselves."""

PROOFS = ("password", "totp")
"""What administrators set for others only."""


def create(
    connection: Connection, payload: Mapping[str, Any], roles: Iterable[str], *, by: int | None = None
) -> dict[str, Any]:
    """Add a person; `roles` are those that plugins declare, `by` who does it. Raises `Invalid` and `Conflict`.

    Unless the payload or the policy says otherwise, the password has to be replaced at the first sign-in.
    """
    values = check(payload, allowed={*roles, ADMIN}, required=("username", "name", "password"))
    rules = policy.read(connection)
    columns = _columns(connection, values)
    if sentence := passwords.fault(values["password"], values["username"], rules):
        raise invalid("password", sentence)
    made = _insert(connection, {"must_change_password": rules.force_change, **columns}, values)
    shown = {name: value for name, value in made.items() if name != "id" and value not in (None, [], False)}
    auditing.write(connection, by, auditing.USER, made["id"], "create", auditing.difference({}, shown))
    return made


def _insert(connection: Connection, columns: Values, values: Values) -> dict[str, Any]:
    now = datetime.now(UTC)
    row = {
        "is_active": True,
        "department_id": None,
        **columns,
        "password_hash": passwords.hash_password(values["password"]),
        "password_changed_at": now,
        "created_at": now,
        "updated_at": now,
    }
    user_id = _unique(connection, lambda: connection.scalar(insert(users).values(row).returning(users.c.id)))
    _set_roles(connection, user_id, values.get("roles", ()))
    return get(connection, user_id)


def update_user(
    connection: Connection,
    user_id: int,
    payload: Mapping[str, Any],
    roles: Iterable[str],
    *,
    by: int | None = None,
) -> dict[str, Any]:
    """Change a person. A new password, other roles and disabling end their sessions. Raises `Invalid`, `Conflict`."""
    before = get(connection, user_id)
    if by == user_id:
        _refuse_proofs(payload)
    values = check(payload, allowed={*roles, ADMIN, *before["roles"]})
    connection.execute(select(user_roles.c.user_id).where(user_roles.c.role == ADMIN).with_for_update())
    columns = _columns(connection, values) | {"updated_at": datetime.now(UTC)}
    if "password" in values:
        columns = _new_password(connection, before, values) | columns
    _unique(connection, lambda: connection.execute(update(users).where(users.c.id == user_id).values(columns)))
    other_roles = "roles" in values and set(values["roles"]) != set(before["roles"])
    if other_roles:
        _set_roles(connection, user_id, values["roles"])
    if other_roles or "password" in values or values.get("is_active") is False:
        sessions.revoke_all(connection, user_id)
    _require_an_administrator(connection)
    after = get(connection, user_id)
    changes = auditing.difference(before, after)
    if "password" in values:
        changes["password"] = [auditing.SECRET, auditing.SECRET]
    if changes:
        auditing.write(connection, by, auditing.USER, user_id, "edit", changes)
    return after


def _refuse_proofs(payload: Mapping[str, Any]) -> None:
    """Refuse to change one's own proofs of who one is without proving it, as one's own page asks for."""
    sentence = _("自己的密码和动态验证码请在个人中心修改，那里会先确认是您本人。")
    if errors := {name: [sentence] for name in PROOFS if name in payload}:
        raise Invalid(sentence, errors=errors)


def _new_password(connection: Connection, person: Values, values: Values) -> Values:
    """Give the columns of a password that is set for another person. Raises `Invalid`.

    Who sets another's password is not told which ones that person has used before.
    """
    rules = policy.read(connection)
    kept = connection.execute(KEPT.where(users.c.id == person["id"]).with_for_update()).one()
    if sentence := passwords.fault(values["password"], (person | values)["username"], rules):
        raise invalid("password", sentence)
    columns = replacement(kept, rules, passwords.hash_password(values["password"]))
    return columns | {"must_change_password": rules.force_change}


def update_own(connection: Connection, user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Change a person on their own behalf. Raises `Invalid`."""
    if foreign := [name for name in payload if name not in OWN_FIELDS]:
        sentence = _("这一项由管理员维护，您不能修改。")
        raise Invalid(_("请改正标出的内容后再提交。"), errors={name: [sentence] for name in foreign})
    return update_user(connection, user_id, payload, (), by=user_id)


def end_sessions(connection: Connection, user_id: int, *, by: int | None = None) -> None:
    """Sign a person out everywhere. Raises `NotFound`."""
    get(connection, user_id)
    sessions.revoke_all(connection, user_id)
    auditing.write(connection, by, auditing.USER, user_id, "end_sessions", {})


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


def list_users(
    connection: Connection,
    search: str = "",
    page: int = 1,
    per_page: int = 50,
    *,
    department: int | None = None,
    role: str | None = None,
    is_active: bool | None = None,
) -> dict[str, Any]:
    """Return one page of people by id, narrowed to those whose name or username contains `search` and so on."""
    conditions: list[ColumnElement[bool]] = []
    if search:
        conditions.append(containing(users.c.name, search) | containing(users.c.username, search))
    if department is not None:
        conditions.append(users.c.department_id == department)
    if role is not None:
        conditions.append(users.c.id.in_(select(user_roles.c.user_id).where(user_roles.c.role == role)))
    if is_active is not None:
        conditions.append(users.c.is_active == is_active)
    condition = and_(true(), *conditions)
    total = connection.scalar(select(func.count()).select_from(users).where(condition))
    items = _read(connection, condition, limit=per_page, offset=(page - 1) * per_page)
    return {"items": items, "page": page, "per_page": per_page, "total": total, "total_is_exact": True}


def ensure_admin(db: Database, config: Config) -> str | None:
    """Create the first administrator of an empty installation; return its password when it was made up here."""
    return db.run(lambda connection: _ensure_admin(connection, config.admin_password))


def _ensure_admin(connection: Connection, given: str | None) -> str | None:
    if connection.scalar(select(func.count()).select_from(users)):
        return None
    password, rules = given or secrets.token_urlsafe(16), policy.read(connection)
    if sentence := passwords.length_fault(password, rules):
        raise invalid("password", sentence)
    if passwords.weakness(password, "admin", rules):  # the operator chose it: the start goes on
        log.warning("LOWCODE_ADMIN_PASSWORD is easily guessed. Change the administrator's password after signing in.")
    values: Values = {"username": "admin", "name": "管理员", "password": password, "roles": [ADMIN]}
    columns = {**_columns(connection, values), "must_change_password": False}
    try:
        with connection.begin_nested():
            _insert(connection, columns, values)
    except Conflict:  # another process was first
        return None
    return None if given else password


def _columns(connection: Connection, values: Values) -> dict[str, Any]:
    """Turn checked values into columns of `users`, all but the password. Raises `Invalid`."""
    columns: dict[str, Any] = {name: values[name] for name in _AS_THEY_ARE if name in values}
    if "username" in values:
        columns |= {"username": values["username"], "username_key": username_key(values["username"])}
    if "department" in values:
        if values["department"] is not None:
            departments.require(connection, "department", values["department"])
        columns["department_id"] = values["department"]
    return columns | (totp.CLEARED if "totp" in values else {})


_AS_THEY_ARE = ("name", "is_active", "must_change_password", "language", "email")


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
        "email": row.email,
        "totp": row.totp_secret is not None,
        "created_at": row.created_at,
    }
