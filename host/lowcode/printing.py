"""Records on paper: the templates of a plugin, filled with what the person may see and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from markupsafe import Markup
from sqlalchemy import select

from lowcode import settings
from lowcode.declare.fields import Field
from lowcode.declare.model import Print
from lowcode.errors import NotFound, Refused
from lowcode.forms import LiveForm
from lowcode.i18n import _, html_lang, language
from lowcode.money import capitals
from lowcode.records import reading, words
from lowcode.records.record import Record
from lowcode.templates import PRINTS, TemplateFault, fill, money

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.panels import Found

STYLE = Path(__file__).parent / "web" / "static" / "app" / "print.css"


class Shown:
    """A record or a line as templates see it: each field is its value in the API, or None where it is hidden."""

    def __init__(self, fields: Mapping[str, Field], values: Mapping[str, Any]) -> None:
        self._fields = fields
        self._values = dict.fromkeys(fields) | dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None


def offered(ctx: "Context", form: LiveForm, ids: Sequence[int]) -> dict[int, list[Print]]:
    """Tell which pages can be printed of each record: one query for each page that has a `when`."""
    found: dict[int, list[Print]] = {record_id: [] for record_id in ids}
    for each in form.declared.prints.values() if ids else ():
        wanted: Sequence[int] = ids
        if each.when is not None:
            key = form.column("id")
            allowed = form.condition(each.when).clause(form, ctx.tokens)
            wanted = list(ctx.connection.scalars(select(key).where(key.in_(ids), allowed)))
        for record_id in wanted:
            found[record_id].append(each)
    return found


def sheet(ctx: "Context", form: LiveForm, record_id: int, name: str) -> tuple[str, Markup]:
    """Fill a page about a record the person may read; give its title and contents. Raises NotFound and Refused."""
    record = reading.require(ctx, form, record_id)
    return _filled(ctx, form, record, name)


def of_record(ctx: "Context", record: Record, name: str) -> str:
    """Give a page about a record at hand as one whole document, with what the person who acts may see."""
    return document(*_filled(ctx.person, ctx.platform.forms[type(record).__name__], record, name))


def of_panel(ctx: "Context", panel: "Found", params: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[str, Markup]:
    """Fill the page of a panel with its data; give its title and contents. Raises NotFound and Refused."""
    declared = panel.declared
    if declared.print is None:
        raise NotFound(_("“{label}”没有打印页。", label=_(declared.label)))
    title = f"{_(declared.label)} {ctx.today}"
    values = {**_common(ctx, panel.plugin), "data": data, "params": params, "title": title}
    values["panel"] = {"name": declared.name, "label": _(declared.label)}
    return title, _render(ctx, panel.plugin, declared.print, values)


@cache
def style() -> str:
    """Give the style of printed pages."""
    return STYLE.read_text("utf-8")


def document(title: str, contents: Markup) -> str:
    """Put everything into one text, which a mail or another system shows without asking for more."""
    return (
        f'<!doctype html>\n<html lang="{html_lang()}">\n'
        f'<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{style()}</style>\n</head>\n<body>\n{contents}\n</body>\n</html>\n"
    )


def _filled(ctx: "Context", form: LiveForm, record: Record, name: str) -> tuple[str, Markup]:
    declared = form.declared.prints.get(name)
    if declared is None:
        raise NotFound(_("没有打印页“{name}”。", name=name))
    if declared.when is not None and not form.condition(declared.when).matches(record, ctx.tokens):
        raise Refused(
            _("这条记录现在不能打印“{label}”，请刷新后查看它的状态。", label=_(declared.label)), code="not_allowed_now"
        )
    shown = reading.show(ctx, form, [record])[0]
    title = f"{_(declared.label)} {shown['$title']}"
    values = {**_common(ctx, form.plugin), **_helpers(ctx, form, shown["id"]), **_facts(form, shown), "title": title}
    return title, _render(ctx, form.plugin, name, values)


def _common(ctx: "Context", plugin: str) -> dict[str, Any]:
    """Give what every page has: the plugin's settings, the day, and how to write words, amounts and days."""
    facts = {"settings": settings.printable(ctx, plugin), "today": ctx.today.isoformat()}
    return {**facts, "_": _, "money": money, "capitals": capitals, "day": day}


def _facts(form: LiveForm, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a page is about: the record with its lines, and its form."""
    rows = {
        name: [Shown(declared.fields, line) for line in shown.get(name) or ()]
        for name, declared in form.fields.items()
        if declared.type == "lines"
    }
    return {
        "record": Shown(form.fields, {**shown, **rows}),
        "form": {"name": form.name, "label": _(form.declared.label)},
    }


def _helpers(ctx: "Context", form: LiveForm, record_id: int) -> dict[str, Any]:
    def text(row: Shown, name: str) -> str:
        return words.of_field(ctx, row._fields[name], row._values)

    def label(name: str, column: str | None = None, of: str = form.name) -> str:
        declared = ctx.platform.forms[of].fields[name]
        return _(declared.fields[column].label if column else declared.label)

    def pointing(name: str, by: str, sort: str = "id") -> list[Shown]:
        """Give the records of a form that point to this one by a field, those that the person may see."""
        other = ctx.platform.forms[name]
        if other.fields[by].form != form.name:
            raise LookupError(f"'{by}' of '{name}' does not point to '{form.name}'.")
        found = getattr(ctx.personal.forms, name).find(order_by=sort, **{by: record_id})
        return [Shown(other.fields, row) for row in reading.show(ctx, other, found)]

    return {"text": text, "label": label, "pointing": pointing}


def day(value: Any) -> str:
    """Write a day in full, as letters do; nothing for none."""
    if value is None:
        return ""
    moment = value if isinstance(value, date) else date.fromisoformat(value)
    return format_date(moment, "long", locale=language.get())


def _render(ctx: "Context", plugin: str, name: str, values: Mapping[str, Any]) -> Markup:
    try:
        return fill(ctx.platform, plugin, PRINTS, name, values)
    except TemplateFault as fault:
        sentence = _(
            "打印模板 {file} 第 {line} 行有误，不能打印，请联系管理员：{fault}",
            file=fault.file,
            line=fault.line,
            fault=fault.fault,
        )
        raise Refused(sentence, code="print_failed") from fault
