"""Compare declarations with tables: find drift, and write the next migration."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, ForeignKeyConstraint

from lowcode.database import derived, migrate
from lowcode.database.engine import Database
from lowcode.database.migrate import History
from lowcode.declare.load import load_plugin
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.plugins.loading import LoadedPlugin
from lowcode.running.durable import write_bytes

TEMPLATE = '''"""{message}."""

import lowcode.api
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def drift(db: Database, loaded: Iterable[LoadedPlugin]) -> list[str]:
    """Say where the tables differ from the code and the declarations; one line each."""
    all_histories = migrate.histories(loaded)
    found: list[str] = []
    with db.read() as connection:
        for history in all_histories:
            others = {table for other in all_histories if other is not history for table in other.tables.tables}
            script = _compare(connection, history, others)
            lines = _lines(script.upgrade_ops)
            lines += [f"derived_index {name}" for name in derived.missing(connection, history.tables)]
            found += [f"{history.name}: {line}" for line in lines]
    return found


def history_of(root: Path | None) -> History:
    """Give the migrations of the plugin whose declarations are in `root`; those of the host without it."""
    if root is None:
        return migrate.host_history()
    read = load_plugin(root)
    if read.plugin is None or read.problems:
        raise Refused(_("声明有误，请先改正：{problem}", problem=read.problems[0]), code="declaration_faulty")
    return migrate.plugin_history(read.plugin)


def missing_changes(history: History) -> list[str]:
    """Say what the migrations do not do yet; one line each. Needs no database but an empty one of its own."""
    with _migrated(history) as connection:
        return _lines(_compare(connection, history, set()).upgrade_ops)


def revision(history: History, message: str) -> Path | None:
    """Write the migration that leads from the newest one to what is declared; None when nothing is missing."""
    history.versions.mkdir(parents=True, exist_ok=True)
    with _migrated(history) as connection:
        script = _compare(connection, history, set())
        if not _lines(script.upgrade_ops):
            return None
        _add_circular_references(script)
        context = history.context(connection, render_item=_render_type, render_as_batch=True)
        bodies = [
            render_python_code(body, render_as_batch=True, render_item=_render_type, migration_context=context)
            for body in (script.upgrade_ops, script.downgrade_ops)
            if body is not None
        ]
    return _write(history.script, history.versions, message, bodies)


@contextmanager
def _migrated(history: History) -> Iterator[Connection]:
    """Open an empty SQLite database that all migrations were applied to."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/empty.db")
        try:
            if history.head is not None:
                migrate.apply(db, history)
            with db.read() as connection:
                yield connection
        finally:
            db.engine.dispose()


def _write(script: ScriptDirectory, versions: Path, message: str, bodies: list[str]) -> Path:
    name = f"{len(list(script.walk_revisions())) + 1:04}"
    down = script.get_current_head()
    content = TEMPLATE.format(
        message=message.rstrip(".。"),
        revision=name,
        down=f'"{down}"' if down else None,
        upgrade=_body(bodies[0]),
        downgrade=_body(bodies[1]),
    )
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40]
    path = versions / f"{name}_{slug or 'change'}.py"
    write_bytes(path, content.encode())
    path.chmod(0o644)
    return path


def _body(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("#")).strip()


def _compare(connection: Connection, history: History, others: set[str]) -> ops.MigrationScript:
    """Let alembic compare, limited to the tables of one history."""
    own = set(history.tables.tables)

    def include(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        if kind == "index" and derived.is_derived(name):
            return False
        if kind != "table" or name is None or name in own:
            return True
        if derived.is_derived(name):
            return False
        left_over = history.name != migrate.HOST and name.startswith(f"{history.name}_") and name not in others
        return left_over and name != history.version_table

    context = history.context(connection, include_object=include, compare_type=True, render_as_batch=True)
    return produce_migrations(context, history.tables)


def _add_circular_references(script: ops.MigrationScript) -> None:
    """Add references marked `use_alter` after all tables, and drop them before: two tables may point at each other."""
    up, down = script.upgrade_ops, script.downgrade_ops
    if up is None or down is None:
        return
    for operation in [each for each in up.ops if isinstance(each, ops.CreateTableOp)]:
        table = operation.table_name
        late = [part for part in operation.columns if isinstance(part, ForeignKeyConstraint) and part.use_alter]
        operation.columns = [part for part in operation.columns if not any(part is key for key in late)]
        for key in late:
            referred = key.elements[0].target_fullname.rpartition(".")[0]
            remote = [element.target_fullname.rpartition(".")[2] for element in key.elements]
            name = str(key.name)
            add = ops.CreateForeignKeyOp(name, table, referred, list(key.column_keys), remote)
            up.ops.append(ops.ModifyTableOps(table, [add]))
            down.ops.insert(0, ops.ModifyTableOps(table, [ops.DropConstraintOp(name, table, type_="foreignkey")]))


def _lines(upgrade: ops.UpgradeOps | None) -> list[str]:
    return [_line(diff) for diff in (upgrade.as_diffs() if upgrade else ())]


def _line(diff: Any) -> str:
    """Write one difference: what to do, with which table and column."""
    if isinstance(diff, list):
        return "; ".join(_line(each) for each in diff)
    words = [str(diff[0])]
    for part in diff[1:]:
        name = getattr(part, "name", None)
        if isinstance(part, str):
            words.append(part)
        elif name is not None:
            table = getattr(getattr(part, "table", None), "name", None)
            words.append(f"{table}.{name}" if table and diff[0] not in ("add_column", "remove_column") else str(name))
    return " ".join(words)


def _render_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Write the host's column types as plugins may import them."""
    if kind == "type" and type(item).__module__ == "lowcode.database.columns":
        name = type(item).__name__
        return (
            f"lowcode.api.{name}({item.precision}, {item.scale})" if name == "FixedDecimal" else f"lowcode.api.{name}()"
        )
    return False
