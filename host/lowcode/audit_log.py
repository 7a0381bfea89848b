"""What was done to the platform itself: who changed which person, department, flow or the password policy."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, func, select

from lowcode import paging
from lowcode.auditing import DEPARTMENT, POLICY, USER, WORKFLOW
from lowcode.database.schema import audit
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.identity import policy
from lowcode.records.showing import instant, person

if TYPE_CHECKING:
    from lowcode.context import Context

KINDS: Mapping[str, str] = {USER: "用户", DEPARTMENT: "部门", POLICY: "密码策略", WORKFLOW: "审批流程"}
"""What the log is about, with untranslated labels; changes of records stand in their own histories."""

ACTIONS: Mapping[str, str] = {
    "create": "新增",
    "edit": "编辑",
    "delete": "删除",
    "end_sessions": "强制下线",
    "view_as": "以此用户身份查看",
    "hand_over": "移交",
    "reset": "恢复默认",
}
FIELDS: Mapping[str, Mapping[str, str]] = {
    USER: {
        "username": "用户名",
        "name": "姓名",
        "department": "部门",
        "email": "邮箱",
        "roles": "拥有的角色",
        "is_active": "启用",
        "must_change_password": "下次登录时必须修改密码",
        "language": "语言",
        "totp": "动态验证码",
        "password": "密码",
        "to": "接收人",
        "forms": "移交的记录",
        "tasks": "待办审批",
        "departments": "担任负责人的部门",
    },
    DEPARTMENT: {"name": "名称", "parent": "上级部门", "head": "部门负责人"},
    POLICY: {each.name: each.label for each in policy.FIELDS},
}


def listing(ctx: "Context", args: Mapping[str, str]) -> dict[str, Any]:
    """Answer one page of the log, the newest first. Raises Invalid."""
    errors = {
        name: [_("没有这个查询条件。")] for name in args.keys() - {"form", "user", "from", "to", "page", "per_page"}
    }
    page = paging.number(args.get("page"), "page", 1, paging.MOST_PAGES, errors)
    per_page = paging.number(args.get("per_page"), "per_page", 20, paging.MOST_PER_PAGE, errors)
    where = _where(ctx, args, errors)
    if errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=errors)
    total = ctx.connection.scalar(select(func.count()).select_from(audit).where(*where)) or 0
    newest = select(audit).where(*where).order_by(audit.c.id.desc())
    rows = ctx.connection.execute(newest.limit(per_page).offset((page - 1) * per_page)).all()
    items = _items(ctx, rows)
    return {"items": items, "page": page, "per_page": per_page, "total": total, "total_is_exact": True}


def _where(ctx: "Context", args: Mapping[str, str], errors: dict[str, list[str]]) -> list[ColumnElement[bool]]:
    form = args.get("form") or ""
    if form and form not in KINDS:
        errors["form"] = [_("只能是 {boxes} 之一。", boxes="、".join(KINDS))]
    where = [audit.c.form == form if form else audit.c.form.in_(KINDS)]
    if (user := paging.number(args.get("user") or None, "user", None, 2**63 - 1, errors)) is not None:
        where.append(audit.c.user == user)
    if since := _midnight(ctx, args, "from", 0, errors):
        where.append(audit.c.at >= since)
    if until := _midnight(ctx, args, "to", 1, errors):
        where.append(audit.c.at < until)
    return where


def _midnight(
    ctx: "Context", args: Mapping[str, str], name: str, later: int, errors: dict[str, list[str]]
) -> datetime | None:
    """Give the instant at which a day of the business zone starts, or one so many days later."""
    raw = args.get(name)
    if not raw:
        return None
    try:
        day = date.fromisoformat(raw) + timedelta(days=later)
        return datetime.combine(day, time(), ctx.platform.config.time_zone).astimezone(UTC)
    except (ValueError, OverflowError):
        errors[name] = [_("请填写日期，例如 2026-11-23。")]
        return None


def _items(ctx: "Context", rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    ids = {row.user for row in rows if row.user} | {row.record for row in rows if row.form == USER}
    people = ctx.users.names(ids)
    places = ctx.users.department_names({row.record for row in rows if row.form == DEPARTMENT})
    return [
        {
            "id": row.id,
            "at": instant(row.at),
            "by": person(people, row.user),
            "form": row.form,
            "record": {"id": row.record, "title": _title(ctx, row, people, places)},
            "action": row.action,
            "changes": [
                {"field": name, "label": _label(row.form, name), "old": old, "new": new}
                for name, (old, new) in row.changes.items()
            ],
            "$labels": {"form": _(KINDS[row.form]), "action": _(ACTIONS.get(row.action, row.action))},
        }
        for row in rows
    ]


def _title(ctx: "Context", row: Row[Any], people: Mapping[int, str], places: Mapping[int, str]) -> str:
    """Name what was changed; a department that is gone by the name it had."""
    if row.form == USER:
        return people.get(row.record, "")
    if row.form == DEPARTMENT:
        return places.get(row.record) or str(next(filter(None, row.changes.get("name", ())), ""))
    return _flow_label(ctx, next(iter(row.changes), "")) if row.form == WORKFLOW else ""


def _flow_label(ctx: "Context", path: str) -> str:
    """Name the flow of a path like `leave.review.steps`; one whose app is gone by its name."""
    workflow, _dot, rest = path.partition(".")
    approval = rest.partition(".")[0]
    for form in ctx.platform.forms.values():
        if form.workflow and form.workflow.name == workflow and approval in form.workflow.approvals:
            return _(form.workflow.approvals[approval].label or form.workflow.label)
    return f"{workflow}.{approval}"


def _label(form: str, name: str) -> str:
    if form == WORKFLOW:
        return _("抄送") if name.endswith(".copy_to") else _("步骤")
    return _(FIELDS[form].get(name, name))
