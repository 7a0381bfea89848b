"""What administrators look into afterwards: the log of the platform's own changes, and the check of the trail."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from lowcode import audit_log, paging
from lowcode.auditing import WORKFLOW
from lowcode.declare.fields import Field
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import flow_words
from lowcode.web.pages.flow_words import Change
from lowcode.web.pages.formdata import local, tidied, whole
from lowcode.workflow import verifying

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("audit", __name__)

CHECK, LOG = "/audit", "/audit/log"
ASKED = ("form", "user", "from", "to")
DAY = Field(name="day", label="时间", type="date")


@bp.get(CHECK)
@policy("admin")
def show_check() -> str:
    """Show the page from which the trail is checked."""
    return render_template("audit.html", here=LOG)


@bp.post(CHECK)
@policy("admin")
def check() -> str:
    """Check the trail, and say what was found."""
    known = request.form.get("known", "").strip().lower()
    with current_platform().reading(current_user()) as ctx:
        result = verifying.verify(ctx.connection, known or None)
        when = f"{ctx.now.astimezone(ctx.platform.config.time_zone):%Y-%m-%d %H:%M}"
    return render_template("audit_result.html", result=result, when=when)


@bp.get(LOG)
@policy("admin")
def show_log() -> str:
    """Show a page of the log."""
    page, zone = paging.page(request.args.get("page")), current_platform().config.time_zone
    asked = {name: value for name in ASKED if (value := request.args.get(name, "").strip())}
    asked |= {name: tidied(DAY, asked[name], zone) for name in ("from", "to") if name in asked}
    with current_platform().reading(current_user()) as ctx:
        found = audit_log.listing(ctx, {**asked, "page": str(page)})
        chosen = whole(asked.get("user"))
        return render_template(
            "audit_log.html",
            entries=[_entry(ctx, each) for each in found["items"]],
            total=found["total"],
            page=page,
            pages=paging.pages(found["total"], found["per_page"]),
            kinds={name: _(label) for name, label in audit_log.KINDS.items()},
            asked=asked,
            chosen=ctx.users.names([chosen]).get(chosen, "") if chosen else "",
            link=lambda number: f"{LOG}?{urlencode({**asked, 'page': number})}",
            here=LOG,
        )


def _entry(ctx: "Context", entry: Mapping[str, Any]) -> dict[str, Any]:
    changes = _flow_changes(ctx, entry) if entry["form"] == WORKFLOW else _changes(ctx, entry)
    return {**entry, "when": local(entry["at"], ctx.platform.config.time_zone), "told": changes}


def _changes(ctx: "Context", entry: Mapping[str, Any]) -> list[Change]:
    return [
        Change(each["label"], *(_told(ctx, each["field"], each[end]) for end in ("old", "new")))
        for each in entry["changes"]
    ]


def _told(ctx: "Context", name: str, value: Any) -> str:
    """Write a value of a person, a department, the policy or a hand-over."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name == "language" and value:
        return {"zh": _("简体中文"), "en": "English"}.get(value, str(value))
    if isinstance(value, list):
        labels = ctx.platform.role_labels() if name == "roles" else {}
        return _("、").join(labels.get(each, str(each)) if isinstance(each, str) else _named(each) for each in value)
    return _named(value) if isinstance(value, Mapping) else "" if value is None else str(value)


def _named(value: Mapping[str, Any]) -> str:
    """Write what is kept with its name: a person, a department, or a form with the number of its records."""
    name = value.get("title") or _(value.get("label") or "") or value.get("name") or ""
    return f"{name} {value['count']}" if "count" in value else str(name)


def _flow_changes(ctx: "Context", entry: Mapping[str, Any]) -> list[Change]:
    """Tell in what two versions of a flow differ; nothing more about one whose app is gone."""
    ends = [{change["field"].rpartition(".")[2]: change[end] for change in entry["changes"]} for end in ("old", "new")]
    workflow = next((change["field"].partition(".")[0] for change in entry["changes"]), "")
    for form in ctx.platform.forms.values():
        if form.workflow and form.workflow.name == workflow:
            before, after = ((end.get("steps") or [], end.get("copy_to") or {}) for end in ends)
            return flow_words.changes(ctx, form, before, after)
    return []
