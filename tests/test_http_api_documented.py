"""Every call of the HTTP API stands in docs/http-api.md, and nothing stands there that is no call."""

import re
from pathlib import Path

from lowcode.platform import Platform
from lowcode.web.app import create_app

PAGE = (Path(__file__).parents[1] / "docs" / "http-api.md").read_text("utf-8")
METHOD = r"GET|POST|PUT|PATCH|DELETE"
CALL = re.compile(rf"((?:`(?:{METHOD})` · )*)`({METHOD}) (/[^`?\s]*)[^`]*`")
"""`GET` · `PUT /me/notifications` names two calls."""

Calls = set[tuple[str, str]]


def bare(path: str) -> str:
    """Write a path without the names of its parts."""
    return re.sub(r"<[^>]*>|{[^}]*}", "{}", path.removeprefix("/api/v1"))


def documented() -> Calls:
    return {
        (method, bare(path))
        for others, last, path in CALL.findall(PAGE)
        for method in (*re.findall(METHOD, others), last)
    }


def test_the_page_names_the_calls(platform: Platform) -> None:
    rules = [rule for rule in create_app(platform).url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    calls = {(method, bare(rule.rule)) for rule in rules for method in (rule.methods or set()) & set(METHOD.split("|"))}
    assert len(calls) > 70
    assert calls - documented() == set()
    assert documented() - calls == {("GET", "/healthz")}
