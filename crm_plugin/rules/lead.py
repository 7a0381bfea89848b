"""Rules of leads: how they can be reached, whose they are, and the steps of their life (`lead_states`)."""

from collections.abc import Mapping
from typing import Any

from crm_plugin import lead_states, merging
from crm_plugin.converting import convert
from crm_plugin.following import follow
from crm_plugin.lead_history import is_noted, note
from crm_plugin.ownership import require_owner
from crm_plugin.undoing import undo
from lowcode.api import Context, Record, Refused, Result, _, hookimpl

EDITABLE = (
    *("customer_name", "contact_name", "contact_title", "source", "industry", "level", "expected_amount"),
    *("description", "mobile", "telephone", "email", "wechat", "qq", "region", "address", "next_contact_at"),
    *("remark", "attachments"),
)
"""What people edit of a lead."""


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Ask for one way to reach the contact and an appointment that has not passed; keep closed leads as they are.

    Administrators load history, so the appointments of their new leads may lie in the past.
    """
    faults = _closed(record, original)
    if not (record.mobile or record.telephone or record.email):
        faults["mobile"] = _("手机、电话和邮箱至少填写一项。")
    loads_history = original is None and ctx.user.is_admin
    planned_anew = original is None or record.next_contact_at != original.next_contact_at
    this_minute = ctx.now.replace(second=0)
    if planned_anew and not loads_history and record.next_contact_at and record.next_contact_at < this_minute:
        faults["next_contact_at"] = _("下次联系时间不能早于现在。")
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let the state agree with the owner, note since when the owner has it, and keep a reason for invalid ones only."""
    record.status = lead_states.settled(record.status, record.owner)
    if original is None or record.owner != original.owner:
        record.owner_at = ctx.now if record.owner is not None else None
    if record.status != "invalid":
        record.invalid_reason = None


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Keep who owned the lead: the first owner, and one who came by a hand-over; other steps tell it themselves."""
    before = original.owner if original is not None else None
    if record.owner == before or is_noted(record, ctx):
        return
    note(record, "create" if original is None else "hand_over", before, record.owner, ctx)


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a converted lead: its customer came from it."""
    if record.status == "converted":
        return _("线索“{name}”已转化为客户，不能删除。管理员可以先撤销转化。", name=record.customer_name)
    return None


@hookimpl
def action_advance(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Bring a lead on by choice: take it up, give it up for a reason, or convert it with what is usual."""
    chosen, reason = params["status"], params.get("invalid_reason")
    if chosen == record.status:
        raise Refused(_("线索已经是这个状态。请选择其他状态。"), code="same_state")
    if chosen == "converted":
        if record.status == "invalid":
            raise Refused(_("无效的线索不能直接转化。请先推进到“跟进中”。"), code="not_allowed_now")
        return convert(record, {}, ctx)
    if chosen == "invalid" and not reason:
        sentence = _("推进到“无效”时请选择无效原因。")
        raise Refused(sentence, code="invalid", errors={"invalid_reason": [sentence]})
    changes = {"invalid_reason": reason if chosen == "invalid" else None}
    _step(record, lead_states.ADVANCES[chosen], ctx, changes)
    return Result(_("线索“{name}”的状态已改变。", name=record.customer_name), open=("lead", record.id))


@hookimpl
def action_follow(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Keep a follow-up of this lead."""
    return follow(record, params, ctx)


@hookimpl
def action_convert(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Turn the lead into a customer with a contact and an opportunity."""
    return convert(record, params, ctx)


@hookimpl
def action_undo_conversion(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Take a conversion back while nothing has grown on what it made."""
    return undo(record, ctx)


@hookimpl
def action_assign(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give the lead to somebody, and tell that person."""
    owner = params["owner"]
    if owner == record.owner:
        sentence = _("这条线索已经由这位同事负责。请选择另一位。")
        raise Refused(sentence, code="same_owner", errors={"owner": [sentence]})
    require_owner("lead", owner, ctx)
    note(record, "assign", record.owner, owner, ctx)
    given = _step(record, "assign", ctx, {"owner": owner})
    if owner != ctx.user.id:
        ctx.notify(
            [owner],
            "customer_assigned",
            "线索 {number}（{name}）已分配给您，请尽快联系。",
            record=given,
            event=f"assigned:{given.version}",
            number=given.number,
            name=given.customer_name,
        )
    return Result(_("线索“{name}”已分配。", name=record.customer_name))


@hookimpl
def action_release(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Give the lead back to be assigned anew."""
    note(record, "release", record.owner, None, ctx, params["reason"])
    _step(record, "release", ctx, {"owner": None})
    return Result(_("线索“{name}”已退回，等待分配。", name=record.customer_name))


@hookimpl
def action_void(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Take the lead out of work for good."""
    _step(record, "void", ctx)
    return Result(_("线索“{name}”已作废。", name=record.customer_name), open=("lead", record.id))


@hookimpl
def action_restore_void(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Bring a voided lead back to whoever had it, or to those waiting for an owner."""
    _step(record, "restore_void", ctx)
    return Result(_("线索“{name}”已恢复。", name=record.customer_name), open=("lead", record.id))


@hookimpl
def action_merge(record: Record, params: Mapping[str, Any], ctx: Context) -> Result:
    """Merge a duplicate into another lead."""
    return merging.merge_leads(record, params, ctx)


def _step(record: Record, step: str, ctx: Context, changes: Mapping[str, Any] | None = None) -> Record:
    """Take a step of the table. Raises Refused where it is not possible."""
    status = lead_states.after(step, record.status)
    if status is None:
        raise Refused(_("线索现在的状态不允许这样做，请刷新后查看。"), code="not_allowed_now")
    return ctx.forms.lead.update(record, {"status": status, **(changes or {})})


def _closed(record: Record, original: Record | None) -> dict[str, str]:
    """Find what people change of a converted or voided lead. Its owner still sees it whole, as `edit` grants it."""
    if original is None or original.status in lead_states.OPEN or record.status != original.status:
        return {}
    sentence = _("已转换或作废的线索不能修改。")
    return {name: sentence for name in EDITABLE if getattr(record, name) != getattr(original, name)}
