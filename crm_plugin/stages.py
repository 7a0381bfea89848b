"""The stages of opportunities: which are open, how likely a sale is at each, and the log of changes."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Record, Refused, _, round_half_up

ZERO = Decimal(0)
WON, LOST = "won", "lost"
OPEN = "active"
"""The kind of the stages that an opportunity goes through; the others end it."""


def is_open(stage: str, ctx: Context) -> bool:
    """Tell whether a stage is one that opportunities are still worked on in."""
    return bool(_attribute(stage, "kind", ctx) == OPEN)


def _attribute(stage: str, name: str, ctx: Context) -> Any:
    """Give what the dictionary says of a stage; a preview may hold a stage that does not exist."""
    item = ctx.dictionary("opp_stage").get(stage)
    return item.attributes.get(name) if item else None


def open_stages(ctx: Context) -> list[str]:
    """Give the stages that opportunities are worked on in, in order."""
    return [code for code in ctx.dictionary("opp_stage") if is_open(code, ctx)]


def default_probability(stage: str, ctx: Context) -> int:
    """Give how likely a sale is at a stage, when nobody says otherwise."""
    return int(_attribute(stage, "win_probability", ctx) or 0)


def probability(record: Record, ctx: Context) -> int:
    """Give how likely the sale is: what people set, or the stage's; what has ended is certain."""
    if record.stage is None:
        return record.win_probability or 0
    if record.win_probability is None or not is_open(record.stage, ctx):
        return default_probability(record.stage, ctx)
    return int(record.win_probability)


def amount(record: Record) -> Decimal | None:
    """Give the amount: what the lines add up to, without lines what people expect."""
    if record.lines:
        return sum((line.subtotal or ZERO for line in record.lines), ZERO)
    expected: Decimal | None = record.expected_amount
    return expected


def price_line(quantity: Decimal | None, unit_price: Decimal | None) -> Decimal:
    """Give what a line comes to, rounded once."""
    return round_half_up((quantity or ZERO) * (unit_price or ZERO))


def weighted(expected: Decimal | None, percent: int) -> Decimal:
    """Give what an amount counts in a forecast."""
    return round_half_up((expected or ZERO) * percent / 100)


def enter(record: Record, stage: str, ctx: Context) -> dict[str, Any]:
    """Give the changes that bring an opportunity into an open stage.

    The probability becomes the new stage's, unless somebody had set one by hand: that one stays.
    """
    changes: dict[str, Any] = {"stage": stage}
    if record.win_probability == default_probability(record.stage, ctx) or not is_open(record.stage, ctx):
        changes["win_probability"] = default_probability(stage, ctx)
    return changes


def bring_to(record: Record, stage: str, ctx: Context) -> None:
    """Bring an open opportunity to a stage at least; one that is further or has ended stays as it is."""
    order, record = open_stages(ctx), ctx.forms.opportunity.get(record.id, lock=True)
    is_earlier = record.stage in order and order.index(record.stage) < order.index(stage)
    if is_earlier and ctx.dictionary("opp_stage")[stage].enabled:
        ctx.forms.opportunity.update(record, enter(record, stage, ctx))


def log(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep one row of a change of stage: from where, to where, after how many days, and by whom."""
    labels = {code: item.label for code, item in ctx.dictionary("opp_stage").items()}
    before = original.stage if original is not None else None
    summary = f"{labels[before]} → {labels[record.stage]}" if before else labels[record.stage]
    values = {
        "summary": summary,
        "opportunity": record.id,
        "from_stage": before,
        "to_stage": record.stage,
        "probability": record.win_probability,
        "amount": record.expected_amount,
        "days_in_stage": _days_since(original.stage_at, ctx) if original is not None else None,
        "at": ctx.now,
        "by": ctx.user.id or None,
    }
    ctx.forms.opportunity_stage.create(values)


def last_open(record: Record, ctx: Context) -> str:
    """Give the stage that an opportunity was in before it ended."""
    ends = ctx.forms.opportunity_stage.find(opportunity=record.id, to_stage=record.stage, order_by="-id", limit=1)
    known: str | None = ends[0].from_stage if ends else None
    return known or open_stages(ctx)[0]


def require_open(record: Record) -> None:
    """Refuse to go on with an opportunity that has ended."""
    if record.closed_at is not None:
        raise Refused(_("销售机会“{name}”已经结束，不能再改变阶段。", name=record.name), code="already_closed")


def _days_since(entered: datetime | None, ctx: Context) -> int | None:
    """Count the days between entering a stage and today, by the business calendar."""
    if entered is None:
        return None
    return (ctx.today - entered.astimezone(ctx.time_zone).date()).days
