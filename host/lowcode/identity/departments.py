"""The tree of departments."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, String, cast, delete, exists, func, insert, select, update

from lowcode import auditing
from lowcode.errors import Conflict, Invalid, NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.identity.fields import row_id
from lowcode.identity.names import clean_name, invalid
from lowcode.identity.tables import departments, users

if TYPE_CHECKING:
    from lowcode.context import Context

FIELDS = ("name", "parent", "head")
MAX_PATH = 400
"""A path of this length leaves room for one more id in the column."""


def create(connection: Connection, payload: Mapping[str, Any], *, by: int | None = None) -> dict[str, Any]:
    """Add a department below `parent`, or at the top; `by` is who does it. Raises `Invalid`."""
    if payload.get("name") in (None, ""):
        raise invalid("name", _("请填写此项。"))
    columns = _columns(connection, payload)
    row = {"parent_id": None, "head_id": None, **columns, "path": ""}
    department_id = connection.scalar(insert(departments).values(row).returning(departments.c.id))
    assert department_id is not None
    path = f"{_path(connection, row['parent_id'])}{department_id}/"
    connection.execute(update(departments).where(departments.c.id == department_id).values(path=path))
    made = get(connection, department_id)
    shown = {name: made[name] for name in FIELDS if made[name] is not None}
    auditing.write(connection, by, auditing.DEPARTMENT, department_id, "create", auditing.difference({}, shown))
    return made


def update_department(
    connection: Connection, department_id: int, payload: Mapping[str, Any], *, by: int | None = None
) -> dict[str, Any]:
    """Change a department; a new parent takes the whole subtree along. Raises `Invalid`."""
    # Two moves at once could make a ring that neither sees, so moves wait for each other.
    connection.execute(select(departments.c.id).order_by(departments.c.id).with_for_update())
    before = connection.execute(select(departments).where(departments.c.id == department_id)).first()
    if before is None:
        raise _missing(department_id)
    shown, columns = get(connection, department_id), _columns(connection, payload)
    if columns:
        connection.execute(update(departments).where(departments.c.id == department_id).values(columns))
    if columns.get("parent_id", before.parent_id) != before.parent_id:
        _move(connection, department_id, before.path, columns["parent_id"])
    after = get(connection, department_id)
    if changes := auditing.difference(shown, after):
        auditing.write(connection, by, auditing.DEPARTMENT, department_id, "edit", changes)
    return after


def delete_department(ctx: "Context", department_id: int) -> None:
    """Remove a department that nothing hangs on. Raises `NotFound`, and `Conflict` with what still hangs on it."""
    connection, this = ctx.connection, departments.c.id == department_id
    if connection.scalar(select(departments.c.id).where(this).with_for_update()) is None:
        raise _missing(department_id)
    shown = get(connection, department_id)
    if connection.scalar(select(exists().where(departments.c.parent_id == department_id))):
        raise Conflict(_("这个部门还有下级部门，请先移走或删除它们。"), code="in_use")
    if connection.scalar(select(exists().where(users.c.department_id == department_id))):
        raise Conflict(_("这个部门还有人员，请先把他们调到其他部门。"), code="in_use")
    for form in ctx.platform.forms.values():
        _require_no_records(connection, form, department_id)
    connection.execute(delete(departments).where(this))
    changes = {name: [shown[name], None] for name in FIELDS if shown[name] is not None}
    auditing.write(connection, ctx.user.id, auditing.DEPARTMENT, department_id, "delete", changes, ctx.now)


def _require_no_records(connection: Connection, form: LiveForm, department_id: int) -> None:
    """Raise `Conflict` while a record names the department, and say where that one is."""
    label, is_live = _(form.declared.label), form.table.c.deleted_at.is_(None)
    named = [each.name for each in form.fields.values() if each.type == "department" and not each.derived]
    for column in (form.table.c[name] for name in named):
        if connection.scalar(select(exists().where(column == department_id, is_live))):
            raise Conflict(_("还有“{form}”属于这个部门，请先移交给其他部门的人员。", form=label), code="in_use")
        if connection.scalar(select(exists().where(column == department_id))):
            sentence = _("回收站中还有“{form}”属于这个部门，请先恢复并移交给其他部门的人员。", form=label)
            raise Conflict(sentence, code="in_use")


def require(connection: Connection, field: str, department_id: int) -> None:
    """Raise `Invalid` for the field unless the department exists."""
    standing = select(departments.c.id).where(departments.c.id == department_id)
    if connection.scalar(standing.with_for_update(read=True, key_share=True)) is None:  # it is not deleted meanwhile
        raise invalid(field, _("没有这个部门，请从列表中选择。"))


def get(connection: Connection, department_id: int) -> dict[str, Any]:
    """Return one department as JSON. Raises `NotFound`."""
    for department in tree(connection):
        if department["id"] == department_id:
            return department
    raise _missing(department_id)


def tree(connection: Connection) -> list[dict[str, Any]]:
    """Return all departments as JSON, each one after its parent, neighbours by id; `level` counts from 0."""
    parent = departments.alias("parent")
    query = select(departments, parent.c.name.label("parent_name"), users.c.name.label("head_name")).select_from(
        departments.outerjoin(parent, parent.c.id == departments.c.parent_id).outerjoin(
            users, users.c.id == departments.c.head_id
        )
    )
    rows = connection.execute(query).all()
    return [_json(row) for row in sorted(rows, key=lambda row: [int(part) for part in row.path.split("/") if part])]


def _json(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "parent": {"id": row.parent_id, "title": row.parent_name} if row.parent_id else None,
        "head": {"id": row.head_id, "title": row.head_name} if row.head_id else None,
        "level": row.path.count("/") - 2,
    }


def _columns(connection: Connection, payload: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in payload if name not in FIELDS]
    if unknown:
        raise Invalid(_("请改正标出的内容后再提交。"), errors={n: [_("没有这个字段，请删除。")] for n in unknown})
    columns: dict[str, Any] = {}
    if "name" in payload:
        columns["name"] = clean_name("name", payload["name"], 100)
    if "parent" in payload:
        columns["parent_id"] = row_id("parent", payload["parent"])
        if columns["parent_id"] is not None:
            require(connection, "parent", columns["parent_id"])
    if "head" in payload:
        columns["head_id"] = row_id("head", payload["head"])
        _require_head(connection, columns["head_id"])
    return columns


def _require_head(connection: Connection, user_id: int | None) -> None:
    query = select(users.c.id).where(users.c.id == user_id, users.c.is_active)
    if user_id is not None and connection.scalar(query) is None:
        raise invalid("head", _("没有这个用户或已停用，请从列表中选择。"))


def _path(connection: Connection, department_id: int | None) -> str:
    if department_id is None:
        return "/"
    path: str | None = connection.scalar(
        select(departments.c.path).where(departments.c.id == department_id).with_for_update()
    )
    if path is None or len(path) > MAX_PATH:
        raise invalid("parent", _("部门层级过深，请选择更上级的部门。"))
    return path


def _move(connection: Connection, department_id: int, old: str, parent_id: int | None) -> None:
    above = _path(connection, parent_id)
    if above.startswith(old):
        raise invalid("parent", _("上级部门不能是本部门或其下级部门，请另选。"))
    deepest = connection.scalar(
        select(func.max(func.length(departments.c.path))).where(departments.c.path.startswith(old))
    )
    path = f"{above}{department_id}/"
    if len(path) + (deepest or 0) - len(old) > MAX_PATH:
        raise invalid("parent", _("部门层级过深，请选择更上级的部门。"))
    moved = departments.c.path.startswith(old)
    rest = func.substr(departments.c.path, len(old) + 1)
    connection.execute(update(departments).where(moved).values(path=cast(path, String).concat(rest)))


def _missing(department_id: int) -> NotFound:
    return NotFound(_("没有找到部门 {id}，请刷新列表。", id=department_id))
