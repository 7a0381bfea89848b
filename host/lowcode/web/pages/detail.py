"""One record: its fields by section, what belongs to it, and its history."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from sqlalchemy import select, true

from lowcode import access, printing
from lowcode.declare.fields import Field
from lowcode.declare.model import ListView
from lowcode.errors import NotFound
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, many
from lowcode.records import changed, listing, reading
from lowcode.records import history as trail
from lowcode.records import team as members
from lowcode.records import timeline as happening
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import cells
from lowcode.web.pages.approvals import told
from lowcode.web.pages.formdata import local
from lowcode.web.pages.listing import counted
from lowcode.web.pages.shell import live_form
from lowcode.workflow import viewing

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("detail", __name__)
STAMPS = ("created_by", "created_at", "updated_by", "updated_at")
RELATED_ROWS = 50
APPROVAL = "approval"
TEAM = "team"
ACTIVITY = "activity"
"""Tabs; those of related records have a dot in their names."""


@bp.get("/f/<form>/<int:record_id>/timeline")
@policy("signed_in")
def older(form: str, record_id: int) -> str:
    """Show what happened before what the page shows."""
    live = live_form(form)
    with current_platform().reading(current_user()) as ctx:
        found = activity(ctx, live, record_id, request.args.get("before"))
        return render_template("timeline.html", found=found, is_more=True)


@bp.get("/f/<form>/<int:record_id>")
@policy("signed_in")
def show(form: str, record_id: int) -> str:
    """Show a record, or only the tab that is asked for."""
    live = live_form(form)
    tab = request.args.get("tab", "")
    with current_platform().reading(current_user()) as ctx:
        part = request.headers.get("HX-Target") == "tab"
        page = Detail(ctx, live, reading.read(ctx, live, record_id), tab)
        return render_template("detail_tab.html" if part else "detail.html", page=page, here=page.list_url)


class Detail:
    """A record, ready for the templates."""

    def __init__(self, ctx: "Context", form: LiveForm, record: Mapping[str, Any], tab: str) -> None:
        self.ctx, self.form, self.record, self.tab = ctx, form, record, tab
        self.list_url = f"/f/{form.name}/{_list_of(ctx, form, record['id'])}"
        self.url = f"/f/{form.name}/{record['id']}"
        self.sections = sections_of(ctx, form)
        self.stamps = [form.fields[name] for name in STAMPS]
        self.related = list(_related(ctx, form))
        self.prints = printing.offered(ctx, form, [record["id"]])[record["id"]]
        self.is_told_of = bool(happening.telling(ctx, form))
        self.was_submitted = viewing.was_submitted(ctx, form, record["id"])
        self.buttons = [(name, cells.label_of(form, name)) for name in record["$can"] if name != "share"]

    def cell(self, declared: Field, row: Mapping[str, Any] | None = None) -> cells.Cell:
        """Show one value of the record, or of one of its lines."""
        return cells.cell(self.ctx, self.form, declared, self.record if row is None else row)

    def heads(self) -> list[Field]:
        """Give what stands beside the title: the number, and how far it has come."""
        columns = [view.board.by for view in self.form.declared.lists.values() if view.board]
        names = dict.fromkeys(("number", "status", *columns))
        known = visible_fields(self.form, self.ctx.user.roles)
        return [known[name] for name in names if name in known]

    def tabs(self) -> list[tuple[str, str]]:
        """Name the tabs."""
        others = [(f"{other.name}.{by.name}", label) for other, by, label in self.related]
        decided = [(APPROVAL, _("审批"))] if self.was_submitted else []
        shared = [(TEAM, _("协作成员"))] if self.form.declared.team else []
        told_of = [(ACTIVITY, _("动态"))] if self.is_told_of else []
        return [("", _("详细信息")), *told_of, *decided, *others, *shared, ("history", _("变更历史"))]

    def team(self) -> dict[str, Any]:
        """Read whom the record is shared with. Raises `NotFound`."""
        return members.read(self.ctx, self.form, self.record["id"])

    def levels(self) -> list[tuple[str, str]]:
        """Name the levels at which a record is shared."""
        return [(name, _(label)) for name, label in members.LEVELS.items()]

    def approvals(self) -> list[dict[str, Any]]:
        """Read how each time went that the record was submitted for approval, the newest first."""
        found = viewing.approvals_of(self.ctx, self.form, self.record["id"])
        return [told(self.ctx, self.form, run) for run in found]

    def related_list(self) -> "Related":
        """Read the records of the tab that is open. Raises `NotFound`."""
        for other, by, label in self.related:
            if self.tab == f"{other.name}.{by.name}":
                return Related(self.ctx, other, by, label, self.record["id"])
        raise NotFound(_("没有这个页签，请返回后重试。"))

    def activity(self) -> dict[str, Any]:
        """Read what happened, the newest first."""
        return activity(self.ctx, self.form, self.record["id"])

    def history(self) -> list[dict[str, Any]]:
        """Read who changed what, with values as people read them."""
        entries = trail.history(self.ctx, self.form, self.record["id"])
        changed.in_words(self.ctx, self.form, entries)
        for entry in entries:
            entry["changes"] = [each for each in entry["changes"] if not changed.is_hidden(self.form, each["field"])]
            entry["when"] = local(entry["at"], self.ctx.time_zone)
        return entries


def activity(ctx: "Context", form: LiveForm, record_id: int, before: str | None = None) -> dict[str, Any]:
    """Read a page of what happened to a record, ready for `timeline.html`."""
    found = happening.timeline(ctx, form, record_id, before)
    for item in found["items"]:
        item["when"] = local(item["at"], ctx.time_zone)
        known = item["kind"] == "record"
        item["href"] = f"/f/{item['form']}/{item['id']}" if known else ""
        item["of"] = _(ctx.platform.forms[item["form"]].declared.label) if known else ""
    address = f"/f/{form.name}/{record_id}/timeline?"
    return found | {"more": address + urlencode({"before": found["next"]}) if found["next"] else ""}


def sections_of(ctx: "Context", form: LiveForm) -> list[tuple[str, list[list[Field]]]]:
    """Give what the person may see of a form: sections, each in blocks of plain fields and of line items."""
    known = visible_fields(form, ctx.user.roles)
    return [
        (_(section.label), [list(block) for _is_lines, block in groupby(fields, key=_is_line_items)])
        for section in form.declared.sections
        if (fields := [each for name, each in section.fields.items() if name in known])
    ]


class Related:
    """The records of another form that point at this one."""

    def __init__(self, ctx: "Context", form: LiveForm, by: Field, label: str, record_id: int) -> None:
        self.ctx, self.form, self.label = ctx, form, label
        known = visible_fields(form, ctx.user.roles)
        view = next(iter(form.declared.lists.values()))
        self.columns = [known[name] for name in view.columns if name in known and name != by.name]
        args = {by.name: [str(record_id)], "per_page": [str(RELATED_ROWS)]}
        found = listing.list_records(ctx, form, args)
        self.records, self.total, self.counted = found["items"], found["total"], counted(found)
        can_create = any(each.create for each in form.declared.lists.values()) and access.is_allowed(
            ctx, form, "create"
        )
        self.new_url = f"/f/{form.name}/new?{by.name}={record_id}" if can_create else ""
        self.all_url = f"/f/{form.name}/{view.name}?{by.name}={record_id}" if by.name in _named(view) else ""

    def cell(self, declared: Field, row: Mapping[str, Any]) -> cells.Cell:
        """Show one value."""
        return cells.cell(self.ctx, self.form, declared, row)

    def is_title(self, declared: Field) -> bool:
        """Tell whether a column opens the record."""
        return declared.name in {self.form.declared.title, "number"} or declared == self.columns[0]


def _list_of(ctx: "Context", form: LiveForm, record_id: int) -> str:
    """Name the list that a record stands in: the first whose `where` it meets."""
    views = form.declared.lists
    for name, view in views.items():
        where = form.condition(view.where).clause(form, ctx.tokens) if view.where else true()
        if ctx.connection.scalar(select(form.table.c.id).where(form.table.c.id == record_id, where)):
            return name
    return next(iter(views))


def _related(ctx: "Context", form: LiveForm) -> Iterator[tuple[LiveForm, Field, str]]:
    """Find the references to this form whose records the person may list."""
    for name, by in form.referring:
        other = ctx.platform.forms[name]
        listed = any(by.name in _named(view) for view in other.declared.lists.values())
        if listed and access.is_allowed(ctx, other, "read") and by.name in visible_fields(other, ctx.user.roles):
            twice = sum(1 for each, _by in form.referring if each == name) > 1
            label = many(other.declared.label)
            yield other, by, f"{label} ({_(by.label)})" if twice else label


def _is_line_items(declared: Field) -> bool:
    return declared.type == "lines"


def _named(view: ListView) -> set[str]:
    return {*view.columns, *view.filters}
