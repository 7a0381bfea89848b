"""What a rule reaches the world through: clock, person, settings, dictionaries, other forms."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lowcode import configuration, files, printing, settings
from lowcode.access import Reach
from lowcode.configuration import Configuration, Item
from lowcode.database import locks
from lowcode.identity.model import User
from lowcode.identity.people import People
from lowcode.notify import telling
from lowcode.records.proxy import Forms
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.platform import Platform


class Context:
    """One person's request inside one transaction.

    `is_system` contexts skip `access:`; rules get one, since a rule acts for the plugin, not for the person.
    `is_personal` contexts show a panel: what rules reach through `forms` passes the person's row filter.
    """

    def __init__(
        self,
        platform: "Platform",
        connection: Connection,
        user: User,
        *,
        now: datetime | None = None,
        is_system: bool = False,
        is_personal: bool = False,
        version: int | None = None,
    ) -> None:
        self.platform = platform
        self.connection = connection
        self.user = user
        self.is_system = is_system
        self.is_personal = is_personal
        self.now = now or datetime.now(UTC).replace(microsecond=0)
        self._version = version
        self.titles: dict[str, dict[int, str]] = {}
        self.may_compare = True
        self.written: dict[tuple[str, int], int] = {}
        self.file_facts: dict[str, dict[str, Any]] = {}
        self.reach = Reach()

    @property
    def is_writing(self) -> bool:
        """Whether the transaction may write; what it relies on then stays as it is until it ends."""
        return bool(self.connection.info.get("immediate"))

    @cached_property
    def time_zone(self) -> ZoneInfo:
        """The business time zone, in which days begin."""
        return self.platform.config.time_zone

    @cached_property
    def today(self) -> date:
        """The day in the business time zone."""
        return self.now.astimezone(self.time_zone).date()

    @cached_property
    def configuration(self) -> Configuration:
        """What administrators configured, as of this transaction."""
        if self._version is None:
            self._version = configuration.read_version(self.connection)
        return self.platform.configuration_at(self.connection, self._version)

    @property
    def configuration_version(self) -> int:
        """The number of the configuration; every change by an administrator counts it up."""
        return self.configuration.version

    def lock(self, *names: str) -> None:
        """Wait for the locks of these names and keep them until the transaction ends; what only reads takes none."""
        if self.is_writing:
            locks.hold(self.connection, [f"rule:{name}" for name in names])

    def copy_files(self, ids: Iterable[str]) -> list[str]:
        """Give new files with the same contents, for another record to hold. Raises NotFound."""
        return files.copies(self, ids)

    def lock_configuration(self) -> None:
        """Before changing the configuration: wait for whoever changes it now, then see what they left."""
        configuration.touch(self.connection)
        self._version = configuration.read_version(self.connection)
        self.configuration = self.platform.configuration_at(self.connection, self._version)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The settings of all plugins; their names are unique."""
        found: dict[str, Any] = {}
        for plugin in self.platform.active_plugins:
            found |= settings.values(self, plugin.name)
        return found

    @cached_property
    def tokens(self) -> Mapping[str, Any]:
        """The values of `$me`, `$today`, `$now` and `$my_department` in conditions, and where days begin."""
        return {
            "me": self.user.id,
            "my_department": self.user.department_id,
            "today": self.today,
            "now": self.now,
            "zone": self.time_zone,
        }

    @cached_property
    def forms(self) -> Forms:
        """Other forms: `ctx.forms.product.get(5)`. In a panel they hold what the person may see, elsewhere all."""
        return Forms(self if self.is_personal else self.system)

    @cached_property
    def users(self) -> People:
        """The people and departments of the host."""
        return People(self)

    @cached_property
    def person(self) -> "Context":
        """The same transaction with the `access:` of the person who acts."""
        if not self.is_system:
            return self
        person = Context(self.platform, self.connection, self.user, now=self.now, version=self._version)
        person.reach = self.reach
        return person

    @cached_property
    def system(self) -> "Context":
        """The same transaction without `access:`."""
        if self.is_system:
            return self
        system = Context(self.platform, self.connection, self.user, now=self.now, is_system=True, version=self._version)
        system.written, system.reach = self.written, self.reach
        system.may_compare = self.may_compare
        return system

    def dictionary(self, name: str) -> Mapping[str, Item]:
        """Give the items of a dictionary by code, in order."""
        return self.configuration.dictionaries.get(name, {})

    def notify(
        self,
        users: Iterable[int],
        kind: str,
        text: str,
        record: Record | None = None,
        event: str | None = None,
        **values: Any,
    ) -> None:
        """Tell people something of a declared kind, in this transaction; each once for one `event` of a record."""
        telling.notify(self, users, kind, text, record, event, values)

    def mail(self, to: str, subject: str, text: str, html: str | None = None, event: str | None = None) -> None:
        """Queue a mail to anybody, in this transaction; once for one `event`. Raises Invalid for a wrong address."""
        telling.mail(self, to, subject, text, html, event)

    @cached_property
    def personal(self) -> "Context":
        """The same transaction, with other forms seen through the person's row filter."""
        return Context(self.platform, self.connection, self.user, now=self.now, is_personal=True, version=self._version)

    def savepoint(self) -> AbstractContextManager[Any]:
        """Write what belongs together: in a `with`, whatever raises inside leaves nothing of it behind."""
        return self.connection.begin_nested()

    def print(self, record: Record, name: str) -> str:
        """Give a printable page of a record as one HTML document, with what the person who acts may see of it."""
        return printing.of_record(self, record, name)

    @contextmanager
    def as_user(self, user_id: int) -> Iterator["Context"]:
        """Act as another person inside the same transaction; sample data is written so."""
        yield Context(
            self.platform,
            self.connection,
            self.users.load(user_id),
            now=self.now,
            is_system=True,
            version=self._version,
        )
