"""A leaver's work goes to somebody else: records, what is asked of the person, departments, shares."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select, union_all, update

from lowcode import access, auditing, notify
from lowcode.database.schema import approval_tasks, approvals, team_members
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.identity import users
from lowcode.identity.model import ADMIN
from lowcode.identity.names import invalid
from lowcode.identity.tables import departments
from lowcode.identity.tables import users as people
from lowcode.records import saving, store
from lowcode.records.draft import Draft
from lowcode.records.record import Record, copy_of
from lowcode.workflow import approval, runs

if TYPE_CHECKING:
    from lowcode.context import Context

BATCH = 500
"""So many records are in memory at a time."""


def plan(ctx: "Context", user_id: int) -> dict[str, Any]:
    """Count what a person has in hand. Raises `NotFound`."""
    if not ctx.users.rows([user_id]):
        raise NotFound(_("没有找到用户 {id}，请刷新列表。", id=user_id))
    headed = select(departments.c.id, departments.c.name).where(departments.c.head_id == user_id)
    rows = ctx.connection.execute(headed.order_by(departments.c.path)).all()
    return {
        "forms": [
            {"form": form.name, "label": _(form.declared.label), "count": count}
            for form in _owned_forms(ctx)
            if (count := ctx.connection.scalar(select(func.count()).where(*_owned(form, user_id))))
        ],
        "tasks": len(ctx.connection.execute(_tasks(ctx, user_id)).all()),
        "departments": [{"id": row.id, "name": row.name} for row in rows],
    }


def apply(ctx: "Context", user_id: int, to_id: int, *, disable: bool = False) -> dict[str, Any]:
    """Give all of it to another person, in one transaction; tell what it was. Raises `Invalid`, `NotFound`, `Refused`.

    Old content is not checked anew: it was right when it was written, and has to change hands anyway.
    """
    if user_id == to_id:
        raise invalid("to", _("请选择另一位接收人。"))
    standing = {row.id: row for row in ctx.connection.execute(_both(user_id, to_id))}
    _lock(ctx, user_id)
    done = plan(ctx, user_id)
    if to_id not in standing or not standing[to_id].is_active:
        raise invalid("to", _("没有这个用户或已停用，请从列表中选择。"))
    _require_able(ctx, to_id, done)
    for form in _owned_forms(ctx):
        for record in _records(ctx, form, user_id):
            _give(ctx, form, record, to_id)
        for record in _records(ctx, form, user_id, deleted=True):
            saving.give_deleted(ctx.system, form, record, to_id, "hand_over")
    ctx.connection.execute(update(departments).where(departments.c.head_id == user_id).values(head_id=to_id))
    for task in ctx.connection.execute(_tasks(ctx, user_id)).all():
        _reassign(ctx, task, user_id, to_id)
    ctx.connection.execute(delete(team_members).where(team_members.c.user == user_id))
    if disable:
        users.update_user(ctx.connection, user_id, {"is_active": False}, ctx.platform.roles, by=ctx.user.id)
    said = {"to": [None, {"id": to_id, "title": standing[to_id].name}]}
    said |= {name: [found, None] for name, found in done.items()}
    auditing.write(ctx.connection, ctx.user.id, auditing.USER, user_id, "hand_over", said, ctx.now)
    _tell(ctx, standing[user_id], to_id, sum(form["count"] for form in done["forms"]))
    return done


def _require_able(ctx: "Context", to_id: int, done: Mapping[str, Any]) -> None:
    """Refuse a receiver who could not work with what he is given."""
    for given in done["forms"]:
        if not access.may_own(ctx, ctx.platform.forms[given["form"]], to_id):
            sentence = _("接收人的角色不能负责“{label}”，请选择其他人。", label=given["label"])
            raise invalid("to", sentence)


def _tell(ctx: "Context", leaver: Any, to_id: int, count: int) -> None:
    """Tell the new person of the records; approvals tell of themselves."""
    if count:
        event = f"handed_over:{leaver.id}:{ctx.now.isoformat()}"
        values = {"name": leaver.name, "count": count}
        notify.send(ctx, [to_id], "handed_over", "{name}的 {count} 条记录已移交给您。", values, event=event)


def _both(user_id: int, to_id: int) -> Select[Any]:
    """Select the two people and keep them as they are: nobody is disabled between the check and the change."""
    query = select(people.c.id, people.c.name, people.c.is_active).where(people.c.id.in_((user_id, to_id)))
    return query.order_by(people.c.id).with_for_update(key_share=True)


def _lock(ctx: "Context", user_id: int) -> None:
    """Lock all records that are to be changed, in the order in which batches lock them too, before the first is."""
    for form in ctx.platform.forms.values():
        ids = [_tasks(ctx, user_id).with_only_columns(approvals.c.record).where(approvals.c.form == form.name)]
        if form.declared.owner:
            ids.append(select(form.table.c.id).where(*_owned(form, user_id)))
        store.lock_many(ctx, form, form.table.c.id.in_(union_all(*(each.order_by(None) for each in ids))))


def _owned_forms(ctx: "Context") -> Iterator[LiveForm]:
    return (form for form in ctx.platform.forms.values() if form.declared.owner)


def _owned(form: LiveForm, user_id: int, *, deleted: bool = False) -> tuple[Any, ...]:
    place = form.table.c.deleted_at.is_not(None) if deleted else form.table.c.deleted_at.is_(None)
    return form.table.c[form.declared.owner or ""] == user_id, place


def _records(ctx: "Context", form: LiveForm, user_id: int, *, deleted: bool = False) -> Iterator[Record]:
    """Read and lock the records of a person, some hundred at a time; those that have been given away do not return."""
    last = 0
    owned = select(form.table).where(*_owned(form, user_id, deleted=deleted)).order_by(form.table.c.id)
    batch = owned.limit(BATCH).with_for_update(key_share=True)
    while found := store.load_many(ctx, form, batch.where(form.table.c.id > last), with_lines=True):
        yield from found
        last = found[-1].id


def _give(ctx: "Context", form: LiveForm, record: Record, to_id: int) -> None:
    """Change the owner of a record in whatever state; its department, history and rules follow."""
    if ctx.written.get((form.name, record.id), record.version) != record.version:  # a rule has changed it since
        record = store.load(ctx, form, record.id) or record
    changed = copy_of(record)
    setattr(changed, form.declared.owner or "", to_id)
    saving.write_changes(ctx.system, Draft(form, changed, record), action="hand_over")


def _tasks(ctx: "Context", user_id: int) -> Select[Any]:
    """Select what a person is asked, now or in turn."""
    wanted = (approval_tasks.c.user == user_id) & approval_tasks.c.state.in_(runs.PENDING)
    return (
        select(approval_tasks.c.id, approval_tasks.c.approval_id, approval_tasks.c.step)
        .add_columns(approvals.c.submitted_by, approvals.c.form, approvals.c.record)
        .join_from(approval_tasks, approvals)
        .where(wanted, approvals.c.outcome.is_(None), approvals.c.form.in_(list(ctx.platform.forms)))
        .order_by(approval_tasks.c.id)
    )


def _reassign(ctx: "Context", task: Any, user_id: int, to_id: int) -> None:
    """Ask the new person instead, or where that cannot be, the nearest head or an administrator. Raises `Refused`."""
    asked = select(approval_tasks.c.user).where(
        approval_tasks.c.approval_id == task.approval_id,
        approval_tasks.c.step == task.step,
        approval_tasks.c.state.in_(runs.PENDING),
    )
    taken = {user_id, task.submitted_by, _owner(ctx, task), *ctx.connection.scalars(asked)}
    others = (to_id, *ctx.users.heads_over(task.submitted_by), *ctx.users.with_role(ADMIN))
    free = next((user for user in others if user not in taken), None)
    if free is None:
        raise Refused(_("有待审批的单据没有其他人可以接手，请先在流程中心改派。"), code="no_approver")
    approval.reassign(ctx, task.id, {"to": free, "opinion": _("工作交接")})


def _owner(ctx: "Context", task: Any) -> int | None:
    """Give the owner of the record that a task is about, who does not decide on it either."""
    form = ctx.platform.forms[task.form]
    owner = form.declared.owner
    return ctx.connection.scalar(select(form.column(owner)).where(form.column("id") == task.record)) if owner else None
