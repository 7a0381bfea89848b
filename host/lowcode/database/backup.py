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
from sqlalchemy.exc import DBAPIError

from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.errors import Refused
from lowcode.i18n import _
from lowcode.running.durable import copy_file, sync_folder, sync_tree
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
    """Put a backup back. Refuses over a home or a database that holds anything, unless `force`."""
    if not force and any((config.home / name).exists() for name in FOLDERS):
        raise Refused(
            _("{home} 里已有数据；恢复会替换它们，确定的话请加 --force。", home=config.home), code="not_empty"
        )
    with tempfile.TemporaryDirectory(dir=_made(config.home)) as scratch:
        unpacked = Path(scratch)
        copy = _unpack(source, unpacked)
        _check_kind(config.database_url, copy)
        if not force:
            _check_no_tables(config.database_url)
        restore_database(config.database_url, copy)
        sync_tree(unpacked)
        for name in FOLDERS:
            shutil.rmtree(config.home / name, ignore_errors=True)
            if (unpacked / name).is_dir():
                (unpacked / name).rename(config.home / name)
        sync_folder(config.home)


def _unpack(source: Path, folder: Path) -> Path:
    """Unpack a backup; give the copy of the database."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError) as fault:
        raise Refused(
            _("{file} 不是完整的备份文件（{fault}）。", file=source, fault=fault), code="bad_backup"
        ) from fault
    return folder / str(about["database"])


def _check_kind(url: str, copy: Path) -> None:
    if copy.name != (SQLITE if _is_sqlite(url) else POSTGRESQL):
        raise Refused(_("备份来自另一种数据库；请用与备份相同的数据库恢复。"), code="other_database")


def _check_no_tables(url: str) -> None:
    """Refuse to replace what the address names, perhaps by mistake."""
    shown = make_url(url).render_as_string(hide_password=True)
    try:
        empty = _is_empty(url)
    except DBAPIError as fault:
        reason = " ".join(str(fault.orig).split())
        sentence = _(
            "数据库 {database} 读不出来（{reason}）；请检查 LOWCODE_DATABASE_URL，或加 --force 替换损坏的数据库。",
            database=shown,
            reason=reason,
        )
        raise Refused(sentence, code="database_unreadable") from fault
    if not empty:
        raise Refused(
            _("数据库 {database} 里已有表；恢复会替换它们，确定的话请加 --force。", database=shown), code="not_empty"
        )


def before_upgrade(config: Config, in_use: Sequence[str]) -> Path | None:
    """Copy the database before migrations change it; `in_use` are the plugins whose tables may change.

    Where only new tables are added nothing can be lost, so a missing `pg_dump` is no reason to stop.
    """
    if os.environ.get("LOWCODE_BACKUP") == "off" or _is_empty(config.database_url):
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
    copy = folder / (SQLITE if _is_sqlite(url) else POSTGRESQL)
    copy.touch(mode=0o600)  # it holds password hashes and the key of the cookies
    if _is_sqlite(url):
        with closing(sqlite3.connect(str(make_url(url).database), timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        return copy
    _run(url, "pg_dump", "--no-owner", "--no-privileges", "--format=plain", f"--file={copy}")
    return copy


def restore_database(url: str, copy: Path) -> None:
    """Replace the database by a copy of one of its kind, whole or not at all."""
    if _is_sqlite(url):
        goal = Path(str(make_url(url).database))
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


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _is_empty(url: str) -> bool:
    """Tell whether no schema of the database holds a table; looking makes no file."""
    if _is_sqlite(url) and not Path(str(make_url(url).database)).exists():
        return True
    db = Database(url)
    try:
        with db.read() as connection:
            found = inspect(connection)
            schemas = [name for name in found.get_schema_names() if name != "information_schema"]
            return not any(found.get_table_names(name) for name in schemas)
    finally:
        db.engine.dispose()


def _add_about(archive: tarfile.TarFile, database: str) -> None:
    about = {"database": database, "host": HOST_API, "made_at": datetime.now(UTC).isoformat(timespec="seconds")}
    content = json.dumps(about).encode()
    entry = tarfile.TarInfo(ABOUT)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
