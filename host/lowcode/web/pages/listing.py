"""Lists of records: a filter bar that keeps its state in the address, sort, pages, rows with their buttons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from lowcode import access, paging, printing
from lowcode.declare.fields import Field
from lowcode.declare.model import Action, ListView
from lowcode.declare.workflows import Move
from lowcode.errors import Invalid, NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _
from lowcode.records import acting, deleting
from lowcode.records import listing as records
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import cells
from lowcode.web.pages.board import BoardView
from lowcode.web.pages.calendar import CalendarView
from lowcode.web.pages.shell import live_form
from lowcode.web.pages.view import BOARD, View, is_offered

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("lists", __name__)
PAGE_SIZES = (10, 20, 50, 100)
UNSORTED = frozenset({"image", "files", "lines"})
OPEN, PRINT = "open", "print"
BUILT_IN = frozenset({"edit", "delete"})
INLINE_ACTIONS = 2
"""So many buttons stand in a row behind 编辑; the rest is behind 更多, unless it is one, which needs no more room."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a row: it opens a dialog, the record or a printable page."""

    name: str
    label: str
    href: str
    kind: str = "dialog"


@bp.get("/f/<form>/<name>")
@policy("signed_in")
def show(form: str, name: str) -> Response:
    """Show a declared list, or only its rows when the filter bar asks."""
    live = live_form(form)
    view = live.declared.lists.get(name)
    if view is None:
        raise NotFound(_("没有列表“{name}”。", name=name))
    return _page(live, view)


@bp.get("/f/<form>/bin")
@policy("signed_in")
def recycle_bin(form: str) -> Response:
    """Show the recycle bin."""
    live = live_form(form)
    return _page(live, next(iter(live.declared.lists.values())), is_bin=True)


def _page(live: LiveForm, view: ListView, is_bin: bool = False) -> Response:
    asked = {name: value.strip() for name, value in request.args.items() if value.strip()}
    with current_platform().reading(current_user()) as ctx:
        shown = _view(ctx, live, view, asked, is_bin)
        part = request.headers.get("HX-Target") == "records"
        page = render_template(shown.part if part else "list.html", list=shown, here=shown.parent)
    response = make_response(page)
    if part:
        response.headers["HX-Push-Url"] = shown.link()
    return response


def _view(ctx: "Context", live: LiveForm, view: ListView, asked: dict[str, str], is_bin: bool) -> View:
    """Show the list in the way that the address names, if it is offered."""
    kind = asked.get("view", "")
    if not is_bin and is_offered(view, kind, visible_fields(live, ctx.user.roles)):
        return (BoardView if kind == BOARD else CalendarView)(ctx, live, view, asked)
    return Listing(ctx, live, view, asked, is_bin)


def counted(found: Mapping[str, Any]) -> str:
    """Say how many records there are; of very many, that there are more than were counted."""
    if found["total_is_exact"]:
        return _("共 {total} 条", total=found["total"])
    return _("共 {total}+ 条", total=f"{found['total']:,}")


class Listing(View):
    """One page of a list, ready for the templates."""

    def __init__(
        self, ctx: "Context", form: LiveForm, view: ListView, asked: Mapping[str, str], is_bin: bool = False
    ) -> None:
        super().__init__(ctx, form, view, asked, is_bin)
        self.columns = [self.known[name] for name in view.columns if name in self.known]
        if is_bin:
            self.columns += [form.fields["updated_at"]]
        try:
            found = self._read()
        except Invalid as fault:
            self.refuse(fault)
            found = {"items": [], "page": 1, "per_page": 20, "total": 0, "total_is_exact": True}
        self.records: list[dict[str, Any]] = found["items"]
        self.page, self.per_page, self.total = found["page"], found["per_page"], found["total"]
        self.pages = paging.pages(self.total, self.per_page)
        if not found["total_is_exact"]:
            self.pages = max(self.pages, self.page + ("next" in found))
        self.counted = counted(found)
        self.for_many = [] if is_bin else self._for_many()
        self.can_pick = not is_bin and (self.can_delete or bool(self.for_many))
        self.prints = {} if is_bin else printing.offered(ctx, form, [row["id"] for row in self.records])
        self.can_export = not is_bin and self.fault is None and access.is_allowed(ctx, form, "export")

    def _read(self) -> dict[str, Any]:
        args = {"list": [self.view.name], **{name: [value] for name, value in self.args().items()}}
        if self.is_bin:
            return deleting.bin(self.ctx, self.form, args)
        return records.list_records(self.ctx, self.form, args)

    def _for_many(self) -> list[Action | Move]:
        """Give what is offered for picked rows: what at least one of the rows allows."""
        usable = {name for row in self.records for name in row["$can"]}
        return [each for each in acting.for_many(self.ctx, self.form) if isinstance(each, Move) or each.name in usable]

    @property
    def sort(self) -> str:
        """The first sort key in force."""
        return self.asked.get("sort") or next(iter(self.view.sort), "")

    def exports(self) -> list[tuple[str, str, str]]:
        """Give the files that hold this list as it is filtered and sorted: id, label and address."""
        args = self.args(without=frozenset({"page", "per_page"}))
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
        return declared.type not in UNSORTED and not declared.derived and declared.name not in self.form.masked

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

    def is_title(self, declared: Field) -> bool:
        """Tell whether a column opens the record."""
        names = {self.form.declared.title, "number"}
        return declared.name in names or (names.isdisjoint(self.view.columns) and declared == self.columns[0])

    def is_first_title(self, declared: Field) -> bool:
        """Tell whether a column is the first that opens the record."""
        return declared is next(filter(self.is_title, self.columns), None)

    def buttons(self, row: Mapping[str, Any]) -> tuple[list[Button], list[Button]]:
        """Name the buttons of a row: those in the row, and those behind 更多."""
        can = row["$can"]
        if self.view.actions:
            names = self.view.actions.items()
            return [self._button(row, name, _(label)) for name, label in names if name in can or name == OPEN], []
        ends = ("edit", "delete", "share")
        middle = [self._button(row, name, cells.label_of(self.form, name)) for name in can if name not in ends]
        prints = self.prints.get(row["id"], ())
        middle += [
            Button(
                each.name, _("打印{label}", label=_(each.label)), f"{self.base}/{row['id']}/print/{each.name}", PRINT
            )
            for each in prints
        ]
        first = [self._button(row, OPEN, _("查看")), *self._built_in(row, "edit")]
        last = self._built_in(row, "delete")
        inline = len(middle) if len(middle) <= INLINE_ACTIONS + 1 else INLINE_ACTIONS
        return [*first, *middle[:inline], *last], middle[inline:]

    def _built_in(self, row: Mapping[str, Any], name: str) -> list[Button]:
        return [self._button(row, name, cells.label_of(self.form, name))] if name in row["$can"] else []

    def _button(self, row: Mapping[str, Any], name: str, label: str) -> Button:
        address = f"{self.base}/{row['id']}"
        if name == OPEN:
            return Button(name, label, address, OPEN)
        return Button(name, label, f"{address}/{name}" if name in BUILT_IN else f"{address}/do/{name}")

    @property
    def is_said_twice(self) -> bool:
        """Whether a button is called as the column of the buttons is."""
        return _("操作") in map(_, self.view.actions.values())
