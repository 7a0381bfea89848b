"""The password policy, for administrators."""

from dataclasses import asdict

from flask import Blueprint, Response, render_template

from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import policy as password_policy
from lowcode.identity.passwords import MOST_COMMON
from lowcode.identity.policy import BOUNDS
from lowcode.identity.throttle import PER_ACCOUNT, PER_ADDRESS, WINDOW
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.dialogs import control, read, refused
from lowcode.web.pages.shell import done

bp = Blueprint("security", __name__)

POLICY = (
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


@bp.get("/security")
@policy("admin")
def show() -> str:
    """Show the policy in force."""
    with current_platform().db.read() as connection:
        values = asdict(password_policy.read(connection))
    return render_template(
        "security.html",
        controls=[control(each, values) for each in POLICY],
        limit=0,
        common=f"{MOST_COMMON:,}",
        per_account=PER_ACCOUNT,
        per_address=PER_ADDRESS,
        minutes=int(WINDOW.total_seconds() // 60),
        here="/security",
    )


@bp.post("/security")
@policy("admin")
def save() -> Response:
    """Choose the policy."""
    sent = read(POLICY)
    payload = {name: _whole(value) if name in BOUNDS else value for name, value in sent.payload.items()}
    try:
        current_platform().writing(current_user(), lambda ctx: password_policy.write(ctx, payload))
    except Invalid as fault:
        return refused(POLICY, sent, fault)
    return done(_("已保存。新的密码按新规则检查。"), stay=True)


def _whole(text: str | None) -> object:
    """Read a whole number; anything else is passed on, so that the policy refuses it."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else text
