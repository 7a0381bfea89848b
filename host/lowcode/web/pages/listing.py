"""Lists of records: a filter bar that keeps its state in the address, sort, pages, rows with their buttons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from lowcode import access, paging, printing
from lowcode.declare.fields import Field
from lowcode.declare.model import ListView
from lowcode.errors import Invalid, NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, many
from lowcode.records import acting, deleting
from lowcode.records import listing as records
from lowcode.records.words import title_of
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import cells
from lowcode.web.pages.controls import SEARCH_FROM, Option, choices
from lowcode.web.pages.formdata import day_bounds, for_people, tidied, whole
from lowcode.web.pages.shell import live_form

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("lists", __name__)
PAGE_SIZES = (10, 20, 50, 100)
RANGED = frozenset({"integer", "number", "money", "date", "datetime"})
POINTERS = frozenset({"ref", "user", "department"})
UNSORTED = frozenset({"image", "files", "lines"})
FOLDED_FROM = 2
"""So many filters stand beside the search; the rest is behind 展开."""
INLINE_ACTIONS = 4
"""So many buttons stand in a row, 编辑 among them; the rest is behind 更多."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the bar. A range has two controls, `field__gte` and `field__lte`."""

    field: Field
    name: str
    label: str
    kind: str
    value: str = ""
    until: str = ""
    options: tuple[Option, ...] = ()
    remote: str = ""


@bp.get("/f/<form>/<name>")
@policy("signed_in")
def show(form: str, name: str) -> Response:
    """Show a declared list, or only its rows when the filter bar asks."""
    live = live_form(form)
    view = live.declared.lists.get(name)
    if view is None:
        raise NotFound(_("没有列表“{name}”。", name=name))
    return _page(live, view, is_bin=False)


@bp.get("/f/<form>/bin")
@policy("signed_in")
def recycle_bin(form: str) -> Response:
    """Show the recycle bin."""
    live = live_form(form)
    return _page(live, next(iter(live.declared.lists.values())), is_bin=True)


def _page(live: LiveForm, view: ListView, is_bin: bool) -> Response:
    asked = {name: value.strip() for name, value in request.args.items() if value.strip()}
    here = f"/f/{live.name}/{'bin' if is_bin else view.name}"
    with current_platform().reading(current_user()) as ctx:
        shown = Listing(ctx, live, view, asked, here, is_bin)
        part = request.headers.get("HX-Target") == "records"
        page = render_template("records.html" if part else "list.html", list=shown, here=here)
    response = make_response(page)
    if part:
        response.headers["HX-Push-Url"] = shown.link()
    return response


def counted(found: Mapping[str, Any]) -> str:
    """Say how many records there are; of very many, that there are more than were counted."""
    if found["total_is_exact"]:
        return _("共 {total} 条", total=found["total"])
    return _("共 {total}+ 条", total=f"{found['total']:,}")


class Listing:
    """One page of a list, ready for the templates."""

    def __init__(
        self, ctx: "Context", form: LiveForm, view: ListView, asked: dict[str, str], here: str, is_bin: bool = False
    ) -> None:
        self.ctx, self.form, self.view, self.asked, self.here, self.is_bin = ctx, form, view, asked, here, is_bin
        known = visible_fields(form, ctx.user.roles)
        self.columns = [known[name] for name in view.columns if name in known]
        if is_bin:
            self.columns += [form.fields["updated_at"]]
        self.filters = [] if is_bin else [self._filter(known[name]) for name in view.filters if name in known]
        self.fault: Invalid | None = None
        try:
            found = self._read()
        except Invalid as fault:
            access.require(ctx, form, "read")
            self.fault = fault
            found = {"items": [], "page": 1, "per_page": 20, "total": 0, "total_is_exact": True}
        self.records: list[dict[str, Any]] = found["items"]
        self.page, self.per_page, self.total = found["page"], found["per_page"], found["total"]
        self.pages = paging.pages(self.total, self.per_page)
        if not found["total_is_exact"]:
            self.pages = max(self.pages, self.page + ("next" in found))
        self.counted = counted(found)
        self.can_create = view.create and not is_bin and access.is_allowed(ctx, form, "create")
        self.can_delete = access.is_allowed(ctx, form, "delete")
        self.for_many = [] if is_bin else acting.for_many(ctx, form)
        self.can_pick = not is_bin and (self.can_delete or bool(self.for_many))
        self.prints = {} if is_bin else printing.offered(ctx, form, [row["id"] for row in self.records])
        self.can_export = not is_bin and self.fault is None and access.is_allowed(ctx, form, "export")

    def _read(self) -> dict[str, Any]:
        args = {"list": [self.view.name], **{name: [value] for name, value in self._args().items()}}
        if self.is_bin:
            return deleting.bin(self.ctx, self.form, args)
        return records.list_records(self.ctx, self.form, args)

    def _args(self) -> dict[str, str]:
        """Tidy numbers and days of the filter bar; translate days into instants, where the field holds instants."""
        zone, args = self.ctx.platform.config.time_zone, dict(self.asked)
        for each in self.filters:
            declared, is_instant = each.field, each.field.type == "datetime"
            for operator in ("gte", "lte") if each.kind == "range" else ():
                raw = args.get(f"{each.name}__{operator}", "")
                if not raw:
                    continue
                tidy = tidied(replace(declared, type="date") if is_instant else declared, raw, zone)
                args[f"{each.name}__{operator}"] = tidy
                if is_instant and len(tidy) == len("2026-11-23"):
                    try:
                        moved, instant = day_bounds(operator, tidy, zone)
                    except ValueError:
                        continue
                    del args[f"{each.name}__{operator}"]
                    args[f"{each.name}__{moved}"] = instant
        return args

    def faults(self) -> list[tuple[str, str]]:
        """Give what is wrong with the query, each sentence with the filter it is about."""
        labels = {each.name: each.label for each in self.filters}
        errors = self.fault.errors if self.fault else {}
        return [
            (labels.get(name) or labels.get(name.partition("__")[0], ""), for_people(" ".join(sentences)))
            for name, sentences in errors.items()
        ]

    @property
    def is_unfolded(self) -> bool:
        """Whether a filter beyond the first row is in use."""
        return any(each.value or each.until for each in self.filters[FOLDED_FROM:])

    @property
    def label(self) -> str:
        """The heading."""
        if self.is_bin:
            return _("{label} · 回收站", label=many(self.form.declared.label))
        return many(self.view.label or self.form.declared.label)

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.asked.keys() - {"sort", "page", "per_page"})

    @property
    def sort(self) -> str:
        """The first sort key in force."""
        return self.asked.get("sort") or next(iter(self.view.sort), "")

    def link(self, **changes: Any) -> str:
        """Give this list's address with changed parameters; the first page and empty ones are left out."""
        asked = {name: str(value) for name, value in {**self.asked, **changes}.items() if value not in ("", None)}
        if asked.get("page") == "1":
            del asked["page"]
        return f"{self.here}?{urlencode(asked)}" if asked else self.here

    def exports(self) -> list[tuple[str, str, str]]:
        """Give the files that hold this list as it is filtered and sorted: id, label and address."""
        args = {name: value for name, value in self._args().items() if name not in ("page", "per_page")}
        address = f"/api/v1/forms/{self.form.name}/export"
        return [
            (f"{kind}-{columns}", label, f"{address}?{urlencode({**args, **more, 'format': kind, 'columns': columns})}")
            for kind, columns, label in (
                ("xlsx", "list", _("Excel（列表的列）")),
                ("xlsx", "all", _("Excel（全部字段）")),
                ("csv", "list", _("CSV（列表的列）")),
                ("csv", "all", _("CSV（全部字段）")),
            )
            for more in ({"list": self.view.name},)
        ]

    def sort_link(self, name: str) -> str:
        """Give the address that sorts by a column, the other way round when it is sorted by it already."""
        return self.link(sort=f"-{name}" if self.sort == name else name, page=None)

    def direction(self, name: str) -> str:
        """Give the `aria-sort` of a column."""
        return {name: "ascending", f"-{name}": "descending"}.get(self.sort, "none")

    def is_sortable(self, declared: Field) -> bool:
        """Tell whether a column has an order."""
        return declared.type not in UNSORTED and declared.name not in self.form.masked

    def numbers(self) -> list[int]:
        """Give the page numbers of the pager; 0 stands for a gap."""
        near = {1, self.pages, *range(max(1, self.page - 2), min(self.pages, self.page + 2) + 1)}
        found: list[int] = []
        for number in sorted(near):
            if found and number - found[-1] > 1:
                found.append(0)
            found.append(number)
        return found

    def sizes(self) -> tuple[int, ...]:
        """Give the page sizes on offer, the one in force among them."""
        return tuple(sorted({*PAGE_SIZES, self.per_page}))

    def cell(self, declared: Field, row: Mapping[str, Any]) -> cells.Cell:
        """Show one value."""
        return cells.cell(self.ctx, self.form, declared, row)

    def is_title(self, declared: Field) -> bool:
        """Tell whether a column opens the record."""
        names = {self.form.declared.title, "number"}
        return declared.name in names or (names.isdisjoint(self.view.columns) and declared == self.columns[0])

    def actions(self, row: Mapping[str, Any]) -> tuple[list[tuple[str, str, bool]], list[tuple[str, str, bool]]]:
        """Name the buttons of a row: those in the row, and those behind 更多; the last word is whether one prints."""
        others = (name for name in row["$can"] if name not in ("edit", "delete", "share"))
        can = [(name, cells.label_of(self.form, name), False) for name in others]
        can += [(each.name, _(each.label), True) for each in self.prints.get(row["id"], ())]
        most = INLINE_ACTIONS - ("edit" in row["$can"])
        return (can, []) if len(can) <= most else (can[: most - 1], can[most - 1 :])

    def _filter(self, declared: Field) -> Filter:
        name, label, kind = declared.name, _(declared.label), declared.type
        if kind in RANGED:
            lower, upper = (self.asked.get(f"{name}__{end}", "") for end in ("gte", "lte"))
            return Filter(declared, name, label, "range", lower, upper)
        value = self.asked.get(name, "")
        if kind in POINTERS:
            remote = f"/f/{self.form.name}/pick/{name}"
            return Filter(declared, name, label, "pick", value, options=self._picked(declared, value), remote=remote)
        if kind in ("choice", "boolean"):
            options = tuple(self._choices(declared, value))
            return Filter(
                declared, name, label, "search" if len(options) > SEARCH_FROM else "choice", value, options=options
            )
        return Filter(declared, f"{name}__contains", label, "text", self.asked.get(f"{name}__contains", ""))

    def _choices(self, declared: Field, value: str) -> list[Option]:
        if declared.type == "boolean":
            words = (("true", _("是")), ("false", _("否")))
            return [Option(code, label, code == value) for code, label in words]
        if declared.name == "status" and self.form.workflow:
            states = self.form.workflow.states.items()
            return [Option(code, _(state.label), code == value) for code, state in states]
        return [Option(each.value, each.label, each.selected) for each in choices(self.ctx, declared, value)]

    def _picked(self, declared: Field, value: str) -> tuple[Option, ...]:
        key = whole(value)
        return () if key is None else (Option(value, title_of(self.ctx, declared, key), selected=True),)
