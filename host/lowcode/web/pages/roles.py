"""The roles: who has them, and what each may do with every form, as the declarations say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, render_template
from sqlalchemy import select

from lowcode import explain
from lowcode.i18n import _
from lowcode.identity.tables import user_roles, users
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("roles", __name__)

Right = tuple[str, dict[str, str]]
"""The label of a form, and which records of it are covered by the label of the verb."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role, ready for the template; `people` are id and name of the active ones."""

    name: str
    label: str
    app: str
    people: list[tuple[int, str]]
    rights: list[Right]


@bp.get("/org/roles")
@policy("admin")
def list_roles() -> str:
    """Show the roles."""
    with current_platform().reading(current_user()) as ctx:
        people, rights = _people(ctx), _rights(ctx)
    roles = [
        Role(name, label, _app(name), people.get(name, []), rights.get(name, []))
        for name, label in current_platform().role_labels().items()
    ]
    verbs = [_(label) for label in explain.VERBS.values()]
    return render_template("roles.html", roles=roles, verbs=verbs, here="/org/roles")


def _rights(ctx: "Context") -> dict[str, list[Right]]:
    """Give what each role may do, form by form, without the forms it has nothing to do with."""
    found: dict[str, list[Right]] = {}
    for form in explain.overview(ctx)["forms"]:
        for role, words in form["roles"].items():
            if words:
                found.setdefault(role, []).append((form["label"], words))
    return found


def _app(role: str) -> str:
    """Name the app that declares a role."""
    for each in current_platform().active_plugins:
        if each.declared is not None and role in each.declared.roles:
            return _(each.declared.label)
    return _("平台")


def _people(ctx: "Context") -> dict[str, list[tuple[int, str]]]:
    """Give the active people of each role, by name."""
    held = users.join(user_roles, user_roles.c.user_id == users.c.id)
    found = select(user_roles.c.role, users.c.id, users.c.name).select_from(held).where(users.c.is_active)
    people: dict[str, list[tuple[int, str]]] = {}
    for role, user_id, name in ctx.connection.execute(found.order_by(users.c.name, users.c.id)):
        people.setdefault(role, []).append((user_id, name))
    return people
