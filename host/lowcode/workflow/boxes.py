"""The boxes of the process centre: what a person has to decide, has decided, and has submitted."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, func, select

from lowcode import access
from lowcode.database.schema import approval_tasks, approvals
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.workflow.viewing import instant, person

if TYPE_CHECKING:
    from lowcode.context import Context

BOXES = ("todo", "done", "started", "copied")
MOST_PER_PAGE = 200

RUN = (
    approvals.c.form, approvals.c.record, approvals.c.title, approvals.c.approval, approvals.c.definition,
    approvals.c.submitted_by, approvals.c.submitted_at, approvals.c.outcome,
)  # fmt: skip
TASK = (
    approval_tasks.c.id, approval_tasks.c.step, approval_tasks.c.state, approval_tasks.c.opinion,
    approval_tasks.c.opened_at, approval_tasks.c.decided_at,
)  # fmt: skip


def listing(ctx: "Context", args: Mapping[str, str]) -> dict[str, Any]:
    """Answer one page of a box. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    box = args.get("box", "todo")
    if box not in BOXES:
        errors["box"] = [_("只能是 {boxes} 之一。", boxes="、".join(BOXES))]
    page = _number(args, "page", 1, 10**9, errors)
    per_page = _number(args, "per_page", 20, MOST_PER_PAGE, errors)
    for unknown in args.keys() - {"box", "page", "per_page"}:
        errors[unknown] = [_("没有这个查询条件。")]
    if errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=errors)
    total, rows = _rows(ctx, box, per_page, (page - 1) * per_page)
    names = ctx.users.names({row.submitted_by for row in rows if row.submitted_by is not None})
    items = [_item(ctx, row, names) for row in rows]
    return {"items": items, "page": page, "per_page": per_page, "total": total, "total_is_exact": True}


def count_todo(ctx: "Context") -> int:
    """Count what waits for the person."""
    statement = _selection(ctx, "todo")
    return 0 if statement is None else ctx.connection.scalar(statement.with_only_columns(func.count())) or 0


def readable(ctx: "Context", items: Iterable[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """Tell which records of a box's items the person may open, as form and id."""
    wanted: dict[str, set[int]] = {}
    for item in items:
        wanted.setdefault(item["form"], set()).add(item["record"]["id"])
    found: set[tuple[str, int]] = set()
    for name, ids in wanted.items():
        form = ctx.platform.forms[name]
        key = form.column("id")
        statement = select(key).where(
            key.in_(sorted(ids)), form.column("deleted_at").is_(None), access.clause(ctx, form)
        )
        found.update((name, record_id) for record_id in ctx.connection.scalars(statement))
    return found


def _rows(ctx: "Context", box: str, limit: int, offset: int) -> tuple[int, list[Row[Any]]]:
    """Count a box and read a page of it: what waits longest first, of the rest the newest first."""
    statement = _selection(ctx, box)
    if statement is None:
        return 0, []
    total = ctx.connection.scalar(statement.with_only_columns(func.count())) or 0
    id_column = approvals.c.id if box == "started" else approval_tasks.c.id
    order = id_column if box == "todo" else id_column.desc()
    return total, list(ctx.connection.execute(statement.order_by(order).limit(limit).offset(offset)))


def _selection(ctx: "Context", box: str) -> "Select[Any] | None":
    live = approvals.c.form.in_(sorted(ctx.platform.forms))
    if box == "started":
        mine = approvals.c.submitted_by == ctx.user.id
        return select(approvals.c.id, approvals.c.step, *RUN).where(mine, live)
    if box == "copied":
        return None  # an approval has no copies to send, so nobody has received one
    states = ("open",) if box == "todo" else ("agreed", "rejected")
    asked = (approval_tasks.c.user == ctx.user.id) & approval_tasks.c.state.in_(states)
    return select(*TASK, *RUN).join_from(approval_tasks, approvals).where(asked, live)


def _item(ctx: "Context", row: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    steps = row.definition["steps"]
    step = steps[row.step] if row.step < len(steps) else None
    item = {
        "id": row.id,
        "form": row.form,
        "record": {"id": row.record, "title": row.title},
        "approval": row.approval,
        "step": step["name"] if step else None,
        "submitted_by": person(names, row.submitted_by),
        "submitted_at": instant(row.submitted_at),
        "outcome": row.outcome,
        "due_at": None,
        "$labels": {
            "form": _(ctx.platform.forms[row.form].declared.label),
            "approval": _(row.definition["label"]),
            "step": _(step["label"]) if step else "",
        },
    }
    return item | _task(row, step["due_hours"]) if step and "state" in row._fields else item


def _task(row: Row[Any], due_hours: int | None) -> dict[str, Any]:
    due_at = row.opened_at + timedelta(hours=due_hours) if due_hours else None
    return {
        "state": row.state,
        "opinion": row.opinion,
        "opened_at": instant(row.opened_at),
        "decided_at": instant(row.decided_at),
        "due_at": instant(due_at),
    }


def _number(args: Mapping[str, str], name: str, default: int, most: int, errors: dict[str, list[str]]) -> int:
    raw = args.get(name)
    if raw is None:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) <= 10 and 1 <= int(raw) <= most:
        return int(raw)
    errors[name] = [_("请填写 1 到 {most} 的整数。", most=most)]
    return default
