"""The tables of identity."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, String, Table

from lowcode.database.columns import Id, UtcDateTime
from lowcode.database.metadata import metadata

departments = Table(
    "departments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("parent_id", Id, ForeignKey("departments.id"), index=True),
    Column("path", String(500), nullable=False, index=True),
    Column("head_id", Id, ForeignKey("users.id", use_alter=True)),
)
"""`path` is the ids from the root down to the department itself, as in `/1/4/`: a prefix finds a whole subtree."""

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("username_key", String(255), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("department_id", Id, ForeignKey("departments.id"), index=True),
    Column("is_active", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("language", String(8)),
    Column("email", String(255)),
    Column("password_changed_at", UtcDateTime()),
    Column("password_history", JSON),
    Column("totp_secret", String(64)),
    Column("totp_pending", String(64)),
    Column("totp_used", BigInteger),
    Column("muted", JSON),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
)
"""`username_key` is what makes a username unique: its compatibility form in one case.

`password_history` are the hashes before the present one, newest first. `totp_pending` becomes `totp_secret` when the
person has shown a right code; `totp_used` is the time step of the last code, which is good once. `muted` are the
notifications the person switched off, as `kind:channel`.
"""

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String(64), primary_key=True, index=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("last_seen_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False, index=True),
    Column("address", String(64)),
    Column("agent", String(200)),
    Column("viewing_as", Id, ForeignKey("users.id", ondelete="CASCADE")),
)
"""Only the SHA-256 of a token is kept, so a copy of the database opens no session.

`viewing_as` is whose eyes an administrator looks through; such a session only reads.
"""

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("attempts", JSON, nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False, index=True),
)
"""One row for each account or address; `attempts` are the Unix times of what counts within the window."""

host_secrets = Table(
    "host_secrets",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("value", String(128), nullable=False),
)
"""Keys that all processes of one installation share."""
