"""`lowcode demo`: a host to look at, its plugins installed, initialised and filled with their sample data."""

from collections.abc import Sequence
from pathlib import Path

from lowcode import initialise
from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.context import Context
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.identity.model import ADMIN
from lowcode.platform import Platform
from lowcode.plugins.loading import LoadedPlugin
from lowcode.running import startup


def prepare(config: Config, wheels: Sequence[Path]) -> list[str]:
    """Install, initialise and fill; give the lines that tell how to sign in. What is there already stays."""
    store = Store(config.home)
    for facts in store.add(wheels):
        store.install(facts.plugin, facts.version)
    password = startup.prepare(config).admin_password or config.admin_password
    shown = password or _("首次启动时显示过；可用 lowcode user passwd admin 重设")
    lines = [_("管理员：admin  {password}", password=shown)]
    platform = startup.start(config)
    try:
        for plugin in platform.active_plugins:
            lines += _fill(platform, plugin)
    finally:
        platform.db.engine.dispose()
    return lines


def _fill(platform: Platform, plugin: LoadedPlugin) -> list[str]:
    """Load a plugin's sample data unless it is there; give its sentence and the people it made."""
    try:
        told, people = load_sample(platform, plugin)
    except Refused as fault:
        return [fault.detail]
    return [told, *(f"  {line}" for line in people)]


def load_sample(platform: Platform, plugin: LoadedPlugin) -> tuple[str, list[str]]:
    """Initialise a plugin and load its sample data; give its sentence and a line for each person it made."""
    sample = plugin.declaration.sample if plugin.declaration else None
    if sample is None:
        raise Refused(_("应用“{name}”没有示例数据。", name=plugin.name), code="no_sample")
    platform.as_system(lambda ctx: initialise.apply(ctx, plugin.name))
    return platform.as_system(lambda ctx: (str(sample.load(ctx)), _people(ctx)))


def _people(ctx: Context) -> list[str]:
    """Tell how each new person signs in, and who that is: name, roles and department."""
    passwords = ctx.users.passwords
    width = max(map(len, passwords), default=0)
    return [
        f"{username:{width}}  {password}  {_who(ctx, user_id)}"
        for username, password in passwords.items()
        if (user_id := ctx.users.with_username(username)) is not None
    ]


def _who(ctx: Context, user_id: int) -> str:
    person = ctx.users.load(user_id)
    labels = ctx.platform.roles
    roles = [_(labels.get(role, role)) for role in (*labels, ADMIN) if role in person.roles]
    departments = ctx.users.department_names([person.department_id] if person.department_id else [])
    return " · ".join((person.name, *roles, *departments.values()))
