"""The page of a panel: a bar of what can be chosen, and the figures as the plugin's template shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from lowcode import panels
from lowcode.errors import Invalid, NotFound
from lowcode.i18n import _
from lowcode.records.words import title_of
from lowcode.web import idempotency
from lowcode.web.api.records import reading_context
from lowcode.web.figures import draw
from lowcode.web.gate import policy
from lowcode.web.pages.controls import Builder, Control, Option
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.formdata import for_people, tidied
from lowcode.web.pages.picking import offers
from lowcode.web.pages.shell import confirm, saved

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("pages_panel", __name__)
POINTERS = frozenset({"ref", "user", "department"})


@bp.get("/panel/<name>")
@policy("signed_in")
def panel(name: str) -> Response:
    """Show a panel, or only its figures when the bar asks."""
    part = request.headers.get("HX-Target") == "panel-data"
    with reading_context() as ctx:
        page = Page(ctx, panels.find(ctx, name), request.args.to_dict())
        text = render_template("panel_data.html" if part else "panel.html", page=page, here=page.here)
    response = make_response(text, 422 if page.fault else 200)
    if part:
        response.headers["HX-Push-Url"] = page.address
    return response


@bp.get("/panel/<name>/pick/<param>")
@policy("signed_in")
def pick(name: str, param: str) -> Response:
    """Offer what a parameter may be."""
    with reading_context() as ctx:
        declared = panels.find(ctx, name).params.get(param)
        if declared is None or declared.type not in POINTERS:
            raise NotFound(_("没有这个字段。"))
        items = offers(ctx, declared, request.args.get("search", "").strip()[:100], {})
    return jsonify({"items": [{"value": str(key), "text": title, "hint": hint} for key, title, hint in items]})


@bp.get("/panel/<name>/save")
@policy("admin")
def ask_save(name: str) -> str:
    """Ask before what is shown becomes the settings."""
    with reading_context() as ctx:
        found = panels.find(ctx, name)
        wanted = panels.saved_names(ctx, found)
        hidden = [(key, request.args[key]) for key in wanted if key in request.args]
        labels = _("、").join(_(found.params[key].label) for key, _text in hidden)
    question = _("确定把当前显示的值保存为系统设置吗？将保存：{labels}。", labels=labels)
    return confirm(_("保存为设置"), question, request.path, hidden)


@bp.post("/panel/<name>/save")
@policy("admin")
def save(name: str) -> Response:
    """Make what is shown the settings of the same names."""

    def work(ctx: "Context") -> idempotency.Answer:
        found = panels.find(ctx, name)
        sent = {key: text for key, text in request.form.items() if key in found.params}
        panels.save(ctx, name, panels.typed(found, sent))
        return 204, None, saved(_("已保存设置。"))

    try:
        return idempotency.write(work)
    except Invalid as fault:
        sentences = [for_people(" ".join(each)) for each in fault.errors.values()]
        return note(fault, " ".join([fault.detail, *sentences]))


class Page:
    """A panel, ready for the templates."""

    def __init__(self, ctx: "Context", panel: panels.Found, asked: Mapping[str, str]) -> None:
        self.ctx, self.panel, self.declared = ctx, panel, panel.declared
        self.here = f"/panel/{panel.declared.name}"
        self.address = f"{self.here}?{urlencode(asked)}" if asked else self.here
        self.asked = {key: self._tidy(key, text.strip()) for key, text in asked.items()}
        self.values = panels.written(panel, panels.defaults(ctx, panel))
        self.fault: Invalid | None = None
        try:
            self._read()
        except Invalid as fault:
            self.fault = fault

    def _tidy(self, name: str, text: str) -> str:
        known = self.panel.params.get(name)
        return tidied(known, text, self.ctx.time_zone) if known and text else text

    def _read(self) -> None:
        params = panels.chosen(self.ctx, self.panel, self.asked)
        self.values = panels.written(self.panel, params)
        self.data = panels.data(self.ctx, self.panel, params)
        query = _query(self.values)
        export = f"/api/v1/panels/{self.declared.name}?{query}{'&' if query else ''}"
        self.contents, _parts = draw(self.ctx, self.panel, params, self.data, export)

    def controls(self) -> Iterator[Control]:
        """Make the controls of the bar, with what was sent where that is at fault."""
        build = Builder(self.ctx, None, is_new=True, picker=f"{self.here}/pick/")
        for name, declared in self.panel.params.items():
            value = self.values.get(name)
            if declared.type == "boolean":
                yield replace(build.control(declared, {}), options=tuple(_yes_or_no(value)))
                continue
            if declared.type in POINTERS and value is not None:
                value = {"id": value, "title": title_of(self.ctx, declared, int(value))}
            made = build.control(declared, {name: value})
            is_typed = self.fault is not None and name in self.asked and declared.type not in (*POINTERS, "choice")
            yield replace(made, value=self.asked[name]) if is_typed else made

    def faults(self) -> list[tuple[str, str]]:
        """Give what is wrong with what was chosen, each sentence with the label of its control."""
        errors = self.fault.errors if self.fault else panels.faults(self.data)
        return [
            (_(self.panel.params[name].label) if name in self.panel.params else name, for_people(" ".join(sentences)))
            for name, sentences in errors.items()
        ]

    @property
    def print_url(self) -> str:
        """The address of what is shown as it will be on paper; nothing where the panel has no such page."""
        return f"{self.here}/print?{_query(self.values)}" if self.declared.print else ""

    @property
    def save_url(self) -> str:
        """The address that asks to save what is shown; nothing for those who may not."""
        names = panels.saved_names(self.ctx, self.panel)
        return f"{self.here}/save?{_query({name: self.values[name] for name in names})}" if names else ""


def _query(values: Mapping[str, Any]) -> str:
    """Write what is shown as a query string; nothing chosen is an empty value."""
    words = {True: "true", False: "false", None: ""}
    return urlencode({k: words[v] if v is None or isinstance(v, bool) else v for k, v in values.items()})


def _yes_or_no(value: Any) -> Iterator[Option]:
    """Offer yes and no, and nothing where nothing is chosen."""
    if value is None:
        yield Option("", "—", selected=True)
    yield Option("true", _("是"), selected=value is True)
    yield Option("false", _("否"), selected=value is False)
