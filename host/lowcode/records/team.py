"""The colleagues a record is shared with: who they are, and who may say so."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from lowcode import access
from lowcode.database.schema import team_members
from lowcode.errors import Forbidden, Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.forms import HOST_FIELDS, LiveForm
from lowcode.i18n import _
from lowcode.records import history, reading
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

LEVELS = {"read": "只读", "write": "读写"}
MOST = 100
KEYS = frozenset({"user", "level"})


def read(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    """List the team of a record that the person may see, in the order they were added."""
    _require_team(ctx, form)
    record = reading.require(ctx, form, record_id)
    return _shown(ctx, form, record)


def write(ctx: "Context", form: LiveForm, record_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the team of a record. Raises NotFound, Forbidden for who may not share it, and Invalid."""
    record = _require_sharing(ctx, form, record_id)
    before = members(ctx, form, record_id)
    _replace(ctx, form, record, before, _checked(ctx, form, record, payload, before))
    return _shown(ctx, form, record)


def change(ctx: "Context", form: LiveForm, record_id: int, user: int | None, level: str) -> None:
    """Add one colleague, change what one may do, or take one off with the level `remove`. Raises as `write` does."""
    record = _require_sharing(ctx, form, record_id)
    before = members(ctx, form, record_id)
    rows = [{"user": each, "level": kept} for each, kept in before.items() if each != user]
    if level != "remove":
        rows.append({"user": user, "level": level})
    _replace(ctx, form, record, before, _checked(ctx, form, record, {"members": rows}, before))


def share(ctx: "Context", form: LiveForm, record_id: int, user: int, level: str | None) -> None:
    """Let a rule add a colleague, change what one may do, or take one off with no level; the owner is never added.

    Raises Invalid for somebody who does not work here any more, and for a team that is full.
    """
    check_level(level)
    record = _require_sharing(ctx, form, record_id)
    before = members(ctx, form, record_id)
    after = {each: kept for each, kept in before.items() if each != user}
    if level is not None and user != getattr(record, form.declared.owner or "created_by"):
        rows = [{"user": each, "level": kept} for each, kept in after.items()]
        after = _checked(ctx, form, record, {"members": [*rows, {"user": user, "level": level}]}, before)
    _replace(ctx, form, record, before, after)


def check_level(level: str | None) -> None:
    """Refuse a level that a rule has made up. Raises ValueError."""
    if level is not None and level not in LEVELS:
        raise ValueError(f"'{level}' is not a level of a team. Use 'read', 'write' or None.")


def unshare(ctx: "Context", form: LiveForm, record_id: int) -> None:
    """Let a rule take everybody off the team."""
    record = _require_sharing(ctx, form, record_id)
    _replace(ctx, form, record, members(ctx, form, record_id), {})


def release_owner(ctx: "Context", form: LiveForm, record: Record, original: Record) -> None:
    """Take a new owner off the team: nobody is both."""
    owner = form.declared.owner or "created_by"
    if not form.declared.team or getattr(record, owner) == getattr(original, owner):
        return
    before = members(ctx, form, record.id)
    _replace(ctx, form, record, before, {user: at for user, at in before.items() if user != getattr(record, owner)})


def join(ctx: "Context", form: LiveForm, source: Record, target: Record) -> None:
    """Let the team of a merged record work on with the target; who is in both keeps the higher level."""
    if not form.declared.team:
        return
    before, joining = members(ctx, form, target.id), members(ctx, form, source.id)
    owner = getattr(target, form.declared.owner or "created_by")
    ranks = list(LEVELS)
    after = dict(before)
    for user, at in joining.items():
        if user != owner and (user in after or len(after) < MOST):
            after[user] = max(after.get(user, at), at, key=ranks.index)
    _replace(ctx, form, target, before, after)


def members(ctx: "Context", form: LiveForm, record_id: int) -> dict[int, str]:
    """Give the level of each member."""
    statement = select(team_members.c.user, team_members.c.level).where(*_of(form, record_id))
    order = (team_members.c.added_at, team_members.c.user)
    return {row.user: row.level for row in ctx.connection.execute(statement.order_by(*order))}


def _require_sharing(ctx: "Context", form: LiveForm, record_id: int) -> Record:
    """Lock a record whose team the person may change; what the team is may be read only then."""
    _require_team(ctx, form)
    record = reading.require(ctx, form, record_id, lock="change")
    if not access.permits(ctx, form, "edit", record, shared=False):
        raise Forbidden(_("只有负责人和管理这条记录的人可以设置协作成员。"))
    return record


def _require_team(ctx: "Context", form: LiveForm) -> None:
    access.require(ctx, form, "read")
    if not form.declared.team:
        raise NotFound(_("“{label}”没有协作成员。", label=_(form.declared.label)))


def _shown(ctx: "Context", form: LiveForm, record: Record) -> dict[str, Any]:
    listed = members(ctx, form, record.id)
    names = ctx.users.names(listed)
    return {
        "members": [
            {"user": {"id": user, "title": names.get(user, "")}, "level": level} for user, level in listed.items()
        ],
        "can_share": access.permits(ctx, form, "edit", record, shared=False),
    }


def _checked(
    ctx: "Context", form: LiveForm, record: Record, payload: Mapping[str, Any], before: Mapping[int, str]
) -> dict[int, str]:
    rows = payload.get("members")
    errors: dict[str, list[str]] = {key: [_("没有这个字段。")] for key in payload if key != "members"}
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > MOST:
        errors["members"] = [_("请填写最多 {most} 位成员的列表。", most=MOST)]
        rows = ()
    asked = [_user_id(row.get("user")) if isinstance(row, Mapping) else None for row in rows]
    people = ctx.users.rows(user for user in asked if user is not None)
    owner = getattr(record, form.declared.owner or "created_by")
    found: dict[int, str] = {}
    for index, (row, user) in enumerate(zip(rows, asked, strict=True)):
        at = f"members.{index}"
        person = people.get(user) if user is not None else None
        if not isinstance(row, Mapping) or row.keys() - KEYS:
            errors[at] = [_("请填写 user 和 level。")]
        elif user is None or person is None or not (person.is_active or user in before):
            errors[f"{at}.user"] = [_("没有这位在职人员，请重新选择。")]
        elif user == owner:
            errors[f"{at}.user"] = [_("负责人不需要加入协作成员。")]
        elif user in found:
            errors[f"{at}.user"] = [_("这位成员重复了，请只保留一次。")]
        elif not isinstance(level := row.get("level"), str) or level not in LEVELS:
            errors[f"{at}.level"] = [_("请填写 read（只读）或 write（读写）。")]
        else:
            found[user] = level
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    return found


def _user_id(raw: Any) -> int | None:
    try:
        return FIELD_TYPES["ref"].parse(HOST_FIELDS["id"], raw)  # type: ignore[no-any-return]
    except ValueFault:
        return None


def _replace(
    ctx: "Context", form: LiveForm, record: Record, before: Mapping[int, str], after: Mapping[int, str]
) -> None:
    if after != before:
        _store(ctx, form, record, before, after)
        history.write_team(ctx, form, record, before, after)
        ctx.reach.forget(form.name)


def _store(ctx: "Context", form: LiveForm, record: Record, before: Mapping[int, str], after: Mapping[int, str]) -> None:
    """Write only what differs, so that who stays keeps the day he was added."""
    changed = [user for user in {**before, **after} if before.get(user) != after.get(user)]
    ctx.connection.execute(delete(team_members).where(*_of(form, record.id), team_members.c.user.in_(changed)))
    rows = [
        {
            "form": form.name,
            "record": record.id,
            "user": user,
            "level": after[user],
            "added_by": ctx.user.id or None,
            "added_at": ctx.now,
        }
        for user in changed
        if user in after
    ]
    if rows:
        ctx.connection.execute(insert(team_members), rows)


def _of(form: LiveForm, record_id: int) -> tuple[Any, Any]:
    return team_members.c.form == form.name, team_members.c.record == record_id
