import pytest

from lowcode.web.links import local_path

HOSTILE = [
    "",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "//\\evil.example",
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\0/evil.example",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "//evil.example/..",
    "//user@evil.example",
    "//[::1]",
    "/\x7f/evil.example",
    "\u00a0//evil.example",
    "ftp://evil.example",
    "/ok\\..\\evil",
    "vbscript:x",
    "?next=//evil",
    "/a\r\nSet-Cookie: x=1",
    "/" + "a" * 3000,
    "//%2fevil.example",
    "//[",
]


@pytest.mark.parametrize("target", HOSTILE)
def test_hostile_targets_stay_here(target: str) -> None:
    assert local_path(target) == "/"


@pytest.mark.parametrize("target", ["/", "/forms/x?page=2&q=%E4%B8%AD", "/a/b#c", "/a//b", "/x?u=https://a.example"])
def test_own_paths_pass(target: str) -> None:
    assert local_path(target) == target
