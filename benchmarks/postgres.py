"""A PostgreSQL server of our own with its default settings: durable, nothing tuned."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNPRIVILEGED = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; root starts it as the first of these people that exists."""


@contextmanager
def database() -> Iterator[str]:
    """Give the address of an empty database, on a server that ends with this context."""
    folder = Path(tempfile.mkdtemp(prefix="lowcode-bench-"))
    person = _person()
    if "user" in person:
        os.chown(folder, person["user"], person["group"])
    port = _free_port()
    data, log = folder / "data", folder / "log"
    _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", **person)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    _run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start", **person)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop", **person)
        shutil.rmtree(folder)


def _person() -> dict[str, int]:
    if os.getuid() != 0:
        return {}
    known = {each.pw_name: each for each in pwd.getpwall()}
    chosen = next(known[name] for name in UNPRIVILEGED if name in known)
    return {"user": chosen.pw_uid, "group": chosen.pw_gid}


def _run(program: str, *arguments: object, **person: Any) -> None:
    words = [_path_of(program), *map(str, arguments)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", extra_groups=[] if person else None, **person)


def _path_of(program: str) -> str:
    """Find a program of the newest PostgreSQL; Debian does not put them all on the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = str(installed[-1]) if installed else shutil.which(program)
    if found is None:
        raise SystemExit(f"{program} is not installed. Install PostgreSQL, or set LOWCODE_BENCH_DATABASE_URL.")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
