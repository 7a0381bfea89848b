"""The boxes of the process centre: what a person has to decide, has decided, has submitted and was sent a copy of."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, func, select

from lowcode import access, paging
from lowcode.conditions import containing
from lowcode.database.schema import approval_copies, approval_tasks, approvals
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.records.showing import instant, person

if TYPE_CHECKING:
    from lowcode.context import Context

BOXES = ("todo", "done", "started", "copied")
MOST_SEARCHED = 100

RUN = (
    approvals.c.form, approvals.c.record, approvals.c.title, approvals.c.approval, approvals.c.definition,
    approvals.c.submitted_by, approvals.c.submitted_at, approvals.c.outcome,
)  # fmt: skip
TASK = (
    approval_tasks.c.id, approval_tasks.c.step, approval_tasks.c.state, approval_tasks.c.opinion,
    approval_tasks.c.opened_at, approval_tasks.c.decided_at, approval_tasks.c.due_at,
)  # fmt: skip


DECIDED = ("agreed", "rejected", "returned", "transferred")
"""The states of a task about which its person has done something. One taken from him was never decided."""

_TASKS = select(*TASK, *RUN).join_from(approval_tasks, approvals)
_COLUMNS = {
    "todo": _TASKS,
    "done": _TASKS,
    "started": select(approvals.c.id, approvals.c.step, *RUN),
    "copied": select(
        approval_copies.c.id, approvals.c.step, *RUN, approval_copies.c.sent_at, approval_copies.c.read_at
    ).join_from(approval_copies, approvals),
}
_ID = {
    "todo": approval_tasks.c.id,
    "done": approval_tasks.c.id,
    "started": approvals.c.id,
    "copied": approval_copies.c.id,
}


def listing(ctx: "Context", args: Mapping[str, str]) -> dict[str, Any]:
    """Answer one page of a box. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    box = args.get("box", "todo")
    if box not in BOXES:
        errors["box"] = [_("只能是 {boxes} 之一。", boxes="、".join(BOXES))]
    page = paging.number(args.get("page"), "page", 1, paging.MOST_PAGES, errors)
    per_page = paging.number(args.get("per_page"), "per_page", 20, paging.MOST_PER_PAGE, errors)
    for unknown in args.keys() - {"box", "form", "search", "page", "per_page"}:
        errors[unknown] = [_("没有这个查询条件。")]
    if errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=errors)
    total, rows = _rows(ctx, box, args, per_page, (page - 1) * per_page)
    names = ctx.users.names({row.submitted_by for row in rows if row.submitted_by is not None})
    items = [_item(ctx, row, names) for row in rows]
    return {"items": items, "page": page, "per_page": per_page, "total": total, "total_is_exact": True}


def count_todo(ctx: "Context") -> int:
    """Count what waits for the person."""
    return ctx.connection.scalar(_selection(ctx, "todo").with_only_columns(func.count())) or 0


def counts(ctx: "Context") -> dict[str, int]:
    """Count what waits for the person: decisions, and copies not opened yet."""
    unread = _selection(ctx, "copied").where(approval_copies.c.read_at.is_(None))
    copied = ctx.connection.scalar(unread.with_only_columns(func.count())) or 0
    return {"todo": count_todo(ctx), "copied": copied}


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


def _rows(ctx: "Context", box: str, args: Mapping[str, str], limit: int, offset: int) -> tuple[int, list[Row[Any]]]:
    """Count a box and read a page of it: what waits longest first, of the rest the newest first.

    Which rows a page holds is found by ids alone: definitions are long, and would be sorted along.
    """
    statement = _narrowed(_selection(ctx, box), args)
    total = ctx.connection.scalar(statement.with_only_columns(func.count())) or 0
    id_column = _ID[box]
    order = (approval_tasks.c.opened_at, id_column) if box == "todo" else (id_column.desc(),)
    page = statement.with_only_columns(id_column).order_by(*order).limit(limit).offset(offset)
    ids = list(ctx.connection.scalars(page))
    return total, list(ctx.connection.execute(_COLUMNS[box].where(id_column.in_(ids)).order_by(*order)))


def _selection(ctx: "Context", box: str) -> "Select[Any]":
    """Select what is in a box."""
    live = approvals.c.form.in_(sorted(ctx.platform.forms))
    if box == "started":
        return _COLUMNS[box].where(approvals.c.submitted_by == ctx.user.id, live)
    if box == "copied":
        return _COLUMNS[box].where(approval_copies.c.user == ctx.user.id, live)
    mine = approval_tasks.c.user == ctx.user.id
    if box == "todo":
        return _COLUMNS[box].where(mine, approval_tasks.c.state == "open", live)
    decided = approval_tasks.c.state.in_(DECIDED) & approval_tasks.c.decided_at.is_not(None)
    return _COLUMNS[box].where(mine, decided, live)


def _narrowed(statement: "Select[Any]", args: Mapping[str, str]) -> "Select[Any]":
    """Keep what is of a form and has a text in its title."""
    if form := args.get("form"):
        statement = statement.where(approvals.c.form == form)
    if search := args.get("search", "").strip():
        statement = statement.where(containing(approvals.c.title, search[:MOST_SEARCHED]))
    return statement


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
    if "sent_at" in row._fields:
        return item | {"sent_at": instant(row.sent_at), "read_at": instant(row.read_at)}
    return item | _task(row) if "state" in row._fields else item


def _task(row: Row[Any]) -> dict[str, Any]:
    return {
        "state": row.state,
        "opinion": row.opinion,
        "opened_at": instant(row.opened_at),
        "decided_at": instant(row.decided_at),
        "due_at": instant(row.due_at),
    }
