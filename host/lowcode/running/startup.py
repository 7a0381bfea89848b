"""The steps from installed files to a platform that serves: data removals, migrations, plugins, first administrator."""

import faulthandler
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lowcode.appstore.removal import remove_data
from lowcode.config import Config
from lowcode.database import migrate
from lowcode.database.backup import before_upgrade
from lowcode.database.engine import Database
from lowcode.identity.users import ensure_admin
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.records import alike_build
from lowcode.running import boot
from lowcode.web.app import create_app

log = logging.getLogger(__name__)

START_SECONDS = 60
"""How long a start may take apart from migrations, which take as long as the data are large."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` did: the migrations that ran, with their faults, and a password to show once."""

    migrated: dict[str, str | None]
    removed: list[str]
    admin_password: str | None


def prepare(config: Config, modules: Sequence[str] = ()) -> Prepared:
    """Bring the database to what the installed plugins need. Safe to run again and from two processes at once."""
    config.home.mkdir(parents=True, exist_ok=True)
    db = Database(config.database_url)
    try:
        with _must_end():
            loaded = plugins.discover(config, modules)
        migrated = migrate.upgrade(db, loaded, lambda in_use: _keep_copy(config, in_use))
        removed = remove_data(config, db)
        alike_build.build(db, migrate.without_unmigrated(db, loaded))
        return Prepared(migrated, removed, ensure_admin(db, config))
    finally:
        db.engine.dispose()


def _keep_copy(config: Config, in_use: Sequence[str]) -> None:
    kept = before_upgrade(config, in_use)
    if kept:
        log.info("The database was copied to %s before its tables change.", kept)


def start(config: Config, modules: Sequence[str] = ()) -> Platform:
    """Start the platform on a prepared database. A plugin whose tables are not ready is disabled."""
    db = Database(config.database_url)
    try:
        loaded = migrate.without_unmigrated(db, plugins.discover(config, modules))
    finally:
        db.engine.dispose()
    return Platform(config, loaded)


def rehearse(config: Config) -> Prepared:
    """Do all that a worker will do, so that a fault shows before any worker is replaced."""
    prepared = prepare(config)
    with _must_end():
        platform = start(config)
        create_app(platform)
    platform.db.engine.dispose()
    return prepared


def config_of_this_start() -> Config:
    """Read the configuration; the supervisor, not the environment, says whether this start is in safe mode."""
    config = Config.of_this_process()
    current = boot.read(config.home)
    return replace(config, safe_mode=config.safe_mode or bool(current and current.safe_mode))


@contextmanager
def _must_end() -> Iterator[None]:
    """End the process, with all stacks in the log, when plugin code hangs where Python cannot interrupt it."""
    faulthandler.dump_traceback_later(START_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
