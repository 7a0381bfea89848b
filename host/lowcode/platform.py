"""One started host: database, plugins and what is derived from them. Built once per process, then only read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, MetaData

from lowcode import configuration, i18n
from lowcode.config import Config
from lowcode.configuration import Configuration
from lowcode.context import Context
from lowcode.database.engine import Database
from lowcode.database.metadata import NAMING
from lowcode.declare.model import Dictionary, MenuEntry, Plugin
from lowcode.forms import LiveForm, build_forms, connect
from lowcode.hooks import Hooks
from lowcode.identity import throttle
from lowcode.identity.model import ADMIN, User
from lowcode.plugins import loading as plugins
from lowcode.plugins.loading import LoadedPlugin

T = TypeVar("T")

HERE = Path(__file__).parent


class Platform:
    """What every request works with."""

    def __init__(self, config: Config, loaded: Sequence[LoadedPlugin]) -> None:
        self.config = config
        self.db = Database(config.database_url)
        self.plugins = list(loaded)
        self.active_plugins = [each for each in loaded if each.state == "active" and each.declared is not None]
        declared = [each.declared for each in self.active_plugins if each.declared is not None]
        self.tables: Mapping[str, MetaData] = {each.name: MetaData(naming_convention=NAMING) for each in declared}
        self.forms: dict[str, LiveForm] = {}
        for each in declared:
            self.forms |= build_forms(each, self.tables[each.name])
        connect(self.forms)
        self.dictionaries: dict[str, Dictionary] = _merged(declared, "dictionaries")
        self.roles: dict[str, str] = _merged(reversed(declared), "roles")
        self.menu: list[tuple[Plugin, tuple[MenuEntry, ...]]] = [(each, each.menu) for each in declared]
        self.hooks = Hooks(plugins.manager(loaded), self.forms)
        self.prepared: dict[Any, Any] = {}
        """Statements made once and used again, by what they were made of; declarations bound how many there are."""
        self._configuration: Configuration | None = None
        i18n.load([HERE / "locale", *(each.locale for each in self.active_plugins if each.locale)])

    @classmethod
    def start(cls, config: Config, modules: Sequence[str] = ()) -> "Platform":
        """Load the installed plugins, and those of `modules`, and make the platform of them."""
        return cls(config, plugins.discover(config, modules))

    def role_labels(self) -> dict[str, str]:
        """Name every role a person may have: the platform's own, then those of plugins."""
        return {ADMIN: i18n._("平台管理员")} | {name: i18n._(label) for name, label in self.roles.items()}

    @contextmanager
    def reading(self, user: User, *, version: int | None = None, now: datetime | None = None) -> Iterator[Context]:
        """Open a context that only reads."""
        with self.db.read() as connection:
            yield Context(self, connection, user, version=version, now=now)

    @contextmanager
    def exporting(self, user: User) -> Iterator[Context]:
        """Open a context that reads one and the same state however long it takes."""
        with self.db.snapshot() as connection:
            yield Context(self, connection, user)

    def writing(
        self, user: User, work: Callable[[Context], T], *, version: int | None = None, now: datetime | None = None
    ) -> T:
        """Run `work` in one write transaction, again when another was in the way.

        `version` is what the configuration is known to be at; another attempt reads it anew.
        """
        versions = iter((version,))
        return self.db.run(
            lambda connection: work(Context(self, connection, user, version=next(versions, None), now=now))
        )

    def previewing(self, user: User, work: Callable[[Context], T]) -> T:
        """Run `work` and keep nothing of what it wrote; run it again when another was in the way, as `writing` does.

        Each run counts as one question about records that may be anybody's; whoever asked too often is told of none.
        """

        def attempt(connection: Connection) -> T:
            ctx = Context(self, connection, user)
            ctx.may_compare = throttle.is_counted(connection, throttle.comparisons(user.id), ctx.now)
            with connection.begin_nested() as savepoint:
                made = work(ctx)
                savepoint.rollback()
            return made

        return self.db.run(attempt)

    def as_system(self, work: Callable[[Context], T], *, now: datetime | None = None) -> T:
        """Run `work` for the platform itself: jobs, sample data, the command line."""
        return self.db.run(lambda connection: work(Context(self, connection, SYSTEM, now=now, is_system=True)))

    def configuration_at(self, connection: Connection, version: int) -> Configuration:
        """Give what administrators configured, read again when another process changed it.

        What a transaction has changed and not yet committed is nobody else's.
        """
        touched = connection.info.get("touched", False)
        known = self._configuration
        if touched or known is None or known.version != version:
            known = configuration.load(connection, version)
            if not touched:
                self._configuration = known
        return known


SYSTEM = User(id=0, username="system", name="系统")


def _merged(declared: Any, attribute: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for plugin in declared:
        merged |= getattr(plugin, attribute)
    return merged
