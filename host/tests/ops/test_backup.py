"""Backups hold everything, come back whole, and say clearly when they cannot."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect, make_url, text

from lowcode.appstore.store import Store
from lowcode.config import Config
from lowcode.database import backup
from lowcode.database.engine import Database
from lowcode.errors import Refused
from lowcode.running.startup import prepare
from tests.ops.toy import Toy, tree


@pytest.fixture
def config(database_url: str, home: Path, store: Store, toy: Toy, tmp_path: Path) -> Config:
    """Give an installation with a plugin, a file and some data."""
    config = Config(home=home, database_url=database_url, admin_password="a long password 1")
    store.add([toy.wheel(tmp_path)])
    store.install("toy")
    assert not any(prepare(config).migrated.values())
    (home / "files" / "ab").mkdir(parents=True)
    (home / "files" / "ab" / "abcd").write_bytes(b"picture")
    return config


def test_back_and_forth(config: Config, open_db: Callable[[str], Database], tmp_path: Path) -> None:
    copy = backup.back_up(config, tmp_path / "copies" / "backup.tar.gz")
    assert [path.name for path in copy.parent.iterdir()] == ["backup.tar.gz"]
    kept = {name: found for name, found in tree(config.home).items() if name.startswith(("files", "store", "plugins"))}
    db = open_db(config.database_url)
    with db.write() as connection:
        connection.execute(text("DELETE FROM user_roles"))
        connection.execute(text("DELETE FROM users"))
        connection.execute(text("CREATE TABLE later (id INTEGER)"))
    (config.home / "files" / "ab" / "abcd").write_bytes(b"overwritten")
    (config.home / "files" / "later").write_bytes(b"")
    db.engine.dispose()
    with pytest.raises(Refused, match="--force"):
        backup.restore(config, copy)
    backup.restore(config, copy, force=True)
    now = {name: found for name, found in tree(config.home).items() if name.startswith(("files", "store", "plugins"))}
    assert now == kept
    with db.read() as connection:
        assert connection.scalar(text("SELECT username FROM users")) == "admin"
        assert not inspect(connection).has_table("later")
        assert inspect(connection).has_table("toy_item_parts")
    assert prepare(config).migrated == {}


def test_faulty_backup_changes_nothing(config: Config, tmp_path: Path) -> None:
    before = tree(config.home)
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no archive")
    with pytest.raises(Refused, match="不是完整的备份"):
        backup.restore(config, bad, force=True)
    with tarfile.open(bad, "w:gz") as archive:
        archive.add(__file__, "../../evil.py")
    with pytest.raises(Refused, match="不是完整的备份"):
        backup.restore(config, bad, force=True)
    assert tree(config.home) == before


def test_client_missing(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if config.database_url.startswith("sqlite"):
        assert backup.back_up(config, tmp_path / "copy.tar.gz").is_file()
        return
    with pytest.raises(Refused, match="apt install postgresql-client"):
        backup.back_up(config, tmp_path / "copy.tar.gz")
    assert not (tmp_path / "copy.tar.gz").exists()
    assert backup.before_upgrade(config, []) is None  # only new tables: nothing can be lost
    with pytest.raises(Refused):
        backup.before_upgrade(config, ["toy"])


def test_other_database(config: Config, tmp_path: Path) -> None:
    copy = backup.back_up(config, tmp_path / "copy.tar.gz")
    is_sqlite = config.database_url.startswith("sqlite")
    other = Config(
        home=tmp_path / "other",
        database_url="postgresql://nobody@127.0.0.1:9/x" if is_sqlite else f"sqlite:///{tmp_path / 'other.db'}",
    )
    with pytest.raises(Refused, match="另一种数据库"):
        backup.restore(other, copy)


def test_password_is_not_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@" > "$0.arguments"\necho "$PGPASSWORD" > "$0.password"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    backup.copy_database("postgresql://me:s3cret@db.example:5433/shop", tmp_path)
    assert "s3cret" not in (tmp_path / "pg_dump.arguments").read_text()
    assert "postgresql://me@db.example:5433/shop" in (tmp_path / "pg_dump.arguments").read_text()
    assert (tmp_path / "pg_dump.password").read_text() == "s3cret\n"


def test_restore_never_empties_a_database_unasked(
    config: Config, open_db: Callable[[str], Database], tmp_path: Path
) -> None:
    """A mistyped address must not cost the database that it names, whatever the home looks like."""
    copy = backup.back_up(config, tmp_path / "copy.tar.gz")
    db = open_db(config.database_url)
    with db.write() as connection:
        connection.execute(text("DELETE FROM user_roles"))
    elsewhere = Config(home=tmp_path / "elsewhere", database_url=config.database_url)
    with pytest.raises(Refused, match="--force") as refused:
        backup.restore(elsewhere, copy)
    assert refused.value.code == "not_empty"
    with db.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM user_roles")) == 0
    db.engine.dispose()
    backup.restore(elsewhere, copy, force=True)
    with db.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM user_roles")) == 1


@pytest.mark.parametrize("name", backup.FOLDERS)
def test_restore_never_empties_a_home_unasked(name: str, home: Path, tmp_path: Path) -> None:
    (home / name).mkdir(parents=True)
    with pytest.raises(Refused, match="--force"):
        backup.restore(Config(home=home), tmp_path / "copy.tar.gz")


def test_restore_into_nothing(tmp_path: Path) -> None:
    here, there = (Config(home=tmp_path / name, admin_password="a long password 1") for name in ("here", "there"))
    prepare(here)
    backup.restore(there, backup.back_up(here, tmp_path / "copy.tar.gz"))
    assert prepare(there).migrated == {}


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    source = tmp_path / "copy.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        backup._add_about(archive, backup.POSTGRESQL)
    away = Config(home=tmp_path / "home", database_url="postgresql://me:s3cret@127.0.0.1:9/x")
    with pytest.raises(Refused, match="LOWCODE_DATABASE_URL") as refused:
        backup.restore(away, source)
    assert "s3cret" not in str(refused.value)


def test_copies_are_for_their_owner_only(config: Config, tmp_path: Path) -> None:
    """Whatever the umask: they hold password hashes and the key of the cookies."""
    copy = backup.back_up(config, tmp_path / "copies" / "copy.tar.gz")
    kept = backup.before_upgrade(config, ["toy"])
    assert kept is not None
    backup.restore(config, copy, force=True)
    url = make_url(config.database_url)
    files = [copy, kept, *([Path(str(url.database))] if url.get_backend_name() == "sqlite" else [])]
    assert [oct(file.stat().st_mode & 0o777) for file in files] == ["0o600"] * len(files)
