"""Lists: declared views with filters, search, sort, pages by number or by key, and the total."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from lowcode import access, paging
from lowcode.conditions import ConditionFault, containing, parse, split_key
from lowcode.declare.model import ListView
from lowcode.errors import Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES, TextType, ValueFault
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.identity.tables import users
from lowcode.records import reading, store
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

RESERVED = frozenset({"list", "search", "sort", "page", "per_page", "after", "fields"})
ALWAYS = ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "number", "status")


@dataclass(slots=True)
class Query:
    """A request for a list, checked against what is declared."""

    view: ListView | None
    allowed: set[str]
    search: str = ""
    sort: list[tuple[str, bool]] = field(default_factory=list)
    page: int = 1
    per_page: int = 20
    after: list[Any] | None = None
    names: list[str] | None = None
    filters: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def list_records(
    ctx: "Context", form: LiveForm, args: Mapping[str, list[str]], deleted: bool = False
) -> dict[str, Any]:
    """Answer one page of a list."""
    access.require(ctx, form, "read")
    query, where = checked(ctx, form, args, deleted)
    records, total = _page(ctx, form, query, where)
    more, records = len(records) > query.per_page, records[: query.per_page]
    answer: dict[str, Any] = {
        "items": reading.serialise(ctx, form, records, query.names),
        "page": query.page,
        "per_page": query.per_page,
        "total": total,
        "total_is_exact": True,
    }
    if more and records:
        answer["next"] = _cursor(form, query, records[-1])
    return answer


def checked(
    ctx: "Context", form: LiveForm, args: Mapping[str, list[str]], deleted: bool = False
) -> tuple[Query, list[ColumnElement[bool]]]:
    """Read a query string: what is asked, and the conditions of the records in it. Raises Invalid."""
    query = read_query(ctx, form, args)
    where = _where(ctx, form, query, deleted)
    if query.errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=query.errors)
    return query, where


def count(ctx: "Context", form: LiveForm, where: list[ColumnElement[bool]]) -> int:
    """Count the records that satisfy the conditions."""
    return ctx.connection.scalar(select(func.count()).select_from(form.table).where(*where)) or 0


def walk(
    ctx: "Context", form: LiveForm, query: Query, where: list[ColumnElement[bool]], size: int
) -> Iterator[list[Record]]:
    """Read all records in the order of the list, so many at a time, each part behind the last key of the one before."""
    found = _sorted(form, query, select(form.table).where(*where)).limit(size)
    records = store.load_many(ctx, form, found)
    while records:
        yield records
        if len(records) < size:
            return
        last = [getattr(records[-1], name) for name, _descending in _keys(query)]
        records = store.load_many(ctx, form, found.where(_beyond(form, query, last)))


def _page(ctx: "Context", form: LiveForm, query: Query, where: list[ColumnElement[bool]]) -> tuple[list[Record], int]:
    """Read a page's records, and one more if there is one, and count all that there are.

    Looking into texts is what takes time, so a search counts and finds in one pass, over ids only.
    """
    if query.search and query.after is None:
        counted = select(form.table.c.id, func.count().over().label("total")).where(*where)
        page = _from_page(_sorted(form, query, counted), query).subquery("page")
        found = select(page.c.total, form.table).join(page, page.c.id == form.table.c.id)
        rows = ctx.connection.execute(_sorted(form, query, found)).all()
        if rows:
            names = [column.name for column in form.table.c]
            return [form.record_class(**dict(zip(names, row[1:], strict=True))) for row in rows], rows[0][0]
    total = count(ctx, form, where)
    found = _from_page(_sorted(form, query, select(form.table).where(*where)), query)
    if query.after is not None:
        found = found.where(_beyond(form, query, query.after))
    return store.load_many(ctx, form, found), total


def read_query(ctx: "Context", form: LiveForm, args: Mapping[str, list[str]]) -> Query:
    """Check a query string against the declared list."""
    name = _one(args, "list")
    view = form.declared.lists.get(name) if name else None
    if name and view is None:
        raise NotFound(_("没有列表“{name}”。", name=name))
    known = visible_fields(form, ctx.user.roles)
    views = [view] if view else list(form.declared.lists.values())
    query = Query(view, _allowed(form, views) & known.keys())
    query.search = _one(args, "search") or ""
    query.page = paging.number(_one(args, "page"), "page", 1, paging.MOST_PAGES, query.errors)
    query.per_page = paging.number(_one(args, "per_page"), "per_page", 20, paging.MOST_PER_PAGE, query.errors)
    query.sort = _sort(form, query, _one(args, "sort") or ",".join(views[0].sort))
    if names := _one(args, "fields"):
        query.names = names.split(",")
        for unknown in set(query.names) - known.keys():
            query.errors["fields"] = [_("没有字段“{name}”。", name=unknown)]
    if cursor := _one(args, "after"):
        query.after = _read_cursor(form, query, cursor)
    query.filters = {key: values[-1] for key, values in args.items() if key not in RESERVED}
    return query


def _allowed(form: LiveForm, views: Iterable[ListView]) -> set[str]:
    names = {*ALWAYS, form.declared.owner or "id", form.declared.title}
    for view in views:
        names |= {*view.columns, *view.filters, *view.search, *(each.lstrip("-") for each in view.sort)}
    return names


def _one(args: Mapping[str, list[str]], name: str) -> str | None:
    values = args.get(name)
    return values[-1] if values else None


def _sort(form: LiveForm, query: Query, raw: str) -> list[tuple[str, bool]]:
    keys: list[tuple[str, bool]] = []
    for part in filter(None, raw.split(",")):
        name = part.removeprefix("-")
        if name not in query.allowed or name in form.masked:
            query.errors["sort"] = [_("不能按“{name}”排序。", name=name)]
        else:
            keys.append((name, part.startswith("-")))
    return keys[:3] or [("id", True)]


def _where(ctx: "Context", form: LiveForm, query: Query, deleted: bool) -> list[ColumnElement[bool]]:
    table = form.table
    where: list[ColumnElement[bool]] = [table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)]
    where.append(access.clause(ctx, form, "delete" if deleted else "read"))
    if query.view and query.view.where:
        where.append(form.condition(query.view.where).clause(form, ctx.tokens))
    for key, value in query.filters.items():
        if clause := _filter(ctx, form, query, key, value):
            where.append(clause[0])
    if query.search:
        where.append(_search(ctx, form, query))
    return where


def _filter(ctx: "Context", form: LiveForm, query: Query, key: str, value: str) -> list[ColumnElement[bool]]:
    if split_key(key)[0] not in query.allowed:
        query.errors[key] = [_("不能按“{name}”筛选。", name=split_key(key)[0])]
        return []
    if value == "":
        return []
    try:
        found = parse({key: value}, form.fields).clause(form, ctx.tokens)
        return [_of_the_whole(ctx, form, split_key(key)[0], found)]
    except ConditionFault as fault:
        query.errors[key] = [fault.message]
        return []


def _search(ctx: "Context", form: LiveForm, query: Query) -> ColumnElement[bool]:
    """Look for the text in every search field; in a reference, in the title of what it points at."""
    views = [query.view] if query.view else list(form.declared.lists.values())
    names = dict.fromkeys(name for view in views for name in view.search if name in query.allowed)
    try:
        text = TextType().parse_operand(form.fields["id"], query.search)
    except ValueFault as fault:
        query.errors["search"] = [str(fault)]
        return false()
    return or_(false(), *(contains(ctx, form, name, text) for name in names))


def contains(ctx: "Context", form: LiveForm, name: str, text: str) -> ColumnElement[bool]:
    """Look for a text in one field, as far as the person sees its value."""
    declared, column = form.fields[name], form.column(name)
    if declared.type == "ref":
        target = ctx.platform.forms[declared.form or ""]
        title = containing(target.column(target.declared.title), text)
        return column.in_(select(target.table.c.id).where(title))
    if declared.type == "user":
        return column.in_(select(users.c.id).where(containing(users.c.name, text)))
    return _of_the_whole(ctx, form, name, containing(column, text))


def _of_the_whole(ctx: "Context", form: LiveForm, name: str, found: ColumnElement[bool]) -> ColumnElement[bool]:
    """Count only records of which the person sees the whole value: a hit would tell what is hidden."""
    verb = form.masked.get(name)
    return and_(found, access.clause(ctx, form, verb)) if verb else found


def _keys(query: Query) -> list[tuple[str, bool]]:
    """Give the sort keys with the id at the end, so that the order is total."""
    return query.sort if query.sort[-1][0] == "id" else [*query.sort, ("id", query.sort[-1][1])]


def _sorted(form: LiveForm, query: Query, statement: Select[Any]) -> Select[Any]:
    for name, descending in _keys(query):
        column = form.column(name)
        if form.table.c[name].nullable:
            statement = statement.order_by(column.is_(None))  # empty values last, on both databases
        statement = statement.order_by(column.desc() if descending else column.asc())
    return statement


def _from_page(statement: Select[Any], query: Query) -> Select[Any]:
    """Take one record more than the page holds, which tells whether there is a next one."""
    skipped = 0 if query.after is not None else (query.page - 1) * query.per_page
    return statement.limit(query.per_page + 1).offset(skipped)


def _beyond(form: LiveForm, query: Query, values: list[Any]) -> ColumnElement[bool]:
    """Select what stands behind the cursor: the first key beyond it, or equal and the next key beyond it."""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (name, descending), value in zip(_keys(query), values, strict=True):
        column = form.column(name)
        if value is not None:
            alternatives.append(and_(*equal, or_(_past(column, value, descending), column.is_(None))))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(false(), *alternatives)


def _past(column: ColumnElement[Any], value: Any, descending: bool) -> ColumnElement[bool]:
    """Compare with a value of the cursor; false comes before true."""
    if isinstance(value, bool):
        return column.is_(not descending) if value is descending else false()
    beyond: ColumnElement[bool] = column < value if descending else column > value
    return beyond


def _cursor(form: LiveForm, query: Query, last: Record) -> str:
    values = []
    for name, _descending in _keys(query):
        value = getattr(last, name)
        declared = form.fields[name]
        values.append(None if value is None else FIELD_TYPES[declared.type].dump(declared, value))
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read_cursor(form: LiveForm, query: Query, cursor: str) -> list[Any] | None:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        pairs = zip(_keys(query), raw, strict=True)
        return [
            None if value is None else FIELD_TYPES[form.fields[name].type].parse_operand(form.fields[name], value)
            for (name, _descending), value in pairs
        ]
    except (ValueError, TypeError, RecursionError):
        query.errors["after"] = [_("游标无效，请从第一页重新开始。")]
        return None
