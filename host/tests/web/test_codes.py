"""Every code of a refusal is listed, because callers decide by it."""

import re
from pathlib import Path

import lowcode
from lowcode import errors

COMMAND_LINE_ONLY = {
    *("already_running", "bad_backup", "client_failed", "client_missing", "database_unreadable", "declaration_faulty"),
    *("entry_point", "manifest_refused", "name_taken", "no_sample", "not_empty", "other_database", "port_in_use"),
    *("release_exists", "wheel_changed"),
}


def test_every_code_is_listed() -> None:
    sources = [path for path in Path(lowcode.__file__).parent.rglob("*.py") if "testing" not in path.parts]
    found = {
        code for path in sources for code in re.findall(r'\bcode(?:: str)? ?= ?"([a-z_]+)"', path.read_text("utf-8"))
    }
    assert len(found) > 30
    assert found - set(errors.CODES) == COMMAND_LINE_ONLY
    assert list(errors.CODES) == sorted(set(errors.CODES))
