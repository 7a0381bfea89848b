"""Rules of opportunities: amounts and probability, the way through the stages, how they end, and the next quotation."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_plugin import stages
from crm_plugin.following import CLOCKS_DIFFER, follow
from crm_plugin.offering import TAKEN, offer
from crm_plugin.ownership import require_owner, require_say
from lowcode.api import Context, Record, Refused, Result, _, hookimpl

LARGEST_AMOUNT = Decimal("9999999999999999.99")
"""A money column holds 18 digits."""

AGREED = ("customer", "win_probability", "expected_amount", "expected_close_date")
"""What stays as it was when an opportunity ended, beside its lines."""

REOPENED = dict.fromkeys(("end_status", "lost_reason", "end_remark", "closed_at"))


@hookimpl
def compute(record: Record, ctx: Context) -> None:
    """Fill the subtotals of the lines, and what the opportunity counts in a forecast."""
    for line in record.lines or ():
        line.subtotal = stages.price_line(line.quantity, line.unit_price)
    record.weighted_amount = stages.weighted(stages.amount(record), stages.probability(record, ctx))


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Refuse a new opportunity that should have closed already, and one that its quotations do not fit any more.

    Administrators load history, so theirs may lie in the past.
    """
    faults = _agreed(record, original)
    day = record.expected_close_date
    if original is None and day is not None and day < ctx.today and not ctx.user.is_admin:
        faults["expected_close_date"] = _("预计成交日期不能早于今天。")
    moved = original is not None and record.customer != original.customer
    if moved and ctx.forms.quotation.exists(opportunity=record.id):
        faults["customer"] = _("这个机会已有报价单，不能更换客户。请为另一个客户新建机会。")
    elif moved and ctx.forms.contract.exists(opportunity=record.id):
        faults["customer"] = _("这个机会已有合同，不能更换客户。请为另一个客户新建机会。")
    if record.lines and (stages.amount(record) or 0) > LARGEST_AMOUNT:
        faults["lines"] = _("总金额太大，最多 {limit}。请减少数量或单价。", limit=f"{LARGEST_AMOUNT:,}")
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Fill the amount, the probability and the type where people left them open; note when a stage began."""
    record.expected_amount = stages.amount(record)
    record.win_probability = stages.probability(record, ctx)
    if record.type is None:
        record.type = "existing" if ctx.forms.customer.get(record.customer).deal_status else "new"
    if original is None or record.stage != original.stage:
        record.stage_at = ctx.now


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Log where the opportunity started and each change of its stage."""
    if original is None or record.stage != original.stage:
        stages.log(record, original, ctx)


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep an opportunity that has ended, and one that quotations were made for."""
    if record.closed_at is not None:
        return _("销售机会“{name}”已经结束，不能删除。请经理先重新打开。", name=record.name)
    if ctx.forms.quotation.exists(opportunity=record.id):
        return _("销售机会“{name}”已有报价单，不能删除。请先删除那些报价单，或者输单。", name=record.name)
    if ctx.forms.contract.exists(opportunity=record.id):
        return _("销售机会“{name}”已有合同，不能删除。", name=record.name)
    return None


@hookimpl
def action_follow(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Keep a follow-up of this opportunity."""
    return follow(record, params, ctx)


@hookimpl
def action_advance(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Bring an open opportunity into any other open stage, forwards or back."""
    stages.require_open(record)
    stage, item = params["stage"], ctx.dictionary("opp_stage")[params["stage"]]
    if stage == record.stage:
        sentence = _("销售机会已经处于“{stage}”，请选择另一个阶段。", stage=_(item.label))
        raise Refused(sentence, code="same_stage", errors={"stage": [sentence]})
    ctx.forms.opportunity.update(record, stages.enter(record, stage, ctx))
    return Result(_("已推进到“{stage}”。", stage=_(item.label)))


@hookimpl
def action_win(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """End an opportunity as won; the amount agreed on may be given, unless lines make it up."""
    stages.require_open(record)
    agreed = params.get("expected_amount")
    changes = _end(stages.WON, params, ctx)
    if agreed is not None and record.lines and agreed != record.expected_amount:
        sentence = _(
            "这个机会有产品明细，金额是明细合计 {amount}。请先修改明细。", amount=f"{record.expected_amount:,}"
        )
        raise Refused(sentence, code="amount_of_lines", errors={"expected_amount": [sentence]})
    if agreed is not None:  # first, for nothing of it changes once it has ended
        record = ctx.forms.opportunity.update(record, {"expected_amount": agreed})
    ctx.forms.opportunity.update(record, changes)
    return Result(_("恭喜！销售机会“{name}”已赢单。", name=record.name))


@hookimpl
def action_lose(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """End an opportunity as lost, or as one that never was."""
    stages.require_open(record)
    stage = params.get("stage") or stages.LOST
    changes = _end(stage, params, ctx)
    changes |= {"lost_reason": params["lost_reason"], "end_remark": params.get("end_remark")}
    ctx.forms.opportunity.update(record, changes)
    item = ctx.dictionary("opp_stage")[stage]
    return Result(_("销售机会“{name}”已登记为“{stage}”。", name=record.name, stage=_(item.label)))


@hookimpl
def action_reopen(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Bring an opportunity back into the stage it was in before it ended."""
    stage = stages.last_open(record, ctx)
    ctx.forms.opportunity.update(record, REOPENED | stages.enter(record, stage, ctx))
    item = ctx.dictionary("opp_stage")[stage]
    return Result(_("销售机会“{name}”已重新打开，回到“{stage}”。", name=record.name, stage=_(item.label)))


@hookimpl
def action_transfer(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give an opportunity to another salesperson, and tell that person."""
    require_say(record, ctx)
    owner = params["owner"]
    if owner == record.owner:
        sentence = _("销售机会已经由这位同事负责，请选择另一位。")
        raise Refused(sentence, code="same_owner", errors={"owner": [sentence]})
    require_owner("opportunity", owner, ctx)
    ctx.forms.opportunity.update(record, {"owner": owner})
    if owner != ctx.user.id:
        ctx.notify([owner], "opportunity_assigned", "销售机会“{name}”已转移给您。", record=record, name=record.name)
    name = ctx.users.names([owner]).get(owner, "")
    return Result(_("已转移给 {name}。", name=name))


@hookimpl
def action_make_quotation(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Make a draft quotation of what the opportunity is about; it belongs to whoever asks for it."""
    return offer(record, ctx)


def _agreed(record: Record, original: Record | None) -> dict[str, str]:
    """Find what people change of the figures of an opportunity that has ended; reopening lets them change again."""
    if original is None or original.closed_at is None or record.closed_at is None:
        return {}
    sentence = _("销售机会已经结束，不能修改。请经理先重新打开。")
    faults = {name: sentence for name in AGREED if getattr(record, name) != getattr(original, name)}
    if _told(record) != _told(original):
        faults["lines"] = sentence
    return faults


def _told(record: Record) -> list[tuple[Any, ...]]:
    """Give what the lines say, whichever rows they are."""
    return [tuple(getattr(line, name) for name in TAKEN) for line in record.lines or ()]


def _end(stage: str, params: Mapping[str, Any], ctx: Context) -> dict[str, Any]:
    """Give what ends an opportunity: when and how, and that nothing is open about it any more."""
    closed_at: datetime = params.get("closed_at") or ctx.now
    if closed_at > ctx.now + CLOCKS_DIFFER:
        sentence = _("结束时间不能晚于现在。")
        raise Refused(sentence, code="in_the_future", errors={"closed_at": [sentence]})
    return {"stage": stage, "end_status": stage, "closed_at": closed_at}
