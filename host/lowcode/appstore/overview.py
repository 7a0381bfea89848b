"""What administrators see of the store and of the running platform; pages and API answer from here."""

import os
import signal
from datetime import datetime
from typing import Any

from lowcode.appstore import installed
from lowcode.appstore.manifest import fits
from lowcode.appstore.store import App, Store
from lowcode.errors import Conflict
from lowcode.i18n import _
from lowcode.platform import Platform
from lowcode.records.showing import instant
from lowcode.version import HOST_API


def list_apps(platform: Platform, search: str = "") -> list[dict[str, Any]]:
    """List the plugins in the store that hold every word of `search`.

    `status` is one of: `available`; `installed`; `upgradable`, installed with a newer release in the store; `disabled`,
    installed with `problems`; `installed_needs_restart` and `uninstalled_needs_restart`, not yet so in this process.
    """
    return [_describe(app, platform) for app in Store(platform.config.home).search(search)]


def _describe(app: App, platform: Platform) -> dict[str, Any]:
    loaded = next((each for each in platform.plugins if each.name == app.name and each.from_store), None)
    problems = [str(problem) for problem in loaded.problems] if loaded else []
    if app.host_api and not fits(app.host_api):
        wanted = _(
            "{version} 版要求平台版本 {wanted}，当前是 {host}。",
            version=app.version,
            wanted=app.host_api,
            host=HOST_API,
        )
        problems = [*problems, wanted]
    return {
        "name": app.name,
        "label": app.label,
        "summary": app.summary,
        "version": app.version,
        "installed_version": app.installed_version,
        "status": _status(app, loaded.version if loaded else None, bool(loaded and loaded.state == "disabled")),
        "problems": problems,
    }


def _status(app: App, loaded_version: str | None, is_disabled: bool) -> str:
    if app.installed_version is None:
        return "uninstalled_needs_restart" if loaded_version else "available"
    if app.installed_version != loaded_version:
        return "installed_needs_restart"
    if app.installed_version != app.version:
        return "upgradable"
    return "disabled" if is_disabled else "installed"


def describe_platform(platform: Platform, started_at: datetime) -> dict[str, Any]:
    """Say what runs: the version, the plugins with their faults, and whether a restart would change that."""
    return {
        "version": HOST_API,
        "started_at": instant(started_at),
        "safe_mode": platform.config.safe_mode,
        "needs_restart": needs_restart(platform),
        "plugins": [
            {
                "name": plugin.name,
                "label": _(plugin.declared.label) if plugin.declared else plugin.name,
                "version": plugin.version,
                "state": plugin.state,
                "problems": [str(problem) for problem in plugin.problems],
            }
            for plugin in platform.plugins
        ],
    }


def needs_restart(platform: Platform) -> bool:
    """Tell whether what is installed differs from what this process loaded."""
    home = platform.config.home
    active = {name: entry.version for name, entry in installed.read_active(home).items()}
    loaded = {plugin.name: plugin.version for plugin in platform.plugins if plugin.from_store}
    return active != loaded or bool(installed.read_removals(home))


def request_restart() -> None:
    """Ask the supervisor to replace all workers; raises `Conflict` where there is none."""
    supervisor = os.environ.get("LOWCODE_SUPERVISOR_PID", "")
    try:
        os.kill(int(supervisor), signal.SIGHUP)
    except (ValueError, ProcessLookupError, PermissionError) as fault:
        raise Conflict(
            _("平台不是由 lowcode run 启动的，不能在这里重启；请重启它的进程。"), code="not_supervised"
        ) from fault
