"""Other systems: the progress of orders that production pushes, and the ways of parcels that couriers answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crm_plugin import kuaidi100
from crm_plugin.shipping import RETURNED, SIGNED
from lowcode.api import Answer, Call, Context, NotFound, Record, Refused, _, hookimpl

PUSHED = ("external_no", "progress_status", "production_progress", "progress_text")
AGAIN = timedelta(hours=4)
"""The provider asks for no more than some questions a day about one parcel."""

FIRST_RETRY = timedelta(minutes=15)
LAST_RETRY = timedelta(days=1)
MOST_FAILURES = 20
FINAL = frozenset({SIGNED, RETURNED})
"""The states after which nobody asks where a parcel is; an answer that lags behind does not undo them."""

MOST_TRACKS = 500


@hookimpl
def receive_order_progress(message: Mapping[str, Any], ctx: Context) -> str:
    """Note how far an order is; the first sign of work moves a confirmed order into production."""
    found = ctx.forms.order.find(number=message["number"], limit=1)
    if not found:
        raise NotFound(_("没有编号为 {number} 的订单。", number=message["number"]))
    order = ctx.forms.order.get(found[0].id, lock=True)
    if order.status == "cancelled":
        raise Refused(_("订单 {number} 已取消，不再接收进度。", number=order.number), code="order_cancelled")
    told = {name: message[name] for name in PUSHED if message.get(name) is not None}
    updated = ctx.forms.order.update(order, told | {"synced_at": ctx.now})
    if updated.status == "confirmed" and (updated.production_progress or 0) > 0:
        ctx.forms.order.move(updated, "produce")
    return _("订单 {number} 的进度已更新。", number=order.number)


@hookimpl
def request_kuaidi100(record: Record, ctx: Context) -> Call | None:
    """Ask where a parcel is, when the provider is set up and knows the courier."""
    code = provider_code(record, ctx)
    if code is None:
        return None
    settings = ctx.settings
    form = kuaidi100.form_of(
        code, record.tracking_no, record.receiver_phone, settings["kuaidi100_customer"], settings["kuaidi100_key"]
    )
    return Call("POST", settings["kuaidi100_url"], data=form)


def provider_code(record: Record, ctx: Context) -> str | None:
    """Give the provider's code of a shipment's courier, None when it cannot be asked."""
    settings = ctx.settings
    if not (settings["kuaidi100_url"] and settings["kuaidi100_customer"] and settings["kuaidi100_key"]):
        return None
    courier = ctx.dictionary("courier").get(record.courier or "")
    code = courier.attributes.get("api_code") if courier is not None else None
    return str(code) if code else None


@hookimpl
def answer_kuaidi100(record: Record, answer: Answer, ctx: Context) -> None:
    """Keep what is new of a parcel's way, and when to ask again."""
    try:
        if answer.error is not None:
            raise kuaidi100.Unanswered(answer.error)
        tracks = kuaidi100.read(answer.json(), ctx.time_zone)
    except (kuaidi100.Unanswered, ValueError) as fault:
        _failed(record, str(fault), ctx)
        return
    status = record.status if record.status in FINAL else tracks.status or record.status
    values: dict[str, Any] = {
        "tracks": _with_new(record, tracks),
        "status": status,
        "tracked_at": ctx.now,
        "track_failures": 0,
        "track_message": None,
        "next_track_at": None if status in FINAL else ctx.now + AGAIN,
    }
    if status == SIGNED and record.signed_at is None:
        values["signed_at"] = tracks.steps[-1].at if tracks.steps else ctx.now
    ctx.forms.shipment.update(record, values)


def _with_new(record: Record, tracks: kuaidi100.Tracks) -> list[dict[str, Any]]:
    """Give the tracks that stand and, behind them, the steps that are not among them."""
    standing = [{"id": line.id} for line in record.tracks]
    known: set[tuple[datetime, str]] = {(line.at, line.description) for line in record.tracks}
    added = [
        {"at": step.at, "description": step.description, "location": step.location, "track_source": "api"}
        for step in tracks.steps
        if (step.at, step.description) not in known
    ]
    return [*standing, *added][:MOST_TRACKS]


def _failed(record: Record, reason: str, ctx: Context) -> None:
    """Ask again later and later, and give up at last."""
    failures = (record.track_failures or 0) + 1
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LAST_RETRY)
    values = {
        "tracked_at": ctx.now,
        "track_failures": failures,
        "track_message": _("查询失败：{reason}", reason=reason)[:200],
        "next_track_at": ctx.now + wait if failures < MOST_FAILURES else None,
    }
    ctx.forms.shipment.update(record, values)
