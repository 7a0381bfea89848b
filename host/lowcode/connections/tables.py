"""The tables of other systems: what was received, what was called, and which connections rest."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from lowcode.database.columns import Id, UtcDateTime
from lowcode.database.metadata import metadata

received = Table(
    "received_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plugin", String(50), nullable=False),
    Column("endpoint", String(50), nullable=False),
    Column("about", String(255), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    UniqueConstraint("plugin", "endpoint", "about", "sequence"),
    Index(None, "at"),
)
"""The messages that had an effect. The unique row decides which of several equal ones has it."""

calls = Table(
    "calls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("plugin", String(50), nullable=False),
    Column("name", String(50), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("form", String(50)),
    Column("record", Id),
    Column("address", String(300), nullable=False),
    Column("status", Integer),
    Column("tries", Integer, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("message", Text, nullable=False),
    Column("values", JSON, nullable=False),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Index(None, "plugin", "direction", "name", "id"),
    Index(None, "form", "record"),
    Index(None, "at"),
)
"""The log of calls. `direction` is `in` or `out`, `duration` in milliseconds, `message` with
`values` is translated for whoever reads it."""

breakers = Table(
    "breakers",
    metadata,
    Column("plugin", String(50), primary_key=True),
    Column("connection", String(50), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("opened_at", UtcDateTime()),
)
"""Failures in a row of each connection; it rests from `opened_at` for a while."""
