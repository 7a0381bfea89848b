"""What administrators configure: dictionaries, serial numbers, settings, initialise."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lowcode import dictionaries, numbering
from lowcode.declare.fields import COLOURS
from lowcode.errors import Conflict, Fault, Invalid, NotFound
from lowcode.i18n import _
from lowcode.web.current import current_platform, current_user
from lowcode.web.gate import policy
from lowcode.web.pages.dialogs import note
from lowcode.web.pages.shell import confirm, done

if TYPE_CHECKING:
    from lowcode.context import Context

bp = Blueprint("configuration", __name__)


@bp.get("/dictionaries")
@policy("admin")
def list_dictionaries() -> str:
    """List the dictionaries, the key ones first."""
    search = request.args.get("search", "").strip().casefold()
    with current_platform().reading(current_user()) as ctx:
        found = [each for each in dictionaries.overview(ctx) if search in f"{each['label']} {each['name']}".casefold()]
    found.sort(key=lambda each: not each["builtin"])
    return render_template("dictionaries.html", dictionaries=found, here="/dictionaries", search=search)


@bp.get("/dictionaries/<name>")
@policy("admin")
def show_dictionary(name: str) -> str:
    """Show the items of one dictionary."""
    with current_platform().reading(current_user()) as ctx:
        found = dictionaries.read(ctx, name)
        labels = {item["code"]: item["label"] for item in found["items"]}
    part = request.headers.get("HX-Target") == "records"
    template = "dictionary_items.html" if part else "dictionary.html"
    return render_template(template, dictionary=found, labels=labels, here="/dictionaries")


@bp.get("/dictionaries/<name>/new")
@policy("admin")
def new_item(name: str) -> str:
    """Show the dialog for a new item."""
    with current_platform().reading(current_user()) as ctx:
        found = dictionaries.read(ctx, name)
    last = max((item["sort"] for item in found["items"]), default=0)
    item = {"code": "", "label": "", "sort": last + 10, "colour": None, "enabled": True}
    return _item_dialog(name, item, is_new=True)


@bp.get("/dictionaries/<name>/items/<code>")
@policy("admin")
def edit_item(name: str, code: str) -> str:
    """Show the dialog of an item, with its label as it is stored."""
    with current_platform().reading(current_user()) as ctx:
        item = ctx.dictionary(name).get(code)
    if item is None:
        raise NotFound(_("数据字典中没有选项“{code}”。", code=code))
    return _item_dialog(name, item, is_new=False)


@bp.post("/dictionaries/<name>/new")
@policy("admin")
def add_item(name: str) -> Response:
    """Add an item."""
    payload = {"code": request.form.get("code", "").strip(), **_item_values()}
    return _write(lambda ctx: dictionaries.add_item(ctx, name, payload), _("已新增选项。"))


@bp.post("/dictionaries/<name>/items/<code>")
@policy("admin")
def change_item(name: str, code: str) -> Response:
    """Change an item."""
    return _write(lambda ctx: dictionaries.change_item(ctx, name, code, _item_values()), _("已保存。"))


@bp.post("/dictionaries/<name>/items/<code>/<any(enable, disable):verb>")
@policy("admin")
def switch_item(name: str, code: str, verb: str) -> Response:
    """Enable or disable an item."""
    enabled = verb == "enable"
    return _write(
        lambda ctx: dictionaries.change_item(ctx, name, code, {"enabled": enabled}),
        _("已启用。") if enabled else _("已停用；已有的记录仍显示它，新的记录不能再选。"),
    )


@bp.get("/dictionaries/<name>/items/<code>/delete")
@policy("admin")
def ask_remove_item(name: str, code: str) -> str:
    """Ask before an item goes."""
    with current_platform().reading(current_user()) as ctx:
        item = ctx.dictionary(name).get(code)
    if item is None:
        raise NotFound(_("数据字典中没有选项“{code}”。", code=code))
    question = _("确定删除选项“{label}”吗？", label=_(item.label))
    return confirm(_("删除选项"), question, request.path)


@bp.post("/dictionaries/<name>/items/<code>/delete")
@policy("admin")
def remove_item(name: str, code: str) -> Response:
    """Delete an item that nothing uses."""
    return _write(lambda ctx: dictionaries.remove_item(ctx, name, code), _("已删除。"))


@bp.get("/numbering")
@policy("admin")
def list_numbering() -> str:
    """Show the rules of serial numbers."""
    with current_platform().reading(current_user()) as ctx:
        rules = numbering.rules(ctx)
    part = request.headers.get("HX-Target") == "records"
    template = "numbering_rules.html" if part else "numbering.html"
    return render_template(template, rules=rules, resets=_resets(), here="/numbering")


@bp.get("/numbering/<name>")
@policy("admin")
def edit_numbering(name: str) -> str:
    """Show the dialog of a rule."""
    with current_platform().reading(current_user()) as ctx:
        rule = next((each for each in numbering.rules(ctx) if each["name"] == name), None)
    if rule is None:
        raise NotFound(_("没有编号规则“{name}”。", name=name))
    return render_template("numbering_rule.html", rule=rule, resets=_resets())


@bp.post("/numbering/<name>/sample")
@policy("admin")
def sample_number(name: str) -> str:
    """Show what the next number of a pattern would look like, or what is wrong with it."""
    pattern, reset = request.form.get("pattern", ""), request.form.get("reset", "")
    with current_platform().reading(current_user()) as ctx:
        fault = numbering.fault(pattern, reset)
        return fault or _("示例：{sample}", sample=numbering.sample(pattern, ctx.today))


@bp.post("/numbering/<name>")
@policy("admin")
def change_numbering(name: str) -> Response:
    """Change a rule for new records."""
    payload = {"pattern": request.form.get("pattern", ""), "reset": request.form.get("reset", "")}
    return _write(lambda ctx: numbering.change_rule(ctx, name, payload), _("已保存，新的记录按新规则编号。"))


def plugins_of(path: str) -> list[dict[str, str]]:
    """Give the apps as links of a page that shows one app at a time."""
    return [
        {"name": each.name, "label": _(each.declared.label), "url": f"{path}/{each.name}"}
        for each in current_platform().active_plugins
        if each.declared is not None
    ]


def first_plugin(path: str, title: str) -> BaseResponse | str:
    """Open the page of the first app, or say that there is none."""
    found = plugins_of(path)
    return redirect(found[0]["url"], 303) if found else render_template("no_app.html", title=title, here=path)


def _write(work: Callable[["Context"], Any], message: str) -> Response:
    try:
        current_platform().writing(current_user(), work)
    except (Invalid, Conflict) as fault:
        return _note(fault)
    return done(message, refresh=True)


def _note(fault: Fault) -> Response:
    sentences = [fault.detail, *(text for texts in fault.errors.values() for text in texts)]
    return note(fault, " ".join(dict.fromkeys(sentences)))


def _item_dialog(name: str, item: Any, is_new: bool) -> str:
    action = f"/dictionaries/{name}/new" if is_new else f"/dictionaries/{name}/items/{item.code}"
    return render_template("dictionary_item.html", item=item, is_new=is_new, action=action, colours=_colours())


def _item_values() -> dict[str, Any]:
    sort = request.form.get("sort", "").strip()
    is_whole = sort.removeprefix("-").isdecimal() and len(sort) < 10
    return {
        "label": request.form.get("label", ""),
        "sort": int(sort) if is_whole else sort,
        "colour": request.form.get("colour") or None,
        "enabled": "enabled" in request.form,
    }


def _colours() -> dict[str, str]:
    names = (
        _("蓝色"), _("天蓝色"), _("靛蓝色"), _("紫色"), _("粉色"), _("红色"), _("橙色"),
        _("黄色"), _("黄绿色"), _("绿色"), _("蓝绿色"), _("青色"), _("灰色"),
    )  # fmt: skip
    return dict(zip(COLOURS, names, strict=True))


def _resets() -> dict[str, str]:
    return {"never": _("不重置"), "year": _("每年"), "month": _("每月"), "day": _("每天")}
