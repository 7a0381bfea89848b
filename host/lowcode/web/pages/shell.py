"""What every page shares: the menu, the language, and answers to htmx."""

import json
import secrets
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as BaseResponse

from lowcode.declare.model import MenuEntry, Plugin
from lowcode.errors import NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _, html_lang, many
from lowcode.identity import users
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.language import COOKIE
from lowcode.web.links import local_path
from lowcode.workflow import boxes

bp = Blueprint("shell", __name__)
YEAR = 365 * 24 * 3600

Entries = tuple[tuple[str, str, str], ...]
"""Address, label and icon of menu entries."""


@bp.record_once
def _compact(state: BlueprintSetupState) -> None:
    """Leave the templates' own line breaks and indents out of the pages."""
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True


@bp.app_context_processor
def _shared() -> dict[str, Any]:
    return {
        "_": _,
        "many": many,
        "menu": menu,
        "has_approvals": has_approvals,
        "open_tasks": open_tasks,
        "new_key": secrets.token_urlsafe,
        "html_lang": html_lang(),
    }


def menu() -> list[dict[str, Any]]:
    """Give the side menu: the plugins' groups in their manifests' order, the approvals, the administrators' own."""
    groups = [
        {"label": _(label), "entries": [made for entry in entries if (made := _entry(plugin, entry))]}
        for plugin, declared in current_platform().menu
        for label, entries in _grouped(plugin, declared)
    ]
    if has_approvals():
        entry = {"label": _("流程中心"), "url": "/tasks", "icon": "check", "prefix": "/tasks"}
        groups.append({"label": _("审批"), "entries": [entry]})
    if current_user().is_admin:
        groups.append({"label": _("组织架构"), "entries": _prefixed(_people_entries())})
        groups.append({"label": _("系统配置"), "entries": _prefixed(_host_entries())})
    return [group for group in groups if group["entries"]]


def has_approvals() -> bool:
    """Tell whether any form's records can be submitted for approval."""
    return any(form.workflow and form.workflow.approvals for form in current_platform().forms.values())


def open_tasks() -> int:
    """Count what waits for the person's decision."""
    with current_platform().reading(current_user(), version=g.cache_version) as ctx:
        return boxes.count_todo(ctx)


def _grouped(plugin: Plugin, entries: Iterable[MenuEntry]) -> Iterable[tuple[str, Iterable[MenuEntry]]]:
    """Put neighbours under their common heading."""
    return groupby(entries, lambda entry: entry.group or plugin.label)


def _entry(plugin: Plugin, entry: MenuEntry) -> dict[str, Any] | None:
    """Show an entry to those who may see what it opens."""
    roles, icon = current_user().roles, entry.icon or "circle"
    if entry.panel:
        panel = plugin.panels.get(entry.panel)
        may_see = panel is not None and not roles.isdisjoint(panel.roles)
        url = f"/panel/{entry.panel}"
    else:
        form = current_platform().forms.get((entry.list or "").partition("/")[0])
        grants = [form.declared.access.get(role) for role in roles] if form else []
        may_see = any(grant is not None and grant.read for grant in grants)
        url = f"/f/{entry.list}"
    return {"label": many(entry.label), "url": url, "icon": icon} if may_see else None


def _people_entries() -> Entries:
    return (
        ("/org/users", _("用户管理"), "users"),
        ("/org/departments", _("部门管理"), "building"),
        ("/org/roles", _("角色与权限"), "key"),
        ("/access", _("权限说明"), "search"),
        ("/security", _("安全设置"), "lock"),
    )


def _host_entries() -> Entries:
    return (
        ("/store", _("应用商店"), "store"),
        ("/flows", _("流程管理"), "share"),
        ("/audit/log", _("操作日志"), "history"),
        ("/admin/calls", _("接口调用"), "globe"),
        ("/dictionaries", _("数据字典"), "book"),
        ("/numbering", _("单号规则"), "hash"),
        ("/settings", _("系统设置"), "settings"),
        ("/initialise", _("数据初始化"), "flag"),
        ("/mails", _("邮件发送记录"), "mail"),
        ("/platform", _("平台"), "power"),
    )


def _prefixed(entries: Entries) -> list[dict[str, Any]]:
    """Make the host's own entries; each stays marked on the pages below its own."""
    return [
        {"label": label, "url": url, "icon": icon, "prefix": url, "phone_only": url == "/store"}
        for url, label, icon in entries
    ]


@bp.get("/")
@policy("signed_in")
def home() -> BaseResponse | str:
    """Open the first entry of the menu; an administrator of an empty platform comes to the store."""
    if current_user().is_admin and not current_platform().active_plugins:
        return redirect("/store", 303)
    first = next((entry["url"] for group in menu() for entry in group["entries"]), None)
    if first is None:
        raise NotFound(_("还没有您可以使用的功能，请联系管理员为您分配角色。"))
    return redirect(first, 303)


@bp.post("/language")
@policy("public", while_password_due=True)
def choose_language() -> BaseResponse:
    """Remember the language in a cookie, and with the person when one is signed in."""
    chosen = request.form.get("language", "")
    if g.user is not None:
        current_platform().db.run(lambda connection: users.set_language(connection, current_user().id, chosen))
    response = redirect(local_path(request.form.get("next")), 303)
    response.set_cookie(
        COOKIE, chosen[:5], max_age=YEAR, httponly=True, samesite="Lax", secure=current_platform().config.https
    )
    return response


def live_form(name: str) -> LiveForm:
    """Find a form by its name in an address. Raises `NotFound`."""
    form = current_platform().forms.get(name)
    if form is None:
        raise NotFound(_("没有“{name}”这种记录。", name=name))
    return form


def is_part() -> bool:
    """Tell whether htmx asks for a part of a page, for the dialog or a region."""
    return "HX-Request" in request.headers


def done(message: str, **more: Any) -> Response:
    """Answer a change that has been written: the page shows the message and refreshes itself."""
    return Response(status=204, headers=saved(message, **more))


def saved(message: str, event: str = "saved", **more: Any) -> dict[str, str]:
    """Give the header that tells the page; ASCII only, as headers are."""
    return {"HX-Trigger": json.dumps({event: {"message": message, **more}})}


def confirm(title: str, question: str, action: str, hidden: Iterable[tuple[str, object]] = ()) -> str:
    """Ask a question in the dialog; 确定 posts `hidden` to `action`."""
    return render_template("confirm.html", title=title, question=question, action=action, hidden=hidden)
