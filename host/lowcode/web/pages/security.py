"""The password policy, for administrators."""

from dataclasses import asdict

from flask import Blueprint, Response, render_template

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


@bp.get("/security")
@policy("admin")
def show() -> str:
    """Show the policy in force."""
    with current_platform().db.read() as connection:
        values = asdict(password_policy.read(connection))
    return render_template(
        "security.html",
        controls=[control(each, values) for each in password_policy.FIELDS],
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
    sent = read(password_policy.FIELDS)
    payload = {name: _whole(value) if name in BOUNDS else value for name, value in sent.payload.items()}
    try:
        current_platform().writing(current_user(), lambda ctx: password_policy.write(ctx, payload))
    except Invalid as fault:
        return refused(password_policy.FIELDS, sent, fault)
    return done(_("已保存。新的密码按新规则检查。"), stay=True)


def _whole(text: str | None) -> object:
    """Read a whole number; anything else is passed on, so that the policy refuses it."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else text
