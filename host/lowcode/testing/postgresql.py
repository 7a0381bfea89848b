"""A PostgreSQL server for tests: one that is given, or one started here and thrown away."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

GIVEN = "TEST_DATABASE_URL"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "listen_addresses=")
"""Nothing outlives these servers, so nothing has to reach the disk."""

START_SECONDS = 30
MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own is made there)
ROOM = 2**30


def given_url() -> str | None:
    """Give the server that the environment names, if any."""
    url = os.environ.get(GIVEN, "")
    return url if url.startswith("postgres") else None


def binaries() -> Path | None:
    """Find the folder of `initdb` and `postgres`: on the path, or where Debian keeps them."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_release, reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _release(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0


def is_available() -> bool:
    """Tell whether tests can have a server."""
    return given_url() is not None or binaries() is not None


class Server:
    """A server on which databases are made and dropped."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")

    def url(self, name: str) -> str:
        """Give the address of a database."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str, template: str = "template0") -> str:
        """Make a database, as a copy of another one when named."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def is_up(self) -> bool:
        """Tell whether the server answers."""
        try:
            self._execute("SELECT 1")
        except OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def server() -> Iterator[Server]:
    """Use the server that is given, or run one on a socket in a folder of its own."""
    url = given_url()
    if url is not None:
        yield Server(make_url(url))
        return
    with fast_folder() as folder, _running(folder) as started:
        yield started


@contextmanager
def fast_folder() -> Iterator[Path]:
    """Give a folder that is thrown away, in memory where there is room; making a database is 20 times as fast there.

    Its path is short: that of a socket has at most 107 characters.
    """
    folder = Path(tempfile.mkdtemp(prefix="lowcode-", dir=MEMORY if _has_room(MEMORY) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM


@contextmanager
def _running(folder: Path) -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        raise RuntimeError(f"There is no PostgreSQL here. Install it, or name a server in {GIVEN}.")
    identity = _identity(folder)
    data = folder / "data"
    options = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")
    subprocess.run(  # noqa: S603 (programs found above)
        [programs / "initdb", "-D", data, *options], check=True, capture_output=True, cwd=folder, **identity
    )
    settings = [word for each in (*FAST, f"unix_socket_directories={folder}") for word in ("-c", each)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [programs / "postgres", "-D", data, *settings], stdout=log, stderr=log, cwd=folder, **identity
        )
    try:
        yield _wait(process, folder)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def _identity(folder: Path) -> dict[str, Any]:
    """Choose another user when root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> Server:
    started = Server(URL.create("postgresql", username="postgres", database="postgres", query={"host": str(folder)}))
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if started.is_up():
            return started
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
