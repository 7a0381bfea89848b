"""The search index through what happens to tables: migrations that rebuild and rename, backup and restore."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import select, text

from lowcode.config import Config
from lowcode.database import autogenerate, backup, derived, migrate
from lowcode.database.engine import Database
from lowcode.database.search import holding
from lowcode.plugins import loading as plugins
from lowcode.plugins.loading import LoadedPlugin
from tests.ops.toy import FORM, fill

OpenDb = Callable[[str], Database]
RENAMED = FORM.replace("title: name", "title: label").replace(
    "name: {label: 名称, type: text, max: 100", "label: {label: 名称, type: text, max: 120"
)
RENAMED = RENAMED.replace("columns: [number, name, price]", "columns: [number, label, price], search: [number, label]")
RENAMING = """\
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("toy_item") as batch_op:
        batch_op.drop_index("uq_toy_item_name")
        batch_op.alter_column("name", new_column_name="label", type_=sa.String(120), existing_type=sa.String(100))
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "uq_toy_item_label", "toy_item", ["label"], unique=True, postgresql_where=live, sqlite_where=live
    )
    op.execute("UPDATE toy_item SET label = label || '改' WHERE id < 5")


def downgrade() -> None:
    raise NotImplementedError
"""


def load() -> LoadedPlugin:
    plugin = plugins.load_module("toy_plugin.plugin")
    assert plugin.problems == ()
    return plugin


def found(db: Database, loaded: LoadedPlugin, column: str, wanted: str) -> int:
    """Count what the index alone finds."""
    assert loaded.declared is not None
    table = migrate.plugin_history(loaded.declared).tables.tables["toy_item"]
    hint = holding(table, (column,), wanted)
    assert hint is not None
    with db.read() as connection:
        return len(connection.execute(select(table.c.id).where(hint)).all())


def test_a_renamed_column_is_found_by(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    sorted_by_it = FORM.replace("columns: [number, name, price]", "columns: [number, name, price], sort: [name]")
    (toy_root / "forms" / "item.yaml").write_text(sorted_by_it, encoding="utf-8")
    before, db = load(), open_db(database_url)
    migrate.upgrade(db, [before])
    fill(db)
    assert (found(db, before, "name", "物品"), found(db, before, "name", "品1")) == (20, 11)
    (toy_root / "forms" / "item.yaml").write_text(RENAMED, encoding="utf-8")
    (toy_root / "migrations" / "versions" / "0002_label.py").write_text(RENAMING, encoding="utf-8")
    after = load()
    assert migrate.upgrade(db, [after]) == {"toy": None}
    db.engine.dispose()
    assert autogenerate.drift(db, [after]) == []
    assert [found(db, after, "label", each) for each in ("物品", "改", "品2")] == [20, 5, 1]
    with db.write() as connection:
        connection.execute(text("UPDATE toy_item SET label = '别的' WHERE id = 2"))
        connection.execute(text("DELETE FROM toy_item_parts WHERE record_id = 3"))
        connection.execute(text("DELETE FROM toy_item WHERE id = 3"))
    assert [found(db, after, "label", each) for each in ("物品", "改", "别")] == [18, 3, 1]


def test_a_column_that_lists_are_sorted_by_and_search_may_go(
    database_url: str, open_db: OpenDb, toy_root: Path
) -> None:
    wider = FORM.replace("columns: [number, name, price]", "columns: [number, name], search: [colour], sort: [-colour]")
    wider = wider.replace("      bought:", "      colour: {label: 颜色, type: text, max: 20}\n      bought:")
    db = open_db(database_url)
    for form in (wider, FORM):
        (toy_root / "forms" / "item.yaml").write_text(form, encoding="utf-8")
        assert autogenerate.revision(autogenerate.history_of(toy_root), "colour") is not None
        plugin = load()
        assert migrate.upgrade(db, [plugin])["toy"] is None
        assert autogenerate.drift(db, [plugin]) == []
        if form is wider:
            fill(db)
    assert found(db, plugin, "name", "物品") == 20


def test_fields_of_a_search_may_change_without_a_migration(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    db = open_db(database_url)
    migrate.upgrade(db, [load()])
    fill(db)
    with db.write() as connection:
        connection.execute(text("UPDATE toy_item SET number = 'ZX-' || id"))
    searched = FORM.replace("columns: [number, name, price]", "columns: [number], search: [number], sort: [-price]")
    (toy_root / "forms" / "item.yaml").write_text(searched, encoding="utf-8")
    after = load()
    assert migrate.pending(db, [after]) == ["toy"]
    assert autogenerate.missing_changes(autogenerate.history_of(toy_root)) == []
    migrate.upgrade(db, [after])
    assert found(db, after, "number", "zx") == 20
    (toy_root / "forms" / "item.yaml").write_text(FORM, encoding="utf-8")
    again = load()
    migrate.upgrade(db, [again])
    assert migrate.pending(db, [again]) == autogenerate.drift(db, [again]) == []


def test_a_restored_backup_has_its_index(database_url: str, open_db: OpenDb, toy_root: Path, tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home", database_url=database_url)
    loaded, db = load(), open_db(database_url)
    migrate.upgrade(db, [loaded])
    fill(db)
    backup.back_up(config, tmp_path / "backup.tar.gz")
    with db.write() as connection:
        connection.execute(text("DELETE FROM toy_item_parts"))
        connection.execute(text("DELETE FROM toy_item"))
    db.engine.dispose()
    backup.restore(config, tmp_path / "backup.tar.gz", force=True)
    assert autogenerate.drift(db, [loaded]) == []
    assert found(db, loaded, "name", "物品") == 20
    if db.is_sqlite:
        name = f"{derived.PREFIX}toy_item"
        with closing(sqlite3.connect(str(db.url.database))) as connection:
            connection.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
