"""Databases for tests: made once with all tables and first values, then copied for each test."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy.engine import make_url

from lowcode import initialise
from lowcode.config import Config
from lowcode.database import migrate
from lowcode.database.engine import Database
from lowcode.identity import passwords
from lowcode.identity.tables import user_roles, users
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.plugins.loading import LoadedPlugin
from lowcode.testing import applications, postgresql

SQLITE, POSTGRESQL = "sqlite", "postgresql"
PASSWORD = "Test-12345"  # noqa: S105 (of people who exist in tests only)
ADMIN_ID = 1


class NoPostgreSQL(Exception):
    """PostgreSQL was asked for and there is none."""


def kinds(wanted: str) -> list[str]:
    """List the databases to test on. Raises NoPostgreSQL where `both` means both, and where it was asked for."""
    if wanted == SQLITE:
        return [SQLITE]
    if postgresql.is_available():
        return [SQLITE, POSTGRESQL] if wanted == "both" else [POSTGRESQL]
    if wanted == POSTGRESQL or os.environ.get("LOWCODE_REQUIRE_POSTGRESQL") == "1":
        raise NoPostgreSQL(
            "There is no PostgreSQL here. Put its programs on the path or in /usr/lib/postgresql, "
            f"or name a server in {postgresql.GIVEN}."
        )
    return [SQLITE]


@cache
def loaded(modules: tuple[str, ...]) -> list[LoadedPlugin]:
    """Load plugins once; raises AssertionError with the problems of one that is at fault."""
    found = plugins.without_conflicts(plugins.load_module(name) for name in modules)
    problems = [str(problem) for each in found for problem in each.problems]
    assert not problems, "\n".join(problems)
    return found


@cache
def password_hash() -> str:
    """Hash the password of all people in tests; once, since hashing is slow by design."""
    return passwords.hash_password(PASSWORD)


class Databases:
    """Makes the databases of one test session in one folder and, when one is needed, on one PostgreSQL server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._server: postgresql.Server | None = None
        self._templates: dict[tuple[str, tuple[str, ...], bool], str] = {}
        self._numbers = count(1)

    @property
    def server(self) -> postgresql.Server:
        """The server; started when first asked for."""
        if self._server is None:
            self._server = self._stack.enter_context(postgresql.server())
        return self._server

    def close(self) -> None:
        """Drop what is left and stop the server."""
        for url in self._templates.values():
            self.drop(url)
        self._stack.close()

    @contextmanager
    def empty(self, kind: str) -> Iterator[str]:
        """Give the address of a database without tables."""
        name = self._name()
        url = f"sqlite:///{self._folder / name}.db" if kind == SQLITE else self.server.create(name)
        try:
            yield url
        finally:
            self.drop(url)

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        """Give the address of a copy of a database that nobody uses."""
        made = self._copy(url)
        try:
            yield made
        finally:
            self.drop(made)

    @contextmanager
    def platform(self, kind: str, modules: Sequence[str], home: Path, initialised: bool = True) -> Iterator[Platform]:
        """Start a platform on a database of its own, where the administrator has the id 1."""
        url = self._copy(self._template(kind, tuple(modules), initialised))
        platform = Platform(Config(home=home, database_url=url, admin_password=PASSWORD), loaded(tuple(modules)))
        try:
            yield platform
        finally:
            applications.give_back(platform)
            platform.db.engine.dispose()
            self.drop(url)

    def drop(self, url: str) -> None:
        """Remove a database."""
        parsed = make_url(url)
        if parsed.get_backend_name() != SQLITE:
            self.server.drop(str(parsed.database))
            return
        for ending in ("", "-wal", "-shm", ".migrating"):
            Path(f"{parsed.database}{ending}").unlink(missing_ok=True)

    def _name(self) -> str:
        return f"test_{os.getpid()}_{next(self._numbers)}"

    def _copy(self, url: str) -> str:
        original, name = make_url(url), self._name()
        if original.get_backend_name() != SQLITE:
            return self.server.create(name, str(original.database))
        shutil.copyfile(str(original.database), self._folder / f"{name}.db")
        return f"sqlite:///{self._folder / name}.db"

    def _template(self, kind: str, modules: tuple[str, ...], initialised: bool) -> str:
        key = (kind, modules, initialised)
        if key not in self._templates:
            self._templates[key] = self._make(kind, modules, initialised)
        return self._templates[key]

    def _make(self, kind: str, modules: tuple[str, ...], initialised: bool) -> str:
        name = self._name()
        url = f"sqlite:///{self._folder / name}.db" if kind == SQLITE else self.server.create(name)
        db = Database(url)
        results = migrate.upgrade(db, loaded(modules))
        assert not any(results.values()), results
        add_person(db, "admin", "管理员", ["admin"])
        if initialised:
            platform = Platform(Config(home=self._folder, database_url=url), loaded(modules))
            for each in platform.active_plugins:
                platform.as_system(lambda ctx, name=each.name: initialise.apply(ctx, name))  # type: ignore[misc]
            platform.db.engine.dispose()
        db.engine.dispose()
        return url


def add_person(db: Database, username: str, name: str, roles: Sequence[str], department: int | None = None) -> int:
    """Add somebody who may sign in with `PASSWORD`; give the id."""
    now = datetime.now(UTC).replace(microsecond=0)
    row = {
        "username": username,
        "username_key": username.casefold(),
        "name": name,
        "password_hash": password_hash(),
        "department_id": department,
        "is_active": True,
        "must_change_password": False,
        "created_at": now,
        "updated_at": now,
    }
    with db.write() as connection:
        user_id = connection.scalar(users.insert().values(row).returning(users.c.id))
        if roles:
            connection.execute(user_roles.insert(), [{"user_id": user_id, "role": role} for role in sorted(set(roles))])
    return int(user_id or 0)
