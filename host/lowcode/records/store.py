"""Records in the database: reading rows into records and writing records to rows. No rules, no permissions."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    JSON,
    ColumnElement,
    Numeric,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from lowcode.configuration import upsert
from lowcode.database.among import among
from lowcode.database.columns import FixedDecimal, Id
from lowcode.database.schema import merged_records
from lowcode.errors import Conflict
from lowcode.forms import LIVE, LiveForm
from lowcode.i18n import _
from lowcode.records import differences
from lowcode.records.record import Line, Record, values_of

if TYPE_CHECKING:
    from lowcode.context import Context


Lock = Literal["change", "delete"]


def load(
    ctx: "Context",
    form: LiveForm,
    record_id: int,
    *where: ColumnElement[bool],
    lock: Lock | None = None,
    deleted: bool = False,
) -> Record | None:
    """Read one record with its lines, locked until the end of the transaction when it is to be changed.

    A change lets others go on pointing at the record; a deletion waits for them.
    """
    live = form.table.c.deleted_at.is_not(None) if deleted else form.table.c.deleted_at.is_(None)
    statement = _prepared(ctx, form, None, _select_one).where(live, *where)
    if lock:
        statement = statement.with_for_update(key_share=lock == "change")
    row = ctx.connection.execute(statement, {"key": record_id}).first()
    if row is None:
        return None
    record = form.record_class(**row._asdict())
    load_lines(ctx, form, [record])
    return record


def lock_many(ctx: "Context", form: LiveForm, *where: ColumnElement[bool]) -> None:
    """Lock several live records for changes, in the order of their ids, so that two who do so never wait in a ring."""
    live = select(form.table.c.id).where(form.table.c.deleted_at.is_(None), *where)
    ctx.connection.execute(live.order_by(form.table.c.id).with_for_update(key_share=True)).all()


def load_many(ctx: "Context", form: LiveForm, statement: Any, with_lines: bool = False) -> list[Record]:
    """Read the records that a select of the form's table gives."""
    records = [form.record_class(**row._asdict()) for row in ctx.connection.execute(statement).all()]
    if with_lines and records:
        load_lines(ctx, form, records)
    return records


def load_lines(ctx: "Context", form: LiveForm, records: Sequence[Record]) -> None:
    """Read the line items of the records, one query for each line items field."""
    for name in form.line_tables:
        make = form.record_class.__lines__[name]
        lines: dict[int, list[Line]] = {record.id: [] for record in records}
        statement = _prepared(ctx, form, name, _select_lines)
        blank = [None] * (len(make.__fields__) - len(form.line_tables[name].c) + 2)  # what is derived comes last
        for record_id, *values in ctx.connection.execute(statement, {"ids": lines.keys()}).all():
            lines[record_id].append(make.of(values + blank))
        for record in records:
            setattr(record, name, lines[record.id])


def insert_record(ctx: "Context", form: LiveForm, record: Record) -> bool:
    """Write a new record and its lines; the record gets its id. False when its number is taken: nothing is written."""
    differences.fill(form, record)
    try:
        record.id = ctx.connection.scalar(_insert(ctx, form), row_of(form, record))
    except IntegrityError as error:
        raise duplicate(form, error) from error
    if record.id is None:
        return False
    for name in form.line_tables:
        lines = getattr(record, name)
        _insert_lines(ctx, form, name, record, lines, list(range(len(lines))))
    return True


def update_record(ctx: "Context", form: LiveForm, record: Record, original: Record) -> None:
    """Write a changed record and the lines that differ."""
    differences.fill(form, record)
    values = row_of(form, record)
    before = row_of(form, original)
    changed = {name: value for name, value in values.items() if value != before[name]}
    try:
        done = ctx.connection.execute(
            update(form.table)
            .where(form.table.c.id == record.id, form.table.c.version == original.version)
            .values(**differences.with_changes(form, changed))
        )
    except IntegrityError as error:
        raise duplicate(form, error) from error
    if done.rowcount != 1:
        raise stale()
    ctx.written[form.name, record.id] = record.version
    ctx.reach.followed.clear()
    for name in form.line_tables:
        _update_lines(ctx, form, name, record, getattr(original, name))


def merged(ctx: "Context", form: LiveForm, ids: Collection[int]) -> set[int]:
    """Name those of these records that were merged into another one."""
    if not ids:
        return set()
    table = merged_records.c
    statement = select(table.source).where(table.form == form.name, table.source.in_(ids))
    return set(ctx.connection.scalars(statement))


def row_of(form: LiveForm, record: Record) -> dict[str, Any]:
    """Give the values of the record's own row."""
    return {column.name: getattr(record, column.name) for column in form.table.c if column.name != "id"}


def stale() -> Conflict:
    """Make the answer to a change based on an old version."""
    return Conflict(_("这条记录刚刚被别人修改过，请刷新后重新编辑。"), code="stale_version")


def duplicate(form: LiveForm, error: IntegrityError) -> Conflict:
    """Tell which unique field is taken."""
    text = str(error.orig)
    for name, declared in form.fields.items():
        if declared.unique and (f"uq_{form.table.name}_{name}" in text or f"{form.table.name}.{name}" in text):
            return taken(form, name)
    return Conflict(_("与已有的记录重复。"), code="duplicate")


def taken(form: LiveForm, name: str) -> Conflict:
    """Make the answer to a value that another record has."""
    sentence = _("“{label}”已经存在，请换一个。", label=_(form.fields[name].label))
    return Conflict(sentence, code="duplicate", errors={name: [sentence]})


def _update_lines(ctx: "Context", form: LiveForm, name: str, record: Record, before: list[Line]) -> None:
    table, lines = form.line_tables[name], getattr(record, name)
    kept = {line.id for line in lines}  # a new line's id is None
    if gone := [line.id for line in before if line.id not in kept]:
        ctx.connection.execute(delete(table).where(table.c.id.in_(gone)))
    standing = {line.id: _line_row(table, line, index) for index, line in enumerate(before)}
    added = [(index, line) for index, line in enumerate(lines) if line.id is None]
    changed = [
        {"key": line.id, **_line_row(table, line, index)}
        for index, line in enumerate(lines)
        if line.id is not None and _line_row(table, line, index) != standing[line.id]
    ]
    if changed:
        names = [key for key in changed[0] if key != "key"]
        statement = update(table).where(table.c.id == bindparam("key")).values({key: bindparam(key) for key in names})
        ctx.connection.execute(statement, changed)
    _insert_lines(ctx, form, name, record, [line for _index, line in added], [index for index, _line in added])


def _line_row(table: Table, line: Line, position: int) -> dict[str, Any]:
    stored = {name: value for name, value in values_of(line).items() if name != "id" and name in table.c}
    return stored | {"position": position}


def _insert_lines(
    ctx: "Context", form: LiveForm, name: str, record: Record, lines: Sequence[Line], positions: Sequence[int]
) -> None:
    if not lines:
        return
    table = form.line_tables[name]
    rows = [_line_row(table, line, position) for line, position in zip(lines, positions, strict=True)]
    if ctx.platform.db.is_sqlite:
        rows = [row | {"record_id": record.id} for row in rows]
        ids = ctx.connection.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows).all()
    else:
        values = {"record": record.id, "lines": _AS_JSON.encode(rows)}
        made = ctx.connection.execute(_prepared(ctx, form, name, _insert_json), values).all()
        ids = [line_id for _position, line_id in sorted(made)]
    for line, line_id in zip(lines, ids, strict=True):
        line.id = line_id


def _prepared(ctx: "Context", form: LiveForm, name: str | None, make: Callable[[Table], Any]) -> Any:
    """Give a statement about the form's table or that of its line items, made once."""
    key = (make.__name__, form.name, name)
    if key not in ctx.platform.prepared:
        ctx.platform.prepared[key] = make(form.line_tables[name] if name else form.table)
    return ctx.platform.prepared[key]


def _select_one(table: Table) -> Select[Any]:
    return select(table).where(table.c.id == bindparam("key"))


def _insert(ctx: "Context", form: LiveForm) -> Any:
    """Give the statement that adds a record, or adds nothing when its number is taken, made once."""
    key = ("insert", form.name)
    if key not in ctx.platform.prepared:
        statement = upsert(ctx.connection, form.table)
        if form.declared.number:
            live = text(LIVE)
            statement = statement.on_conflict_do_nothing(index_elements=[form.table.c.number], index_where=live)
        ctx.platform.prepared[key] = statement.returning(form.table.c.id)
    return ctx.platform.prepared[key]


def _select_lines(table: Table) -> Select[Any]:
    columns = [table.c.record_id, *(each for each in table.c if each.name not in {"record_id", "position"})]
    return select(*columns).where(among(table.c.record_id)).order_by(table.c.record_id, table.c.position)


def _insert_json(table: Table) -> Any:
    """Make PostgreSQL's insert of any number of lines, which come as one value: the text is always the same."""
    columns = [each for each in table.c if each.name not in {"id", "record_id"}]
    lines = func.json_to_recordset(cast(bindparam("lines", type_=Text()), JSON))
    given = lines.table_valued(*(column(each.name, _unbounded(each.type)) for each in columns), name="given")
    rows = select(bindparam("record", type_=Id), *given.render_derived(with_types=True).c)
    names = ["record_id", *(each.name for each in columns)]
    return insert(table).from_select(names, rows).returning(table.c.position, table.c.id)


def _plain(value: object) -> str:
    """Write a decimal exactly, a day, or an instant as its column holds it, in UTC without a zone."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.isoformat() if isinstance(value, date) else str(value)


_AS_JSON = json.JSONEncoder(ensure_ascii=False, default=_plain)


def _unbounded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Give the type without its bounds: a cast to `varchar(50)` cuts a text that the column itself refuses."""
    if isinstance(kind, String):
        return Text()
    return Numeric() if isinstance(kind, FixedDecimal) else kind
