"""The host's own tables. Those of plugins are derived from their forms, in `tables`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

import lowcode.identity.tables  # noqa: F401 (its tables hang on the same metadata)
from lowcode.database.columns import Id, UtcDateTime
from lowcode.database.metadata import metadata

state = Table(
    "state",
    metadata,
    Column("key", String(50), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Small counters of the platform; `cache_version` grows when what processes keep in memory is out of date."""

dictionary_items = Table(
    "dictionary_items",
    metadata,
    Column("dictionary", String(50), primary_key=True),
    Column("code", String(50), primary_key=True),
    Column("label", String(100), nullable=False),
    Column("sort", Integer, nullable=False),
    Column("colour", String(20)),
    Column("parent", String(50)),
    Column("is_default", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("attributes", JSON, nullable=False),
)

number_rules = Table(
    "number_rules",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("label", String(100), nullable=False),
    Column("pattern", String(100), nullable=False),
    Column("reset", String(10), nullable=False),
)

number_counters = Table(
    "number_counters",
    metadata,
    Column("rule", String(50), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("plugin", String(50), primary_key=True),
    Column("name", String(50), primary_key=True),
    Column("value", JSON),
)

files = Table(
    "files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("created_by", Id, nullable=False),
    Column("form", String(50)),
    Column("record", Id),
    Index(None, "form", "record"),
)
"""An uploaded file belongs to its uploader until a record takes it; then it follows the record's permission."""

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("user", Id),
    Column("form", String(50), nullable=False),
    Column("record", Id, nullable=False),
    Column("action", String(50), nullable=False),
    Column("changes", JSON, nullable=False),
    Index(None, "form", "record"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False),
    Column("route", String(200), nullable=False),
    Column("key", String(200), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False, index=True),
    UniqueConstraint("user_id", "route", "key"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plugin", String(50), nullable=False),
    Column("job", String(50), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("finished_at", UtcDateTime()),
    Column("outcome", String(20)),
    Column("message", Text),
    UniqueConstraint("plugin", "job", "due_at"),
)

approval_definitions = Table(
    "approval_definitions",
    metadata,
    Column("workflow", String(50), primary_key=True),
    Column("approval", String(50), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("steps", JSON, nullable=False),
    Column("edited", Boolean, nullable=False),
)
"""The steps that administrators keep, seeded by initialise. The newest version counts; `edited` ones are theirs."""

approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("form", String(50), nullable=False),
    Column("record", Id, nullable=False),
    Column("title", Text, nullable=False),
    Column("workflow", String(50), nullable=False),
    Column("approval", String(50), nullable=False),
    Column("definition", JSON, nullable=False),
    Column("document", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("submitted_by", Id, index=True),
    Column("submitted_at", UtcDateTime(), nullable=False),
    Column("step", Integer, nullable=False),
    Column("outcome", String(20)),
    Column("closed_at", UtcDateTime()),
    Index(None, "form", "record"),
)
"""One run of an approval: it keeps the definition and the document it started with. No outcome yet: it is open."""

OPEN = text("outcome IS NULL")
Index("uq_approvals_open", approvals.c.form, approvals.c.record, unique=True, postgresql_where=OPEN, sqlite_where=OPEN)

approval_tasks = Table(
    "approval_tasks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("approval_id", Id, ForeignKey("approvals.id"), nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("user", Id, nullable=False),
    Column("submitted_by", Id),
    Column("state", String(20), nullable=False),
    Column("opinion", Text),
    Column("opened_at", UtcDateTime()),
    Column("decided_at", UtcDateTime()),
    Index(None, "user", "state"),
    CheckConstraint('"user" <> submitted_by', name="ck_approval_tasks_not_own"),
)
"""What one person is asked. `submitted_by` repeats the run's, so that the database refuses approving one's own."""

__all__ = ["metadata"]
