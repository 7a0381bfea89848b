"""What documents take over from each other line by line."""

from collections.abc import Iterable

from lowcode.api import Context, Line


def sold(lines: Iterable[Line], ctx: Context) -> set[int]:
    """Find which of the products that lines name are still sold; a new document may name no other."""
    ids = sorted({line.product for line in lines if line.product})
    return {product.id for product in ctx.forms.product.find(id__in=ids, status="on_sale")} if ids else set()
