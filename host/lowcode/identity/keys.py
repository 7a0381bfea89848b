"""Keys that all processes of one installation share."""

import secrets

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from lowcode.database.engine import Database
from lowcode.identity.tables import host_secrets


def shared_key(db: Database, name: str) -> str:
    """Return the key of that name, made at random when it is first asked for."""
    query = select(host_secrets.c.value).where(host_secrets.c.name == name)

    def work(connection: Connection) -> str:
        try:
            with connection.begin_nested():
                connection.execute(insert(host_secrets).values(name=name, value=secrets.token_hex(32)))
        except IntegrityError:  # it has been made before
            pass
        return str(connection.scalars(query).one())

    with db.read() as connection:
        found = connection.scalar(query)
    return found or db.run(work)
