"""Lists: declared views with filters, search and sort, checked against what is declared."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, false

from lowcode import access, paging
from lowcode.conditions import Condition, ConditionFault, lower, parse, split_key
from lowcode.database.search import holding
from lowcode.declare.model import ListView
from lowcode.errors import Invalid, NotFound
from lowcode.fieldtypes import FIELD_TYPES, TextType, ValueFault
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import pages, reading, searching
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

RESERVED = frozenset({"list", "search", "sort", "page", "per_page", "after", "fields"})
IN_TEXTS = frozenset({"contains", "startswith"})
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
    query, asked = checked(ctx, form, args, deleted)
    page = pages.read(ctx, form, asked)
    more, records = len(page.records) > query.per_page, page.records[: query.per_page]
    answer: dict[str, Any] = {
        "items": reading.serialise(ctx, form, records, query.names),
        "page": query.page,
        "per_page": query.per_page,
        "total": page.total,
        "total_is_exact": page.is_exact,
    }
    if more and records:
        answer["next"] = _cursor(form, query, records[-1])
    return answer


def checked(
    ctx: "Context", form: LiveForm, args: Mapping[str, list[str]], deleted: bool = False
) -> tuple[Query, pages.Asked]:
    """Read a query string: the request, and what it asks of the database. Raises Invalid."""
    query = read_query(ctx, form, args)
    asked = _asked(ctx, form, query, deleted)
    if query.errors:
        raise Invalid(_("列表的查询条件有误，请看各项提示。"), errors=query.errors)
    return query, asked


def read_query(ctx: "Context", form: LiveForm, args: Mapping[str, list[str]]) -> Query:
    """Check a query string against the declared list."""
    name = _one(args, "list")
    view = form.declared.lists.get(name) if name else None
    if name and view is None:
        raise NotFound(_("没有列表“{name}”。", name=name))
    known = visible_fields(form, ctx.user.roles)
    views = [view] if view else list(form.declared.lists.values())
    query = Query(view, _allowed(form, views) & known.keys() - form.derived)
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


def _asked(ctx: "Context", form: LiveForm, query: Query, deleted: bool) -> pages.Asked:
    table = form.table
    where: list[ColumnElement[bool]] = [table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)]
    where.append(access.clause(ctx, form, "delete" if deleted else "read"))
    if query.view and query.view.where:
        where.append(form.condition(query.view.where).clause(form, ctx.tokens))
    asked = pages.Asked(where, query.sort, query.page, query.per_page, query.after)
    for key, value in query.filters.items():
        if condition := _filter(form, query, key, value):
            name, operator = split_key(key)
            clause = searching.of_the_whole(ctx, form, name, condition.clause(form, ctx.tokens))
            (asked.holds if operator in IN_TEXTS else where).append(clause)
            asked.hints.extend(_hints(form, condition))
    if query.search and (names := _search_fields(form, query)):
        found = searching.search(ctx, form, names, _search_text(form, query))
        asked.holds.append(found.holds)
        asked.hints.extend(() if found.hint is None else (found.hint,))
    elif query.search:
        where.append(false())
    return asked


def _filter(form: LiveForm, query: Query, key: str, value: str) -> Condition | None:
    if split_key(key)[0] not in query.allowed:
        query.errors[key] = [_("不能按“{name}”筛选。", name=split_key(key)[0])]
        return None
    if value == "":
        return None
    try:
        return parse({key: value}, form.fields)
    except ConditionFault as fault:
        query.errors[key] = [fault.message]
        return None


def _hints(form: LiveForm, condition: Condition) -> Iterator[ColumnElement[bool]]:
    """Give what the index makes of a filter that looks into texts."""
    for test in condition.alternatives[0]:
        if test.operator in IN_TEXTS and test.value:
            hint = holding(form.table, (test.field,), lower(test.value))
            if hint is not None:
                yield hint


def _search_fields(form: LiveForm, query: Query) -> list[str]:
    """Name what the search looks into."""
    views = [query.view] if query.view else list(form.declared.lists.values())
    return list(dict.fromkeys(name for view in views for name in view.search if name in query.allowed))


def _search_text(form: LiveForm, query: Query) -> str:
    try:
        return TextType().parse_operand(form.fields["id"], query.search)
    except ValueFault as fault:
        query.errors["search"] = [str(fault)]
        return ""


def _cursor(form: LiveForm, query: Query, last: Record) -> str:
    values = []
    for name, _descending in pages.keys(query.sort):
        value = getattr(last, name)
        declared = form.fields[name]
        values.append(None if value is None else FIELD_TYPES[declared.type].dump(declared, value))
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read_cursor(form: LiveForm, query: Query, cursor: str) -> list[Any] | None:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        pairs = zip(pages.keys(query.sort), raw, strict=True)
        return [
            None if value is None else FIELD_TYPES[form.fields[name].type].restore(form.fields[name], value)
            for (name, _descending), value in pairs
        ]
    except (ValueError, TypeError, RecursionError):
        query.errors["after"] = [_("游标无效，请从第一页重新开始。")]
        return None
