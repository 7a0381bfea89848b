"""What the pages of a list share, be it shown as rows, as a board or as a calendar: heading, tabs, filters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.declare.model import ListView
from lowcode.errors import Invalid
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, many
from lowcode.records import listing
from lowcode.records.pages import Asked
from lowcode.web.pages import cells
from lowcode.web.pages.filters import filter_of, tidy
from lowcode.web.pages.formdata import for_people

if TYPE_CHECKING:
    from lowcode.context import Context

FOLDED_FROM = 2
"""So many filters stand beside the search; the rest is behind 展开."""

BOARD, CALENDAR = "board", "calendar"
HOW = frozenset({"view", "month"})
"""What the address says of the way a list is shown; the rest is about what it holds."""

PAGED = frozenset({"sort", "page", "per_page"})


class View:
    """A list as some page shows it."""

    kind = ""
    part = "records.html"
    """The template of what changes with the filters."""

    def __init__(
        self, ctx: "Context", form: LiveForm, view: ListView, asked: Mapping[str, str], is_bin: bool = False
    ) -> None:
        self.ctx, self.form, self.view, self.is_bin = ctx, form, view, is_bin
        self.asked = {name: value for name, value in asked.items() if self.kind or name not in HOW}
        self.base = f"/f/{form.name}"
        self.here = f"{self.base}/{'bin' if is_bin else view.name}"
        self.known = visible_fields(form, ctx.user.roles)
        names = [] if is_bin else [name for name in view.filters if name in self.known]
        self.filters = [filter_of(ctx, form, self.known[name], self.asked) for name in names]
        self.fault: Invalid | None = None
        self.can_create = view.create and not is_bin and access.is_allowed(ctx, form, "create")
        self.can_delete = access.is_allowed(ctx, form, "delete")

    def args(self, *, without: frozenset[str] = frozenset()) -> dict[str, str]:
        """Give what the list holds as a query string says it."""
        asked = {name: value for name, value in self.asked.items() if name not in HOW | without}
        return tidy(self.filters, asked, self.ctx.time_zone)

    def wanted(self) -> Asked:
        """Ask for all records of the list, as it is filtered. Raises `Invalid`."""
        access.require(self.ctx, self.form, "read")
        args = {"list": [self.view.name], **{name: [value] for name, value in self.args(without=PAGED).items()}}
        return listing.checked(self.ctx, self.form, args)[1]

    def refuse(self, fault: Invalid) -> None:
        """Keep what is wrong with the query, for people who may read the form at all."""
        access.require(self.ctx, self.form, "read")
        self.fault = fault

    def faults(self) -> list[tuple[str, str]]:
        """Give what is wrong with the query, each sentence with the filter it is about."""
        labels = {each.name: each.label for each in self.filters}
        errors = self.fault.errors if self.fault else {}
        return [
            (labels.get(name) or labels.get(name.partition("__")[0], ""), for_people(" ".join(sentences)))
            for name, sentences in errors.items()
        ]

    @property
    def parent(self) -> str:
        """The address of the list that the menu names."""
        return f"{self.base}/{self.view.under or self.view.name}"

    @property
    def label(self) -> str:
        """The heading."""
        if self.is_bin:
            return _("{label} · 回收站", label=many(self.form.declared.label))
        return many(self.view.label or self.form.declared.label)

    @property
    def is_unfolded(self) -> bool:
        """Whether a filter beyond the first row is in use."""
        return any(each.value or each.until for each in self.filters[FOLDED_FROM:])

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.asked.keys() - PAGED - HOW)

    def tabs(self) -> list[tuple[str, str, bool]]:
        """Give the lists that stand beside this one, itself among them: address, label, whether it is this one."""
        if self.is_bin:
            return []
        head = self.view.under or self.view.name
        family = [each for each in self.form.declared.lists.values() if head in (each.name, each.under)]
        shown = [
            (f"{self.base}/{each.name}", many(each.label or self.form.declared.label), each == self.view)
            for each in sorted(family, key=lambda each: each.name != head)
        ]
        return shown if len(shown) > 1 else []

    def ways(self) -> list[tuple[str, str, str, bool]]:
        """Give the ways to show the list: address, label, icon, whether it is this one. Nothing when there is one."""
        others = ((BOARD, _("看板"), "grid"), (CALENDAR, _("日历"), "calendar"))
        offered = [way for way in others if is_offered(self.view, way[0], self.known)]
        if self.is_bin or not offered:
            return []
        return [
            (self.link(view=kind, month=None, page=None), label, icon, kind == self.kind)
            for kind, label, icon in (("", _("列表"), "list"), *offered)
        ]

    def link(self, **changes: Any) -> str:
        """Give this list's address with changed parameters; the first page and empty ones are left out."""
        asked = {name: str(value) for name, value in {**self.asked, **changes}.items() if value not in ("", None)}
        if asked.get("page") == "1":
            del asked["page"]
        return f"{self.here}?{urlencode(asked)}" if asked else self.here

    @property
    def reset_link(self) -> str:
        """The address without any filter."""
        return f"{self.here}?view={self.kind}" if self.kind else self.here

    def kept(self) -> list[tuple[str, str]]:
        """Give what the filter bar hands on untouched."""
        return [(name, self.asked[name]) for name in sorted(HOW & self.asked.keys())] if self.kind else []

    def cell(self, declared: Field, row: Mapping[str, Any]) -> cells.Cell:
        """Show one value."""
        return cells.cell(self.ctx, self.form, declared, row)


def conditions(asked: Asked) -> list[ColumnElement[bool]]:
    """Give all conditions of a list at once, for figures over the whole of it."""
    return [*asked.where, *asked.hints, *asked.holds]


def is_offered(view: ListView, kind: str, known: Mapping[str, Field]) -> bool:
    """Tell whether a list is offered in a way to somebody who knows of these fields."""
    if kind == BOARD:
        return view.board is not None and view.board.by in known
    return kind == CALENDAR and view.calendar is not None and view.calendar in known
