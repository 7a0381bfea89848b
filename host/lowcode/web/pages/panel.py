"""The page of a panel: figures, lists and tables, as plain as the data."""

from flask import Blueprint, render_template

from lowcode import panels
from lowcode.web.api.records import reading_context
from lowcode.web.gate import policy

bp = Blueprint("pages_panel", __name__)


@bp.get("/panel/<name>")
@policy("signed_in")
def panel(name: str) -> str:
    """Show a panel."""
    with reading_context() as ctx:
        declared, data = panels.show(ctx, name)
        return render_template("panel.html", panel=declared, data=data)
