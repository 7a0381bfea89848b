"""Rules of shipments: what they carry, their tracking number, who signed for them, and the order that follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm_plugin import shipping
from crm_plugin.following import CLOCKS_DIFFER
from crm_plugin.integrations import FINAL, provider_code
from lowcode.api import Context, Record, Refused, Result, _, hookimpl


@hookimpl
def prefill(record: Record, ctx: Context) -> None:
    """Carry over what has not been shipped yet, or complete the lines that are given."""
    if record.order is None:
        return
    order = ctx.forms.order.get(record.order)
    if record.lines:
        shipping.name_lines(record, order)
    else:
        record.lines = shipping.rows_left(order, shipping.shipments_of([order.id], ctx))


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Check the day of signing and, before it is saved, the lines; the save itself does so under the order's lock."""
    faults: dict[str, str] = {}
    if record.signed_at is not None and record.signed_at > ctx.now + CLOCKS_DIFFER:
        faults["signed_at"] = _("签收时间不能晚于现在。")
    if original is not None and not record.lines:
        faults["lines"] = _("请至少保留一行发货明细。")
    if record.order is None or ctx.is_writing or _carried(record) == _carried(original):
        return faults
    for order in ctx.forms.order.find(id=record.order, limit=1):
        if original is not None or ctx.forms.order.may_read(order):
            others = shipping.shipments_of([order.id], ctx, but=record.id)
            return shipping.quantity_faults(record, order, others) | faults
    return faults


def _carried(record: Record | None) -> list[tuple[Any, ...]]:
    """Give what a shipment counts for: nothing when it came back or is in the recycle bin."""
    if record is None or record.deleted_at is not None or record.status == shipping.RETURNED:
        return []
    return sorted((line.source or 0, line.quantity or 0) for line in record.lines or ())


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Under the order's lock, hold the lines to what is left of it; keep the tracking number to one shipment."""
    order = ctx.forms.order.get(record.order, lock=True)
    shipping.name_lines(record, order)
    if original is not None:
        _follow_track(record, original)
    if original is None or _carried(record) != _carried(original):
        _require_open(record, order)
        if record.status != shipping.RETURNED:
            shipping.require_quantities(record, order, shipping.shipments_of([order.id], ctx, but=record.id))
    if original is None or original.deleted_at is not None or _address(record) != _address(original):
        shipping.require_free(record, ctx)
    _note_signing(record, original, order, ctx)
    record.name = f"{order.number} {record.tracking_no}"
    record.next_track_at = _next_question(record, original, ctx)


def _require_open(record: Record, order: Record) -> None:
    if order.status not in shipping.OPEN:
        sentence = _("订单 {number} 现在的状态不能改变发货明细。", number=order.number)
        raise Refused(sentence, code="order_not_open", errors={"order": [sentence]})


def _address(record: Record) -> tuple[Any, ...]:
    return record.courier, record.tracking_no


def _next_question(record: Record, original: Record | None, ctx: Context) -> datetime | None:
    """Give when to ask about the parcel: at once for a new number, no more once it has come to its end."""
    if original is None or _address(record) != _address(original):
        return ctx.now if record.status not in FINAL and provider_code(record, ctx) else None
    if record.status in FINAL and original.status not in FINAL:
        return None
    planned: datetime | None = record.next_track_at
    return planned


def _follow_track(record: Record, original: Record) -> None:
    """Let the state follow the newest track that somebody adds, unless it is set itself."""
    known = {line.id for line in original.tracks or ()}
    added = [line for line in record.tracks or () if line.id not in known]
    for newest in sorted(record.tracks or (), key=lambda line: line.at)[-1:]:
        if newest in added and newest.status is not None and record.status == original.status:
            record.status = newest.status


def _note_signing(record: Record, original: Record | None, order: Record, ctx: Context) -> None:
    """Keep when a shipment was signed for while it is; what completed an order stays signed."""
    if record.status == shipping.SIGNED:
        record.signed_at = record.signed_at or ctx.now
    elif original is not None and original.status == shipping.SIGNED:
        if order.status == "completed":
            sentence = _("订单 {number} 已完成，物流单不能再改为未签收。", number=order.number)
            raise Refused(sentence, code="order_completed", errors={"status": [sentence]})
        record.signed_at = record.signer = None


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let the order follow."""
    shipping.follow(record.order, ctx)


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep the shipments of an order that is done."""
    order = ctx.forms.order.get(record.order)
    if order.status == "completed":
        return _("订单 {number} 已完成，它的物流单不能删除。", number=order.number)
    return None


@hookimpl
def after_delete(record: Record, ctx: Context) -> None:
    """Let the order follow."""
    shipping.follow(record.order, ctx)


@hookimpl
def action_track(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Ask the courier for the way of the parcel, with the next round of questions."""
    settings = ctx.settings
    if not (settings["kuaidi100_customer"] and settings["kuaidi100_key"]):
        sentence = _("还没有配置快递100，不能查询。请管理员在应用设置中填写授权码和密钥，或手工登记轨迹。")
        raise Refused(sentence, code="tracking_not_set_up")
    if provider_code(record, ctx) is None:
        courier = ctx.dictionary("courier").get(record.courier)
        label = _(courier.label) if courier else record.courier
        raise Refused(_("“{courier}”不能在线查询，请手工登记轨迹。", courier=label), code="courier_not_tracked")
    ctx.forms.shipment.update(record, {"next_track_at": ctx.now, "track_failures": 0})
    return Result(_("已安排查询，大约一分钟后刷新可见最新轨迹。"))


@hookimpl
def action_sign(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Note who signed for the parcel, and when."""
    values = {"status": shipping.SIGNED, "signed_at": params["signed_at"], "signer": params.get("signer")}
    ctx.forms.shipment.update(record, values)
    return Result(_("物流单 {number} 已签收。", number=record.number))
