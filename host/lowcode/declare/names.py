"""What may be called what."""

import keyword
import re
from collections.abc import Mapping

from lowcode.declare.problems import Spot, quote

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,40}")

HOST_COLUMNS = frozenset(
    ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "deleted_by")
)
"""Columns the host adds to the table of every form."""

RESERVED_FIELDS = HOST_COLUMNS | {"owner_department"} | frozenset(keyword.kwlist)

RESERVED_COLUMNS = frozenset(("id", "record_id", "position")) | frozenset(keyword.kwlist)
"""Columns the host adds to the tables of line items, and words that cannot be attributes of a line."""

RESERVED_PARAMETERS = frozenset(("ids", "version"))
"""Keys of an action's body that the host reads itself."""

RESERVED_FILTERS = frozenset(
    (
        *("list", "search", "sort", "page", "per_page", "after", "fields", "columns", "format", "preview"),
        *("view", "month"),
    )
)
"""Words of the query string that are not filters."""

RESERVED_LISTS = frozenset(("bin", "new", "delete", "preview"))
"""Words that follow a form's name in the addresses of pages."""

RESERVED_PLUGINS = frozenset(
    (
        *("alembic", "approval", "audit", "dictionary", "file", "files", "host", "idempotency", "job", "login"),
        *("lowcode", "number", "pg", "received", "session", "setting", "settings", "sqlite", "state", "store", "user"),
        "users",
    )
)
"""First words of the host's own tables and of names the databases keep for themselves."""

RESERVED_ROLES = frozenset(("admin", "owner", "submitter", "system"))
"""Roles the host knows itself, and words that stand among roles in `by:`."""

HOST_KINDS: Mapping[str, str] = {
    "approval_asked": "等待我审批",
    "approval_urged": "有人催办",
    "approval_due": "审批到期提醒",
    "approval_transferred": "转办与加签",
    "approval_decided": "我的申请有了结果",
    "approval_copied": "抄送给我",
    "handed_over": "记录移交给我",
    "password_expiring": "密码即将到期",
}
"""Kinds of notifications that the host sends itself, with untranslated labels; no plugin declares one of them."""


def check_name(name: str, spot: Spot, *, code: bool = False) -> None:
    """Report a name, or a dictionary code, that does not follow the rule."""
    if code:
        if not CODE.fullmatch(name):
            spot.fault(
                "E120",
                f"The code {quote(name)} may hold ASCII letters, digits, '_', '.' and '-', at most 41, "
                "and starts with a letter or digit. Choose another code.",
            )
    elif not NAME.fullmatch(name):
        spot.fault(
            "E120",
            f"The name {quote(name)} must start with a small letter a-z and hold only a-z, 0-9 and '_', "
            "at most 41 characters. Choose another name.",
        )
