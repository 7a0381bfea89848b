"""Rules of invoice titles: what a company's needs, and at most one default for each customer."""

from collections.abc import Mapping

from lowcode.api import Context, Record, _, hookimpl

KEEPS_ALL = frozenset({"finance", "admin"})
"""Who keeps the invoice titles of every customer; others keep those of the customers they may change."""


@hookimpl
def validate(record: Record, original: Record | None, ctx: Context) -> Mapping[str, str] | None:
    """Hold a company's title to its tax number, and new titles to customers that the person may change."""
    faults = {}
    if record.title_type == "company" and not record.tax_number:
        faults["tax_number"] = _("单位抬头必须填写税号。")
    is_chosen = original is None and record.customer is not None and ctx.forms.customer.exists(id=record.customer)
    if is_chosen and ctx.user.roles.isdisjoint(KEEPS_ALL) and not ctx.forms.customer.may_edit(record.customer):
        faults["customer"] = _("您不能修改这个客户，所以不能为它新增开票抬头。")
    return faults


@hookimpl
def before_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Let a default title that comes back from the recycle bin displace nobody; of two at once the later one stays."""
    if record.is_default:
        ctx.lock(f"invoice_title:{record.customer}")
    is_back = original is not None and original.deleted_at is not None
    if is_back and record.is_default and _other_defaults(record, ctx):
        record.is_default = False


@hookimpl
def after_save(record: Record, original: Record | None, ctx: Context) -> None:
    """Unmark the default title before this one."""
    for other in _other_defaults(record, ctx) if record.is_default else ():
        ctx.forms.invoice_title.update(other, {"is_default": False})


def _other_defaults(record: Record, ctx: Context) -> list[Record]:
    found = ctx.forms.invoice_title.find(customer=record.customer, is_default=True, limit=10)
    return [each for each in found if each.id != record.id]
