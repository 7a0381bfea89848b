"""Panels over HTTP."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from lowcode import panels, printing
from lowcode.errors import Invalid
from lowcode.i18n import _, many
from lowcode.records import csvs
from lowcode.web.api.records import reading_context
from lowcode.web.bodies import json_body
from lowcode.web.figures import Column, draw
from lowcode.web.gate import policy
from lowcode.web.idempotency import write
from lowcode.web.printed import as_html, as_pdf, wants_pdf

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("api_panels", __name__, url_prefix="/api/v1/panels")
OWN = ("format", "table")


@bp.get("/<name>")
@policy("signed_in")
def panel(name: str) -> Response:
    """Answer a panel's plain data, or one of its lists as CSV; the query string holds its parameters."""
    with reading_context() as ctx:
        found = panels.find(ctx, name)
        params = panels.chosen(ctx, found, {key: text for key, text in request.args.items() if key not in OWN})
        kind = _format(request.args.get("format", "json"))
        data = panels.data(ctx, found, params)
        return jsonify(data) if kind == "json" else _csv(ctx, found, params, data)


@bp.get("/<name>/print")
@policy("signed_in")
def document(name: str) -> Response:
    """Answer the printable page of a panel as HTML, or as a PDF with `?format=pdf`."""
    is_pdf, asked = wants_pdf(), {key: text for key, text in request.args.items() if key != "format"}
    with reading_context() as ctx:
        title, contents = printing.of_panel(ctx, *panels.asked(ctx, name, asked))
    return as_pdf(title, contents, name) if is_pdf else as_html(title, contents)


@bp.post("/<name>/save")
@policy("admin")
def save(name: str) -> Response:
    """Make what was chosen the settings of the same names."""
    payload = json_body()

    def work(ctx: "Context") -> tuple[int, dict[str, Any], dict[str, str]]:
        return 200, panels.save(ctx, name, payload), {}

    return write(work)


def _format(word: str) -> str:
    if word not in ("json", "csv"):
        sentence = _("请填写 {words} 之一。", words="json / csv")
        raise Invalid(sentence, errors={"format": [sentence]})
    return word


def _csv(ctx: "Context", panel: panels.Found, params: Mapping[str, Any], data: Mapping[str, Any]) -> Response:
    """Write a list of the data, with the columns and headings that the page has for it."""
    key = request.args.get("table", "")
    rows = data.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        sentence = _("没有可以导出的表格“{name}”。", name=key)
        raise Invalid(sentence, errors={"table": [sentence]})
    _page, parts = draw(ctx, panel, params, data)
    bare = [Column(name, name) for name in (rows[0] if rows else ())]
    columns = parts.columns.get(key) or bare
    file = BytesIO()
    csvs.write([each.label for each in columns], ([parts.cell(each, row) for each in columns] for row in rows), file)
    response = Response(file.getvalue(), content_type="text/csv; charset=utf-8")
    title = f"{many(panel.declared.label)}-{key}-{ctx.today:%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(title)}"
    return response
