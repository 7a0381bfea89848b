"""Whose address counts: the caller's own word is believed only as far as proxies are trusted."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, request

from lowcode.config import Config
from lowcode.identity import passwords
from lowcode.web import app as web_app
from lowcode.web.gate import policy

SENT = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.example.com"}


def seen(platform: Any, proxies: int, **headers: str) -> tuple[str | None, str]:
    """Give address and root address of a request, as views see them."""
    platform.config = replace(platform.config, trusted_proxies=proxies)
    app: Flask = web_app.create_app(platform)

    @app.get("/seen")
    @policy("public")
    def show() -> Any:
        return {"address": request.remote_addr, "root": request.url_root}

    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = app.test_client().get("/seen", headers=SENT | names).json
    return answer["address"], answer["root"]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load signing in only, and call every password wrong without hashing it."""
    monkeypatch.setattr(web_app, "BLUEPRINTS", ("lowcode.web.api.session",))
    monkeypatch.setattr(passwords, "verify", lambda *_: False)


def test_without_a_proxy_nobody_is_believed(platform: Any) -> None:
    assert seen(platform, 0) == ("127.0.0.1", "http://localhost/")


def test_a_trusted_proxy_names_the_caller(platform: Any) -> None:
    assert seen(platform, 1) == ("203.0.113.7", "https://desk.example.com/")


def test_only_as_many_as_are_trusted(platform: Any) -> None:
    """What a caller wrote into the header itself stands before what the proxies add."""
    assert seen(platform, 1, X_Forwarded_For="198.51.100.1, 203.0.113.7")[0] == "203.0.113.7"
    assert seen(platform, 2, X_Forwarded_For="6.6.6.6, 198.51.100.1, 203.0.113.7")[0] == "198.51.100.1"


def guesses(platform: Any, proxies: int) -> list[int]:
    """Guess 101 passwords of as many people from as many addresses; give the last two answers."""
    platform.config = replace(platform.config, trusted_proxies=proxies)
    client = web_app.create_app(platform).test_client(use_cookies=False)
    codes = []
    for number in range(101):
        body = {"username": f"nobody{number}", "password": "wrong"}
        answer = client.post("/api/v1/login", json=body, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        codes.append(answer.status_code)
    return codes[-2:]


def test_a_forged_address_gives_no_more_guesses(platform: Any) -> None:
    assert guesses(platform, 0) == [401, 429]


def test_behind_a_proxy_one_address_does_not_use_up_the_guesses_of_another(platform: Any) -> None:
    assert guesses(platform, 1) == [401, 401]


def test_the_number_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Config.from_env().trusted_proxies == 0
    monkeypatch.setenv("LOWCODE_TRUSTED_PROXIES", "2")
    assert Config.from_env().trusted_proxies == 2
