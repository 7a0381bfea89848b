"""A platform that sends mails to a real SMTP server in this process, and people who read them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from lowcode.identity.tables import users
from lowcode.mailserver import MailServer
from lowcode.platform import Platform
from lowcode.testing.databases import add_person
from tests.notify.postoffice import Postoffice


@pytest.fixture
def office() -> Iterator[Postoffice]:
    """Give an SMTP server that is open."""
    office = Postoffice()
    office.open()
    yield office
    office.close()


@pytest.fixture
def mailing(platform: Platform, office: Postoffice) -> Platform:
    """Give a platform that sends its mails to the office."""
    return with_server(platform, office.port)


def with_server(platform: Platform, port: int) -> Platform:
    platform.config = replace(
        platform.config,
        smtp=MailServer("127.0.0.1", port),
        mail_from="低代码 <host@example.com>",
        public_url="https://crm.example.com",
    )
    return platform


def add_reader(
    platform: Platform, username: str, email: str | None = None, language: str | None = None, is_active: bool = True
) -> int:
    """Add a person; with an address, and a language, when given."""
    user_id = add_person(platform.db, username, username.title(), [])
    row = {"email": email, "language": language, "is_active": is_active}
    platform.db.run(lambda connection: connection.execute(update(users).where(users.c.id == user_id).values(row)))
    return user_id
