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
from lowcode.records import reading, words
from lowcode.records.record import Record
from lowcode.templates import PRINTS, TemplateFault, fill, money

if TYPE_CHECKING:
    from lowcode.context import Context

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


def document(ctx: "Context", form: LiveForm, record_id: int, name: str) -> str:
    """Give a page as one whole document. Raises as `sheet` does."""
    return _document(*sheet(ctx, form, record_id, name))


def of_record(ctx: "Context", record: Record, name: str) -> str:
    """Give a page about a record at hand as one whole document, with what the person who acts may see."""
    return _document(*_filled(ctx.person, ctx.platform.forms[type(record).__name__], record, name))


@cache
def style() -> str:
    """Give the style of printed pages."""
    return STYLE.read_text("utf-8")


def _document(title: str, contents: Markup) -> str:
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
    values = {**_helpers(ctx, form), **_facts(ctx, form, shown), "title": title}
    return title, _render(ctx, form, name, values)


def _facts(ctx: "Context", form: LiveForm, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a page is about: the record with its lines, its form, the plugin's settings, the day."""
    rows = {
        name: [Shown(declared.fields, line) for line in shown.get(name) or ()]
        for name, declared in form.fields.items()
        if declared.type == "lines"
    }
    return {
        "record": Shown(form.fields, {**shown, **rows}),
        "form": {"name": form.name, "label": _(form.declared.label)},
        "settings": settings.values(ctx, form.plugin),
        "today": ctx.today.isoformat(),
    }


def _helpers(ctx: "Context", form: LiveForm) -> dict[str, Any]:
    def text(row: Shown, name: str) -> str:
        return words.of_field(ctx, row._fields[name], row._values)

    def label(name: str, column: str | None = None) -> str:
        declared = form.fields[name]
        return _(declared.fields[column].label if column else declared.label)

    return {"_": _, "text": text, "label": label, "money": money, "day": day}


def day(value: Any) -> str:
    """Write a day in full, as letters do; nothing for none."""
    if value is None:
        return ""
    moment = value if isinstance(value, date) else date.fromisoformat(value)
    return format_date(moment, "long", locale=language.get())


def _render(ctx: "Context", form: LiveForm, name: str, values: Mapping[str, Any]) -> Markup:
    try:
        return fill(ctx.platform, form.plugin, PRINTS, name, values)
    except TemplateFault as fault:
        sentence = _(
            "打印模板 {file} 第 {line} 行有误，不能打印，请联系管理员：{fault}",
            file=fault.file,
            line=fault.line,
            fault=fault.fault,
        )
        raise Refused(sentence, code="print_failed") from fault
