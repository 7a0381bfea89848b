"""Copies of a whole installation in one file: database, files, store and installed plugins."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect, make_url

from lowcode.config import Config
from lowcode.db import Database
from lowcode.durable import copy_file, sync_folder, sync_tree
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.version import HOST_API

FOLDERS = ("files", "store", "plugins")
SQLITE = "database.sqlite"
POSTGRESQL = "database.sql"
ABOUT = "about.json"
KEPT = 10
"""How many of the backups that upgrades make by themselves are kept."""

CLEAN_SCHEMA = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;"


def back_up(config: Config, target: Path) -> Path:
    """Write everything into a `.tar.gz`; works while the platform runs. The file appears when it is whole."""
    with tempfile.TemporaryDirectory() as scratch:
        database = copy_database(config.database_url, Path(scratch))
        packed = Path(scratch) / "backup.tar.gz"
        with tarfile.open(packed, "w:gz", compresslevel=6) as archive:
            _add_about(archive, database.name)
            archive.add(database, database.name)
            # The files come after the database: a row never points to a file that the copy lacks.
            for name in FOLDERS:
                if (config.home / name).is_dir():
                    archive.add(config.home / name, name)
        copy_file(packed, target)
    return target


def restore(config: Config, source: Path, force: bool = False) -> None:
    """Put a backup back. Refuses over an installation that holds anything, unless `force`."""
    if not force and any((config.home / name).exists() for name in FOLDERS):
        raise Refused(
            _("{home} 里已有数据；恢复会替换它们，确定的话请加 --force。", home=config.home), code="not_empty"
        )
    with tempfile.TemporaryDirectory(dir=_made(config.home)) as scratch:
        unpacked = Path(scratch)
        try:
            with tarfile.open(source, "r:gz") as archive:
                archive.extractall(unpacked, filter="data")
            about = json.loads((unpacked / ABOUT).read_text(encoding="utf-8"))
        except (tarfile.TarError, OSError, ValueError) as fault:
            raise Refused(
                _("{file} 不是完整的备份文件（{fault}）。", file=source, fault=fault), code="bad_backup"
            ) from fault
        restore_database(config.database_url, unpacked / about["database"])
        sync_tree(unpacked)
        for name in FOLDERS:
            shutil.rmtree(config.home / name, ignore_errors=True)
            if (unpacked / name).is_dir():
                (unpacked / name).rename(config.home / name)
        sync_folder(config.home)


def before_upgrade(config: Config, in_use: Sequence[str]) -> Path | None:
    """Copy the database before migrations change it; `in_use` are the plugins whose tables may change.

    Where only new tables are added nothing can be lost, so a missing `pg_dump` is no reason to stop.
    """
    if os.environ.get("LOWCODE_BACKUP") == "off" or _is_empty(config):
        return None
    folder = _made(config.home / "backups")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copied = copy_database(config.database_url, Path(scratch))
            kept = folder / f"before-upgrade-{stamp}{copied.suffix}"
            copied.rename(kept)
    except Refused:
        if in_use:
            raise
        return None
    sync_folder(folder)
    for old in sorted(folder.glob("before-upgrade-*"))[:-KEPT]:
        old.unlink()
    return kept


def copy_database(url: str, folder: Path) -> Path:
    """Copy the database as of one moment."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        copy = folder / SQLITE
        with closing(sqlite3.connect(str(parsed.database), timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        return copy
    copy = folder / POSTGRESQL
    _run(url, "pg_dump", "--no-owner", "--no-privileges", "--format=plain", f"--file={copy}")
    return copy


def restore_database(url: str, copy: Path) -> None:
    """Replace the database by a copy, whole or not at all."""
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if copy.name != (SQLITE if is_sqlite else POSTGRESQL):
        raise Refused(_("备份来自另一种数据库；请用与备份相同的数据库恢复。"), code="other_database")
    if is_sqlite:
        goal = Path(str(parsed.database))
        for leftover in (f"{goal}-wal", f"{goal}-shm"):
            Path(leftover).unlink(missing_ok=True)
        copy_file(copy, goal)
        return
    script = ("--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={CLEAN_SCHEMA}", f"--file={copy}")
    _run(url, "psql", "--quiet", "--no-psqlrc", *script)


def _run(url: str, program: str, *arguments: str) -> None:
    """Run a PostgreSQL client; the password travels in the environment, where other users cannot read it."""
    path = shutil.which(program)
    if path is None:
        raise Refused(
            _(
                "找不到 {program}；请安装 PostgreSQL 命令行工具（例如 apt install postgresql-client）。",
                program=program,
            ),
            code="client_missing",
        )
    parsed = make_url(url).set(drivername="postgresql")
    environment = os.environ | ({"PGPASSWORD": parsed.password} if parsed.password else {})
    address = parsed._replace(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 (fixed programs, the address comes from the administrator)
        [path, f"--dbname={address}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(
            _("{program} 没有成功：{reason}", program=program, reason=done.stderr.strip()[-500:]), code="client_failed"
        )


def _is_empty(config: Config) -> bool:
    db = Database(config.database_url)
    try:
        with db.read() as connection:
            return not inspect(connection).get_table_names()
    finally:
        db.engine.dispose()


def _add_about(archive: tarfile.TarFile, database: str) -> None:
    about = {"database": database, "host": HOST_API, "made_at": datetime.now(UTC).isoformat(timespec="seconds")}
    content = json.dumps(about).encode()
    entry = tarfile.TarInfo(ABOUT)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
