"""Migrations on both databases: cut short at every statement, run by two at once, compared with the declarations."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, event, inspect, text

from lowcode.config import Config
from lowcode.database import autogenerate, derived, migrate
from lowcode.database.engine import Database
from lowcode.errors import Refused
from lowcode.plugins import loading as plugins
from lowcode.plugins.loading import LoadedPlugin
from lowcode.running.startup import prepare
from tests.ops.toy import FORM, Toy, contents, fill

OpenDb = Callable[[str], Database]
WIDER = FORM.replace("max: 100", "max: 200").replace(
    "      bought:", "      colour: {label: 颜色, type: text, max: 20}\n      bought:"
)


def load() -> LoadedPlugin:
    plugin = plugins.load_module("toy_plugin.plugin")
    assert plugin.problems == ()
    return plugin


def widen(root: Path) -> LoadedPlugin:
    """Declare one more field and a longer text, with the migration to it."""
    (root / "forms" / "item.yaml").write_text(WIDER, encoding="utf-8")
    assert autogenerate.revision(autogenerate.history_of(root), "colour") is not None
    return load()


def killed_upgrade(url: str, loaded: list[LoadedPlugin], statement: int) -> bool:
    """Upgrade in a process that is killed before its n-th statement; False when it came to the end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            db = Database(url)
            seen = 0

            @event.listens_for(db.engine, "before_cursor_execute")
            def count(*_arguments: object) -> None:
                nonlocal seen
                seen += 1
                if seen == statement:
                    os.kill(os.getpid(), signal.SIGKILL)

            migrate.upgrade(db, loaded)
            status = 0
        finally:
            os._exit(status)
    _pid, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status != 0


def test_killed_before_every_statement_of_an_empty_database(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    """Each round goes on from what the last one left; the database comes to the same end."""
    loaded, statement = [load()], 1
    while killed_upgrade(database_url, loaded, statement):
        statement += 1
    assert statement > 40
    db = open_db(database_url)
    assert autogenerate.drift(db, loaded) == []
    assert migrate.pending(db, loaded) == []


def test_killed_before_every_statement_of_a_change_of_data(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    """The state after the kill is the one before, data included, and the next upgrade succeeds."""
    before = load()
    db = open_db(database_url)
    migrate.upgrade(db, [before])
    fill(db)
    held = contents(db)
    after, statement = widen(toy_root), 1
    while killed_upgrade(database_url, [after], statement):
        assert contents(db) == held
        if migrate.pending(db, [after]):
            assert autogenerate.drift(db, [before]) == []
        statement += 1
    assert statement > 5
    db.engine.dispose()  # PostgreSQL refuses plans that were prepared for the old columns
    assert contents(db) == held
    assert autogenerate.drift(db, [after]) == []


def test_two_upgrades_at_once(database_url: str, open_db: OpenDb, toy_root: Path, tmp_path: Path) -> None:
    loaded = [load()]
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            try:
                done = migrate.upgrade(Database(database_url), loaded)
                (tmp_path / f"done{number}").write_text(repr(done))
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    results = sorted((tmp_path / f"done{number}").read_text() for number in range(4))
    assert results == [*["{'lowcode': None, 'toy': None}"], *["{}"] * 3]
    assert autogenerate.drift(open_db(database_url), loaded) == []


def test_drift(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    loaded = [load()]
    db = open_db(database_url)
    assert autogenerate.drift(db, loaded) != []
    migrate.upgrade(db, loaded)
    assert autogenerate.drift(db, loaded) == []
    with db.write() as connection:
        connection.execute(text("ALTER TABLE toy_item DROP COLUMN bought"))
        connection.execute(text("ALTER TABLE settings ADD COLUMN extra TEXT"))
        connection.execute(text("CREATE TABLE toy_leftover (id INTEGER)"))
        connection.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))
    told = "\n".join(autogenerate.drift(db, loaded))
    assert "toy: add_column toy_item bought" in told
    assert "lowcode: remove_column settings extra" in told
    assert "toy: remove_table toy_leftover" in told
    assert "somebody_elses" not in told


def test_missing_changes_without_a_database(toy_root: Path) -> None:
    assert autogenerate.missing_changes(autogenerate.history_of(toy_root)) == []
    (toy_root / "forms" / "item.yaml").write_text(WIDER, encoding="utf-8")
    assert autogenerate.missing_changes(autogenerate.history_of(toy_root)) == [
        "add_column toy_item colour",
        "modify_type toy_item name",
    ]


def test_nothing_to_write(toy_root: Path) -> None:
    assert autogenerate.revision(autogenerate.history_of(toy_root), "again") is None
    assert autogenerate.missing_changes(migrate.host_history()) == []


def test_faulty_declarations_make_no_migration(toy: Toy, tmp_path: Path) -> None:
    toy.declarations["forms/item.yaml"] = FORM.replace("type: money", "type: mony")
    with pytest.raises(Refused, match="E201"):
        autogenerate.history_of(toy.checkout(tmp_path / "toy"))


def test_down_and_up_again(database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    plugin = widen(toy_root)
    assert plugin.declared is not None
    db = open_db(database_url)
    migrate.upgrade(db, [plugin])
    history = migrate.plugin_history(plugin.declared)
    for history_down in (history, migrate.host_history()):
        run_down(db, history_down)
    with db.read() as connection:
        left = [name for name in inspect(connection).get_table_names() if not derived.is_derived(name)]
        assert left == ["lowcode_alembic_version", "toy_alembic_version"]
    migrate.upgrade(db, [plugin])
    assert autogenerate.drift(db, [plugin]) == []


def run_down(db: Database, history: migrate.History) -> None:
    """Take all steps of a history back."""

    def steps(revision: Any, _context: Any) -> Any:
        return history.script._downgrade_revs("base", revision)

    with migrate.connection_for_ddl(db) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": history.version_table, "fn": steps, "transactional_ddl": True}
        )
        with Operations.context(context), context.begin_transaction():
            context.run_migrations()
        connection.commit()


def test_plugin_without_migrations(
    database_url: str, open_db: OpenDb, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are made from its forms."""
    monkeypatch.syspath_prepend(str(toy.checkout(tmp_path / "toy")))
    loaded = [load()]
    db = open_db(database_url)
    assert migrate.upgrade(db, loaded) == {"lowcode": None, "toy": None}
    assert autogenerate.drift(db, loaded) == []
    assert migrate.upgrade(db, loaded) == {}


@pytest.mark.parametrize("fault", ["raise RuntimeError('out of luck')", "def ("])
def test_faulty_migration_of_a_plugin(fault: str, database_url: str, open_db: OpenDb, toy_root: Path) -> None:
    """Nothing of the step stays, the host comes up, the plugin is disabled until it is mended."""
    (file,) = (toy_root / "migrations" / "versions").glob("*.py")
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("\ndef downgrade", f"    {fault}\n\n\ndef downgrade"), encoding="utf-8")
    loaded = [load()]
    db = open_db(database_url)
    results = migrate.upgrade(db, loaded)
    assert results["lowcode"] is None
    assert results["toy"]
    with db.read() as connection:
        assert not inspect(connection).has_table("toy_item")
    (disabled,) = migrate.without_unmigrated(db, loaded)
    assert disabled.state == "disabled"
    assert "迁移" in str(disabled.problems[0])
    file.write_text(good, encoding="utf-8")
    assert migrate.upgrade(db, loaded) == {"toy": None}
    assert migrate.without_unmigrated(db, loaded)[0].state == "active"


def test_step_that_orphans_rows_is_refused(tmp_path: Path, open_db: OpenDb, toy_root: Path) -> None:
    """SQLite does not check references while tables are rebuilt, so the step itself is checked."""
    loaded = [load()]
    db = open_db(f"sqlite:///{tmp_path / 'test.db'}")
    migrate.upgrade(db, loaded)
    fill(db)
    held = contents(db)
    plugin = widen(toy_root)
    second = max((toy_root / "migrations" / "versions").glob("*.py"))
    body = second.read_text(encoding="utf-8").replace(
        "\ndef downgrade", '    op.execute("DELETE FROM toy_item")\n\n\ndef downgrade'
    )
    second.write_text(body, encoding="utf-8")
    assert "toy_item" in str(migrate.upgrade(db, [plugin])["toy"])
    assert contents(db) == held


def test_backup_before_an_upgrade(database_url: str, home: Path, toy_root: Path, tmp_path: Path) -> None:
    config = Config(home=home, database_url=database_url, admin_password="a long password 1")
    assert prepare(config).migrated == {"lowcode": None}
    assert not (home / "backups").exists()  # there was nothing to copy
    prepare(config, ["toy_plugin.plugin"])
    (copy,) = (home / "backups").iterdir()
    assert copy.suffix == (".sqlite" if database_url.startswith("sqlite") else ".sql")
    if copy.suffix == ".sqlite":
        with create_engine(f"sqlite:///{copy}").connect() as connection:
            assert connection.scalar(text("SELECT username FROM users")) == "admin"
    else:
        assert "admin" in copy.read_text(encoding="utf-8")
    assert prepare(config, ["toy_plugin.plugin"]).migrated == {}
    assert len(list((home / "backups").iterdir())) == 1
