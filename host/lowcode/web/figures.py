"""What templates of panels draw with: figures, tables, bars and columns, safe under the pages' content policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from flask import get_template_attribute
from markupsafe import Markup

from lowcode import instants, templates
from lowcode.declare.fields import COLOURS, Field
from lowcode.errors import Refused
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.fieldtypes.base import FieldType
from lowcode.i18n import _
from lowcode.money import capitals
from lowcode.panels import Found
from lowcode.templates import PANELS, TemplateFault, money

if TYPE_CHECKING:
    from lowcode.context import Context

RIGHT = frozenset({"money", "number"})
PLOT = 160
"""The height of the tallest column."""

STEP, WIDE, LEFT = 76, 26, 96
"""The width of a group of columns and of one column, and the room of the axis."""

NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_NUMBER: FieldType = FIELD_TYPES["number"]
_PLAIN = Field(name="", label="", type="number", digits=6)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    key: str
    label: str
    kind: str = "text"
    words: Mapping[str, Any] | None = None
    """For codes: what each is called, or a pair of that and the colour of its tag."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One value, ready for the template."""

    text: str
    kind: str
    href: str = ""
    colour: str = ""


class Parts:
    """The helpers of one panel; remembers which columns each of its lists is shown with."""

    def __init__(self, ctx: "Context", data: Mapping[str, Any], export: str = "") -> None:
        self.ctx, self.data, self.export = ctx, data, export
        self.columns: dict[str, list[Column]] = {}

    def helpers(self) -> dict[str, Any]:
        """Give what templates may call."""
        return {
            "figures": self.figures,
            "table": self.table,
            "bars": self.bars,
            "columns_chart": self.columns_chart,
            "money": money,
            "capitals": capitals,
            "number": number,
        }

    def figures(self, items: Sequence[Sequence[Any]]) -> Markup:
        """Show key figures: `(label, value)` or `(label, value, note)`."""
        return _macro("figures", [(*each, "", "")[:3] for each in items])

    def table(
        self,
        columns: Sequence[Sequence[Any]],
        rows: Sequence[Mapping[str, Any]],
        label: str = "",
        total: Mapping[str, Any] | None = None,
        empty: str = "",
    ) -> Markup:
        """Show mappings as rows; `columns` are `(key, label, kind)`, for the kind `choice` with words by code."""
        made = [Column(*each) for each in columns]
        key = next((name for name, value in self.data.items() if value is rows), "")
        if key:
            self.columns[key] = made
        cells = [[self.shown(each, row) for each in made] for row in rows]
        foot = [self.shown(each, total) for each in made] if total is not None else []
        address = f"{self.export}format=csv&table={key}" if key and self.export else ""
        words = {"empty": empty or _("没有内容。"), "export": _("导出"), "blank": _("空")}
        return _macro("table", made, cells, foot, label or _("表格"), address, key, words, RIGHT)

    def bars(
        self,
        rows: Sequence[Mapping[str, Any]],
        label: str = "label",
        value: str = "value",
        kind: str = "money",
        notes: Sequence[Sequence[Any]] = (),
    ) -> Markup:
        """Show one bar for each row, with its number and what `notes`, columns as those of a table, say beside it."""
        amounts = [_amount(row.get(value)) for row in rows]
        most = max(amounts, default=Decimal(0)) or Decimal(1)
        known = [Column(*each) for each in notes]
        lines = [
            {
                "label": row.get(label, ""),
                "width": _tenth(max(amount, Decimal(0)) / most * 100),
                "text": self.shown(Column(value, "", kind), row).text,
                "notes": [(each.label, self.shown(each, row).text) for each in known],
            }
            for row, amount in zip(rows, amounts, strict=True)
        ]
        return _macro("bars", lines)

    def columns_chart(
        self,
        rows: Sequence[Mapping[str, Any]],
        label: str = "label",
        series: Sequence[Sequence[str]] = (("value", ""),),
        kind: str = "money",
        title: str = "",
    ) -> Markup:
        """Show groups of columns side by side, such as months; `series` are `(key, label)`."""
        made = [Column(key, name, kind) for key, name in series]
        top = _nice(max((_amount(row.get(each.key)) for row in rows for each in made), default=Decimal(0)))
        groups = [
            {
                "label": row.get(label, ""),
                "x": LEFT + place * STEP,
                "middle": LEFT + place * STEP + (WIDE * len(made)) // 2,
                "bars": [
                    self._bar(each, row, LEFT + place * STEP + number * WIDE, top) for number, each in enumerate(made)
                ],
            }
            for place, row in enumerate(rows)
        ]
        lines = [(PLOT - PLOT * part // 4 + 10, number(top * part / 4)) for part in range(5)]
        size = {"width": LEFT + len(rows) * STEP, "height": PLOT + 40, "plot": PLOT, "wide": WIDE - 3, "left": LEFT}
        return _macro("columns", groups, [each.label for each in made], lines, size, title or _("图表"))

    def _bar(self, column: Column, row: Mapping[str, Any], x: int, top: Decimal) -> dict[str, Any]:
        height = _tenth(max(_amount(row.get(column.key)), Decimal(0)) / top * PLOT)
        return {
            "x": x,
            "y": Decimal(PLOT + 10) - height,
            "height": height,
            "name": column.label,
            "text": self.shown(column, row).text,
        }

    def shown(self, column: Column, row: Mapping[str, Any]) -> Shown:
        """Write one value for people."""
        value, kind = row.get(column.key), column.kind
        if value is None or value == "":
            return Shown("", "blank")
        if kind == "money":
            return Shown(money(value), kind)
        if kind == "number":
            return Shown(number(value), kind)
        if kind == "choice":
            word = (column.words or {}).get(value, str(value))
            text, colour = (word, "") if isinstance(word, str) else word
            return Shown(text, "tag", colour=colour if colour in COLOURS else "")
        if isinstance(value, Mapping):
            form, key = value.get("form"), value.get("id")
            known = kind == "link" and form in self.ctx.platform.forms and isinstance(key, int)
            return Shown(str(value.get("title", "")), "link" if known else "text", f"/f/{form}/{key}" if known else "")
        if isinstance(value, bool):
            return Shown(_("是") if value else _("否"), "text")
        return Shown(self._moment(value) if kind == "date" else str(value), kind)

    def _moment(self, value: Any) -> str:
        """Write a day, or an instant in the business time zone."""
        if isinstance(value, datetime):
            return instants.written(value, self.ctx.time_zone)
        text = value.isoformat() if isinstance(value, date) else str(value)
        return self._moment(datetime.fromisoformat(text)) if "T" in text else text

    def cell(self, column: Column, row: Mapping[str, Any]) -> Any:
        """Give one value as a file holds it: exact numbers, and words for everything else."""
        value = row.get(column.key)
        if column.kind in RIGHT and value not in (None, ""):
            return Decimal(str(value))
        return self.shown(column, row).text or None


def draw(
    ctx: "Context", panel: Found, params: Mapping[str, Any], data: Mapping[str, Any], export: str = ""
) -> tuple[Markup | None, Parts]:
    """Fill the template of a panel, None when the plugin ships none; `export` is the start of the addresses of files.

    Raises Refused for a faulty template.
    """
    parts, name = Parts(ctx, data, export), panel.declared.name
    if not templates.has(ctx.platform, panel.plugin, PANELS, name):
        return None, parts
    values = {"_": _, "data": data, "params": params, **parts.helpers()}
    try:
        return templates.fill(ctx.platform, panel.plugin, PANELS, name, values), parts
    except TemplateFault as fault:
        sentence = _(
            "页面模板 {file} 第 {line} 行有误，不能显示，请联系管理员：{fault}",
            file=fault.file,
            line=fault.line,
            fault=fault.fault,
        )
        raise Refused(sentence, code="panel_failed") from fault


def number(value: Any) -> str:
    """Write a number with thousands and without zeros that say nothing; nothing for none."""
    return "" if value is None else _NUMBER.text(_PLAIN, str(value))


def _macro(name: str, *arguments: Any) -> Markup:
    return Markup(get_template_attribute("figures.html", name)(*arguments))  # noqa: S704 (the macro has escaped it)


def _amount(value: Any) -> Decimal:
    return Decimal(0) if value is None or value == "" else Decimal(str(value))


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))


def _nice(most: Decimal) -> Decimal:
    """Give a round number that nothing exceeds: the end of an axis."""
    if most <= 0:
        return Decimal(1)
    unit = Decimal(1).scaleb(most.adjusted())
    return next(step * unit for step in NICE if step * unit >= most).quantize(Decimal(1), ROUND_CEILING) or Decimal(1)
