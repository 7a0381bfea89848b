"""Bring the tables to what the code and the declarations say: one history for the host, one for each plugin.

Every migration runs in a transaction of its own, on SQLite too, so that whatever kills the process leaves either
the state before it or the state after it, and the next start goes on from there.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, inspect, text

import lowcode.identity.tables
from lowcode.database import derived
from lowcode.database.engine import Database
from lowcode.database.metadata import NAMING
from lowcode.database.schema import metadata as host_metadata
from lowcode.declare.model import Plugin
from lowcode.forms import build_forms
from lowcode.plugins.loading import LoadedPlugin
from lowcode.plugins.sentence import Sentence
from lowcode.running.durable import locked

log = logging.getLogger(__name__)

HOST = "lowcode"
HOST_FOLDER = Path(lowcode.__file__).parent / "migrations"
LOCK_KEY = 0x6C6F77636F6465
"""The advisory lock on PostgreSQL: the letters of `lowcode`."""


@dataclass(frozen=True)
class History:
    """The migrations of the host or of one plugin, and the tables they lead to."""

    name: str
    versions: Path
    tables: MetaData

    @property
    def version_table(self) -> str:
        """Give the table that holds the revision of the database."""
        return f"{self.name}_alembic_version"

    @cached_property
    def script(self) -> ScriptDirectory:
        """Read the migrations."""
        return ScriptDirectory(str(self.versions.parent), version_locations=[str(self.versions)])

    @cached_property
    def head(self) -> str | None:
        """Give the newest revision; None for a plugin that brings no migrations."""
        return self.script.get_current_head() if self.versions.is_dir() else None

    def current(self, connection: Connection) -> str | None:
        """Read the revision of the database."""
        if not inspect(connection).has_table(self.version_table):
            return None
        return self.context(connection).get_current_revision()

    def context(self, connection: Connection, **options: Any) -> MigrationContext:
        """Open alembic on the version table of this history."""
        return MigrationContext.configure(connection, opts={"version_table": self.version_table, **options})

    def is_done(self, connection: Connection) -> bool:
        """Tell whether nothing is left to do."""
        if self.head is not None:
            is_current = self.current(connection) == self.head
        else:
            is_current = set(inspect(connection).get_table_names()).issuperset(self.tables.tables)
        return is_current and not derived.missing(connection, self.tables)


def host_history() -> History:
    """Give the history of the host's own tables."""
    return History(HOST, HOST_FOLDER / "versions", host_metadata)


def plugin_history(plugin: Plugin) -> History:
    """Give the history of a plugin; its tables are derived from its forms."""
    tables = MetaData(naming_convention=NAMING)
    build_forms(plugin, tables)
    return History(plugin.name, plugin.root / "migrations" / "versions", tables)


def histories(loaded: Iterable[LoadedPlugin]) -> list[History]:
    """Give the history of the host, then those of all active plugins."""
    active = [each.declared for each in loaded if each.state == "active" and each.declared is not None]
    return [host_history(), *(plugin_history(plugin) for plugin in active)]


def pending(db: Database, loaded: Iterable[LoadedPlugin]) -> list[str]:
    """Name the host and the plugins whose tables are not up to date."""
    with db.read() as connection:
        return [history.name for history in histories(loaded) if not _is_done(history, connection)]


def _is_done(history: History, connection: Connection) -> bool:
    try:
        return history.is_done(connection)
    except (CommandError, RevisionError, SyntaxError) as fault:
        log.error("The migrations of %s cannot be read: %s", history.name, fault)
        return False


def upgrade(
    db: Database, loaded: Iterable[LoadedPlugin], before: Callable[[Sequence[str]], None] | None = None
) -> dict[str, str | None]:
    """Bring everything up to date; give what went wrong for each plugin, None where nothing did.

    Two processes that upgrade at once take turns. `before` is called with the names of what is behind and already has
    tables, before anything is changed; it makes the backup. A fault of the host's own migrations is raised; a plugin's
    is logged and told, and the plugin stays disabled until it is mended.
    """
    results: dict[str, str | None] = {}
    with exclusive(db):
        with db.read() as connection:
            behind = [history for history in histories(loaded) if not _is_done(history, connection)]
            in_use = [history.name for history in behind if has_tables(history, connection)]
        if behind and before:
            before(in_use)
        for history in behind:
            try:
                apply(db, history)
                results[history.name] = None
            except Exception as fault:
                if history.name == HOST:
                    raise
                log.exception("The migrations of %s failed; nothing of the failed step was kept.", history.name)
                results[history.name] = str(fault)
    return results


def has_tables(history: History, connection: Connection) -> bool:
    """Tell whether the database already holds something of a history."""
    present = set(inspect(connection).get_table_names())
    return history.version_table in present or not present.isdisjoint(history.tables.tables)


def without_unmigrated(db: Database, loaded: Iterable[LoadedPlugin]) -> list[LoadedPlugin]:
    """Disable the plugins whose tables are not up to date."""
    known = list(loaded)
    behind = set(pending(db, known))
    reason = Sentence("数据库迁移没有完成；原因在平台的日志里，改正后请重启平台。")
    return [
        replace(each, state="disabled", problems=(*each.problems, reason))
        if each.state == "active" and each.name in behind
        else each
        for each in known
    ]


def heads(loaded: Iterable[LoadedPlugin]) -> Mapping[str, str]:
    """Give the revision that each version table must hold; what a health check compares, worked out once."""
    return {history.version_table: history.head for history in histories(loaded) if history.head is not None}


def revisions(connection: Connection, tables: Iterable[str]) -> dict[str, str | None]:
    """Read version tables, cheaply; raises a database error when one is missing."""
    return {name: connection.scalar(text(f'SELECT version_num FROM "{name}"')) for name in tables}  # noqa: S608


def apply(db: Database, history: History) -> None:
    """Run what is behind, each migration in its own transaction."""
    with connection_for_ddl(db) as connection:
        with connection.begin():
            if history.head is None:
                history.tables.create_all(connection)
            if history.head is None or history.current(connection) == history.head:
                derived.put_right(connection, history.tables)  # what changes without a migration
                return
        environment = EnvironmentContext(
            AlembicConfig(),
            history.script,
            fn=lambda revision, _context: _steps(history, connection, revision),
            destination_rev="head",
        )
        with environment:
            environment.configure(
                connection=connection,
                target_metadata=history.tables,
                version_table=history.version_table,
                transactional_ddl=True,
                transaction_per_migration=True,
                render_as_batch=True,
                on_version_apply=partial(_end_step, history),
            )
            with environment.begin_transaction():
                environment.run_migrations()
        connection.commit()


def _steps(history: History, connection: Connection, revision: Any) -> Iterator[Any]:
    """Give the steps that are left, each with its way cleared in its own transaction."""
    for step in history.script._upgrade_revs("head", revision):
        step.migration_fn = partial(_run_step, history, connection, step.migration_fn)
        yield step


def _run_step(history: History, connection: Connection, migration: Callable[..., None], **options: Any) -> None:
    derived.clear_the_way(connection, history.tables)
    migration(**options)


def _end_step(
    history: History, ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    """Finish a step in its own transaction; the last one brings the indexes that follow from the declarations."""
    log.info("%s: migration %s", ctx.version_table, step.up_revision_id)
    connection = ctx.connection
    if connection is None:
        return
    if connection.dialect.name == "sqlite":
        _check_references(connection, str(step.up_revision_id))
    if step.up_revision_id == history.head:
        derived.put_right(connection, history.tables)


def _check_references(connection: Connection, revision: str) -> None:
    """Refuse a step that leaves rows pointing nowhere: SQLite does not check while tables are rebuilt."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken:
        raise RuntimeError(f"After {revision} a row of {broken[0]} points to a missing row of {broken[2]}.")


@contextmanager
def connection_for_ddl(db: Database) -> Iterator[Connection]:
    """Open a connection that may take its time and rebuild tables; it is thrown away afterwards."""
    with db.engine.connect() as connection:
        connection.detach()
        if db.is_sqlite:
            # Inside a transaction the switch does nothing; with it on, replacing a table deletes what hangs on it.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
            connection.info["immediate"] = True
        else:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.commit()
        yield connection


@contextmanager
def exclusive(db: Database) -> Iterator[None]:
    """Hold the right to change tables; other processes wait."""
    if db.is_sqlite:
        file = db.url.database
        with locked(Path(f"{file}.migrating")) if file and file != ":memory:" else nullcontext():
            yield
        return
    with connection_for_ddl(db) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.commit()
        yield
