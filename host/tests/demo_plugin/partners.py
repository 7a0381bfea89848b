"""Other systems: a box that takes things back, and a service that sends text messages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lowcode.api import Answer, Call, Context, NotFound, Record, Refused, _, hookimpl

LATER = timedelta(hours=1)


@hookimpl
def receive_box(message: Mapping[str, Any], ctx: Context) -> str:
    """Note where an item lies; what is lent is taken back at the desk."""
    found = ctx.forms.item.find(code=message["code"])
    if not found:
        raise NotFound(_("没有编码为 {code} 的藏品。", code=message["code"]))
    if found[0].is_lent:
        raise Refused(_("“{title}”已借出，归还后才能换位置。", title=found[0].title), code="lent")
    ctx.forms.item.update(found[0], {"place": message["place"]})
    return _("已换位置。")


@hookimpl
def request_sms(record: Record, ctx: Context) -> Call | None:
    """Send the words to the phone of the loan; without one there is nobody to write to."""
    loan = ctx.forms.loan.get(record.loan)
    if not loan.phone or not ctx.settings["sms_url"]:
        return None
    headers = {"Authorization": f"Bearer {ctx.settings['sms_secret']}"}
    body = {"to": loan.phone, "text": record.words}
    return Call("POST", f"{ctx.settings['sms_url']}/send", headers=headers, json=body, timeout=1)


@hookimpl
def answer_sms(record: Record, answer: Answer, ctx: Context) -> None:
    """Note that it was sent, or try again later."""
    if answer.ok:
        values: dict[str, Any] = {"words": f"已发送（{answer.json()['id']}）：{record.words}"}
    else:
        values = {"at": (ctx.now + LATER).isoformat()}
    ctx.forms.call.update(record, values)
