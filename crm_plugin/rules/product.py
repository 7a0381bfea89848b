"""Rules of products."""

from lowcode.api import Context, Record, _, hookimpl


@hookimpl
def before_delete(record: Record, ctx: Context) -> str | None:
    """Keep a product that documents mention; taking it off the shelf ends its sale."""
    if ctx.forms.quotation.exists(lines__product=record.id):
        return _("产品“{name}”已用在报价单中，不能删除。请把状态改为“下架”。", name=record.name)
    if ctx.forms.contract.exists(lines__product=record.id) or ctx.forms.order.exists(lines__product=record.id):
        return _("产品“{name}”已用在合同或订单中，不能删除。请把状态改为“下架”。", name=record.name)
    return None
