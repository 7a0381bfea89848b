"""The command line: everything an administrator or a plugin's author does outside the browser."""

import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from lowcode import i18n, initialise
from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.context import Context
from lowcode.database import autogenerate, backup, datacheck
from lowcode.declare.reference import reference as yaml_reference
from lowcode.errors import Fault, NotFound
from lowcode.i18n import _
from lowcode.identity import users
from lowcode.identity.names import username_key
from lowcode.identity.tables import users as people
from lowcode.platform import HERE, Platform
from lowcode.plugins.checkout import load_checkout, root_of
from lowcode.running import boot, demo, jobs, startup
from lowcode.running.supervisor import Supervisor
from lowcode.version import HOST_API
from lowcode.workflow import verifying

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


def main() -> None:
    """Run the command line; refusals are one sentence on stderr and status 1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("huey", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    i18n.load([HERE / "locale"])
    i18n.language.set("en" if os.environ.get("LANG", "").startswith("en") else "zh")
    try:
        cli()
    except Fault as fault:
        click.echo(fault.detail, err=True)
        for name, sentences in fault.errors.items():
            click.echo(f"  {name}: {' '.join(sentences)}", err=True)
        sys.exit(1)


@click.group()
def cli() -> None:
    """Run and administer a low-code platform."""


@cli.command()
def run() -> None:
    """Prepare the database, serve pages and API, run jobs; SIGHUP restarts without refusing a request."""
    sys.exit(Supervisor(Config.of_this_process(), click.echo).run())


@cli.command("demo")
@click.argument("wheels", type=FILE, nargs=-1, required=True)
def demo_command(wheels: tuple[Path, ...]) -> None:
    """Install WHEELS, fill them with sample data, tell how to sign in, and run."""
    config = Config.of_this_process()
    lines = demo.prepare(config, wheels)

    def say(line: str) -> None:
        click.echo("\n".join((line, *lines)))
        lines.clear()

    sys.exit(Supervisor(config, say).run())


@cli.command()
def worker() -> None:
    """Run jobs by the clock; `run` starts one by itself."""
    jobs.run_worker(startup.start(startup.config_of_this_start()))


@cli.command(hidden=True)
def rehearse() -> None:
    """Do everything a start does except serving."""
    _tell(startup.rehearse(Config.of_this_process()))


@cli.command()
@click.argument("path", type=FOLDER, default=".")
@click.option("--data", is_flag=True, help="Recompute stored sums and differences in the database and compare.")
def check(path: Path, data: bool) -> None:
    """Check a plugin's declarations and hooks, or with --data what the database holds."""
    if data:
        with _platform() as platform:
            problems = platform.as_system(datacheck.wrong_rollups)
    else:
        problems = [str(problem) for problem in load_checkout(path).problems]
    for problem in problems:
        click.echo(problem)
    click.echo(_("发现 {count} 个问题。", count=len(problems)) if problems else _("没有问题。"))
    sys.exit(1 if problems else 0)


@cli.group()
def migrate() -> None:
    """Change tables."""


@migrate.command()
def upgrade() -> None:
    """Bring the database to what the installed plugins need."""
    _tell(startup.prepare(Config.of_this_process()))


@migrate.command()
@click.argument("path", type=FOLDER, required=False)
@click.option("-m", "--message", required=True, help="What changes, in a few words.")
def revision(path: Path | None, message: str) -> None:
    """Write the next migration of the plugin in PATH, or of the host."""
    written = autogenerate.revision(autogenerate.history_of(root_of(path) if path else None), message)
    click.echo(_("已生成 {file}；提交前请检查它。", file=written) if written else _("表没有变化，不需要迁移。"))


@migrate.command()
@click.argument("path", type=FOLDER, required=False)
@click.option("--host", is_flag=True, help="Check the host's own migrations.")
def drift(path: Path | None, host: bool) -> None:
    """Say what the migrations in PATH lack; without PATH, where the database differs from what is installed."""
    if path or host:
        lines = autogenerate.missing_changes(autogenerate.history_of(root_of(path) if path else None))
    else:
        with _platform() as platform:
            lines = autogenerate.drift(platform.db, platform.plugins)
    for line in lines:
        click.echo(line)
    click.echo(_("发现 {count} 处不一致。", count=len(lines)) if lines else _("一致。"))
    sys.exit(1 if lines else 0)


@cli.command("initialise")
@click.argument("plugin")
@click.option("--plan", "only_plan", is_flag=True, help="Only say what would be added.")
def initialise_command(plugin: str, only_plan: bool) -> None:
    """Add the dictionaries and numbering rules of a plugin that are missing."""
    work = initialise.plan if only_plan else initialise.apply
    with _platform() as platform:
        _tell_plan(platform.as_system(lambda ctx: work(ctx, plugin)))


@cli.group()
def store() -> None:
    """Fill the app store, install and uninstall."""


@store.command("add")
@click.argument("wheels", type=FILE, nargs=-1, required=True)
def store_add(wheels: tuple[Path, ...]) -> None:
    """Verify wheels and put them into the catalogue."""
    for facts in _store().add(wheels):
        click.echo(f"{facts.plugin} {facts.version}  sha256:{facts.sha256}")


@store.command("list")
@click.argument("search", default="")
def store_list(search: str) -> None:
    """List the catalogue."""
    for app in _store().search(search):
        click.echo(f"{app.name}  {app.label}  {app.version}  {app.installed_version or '-'}")


@store.command("install")
@click.argument("plugin")
@click.option("--version", help="A release other than the newest.")
def store_install(plugin: str, version: str | None) -> None:
    """Install or upgrade a plugin."""
    click.echo(_store().install(plugin, version).message)


@store.command("uninstall")
@click.argument("plugin")
@click.option("--remove-data", is_flag=True, help="Also delete its tables, files and settings, at the next start.")
def store_uninstall(plugin: str, remove_data: bool) -> None:
    """Uninstall a plugin; its data stays unless asked otherwise."""
    click.echo(_store().uninstall(plugin, remove_data).message)


@cli.group()
def user() -> None:
    """Manage people."""


@user.command("add")
@click.argument("username")
@click.option("--name", help="What people see; the username without it.")
@click.option("--role", "roles", multiple=True, help="May be given several times.")
def user_add(username: str, name: str | None, roles: tuple[str, ...]) -> None:
    """Add a person with a random first password, which is printed once."""
    payload = {"username": username, "name": name or username, "password": secrets.token_urlsafe(12), "roles": [*roles]}
    with _platform() as platform:
        platform.as_system(lambda ctx: users.create(ctx.connection, payload, platform.roles))
    click.echo(f"{username}  {payload['password']}")


@user.command("passwd")
@click.argument("username")
def user_passwd(username: str) -> None:
    """Give a person a new random password, which is printed once, and end all sessions."""
    password = secrets.token_urlsafe(12)

    def work(ctx: Context) -> None:
        key = people.c.username_key == username_key(username)
        user_id = ctx.connection.scalar(select(people.c.id).where(key))
        if user_id is None:
            raise NotFound(_("没有用户 {username}。", username=username))
        users.update_user(ctx.connection, user_id, {"password": password}, ctx.platform.roles)

    with _platform() as platform:
        platform.as_system(work)
    click.echo(f"{username}  {password}")


@cli.command()
@click.argument("plugin")
def sample(plugin: str) -> None:
    """Load the sample data of a plugin; people it makes are printed with their passwords."""
    with _platform() as platform:
        loaded = next((each for each in platform.active_plugins if each.name == plugin), None)
        if loaded is None:
            raise NotFound(_("没有安装应用“{name}”。", name=plugin))
        told, people = demo.load_sample(platform, loaded)
    click.echo("\n".join((told, *people)))


@cli.command("backup")
@click.argument("file", type=FILE)
def backup_command(file: Path) -> None:
    """Write database, files, store and plugins into one .tar.gz."""
    click.echo(backup.back_up(Config.of_this_process(), file))


@cli.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace what is there.")
def restore(file: Path, force: bool) -> None:
    """Put a backup back. The platform must not be running."""
    config = Config.of_this_process()
    with boot.alone(config.home):
        backup.restore(config, file, force)
    click.echo(_("恢复完成，请启动平台。"))


@cli.command()
def reference() -> None:
    """Print the reference of the YAML declarations."""
    click.echo(yaml_reference(), nl=False)


@cli.command()
def version() -> None:
    """Print the version of the host."""
    click.echo(HOST_API)


@cli.group()
def audit() -> None:
    """Check what was recorded."""


@audit.command("verify")
@click.option("--head", help="The end of the trail that an earlier check printed.")
def audit_verify(head: str | None) -> None:
    """Check the trail of approvals: every entry, their order, and the documents they are about."""
    with _platform() as platform, platform.db.read() as connection:
        found = verifying.verify(connection, head)
    click.echo(_("共 {count} 条记录，末尾 {head}", count=found["entries"], head=found["head"]))
    click.echo(found["reason"] or _("没有问题。"))
    sys.exit(1 if found["reason"] else 0)


@contextmanager
def _platform() -> Iterator[Platform]:
    """Start the platform for the length of one command."""
    platform = startup.start(Config.of_this_process())
    try:
        yield platform
    finally:
        platform.db.engine.dispose()


def _store() -> Store:
    return Store(Config.of_this_process().home)


def _tell(prepared: startup.Prepared) -> None:
    for name, fault in prepared.migrated.items():
        click.echo(
            _("{name}：迁移失败：{fault}", name=name, fault=fault) if fault else _("{name}：表已更新。", name=name)
        )
    for name in prepared.removed:
        click.echo(_("{name}：数据已删除。", name=name))
    if prepared.admin_password:
        click.echo(_("管理员 admin 的初始密码（只显示这一次）：{password}", password=prepared.admin_password))


def _tell_plan(plan: dict[str, Any]) -> None:
    for entry in plan["dictionaries"]:
        click.echo(f"{entry['name']}  +{len(entry['add'])} ={len(entry['keep'])}")
    for entry in plan["numbering"]:
        click.echo(f"{entry['name']}  {entry['pattern']}  {'+1' if entry['add'] else '=1'}")


if __name__ == "__main__":
    main()
