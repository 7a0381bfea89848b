"""Settings and initialise of each installed app, for administrators."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode import initialise, settings
from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.records.words import title_of
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages import formdata
from lowcode.web.pages.configuration import first_plugin, plugins_of
from lowcode.web.pages.controls import Builder
from lowcode.web.pages.feedback import State, fault_response
from lowcode.web.pages.shell import done

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("apps", __name__)


@bp.get("/settings")
@policy("admin")
def settings_home() -> BaseResponse | str:
    """Open the settings of the first app."""
    return first_plugin("/settings", _("系统设置"))


@bp.get("/settings/<plugin>")
@policy("admin")
def show_settings(plugin: str) -> str:
    """Show the settings of an app."""
    with current_platform().reading(current_user()) as ctx:
        declared = settings.declared_settings(ctx, plugin)
        values = _with_titles(ctx, declared, settings.read(ctx, plugin))
        build = Builder(ctx, None, is_new=True)
        controls = [build.control(each, values) for each in declared.values()]
        return render_template(
            "settings.html",
            controls=controls,
            plugin=plugin,
            plugins=plugins_of("/settings"),
            limit=ctx.platform.config.max_file_bytes,
            here="/settings",
        )


@bp.post("/settings/<plugin>")
@policy("admin")
def save_settings(plugin: str) -> Response:
    """Save the settings of an app."""
    with current_platform().reading(current_user()) as ctx:
        declared = settings.declared_settings(ctx, plugin)
    sent = formdata.read(declared.values(), request.form, current_platform().config.time_zone)
    payload = {name: value for name, value in sent.payload.items() if not _is_untouched(declared[name], value)}
    try:
        current_platform().writing(current_user(), lambda ctx: settings.write(ctx, plugin, payload))
    except Invalid as fault:
        with current_platform().reading(current_user()) as ctx:
            return fault_response(State(ctx, None, sent, fault.errors, ["*"], declared), fault)
    return done(_("已保存设置。"), stay=True)


@bp.get("/initialise")
@policy("admin")
def initialise_home() -> BaseResponse | str:
    """Open the plan of the first app."""
    return first_plugin("/initialise", _("数据初始化"))


@bp.get("/initialise/<plugin>")
@policy("admin")
def show_plan(plugin: str) -> str:
    """Show what initialise would add."""
    with current_platform().reading(current_user()) as ctx:
        plan = initialise.plan(ctx, plugin)
    return _plan("initialise.html", plugin, plan)


@bp.post("/initialise/<plugin>")
@policy("admin")
def apply_plan(plugin: str) -> Response:
    """Add what is missing, and show what that was."""
    done_now = current_platform().writing(current_user(), lambda ctx: initialise.apply(ctx, plugin))
    added = sum(len(each["add"]) for each in done_now["dictionaries"])
    rules = sum(1 for each in done_now["numbering"] if each["add"])
    if initialise.is_complete(done_now):
        message = _("没有需要新增的内容，数据字典、单号和流程都已就绪。")
    else:
        message = _("初始化完成：新增 {items} 个字典选项、{rules} 条单号规则。", items=added, rules=rules)
    with current_platform().reading(current_user()) as ctx:
        plan = initialise.plan(ctx, plugin)
    return make_response(_plan("initialise_plan.html", plugin, plan, message))


def _plan(template: str, plugin: str, plan: dict[str, Any], message: str = "") -> str:
    return render_template(
        template,
        plan=plan,
        is_complete=initialise.is_complete(plan),
        plugin=plugin,
        plugins=plugins_of("/initialise"),
        message=message,
        here="/initialise",
    )


def _is_untouched(declared: Field, value: Any) -> bool:
    """Tell whether a secret stays as it is: its control never shows it, and only a tick beside it removes it."""
    return declared.type == settings.SECRET and value is None and f"{declared.name}.remove" not in request.form


def _with_titles(ctx: "Context", declared: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give references their titles, as records have them."""
    return {
        name: {"id": value, "title": title_of(ctx, declared[name], int(value))}
        if value is not None and declared[name].type in {"ref", "user", "department"}
        else value
        for name, value in values.items()
    }
