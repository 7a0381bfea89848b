"""The app store and the running platform, for administrators."""

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from lowcode.appstore import overview
from lowcode.appstore.store import Store
from lowcode.errors import Conflict, Fault, Invalid, NotFound
from lowcode.i18n import _
from lowcode.running.boot import Boot
from lowcode.web.current import current_platform
from lowcode.web.gate import policy
from lowcode.web.pages.formdata import local
from lowcode.web.pages.shell import done, saved

bp = Blueprint("store", __name__)


@bp.get("/store")
@policy("admin")
def show() -> Response:
    """Show the apps that hold every word of the search."""
    part = request.headers.get("HX-Target") == "apps"
    response = _apps("store_apps.html" if part else "store.html")
    if part:
        search = request.args.get("search", "").strip()
        response.headers["HX-Replace-Url"] = request.full_path if search else "/store"
    return response


@bp.post("/store/<name>/install")
@policy("admin")
def install(name: str) -> Response:
    """Install or upgrade an app."""
    try:
        result = Store(current_platform().config.home).install(name)
    except (Conflict, Invalid, NotFound) as fault:
        return _apps("store_apps.html", fault=fault)
    return _apps("store_apps.html", message=result.message)


@bp.get("/store/<name>/uninstall")
@policy("admin")
def ask_uninstall(name: str) -> str:
    """Ask before an app goes, and whether its data go too."""
    app = next((each for each in overview.list_apps(current_platform()) if each["name"] == name), None)
    if app is None:
        raise NotFound(_("没有安装应用“{name}”。", name=name))
    return render_template("uninstall.html", app=app)


@bp.post("/store/<name>/uninstall")
@policy("admin")
def uninstall(name: str) -> Response:
    """Uninstall an app."""
    result = Store(current_platform().config.home).uninstall(name, "remove_data" in request.form)
    return done(result.message)


@bp.get("/platform")
@policy("admin")
def platform() -> str:
    """Show what runs."""
    shown = _running()
    when = local(shown["started_at"], current_platform().config.time_zone)
    return render_template("platform.html", platform=shown, when=when, here="/platform")


@bp.post("/platform/restart")
@policy("admin")
def restart() -> Response:
    """Ask for new workers; the page waits until they have started."""
    before = _running()["started_at"]
    overview.request_restart()
    return Response(status=204, headers=saved(_("平台已重启。"), event="restarting", started_at=before))


def _running() -> dict[str, Any]:
    boot: Boot = current_app.extensions["boot"]
    return overview.describe_platform(current_platform(), boot.started_at)


def _apps(template: str, message: str = "", fault: Fault | None = None) -> Response:
    here = current_platform()
    search = request.args.get("search", "").strip()
    disabled: list[dict[str, Any]] = [each for each in _running()["plugins"] if each["problems"]]
    page = render_template(
        template,
        apps=overview.list_apps(here, search),
        search=search,
        message=message,
        fault=fault.detail if fault else "",
        needs_restart=overview.needs_restart(here),
        disabled=disabled,
        here="/store",
    )
    return make_response(page, fault.status if fault and fault.status in (409, 422) else 200)
