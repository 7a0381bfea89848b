"""What administrators ask of passwords."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, func, select, type_coerce

from lowcode import auditing, configuration
from lowcode.configuration import upsert
from lowcode.database.schema import settings
from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity.tables import users

if TYPE_CHECKING:
    from lowcode.context import Context

PLATFORM = "platform"
"""The host's own settings stand among those of plugins under this name."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`classes` counts kinds of characters, `history` passwords that may not come back; 0 days never expire."""

    min_length: int = 8
    classes: int = 2
    history: int = 3
    expiry_days: int = 0
    remind_days: int = 7
    force_change: bool = True


FIELDS = (
    Field(name="min_length", label="密码最少位数", type="integer", required=True),
    Field(
        name="classes",
        label="字符种类数",
        type="integer",
        required=True,
        help="大写字母、小写字母、数字、其他字符中至少要有几类。",
    ),
    Field(
        name="history",
        label="不能重复的历史密码数",
        type="integer",
        required=True,
        help="0 表示只要求与当前密码不同。",
    ),
    Field(name="expiry_days", label="密码有效期", type="integer", required=True, unit="天", help="0 表示永不过期。"),
    Field(name="remind_days", label="到期前提醒", type="integer", required=True, unit="天", help="0 表示不提醒。"),
    Field(
        name="force_change",
        label="首次登录必须修改密码",
        type="boolean",
        help="管理员新增用户或重置密码后，本人登录时须先换成自己的密码。",
    ),
)
"""What administrators choose, as they are asked for it."""

BOUNDS: Mapping[str, tuple[int, int]] = {
    "min_length": (8, 64),
    "classes": (1, 4),
    "history": (0, 12),
    "expiry_days": (0, 3650),
    "remind_days": (0, 90),
}
"""The least and the greatest number of each; each password of the history costs a slow comparison."""

EXPIRY_DAYS = (
    select(type_coerce(settings.c.value, JSON))
    .where(settings.c.plugin == PLATFORM, settings.c.name == "expiry_days")
    .scalar_subquery()
)
"""After how many days passwords expire, to be selected beside a person; NULL where nobody chose."""


def read(connection: Connection) -> Policy:
    """Give the policy in force."""
    names = {each.name for each in fields(Policy)}
    rows = connection.execute(select(settings.c.name, settings.c.value).where(settings.c.plugin == PLATFORM))
    return Policy(**{row.name: row.value for row in rows if row.name in names})


def write(ctx: "Context", payload: Mapping[str, Any]) -> Policy:
    """Choose what the payload names; the rest stays. Raises `Invalid` with all faults at once."""
    configuration.touch(ctx.connection)  # administrators wait for each other
    before = asdict(read(ctx.connection))
    after = {**before, **payload}
    if errors := _faults(payload, after):
        raise Invalid(_("请改正标出的内容后再提交。"), errors=errors)
    for name, value in payload.items():
        statement = upsert(ctx.connection, settings).values(plugin=PLATFORM, name=name, value=value)
        ctx.connection.execute(
            statement.on_conflict_do_update(index_elements=["plugin", "name"], set_={"value": value})
        )
    if changes := auditing.difference(before, after):
        auditing.write(ctx.connection, ctx.user.id, auditing.POLICY, 0, "edit", changes, ctx.now)
    return Policy(**after)


def expires_at(policy: Policy, changed_at: datetime) -> datetime | None:
    """Tell when a password set at that time expires; None for never."""
    return changed_at + timedelta(days=policy.expiry_days) if policy.expiry_days else None


def expiring(connection: Connection, now: datetime) -> list[tuple[int, datetime]]:
    """List who has to be reminded at this time: active people and when their password expires."""
    policy = read(connection)
    if not policy.expiry_days or not policy.remind_days:
        return []
    since = func.coalesce(users.c.password_changed_at, users.c.created_at, type_=users.c.created_at.type)
    latest = now - timedelta(days=policy.expiry_days - policy.remind_days)
    earliest = now - timedelta(days=policy.expiry_days)
    wanted = select(users.c.id, since).where(users.c.is_active, since > earliest, since <= latest)
    rows: Iterable[Any] = connection.execute(wanted.order_by(users.c.id))
    return [(user_id, changed_at + timedelta(days=policy.expiry_days)) for user_id, changed_at in rows]


def _faults(payload: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for name, value in payload.items():
        if name == "force_change":
            if not isinstance(value, bool):
                errors[name] = [_("请填写 true 或 false。")]
        elif name not in BOUNDS:
            errors[name] = [_("没有这个字段，请删除。")]
        elif isinstance(value, bool) or not isinstance(value, int) or not BOUNDS[name][0] <= value <= BOUNDS[name][1]:
            least, most = BOUNDS[name]
            errors[name] = [_("请填写 {least} 到 {most} 的整数。", least=least, most=most)]
    if not errors and 0 < after["expiry_days"] <= after["remind_days"]:
        errors["remind_days"] = [_("提醒天数必须少于有效天数，请改小。")]
    return errors
