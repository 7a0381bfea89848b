"""Rules of loans: deposits, dates, what is on the shelf, and who agrees to a dear one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Form, Record, Refused, Result, Step, Where, _, hookimpl, round_half_up


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Lend the same again, for the same purpose."""
    if record.previous is None:
        return
    before = ctx.forms.loan.get(record.previous)
    if record.phone is None:
        record.phone = before.phone
    if not record.lines:
        record.lines = [
            {"item": line.item, "title": line.title, "quantity": line.quantity, "source": line.id}
            for line in before.lines
        ]


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the deposits and the number of days."""
    for line in record.lines:
        line.deposit = round_half_up((line.quantity or Decimal(0)) * (line.price or Decimal(0)))
    record.total_deposit = sum((line.deposit for line in record.lines), Decimal(0))
    known = record.due_on is not None and record.lent_on is not None
    record.days = (record.due_on - record.lent_on).days if known else None


@hookimpl
def derive(records: Sequence[Record], ctx: Context) -> None:
    """Fill how many days are left of what is out."""
    for record in records:
        record.days_left = (record.due_on - ctx.today).days if record.status == "lent" else None


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the dates against each other and the deposit against the limit."""
    faults = {}
    if record.days is not None and record.days < 0:
        faults["due_on"] = _("归还日期不能早于借出日期 {date}。", date=record.lent_on.isoformat())
    if record.total_deposit > ctx.settings["deposit_limit"]:
        faults["lines"] = _("押金合计不能超过 {limit}。", limit=ctx.settings["deposit_limit"])
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Note when the loan was last handled."""
    record.handled_at = ctx.now


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let the member's last day of lending follow."""
    if ctx.forms.member.get(record.member).last_loan_on != record.lent_on:
        ctx.forms.member.update(record.member, {"last_loan_on": record.lent_on})


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep what an audit asks for."""
    if record.fine:
        return _("有罚款的借阅单不能删除。请先在 {number} 中核销罚款。", number=record.number)
    return None


@hookimpl
def after_delete(record: Record, ctx: Context) -> None:
    """Let the member's last day of lending be that of the loans that are left."""
    left = ctx.forms.loan.find(member=record.member, order_by="-lent_on", limit=1)
    ctx.forms.member.update(record.member, {"last_loan_on": left[0].lent_on if left else None})


@hookimpl
def row_scope(form: Form, access: str, ctx: Context) -> Where | None:
    """Hide drafts from those who only audit."""
    return {"status__ne": "draft"} if ctx.user.roles == {"auditor"} else None


@hookimpl
def approvers(record: Record, step: Step, ctx: Context) -> Iterable[int] | None:
    """Let the keeper of the first item decide a dear loan; of other steps the declaration says who decides."""
    if step.name == "dear":
        keeper = ctx.forms.item.get(record.lines[0].item).keeper if record.lines[0].item else None
        return [keeper] if keeper else None
    return None


@hookimpl
def after_move(record: Record, move: str, params: Mapping[str, Any], ctx: Context) -> None:
    """Mark what leaves the shelf and what comes back; remember a complaint with the member."""
    if move in {"hand_over", "take_back"}:
        for line in record.lines:
            if line.item:
                ctx.forms.item.update(line.item, {"is_lent": move == "hand_over"})
    if params.get("complaint"):
        ctx.forms.member.update(record.member, {"remark": params["complaint"][:500]})


@hookimpl
def action_extend(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Extend a loan that is out; a preview of this is rolled back by the host."""
    due_on = record.due_on + timedelta(days=params["days"])
    if (due_on - record.lent_on).days > ctx.settings["loan_days"]:
        raise Refused(_("最多借 {days} 天。请缩短续借天数。", days=ctx.settings["loan_days"]), code="too_long")
    ctx.forms.loan.update(record, {"due_on": due_on})
    filled = {"form": "loan", "id": record.id, "title": record.subject, "field": "due_on", "value": due_on}
    plan = {"due_on": due_on, "filled": [filled]}
    return Result(_("已续借到 {date}。", date=due_on.isoformat()), open=("loan", record.id), plan=plan)


@hookimpl
def propose_settle(record: Record, ctx: Context) -> Mapping[str, Any]:
    """Propose to count back everything that was lent."""
    rows = [{"line": line.id, "title": line.title, "quantity": line.quantity} for line in record.lines]
    return {"words": record.subject, "lines": rows}


@hookimpl
def action_settle(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Note what has come back."""
    lent = {line.id: line for line in record.lines}
    if any(row["line"] not in lent for row in params["lines"]):
        raise Refused(_("清单中有一行不属于这张借阅单。请重新打开再试。"))
    counted = [f"{lent[row['line']].title} {row['quantity']}" for row in params["lines"]]
    notice = "；".join([params["words"] or "", *counted])
    ctx.forms.loan.update(record, {"notice": notice})
    filled = {"form": "loan", "id": record.id, "title": record.subject, "field": "notice", "value": notice}
    return Result(_("已清点。"), plan={"filled": [filled]})
