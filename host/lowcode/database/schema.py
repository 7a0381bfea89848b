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
    false,
    text,
)

import lowcode.connections.tables
import lowcode.identity.tables  # noqa: F401 (these tables hang on the same metadata)
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
    Column("content", String(32)),
    Index(None, "form", "record"),
)
"""An uploaded file belongs to its uploader until a record takes it; then it follows the record's permission.

`content` is the file whose stored content a copy shows.
"""

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
    Column("copy_to", JSON),
    Column("changed_at", UtcDateTime()),
    Column("changed_by", Id),
)
"""The steps that administrators keep, seeded by initialise. The newest version counts; `edited` ones are theirs.

No `copy_to`: the version is from a time before copies, and those that are declared get one.
"""

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
    Column("version", Integer),
    Column("chosen", JSON),
    Column("urged_at", UtcDateTime()),
    Index(None, "form", "record"),
)
"""One run of an approval: it keeps the definition and the document it started with. No outcome yet: it is open.

`version` is that of the definition, `chosen` the people the submitter picked, by step.
"""

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
    Column("due_at", UtcDateTime()),
    Column("reminded_at", UtcDateTime()),
    Column("origin", Id),
    Column("place", String(10)),
    Column("superseded", Boolean, nullable=False, server_default=false()),
    Index(None, "user", "state", "opened_at"),
    CheckConstraint('"user" <> submitted_by', name="ck_approval_tasks_not_own"),
)
"""What one person is asked. `submitted_by` repeats the run's, so that the database refuses approving one's own.

`origin` is the task that this one comes from and `place` how: `transfer`, `before` or `after` (加签), `reassign`.
A return to an earlier step leaves the decisions it undoes standing, as `superseded`: they no longer count.
"""

UNREMINDED = text("state = 'open' AND reminded_at IS NULL")
Index("ix_approval_tasks_due_at", approval_tasks.c.due_at, postgresql_where=UNREMINDED, sqlite_where=UNREMINDED)

approval_copies = Table(
    "approval_copies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("approval_id", Id, ForeignKey("approvals.id"), nullable=False),
    Column("user", Id, nullable=False, index=True),
    Column("sent_by", Id),
    Column("sent_at", UtcDateTime(), nullable=False),
    Column("read_at", UtcDateTime()),
    UniqueConstraint("approval_id", "user"),
)
"""Who may read a run without deciding anything (抄送). Nobody in `sent_by`: the flow itself sent it."""

trail = Table(
    "trail",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("approval_id", Id, nullable=False, index=True),
    Column("form", String(50), nullable=False),
    Column("record", Id, nullable=False),
    Column("action", String(20), nullable=False),
    Column("user", Id),
    Column("step", String(50)),
    Column("opinion", Text),
    Column("details", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""What happened in approvals, appended only: `hash` covers the entry with `digest`, that of the document acted on,
and `previous`, the hash of the entry before; `seq` counts without a gap."""

trail_head = Table(
    "trail_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""The one row with the end of the trail. Who appends locks it, so entries stand in one line."""

team_members = Table(
    "team_members",
    metadata,
    Column("form", String(50), primary_key=True),
    Column("record", Id, primary_key=True),
    Column("user", Id, primary_key=True),
    Column("level", String(10), nullable=False),
    Column("added_by", Id),
    Column("added_at", UtcDateTime(), nullable=False),
    Index(None, "user", "form"),
    CheckConstraint("level IN ('read', 'write')", name="level"),
)
"""Colleagues that a record is shared with, to read or to write."""

alike_keys = Table(
    "alike_keys",
    metadata,
    Column("kind", String(50), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("form", String(50), primary_key=True),
    Column("record", Id, primary_key=True),
    Index(None, "form", "record"),
)
"""What live records are recognised by as duplicates: the normalised values of the fields that `alike:` names."""

merged_records = Table(
    "merged_records",
    metadata,
    Column("form", String(50), primary_key=True),
    Column("source", Id, primary_key=True),
    Column("target", Id, nullable=False),
    Column("merged_at", UtcDateTime(), nullable=False),
    Column("merged_by", Id),
    Index(None, "form", "target"),
)
"""Which record another one was merged into; the history of both is shown at the target."""

notifications = Table(
    "notifications",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user", Id, nullable=False),
    Column("event", String(200), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("text", Text, nullable=False),
    Column("values", JSON, nullable=False),
    Column("url", String(300)),
    Column("read_at", UtcDateTime()),
    UniqueConstraint("user", "event"),
    Index(None, "user", "read_at"),
)
"""What people are told in the platform. `text` with `values` is translated for the reader; one per person and event."""

mails = Table(
    "mails",
    metadata,
    Column("id", Id, primary_key=True),
    Column("event", String(200), nullable=False, unique=True),
    Column("recipient", String(255), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("created_by", Id),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("sent_at", UtcDateTime()),
    Column("error", Text),
    Index(None, "state", "next_at"),
)
"""The outbox: written with the change it tells of, sent by the worker. States: due, sending, sent, failed."""

__all__ = ["metadata"]
