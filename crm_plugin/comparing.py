"""What two documents differ in, in words: a contract and its quotation, a contract and a change of it."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from lowcode.api import Context, Line, Record, _

EMPTY = "—"

COMPARED = ("quantity", "unit_price", "discount_rate", "tax_rate")
"""The columns that make up the money of a line."""

NAMED = ("product_name", "spec")
OTHER = ("unit", "delivery_date", "remark")


def matched(lines: Sequence[Line], before: Sequence[Line]) -> list[tuple[Line, Line | None]]:
    """Pair each line with the one that it came from; a second line of the same source has come from nowhere."""
    open_lines = {line.id: line for line in before}
    return [(line, open_lines.pop(line.source, None) if line.source else None) for line in lines]


def missing(lines: Sequence[Line], before: Sequence[Line]) -> list[Line]:
    """Give the lines that nothing came from."""
    kept = {line.source for line in lines}
    return [line for line in before if line.id not in kept]


def line_differences(
    lines: Sequence[Line], before: Sequence[Line], ctx: Context, columns: Iterable[str] = COMPARED
) -> list[str]:
    """Say what was added, what was changed and what is gone, a sentence for each line."""
    found = []
    for line, was in matched(lines, before):
        if was is None:
            found.append(_("新增“{name}”：{facts}", name=line.product_name or EMPTY, facts=_facts(line)))
        elif changes := _changes(line, was, ctx, columns):
            found.append(_("“{name}”：{changes}", name=was.product_name, changes="，".join(changes)))
    for line in missing(lines, before):
        found.append(_("删去“{name}”：{facts}", name=line.product_name, facts=_facts(line)))
    return found


def _facts(line: Line) -> str:
    """Say how much of a line there is, at which price."""
    return _(
        "数量 {quantity}，含税单价 {price}，小计 {subtotal}",
        quantity=said(line.quantity),
        price=said(line.unit_price),
        subtotal=said(line.subtotal),
    )


def _changes(line: Line, was: Line, ctx: Context, columns: Iterable[str]) -> list[str]:
    labels = column_labels()
    return [
        arrow(labels[name], shown(name, getattr(was, name), ctx), shown(name, getattr(line, name), ctx))
        for name in columns
        if is_other(getattr(line, name), getattr(was, name))
    ]


def column_labels() -> dict[str, str]:
    """Give what people call the columns."""
    return {
        "quantity": _("数量"),
        "unit_price": _("含税单价"),
        "discount_rate": _("折扣率"),
        "tax_rate": _("税率"),
        "product_name": _("产品名称"),
        "spec": _("规格型号"),
        "unit": _("计量单位"),
        "delivery_date": _("交货日期"),
        "remark": _("备注"),
    }


def is_other(value: Any, was: Any) -> bool:
    """Tell whether two values differ; of numbers, nothing is the same as zero."""
    if isinstance(value, Decimal) or isinstance(was, Decimal):
        return bool((value or 0) != (was or 0))
    return bool((value or None) != (was or None))


def arrow(label: str, was: str, now: str) -> str:
    """Write old and new."""
    return f"{label} {was} → {now}"


def shown(name: str, value: Any, ctx: Context) -> str:
    """Write a value of a column; units by their label."""
    if name == "unit" and value is not None:
        item = ctx.dictionary("product_unit").get(value)
        return _(item.label) if item else str(value)
    return said(value)


def said(value: Any) -> str:
    """Write a value as people do: no zeros behind the last place that says something."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def money(value: Decimal | None) -> str:
    """Write an amount in yuan."""
    return f"{value or 0:,.2f}"


def cut(lines: Sequence[str], most: int) -> str | None:
    """Put sentences below each other, as many as fit; None without any."""
    text = "\n".join(lines)
    return (text if len(text) <= most else text[: most - 1] + "…") or None


def deviation(contract: Record, quotation: Record, ctx: Context, most: int) -> str | None:
    """Say what a contract differs from its quotation in; None when it does not."""
    found = line_differences(contract.lines or (), quotation.lines, ctx)
    if contract.total_amount != quotation.total_amount:
        found.append(arrow(_("总金额"), money(quotation.total_amount), money(contract.total_amount)))
    return cut(found, most)
