"""People for administrators: the list, and the dialogs that make and change them."""

import secrets
import string
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from lowcode import paging
from lowcode.declare.fields import Field
from lowcode.errors import Conflict, Invalid
from lowcode.i18n import _
from lowcode.identity import departments, passwords, users
from lowcode.identity import policy as password_policy
from lowcode.identity.policy import Policy
from lowcode.web import idempotency
from lowcode.web.current import current_platform
from lowcode.web.gate import policy
from lowcode.web.pages.controls import Option
from lowcode.web.pages.dialogs import control, read, refused
from lowcode.web.pages.formdata import whole
from lowcode.web.pages.shell import saved

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from lowcode.context import Context

bp = Blueprint("organisation", __name__)

PAGE_SIZES = (20, 50, 100)
FIRST_LENGTH = 12

USER = (
    Field(name="username", label="用户名", type="text", required=True, help="用来登录，不能含有空格。"),
    Field(name="name", label="姓名", type="text", required=True),
    Field(name="department", label="部门", type="choice"),
    Field(name="email", label="邮箱", type="email"),
    Field(name="roles", label="拥有的角色", type="roles"),
)
ACTIVE = (Field(name="is_active", label="启用", type="boolean", help="停用后不能登录，已有的登录立即失效。"),)
FIRST_PASSWORD = (
    Field(name="password", label="初始密码", type="password", required=True),
    Field(name="must_change_password", label="首次登录时必须修改密码", type="boolean"),
)
NEW_PASSWORD = (
    Field(name="password", label="新密码", type="password", required=True),
    Field(name="must_change_password", label="下次登录时必须修改密码", type="boolean"),
)


@bp.get("/org/users")
@policy("admin")
def list_users() -> Response:
    """List people, one page at a time, or only the rows when the filter bar asks."""
    asked = _asked()
    with current_platform().db.read() as connection:
        found = users.list_users(
            connection,
            asked["search"],
            asked["page"],
            asked["per_page"],
            department=whole(asked["department"]),
            role=asked["role"] or None,
            is_active={"yes": True, "no": False}.get(asked["active"]),
        )
        places = place_options(connection, asked["department"])
    part = request.headers.get("HX-Target") == "records"
    page = render_template(
        "users_rows.html" if part else "users.html",
        found=found,
        pages=paging.pages(found["total"], asked["per_page"]),
        asked=asked,
        link=lambda **changed: _link({**asked, **changed}),
        places=places,
        roles=current_platform().role_labels(),
        sizes=PAGE_SIZES,
        here="/org/users",
    )
    response = make_response(page)
    if part:
        response.headers["HX-Push-Url"] = _link(asked)
    return response


@bp.get("/org/users/new")
@policy("admin")
def new_user() -> str:
    """Show the dialog for a new person, with a first password that fits the policy."""
    with current_platform().db.read() as connection:
        rules = password_policy.read(connection)
        place = request.args.get("department", "")
        values = {
            "is_active": True,
            "department": place,
            "roles": [],
            "password": first_password(rules),
            "must_change_password": rules.force_change,
        }
        return _dialog(connection, _("新增用户"), values, (*USER, *FIRST_PASSWORD, *ACTIVE), passwords.rules(rules))


@bp.post("/org/users/new")
@policy("admin")
def create_user() -> Response:
    """Add a person; sent twice with one key there is one."""
    fields = (*USER, *FIRST_PASSWORD, *ACTIVE)
    sent = read(fields, numbers=("department",))

    def work(ctx: "Context") -> idempotency.Answer:
        made = users.create(ctx.connection, sent.payload, current_platform().roles, by=ctx.user.id)
        return 204, None, saved(_("已新增用户“{name}”。", name=made["name"]))

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return refused(fields, sent, fault)


@bp.get("/org/users/<int:user_id>/edit")
@policy("admin")
def edit_user(user_id: int) -> str:
    """Show the dialog of a person."""
    with current_platform().db.read() as connection:
        person = users.get(connection, user_id)
        place = person["department"]
        values = {**person, "department": str(place["id"]) if place else ""}
        return _dialog(connection, _("编辑用户“{name}”", name=person["name"]), values, (*USER, *ACTIVE))


@bp.post("/org/users/<int:user_id>/edit")
@policy("admin")
def change_user(user_id: int) -> Response:
    """Change a person."""
    return change(user_id, (*USER, *ACTIVE), _("已保存。"))


@bp.get("/org/users/<int:user_id>/password")
@policy("admin")
def ask_password(user_id: int) -> str:
    """Show the dialog that gives a person a new password, with a suggestion that fits the policy."""
    with current_platform().db.read() as connection:
        person = users.get(connection, user_id)
        rules = password_policy.read(connection)
    values = {"password": first_password(rules), "must_change_password": rules.force_change}
    return render_template(
        "user_dialog.html",
        title=_("重置“{name}”的密码", name=person["name"]),
        intro=_("请把新密码交给本人。保存后，此人已有的登录全部失效。"),
        controls=[control(each, values) for each in NEW_PASSWORD],
        hint=passwords.rules(rules),
        action=request.path,
        limit=0,
    )


@bp.post("/org/users/<int:user_id>/password")
@policy("admin")
def set_password(user_id: int) -> Response:
    """Give a person a new password; their sessions end."""
    return change(user_id, NEW_PASSWORD, _("已重置密码。"))


def change(user_id: int, fields: Iterable[Field], message: str) -> Response:
    """Write what a dialog sent about a person, or say what is wrong with it."""
    known = tuple(fields)
    sent = read(known, numbers=("department",))

    def work(ctx: "Context") -> idempotency.Answer:
        users.update_user(ctx.connection, user_id, sent.payload, current_platform().roles, by=ctx.user.id)
        return 204, None, saved(message)

    try:
        return idempotency.write(work)
    except (Invalid, Conflict) as fault:
        return refused(known, sent, fault)


def place_options(connection: "Connection", chosen: str, without: frozenset[int] = frozenset()) -> list[Option]:
    """Offer the departments as a tree."""
    return [
        Option(str(each["id"]), "　" * each["level"] + each["name"], str(each["id"]) == chosen)
        for each in departments.tree(connection)
        if each["id"] not in without
    ]


def first_password(rules: Policy) -> str:
    """Make a password that fits the policy and can be read out: no letters and digits that look alike."""
    kinds = [
        [each for each in letters if each not in "l1I0Oo"]
        for letters in (string.ascii_lowercase, string.digits, string.ascii_uppercase, "-+=@#%")
    ]
    length = max(FIRST_LENGTH, rules.min_length)
    drawn = [secrets.choice(kinds[place % max(3, rules.classes)]) for place in range(length)]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _dialog(
    connection: "Connection",
    title: str,
    values: Mapping[str, Any],
    fields: Iterable[Field],
    hint: Iterable[str] = (),
) -> str:
    options = {"department": tuple(place_options(connection, values["department"]))}
    return render_template(
        "user_dialog.html",
        title=title,
        controls=[control(each, values, options.get(each.name, ())) for each in fields],
        roles=_roles_of(values["roles"]),
        hint=list(hint),
        action=request.path,
        limit=0,
    )


def _roles_of(held: Iterable[str]) -> list[Option]:
    """Offer all roles, and those the person has left over from an app that is gone."""
    labels = current_platform().role_labels()
    known = labels | {name: name for name in held if name not in labels}
    return [Option(name, label, name in held) for name, label in known.items()]


def _asked() -> dict[str, Any]:
    page, size = paging.page(request.args.get("page")), whole(request.args.get("per_page"))
    texts = {name: request.args.get(name, "").strip()[:100] for name in ("search", "department", "role", "active")}
    return {**texts, "page": page, "per_page": size if size in PAGE_SIZES else PAGE_SIZES[0]}


def _link(asked: Mapping[str, Any]) -> str:
    usual = {"page": 1, "per_page": PAGE_SIZES[0]}
    kept = {name: value for name, value in asked.items() if value and value != usual.get(name)}
    return "/org/users" + (f"?{urlencode(kept)}" if kept else "")
