"""Lists as files: what the person may read of them, as CSV or as a workbook, in parts of bounded size.

Who may export, the row filter, fields that are for others and masks are those of lists and records.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import func, select

from lowcode import access, instants
from lowcode.characters import is_legal_in_xml
from lowcode.database.among import among
from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, many
from lowcode.records import csvs, listing, pages, reading
from lowcode.records.listing import Query
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

CHUNK = 500
MOST_IN_A_SHEET = 1_048_575
"""Rows that a workbook holds under its heading."""

OWN = frozenset({"format", "columns"})
PAGING = frozenset({"page", "per_page", "after"})
STAMPS = ("created_at", "created_by", "updated_at", "updated_by")
NUMBERS = frozenset({"number", "money"})
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A list to be written: its columns and what selects its records."""

    form: LiveForm
    columns: tuple[Field, ...]
    asked: pages.Asked
    total: int


def prepare(ctx: "Context", form: LiveForm, args: Mapping[str, list[str]], kind: str) -> Export:
    """Check a request for an export; its query string is that of the list. Raises NotFound, Forbidden and Invalid."""
    access.require(ctx, form, "read")
    access.require(ctx, form, "export")
    columns = args.get("columns", ["list"])[-1]
    faults = {
        name: [_("请填写 {words} 之一。", words=" / ".join(words))]
        for name, value, words in (("format", kind, tuple(WRITERS)), ("columns", columns, ("list", "all")))
        if value not in words
    }
    if faults:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=faults)
    filters = {name: values for name, values in args.items() if name not in OWN | PAGING}
    query, asked = listing.checked(ctx, form, filters)
    exporting = {role for role, _part in access.grants(ctx, form, "export")}
    granted = (access.clause(ctx, form, "export"), access.clause(ctx, form, "read", exporting))
    asked = replace(asked, where=[*asked.where, *granted])
    total = pages.count(ctx, form, asked)
    if kind == "xlsx" and total > MOST_IN_A_SHEET:
        sentence = _("一张工作表最多 {most} 行，请缩小范围或改用 CSV。", most=MOST_IN_A_SHEET)
        raise Invalid(sentence, errors={"format": [sentence]})
    return Export(form, tuple(_columns(ctx, form, query, columns == "all")), asked, total)


def write(ctx: "Context", export: Export, kind: str, target: IO[bytes]) -> None:
    """Write the whole export to a file."""
    WRITERS[kind](export, _rows(ctx, export), target)


def _columns(ctx: "Context", form: LiveForm, query: Query, is_whole: bool) -> list[Field]:
    known = visible_fields(form, ctx.user.roles)
    if is_whole:
        heads = ("number", "status") if form.workflow else ("number",)
        names: Sequence[str] = (*heads, *form.declared.fields, *STAMPS)
    else:
        view = query.view or next(iter(form.declared.lists.values()))
        names = query.names or view.columns
    return [known[name] for name in dict.fromkeys(names) if name in known and name not in reading.HIDDEN]


def _rows(ctx: "Context", export: Export) -> Iterator[Cells]:
    """Give the cells of each record. What one part looked up is forgotten before the next."""
    form = export.form
    plain = [each.name for each in export.columns if each.type != "lines"]
    counted = [each.name for each in export.columns if each.type == "lines"]
    for records in pages.walk(ctx, form, export.asked, CHUNK):
        counts = {name: _count_lines(ctx, form, name, records) for name in counted}
        for record, shown in zip(records, reading.show(ctx, form, records, plain), strict=True):
            shown.update({name: counts[name].get(record.id, 0) for name in counted})
            yield [_cell(ctx, each, shown) for each in export.columns]
        for kept in (ctx.titles, ctx.file_facts, ctx.reach):
            kept.clear()


def _count_lines(ctx: "Context", form: LiveForm, name: str, records: Sequence[Record]) -> dict[int, int]:
    lines = form.line_tables[name]
    counted = select(lines.c.record_id, func.count().label("lines")).group_by(lines.c.record_id)
    ids = {"ids": [record.id for record in records]}
    return {row.record_id: row.lines for row in ctx.connection.execute(counted.where(among(lines.c.record_id)), ids)}


def _cell(ctx: "Context", declared: Field, shown: Mapping[str, Any]) -> Any:
    """Turn a value of a record's JSON into what a cell holds: a text, a number, a day, an instant or nothing."""
    value = shown[declared.name]
    if value is None or value == "":
        return None
    if declared.type in NUMBERS:
        return Decimal(value)
    if declared.type == "date":
        return date.fromisoformat(value)
    if declared.type == "datetime":
        return instants.local(datetime.fromisoformat(value), ctx.platform.config.time_zone).replace(tzinfo=None)
    if declared.type == "boolean":
        return _("是") if value else _("否")
    if declared.type == "choice":
        return shown["$labels"].get(declared.name, value)
    if declared.type in {"ref", "user", "department"}:
        return value["title"]
    if declared.type == "image":
        return value["name"]
    if declared.type == "files":
        return "、".join(each["name"] for each in value) or None
    return value


def _write_csv(export: Export, rows: Iterator[Cells], target: IO[bytes]) -> None:
    csvs.write([_(each.label) for each in export.columns], rows, target)


def _write_xlsx(export: Export, rows: Iterator[Cells], target: IO[bytes]) -> None:
    """Write a workbook whose texts are texts, whatever they begin with, and whose numbers keep every place."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(many(export.form.declared.label)))
    sheet.freeze_panes = "A2"
    sheet.append([_text_cell(sheet, _(each.label)) for each in export.columns])
    formats = [_number_format(each) for each in export.columns]
    for row in rows:
        cells = zip(row, formats, strict=True)
        sheet.append([_sheet_cell(sheet, value, number_format) for value, number_format in cells])
    book.save(target)


def _sheet_cell(sheet: Any, value: Any, number_format: str) -> Any:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return _text_cell(sheet, value)
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def _text_cell(sheet: Any, text: str) -> Any:
    """Make a cell of a text; what XML cannot hold, in texts that were stored before it was refused, is marked."""
    legal = "".join(each if is_legal_in_xml(each) else REPLACEMENT for each in text)
    cell = WriteOnlyCell(sheet, legal)
    cell.data_type = "s"
    return cell


def _number_format(declared: Field) -> str:
    if declared.type in NUMBERS:
        digits = 2 if declared.digits is None else declared.digits
        return "#,##0" + (f".{'0' * digits}" if digits else "")
    return "yyyy-mm-dd" if declared.type == "date" else "yyyy-mm-dd hh:mm"


def _sheet_name(label: str) -> str:
    """Leave out what a workbook does not take in the name of a sheet."""
    return "".join(each for each in label if each not in "[]:*?/\\'")[:31] or "1"


WRITERS: Mapping[str, Callable[[Export, Iterator[Cells], IO[bytes]], None]] = {"csv": _write_csv, "xlsx": _write_xlsx}
