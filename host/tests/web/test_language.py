import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from lowcode import i18n

HOST = Path(i18n.__file__).parent


@pytest.fixture(autouse=True)
def catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_catalogues", {})
    i18n.load([HOST / "locale"])


def sentences(folder: Path) -> Iterator[str]:
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def test_every_sentence_of_identity_and_the_gate_is_translated() -> None:
    known: set[str] = set()
    for file in (HOST / "locale/en/LC_MESSAGES").glob("*.po"):
        with file.open("rb") as source:
            known |= {str(message.id) for message in read_po(source) if message.string}
    own = set(sentences(HOST / "identity")) | set(sentences(HOST / "web"))
    assert own - known == set()


@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [
        (None, None, "请先登录。"),
        (None, "en-US,en;q=0.9", "Sign in first."),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "请先登录。"),
        (None, "fr", "请先登录。"),
        ("en", "zh-CN", "Sign in first."),
        ("xx", "en", "Sign in first."),
    ],
)
def test_the_cookie_wins_over_the_browser(client: Any, cookie: str | None, accepted: str | None, expected: str) -> None:
    if cookie:
        client.set_cookie("language", cookie)
    answer = client.get("/api/v1/me", headers={"Accept-Language": accepted} if accepted else {})
    assert answer.json["detail"] == expected


def test_the_persons_own_language_wins_over_both(admin: Any, clerk: Any) -> None:
    admin("PATCH", f"/users/{clerk('GET', '/me').json['id']}", {"language": "zh"})
    assert clerk("GET", "/users", Accept_Language="en").json["detail"].startswith("只有管理员")
    assert admin("GET", "/users/99", Accept_Language="en").json["detail"].startswith("There is no user 99")
