"""The environment: what it says of mails, and one sentence for each fault in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lowcode import mailserver
from lowcode.config import Config
from lowcode.errors import Refused
from lowcode.mailserver import MailServer, parse

NAMES = ("LOWCODE_SMTP_URL", "LOWCODE_MAIL_FROM", "LOWCODE_PUBLIC_URL", "LOWCODE_REDIS_URL")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", None),
        ("smtp://mail.example.com", MailServer("mail.example.com", 25)),
        ("smtp://mail.example.com:2525/", MailServer("mail.example.com", 2525)),
        ("smtps://u%40x:p%3A%2F%23@mail.example.com", MailServer("mail.example.com", 465, "u@x", "p:/#", is_tls=True)),
        ("smtp://u:p@[::1]?starttls=1", MailServer("::1", 587, "u", "p", has_starttls=True)),
    ],
)
def test_servers(url: str, server: MailServer | None) -> None:
    assert parse(url) == server


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOWCODE_SMTP_URL", "mail.example.com"),
        ("LOWCODE_SMTP_URL", "http://mail.example.com"),
        ("LOWCODE_SMTP_URL", "smtp://mail.example.com:port"),
        ("LOWCODE_SMTP_URL", "smtp://mail.example.com:99999"),
        ("LOWCODE_SMTP_URL", "smtp://mail.example.com?startls=1"),
        ("LOWCODE_SMTP_URL", "smtps://mail.example.com?starttls=1"),
        ("LOWCODE_SMTP_URL", "smtp://mail.example.com/inbox"),
        ("LOWCODE_SMTP_URL", "smtp://[mail"),
        ("LOWCODE_MAIL_FROM", "nobody"),
        ("LOWCODE_MAIL_FROM", "a@example.com\nBcc: b@example.com"),
        ("LOWCODE_PUBLIC_URL", "crm.example.com"),
        ("LOWCODE_PUBLIC_URL", "ftp://crm.example.com"),
        ("LOWCODE_PUBLIC_URL", "https://crm.example.com?x=1"),
        ("LOWCODE_PUBLIC_URL", "https://crm example.com"),
        ("LOWCODE_REDIS_URL", "127.0.0.1:6379"),
    ],
)
def test_each_fault_names_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match=name):
        Config.from_env()


def test_who_sends_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWCODE_SMTP_URL", "smtp://user:secret@mail.example.com")
    with pytest.raises(Refused, match="LOWCODE_MAIL_FROM"):
        Config.from_env()
    monkeypatch.setenv("LOWCODE_MAIL_FROM", "CRM <crm@example.com>")
    monkeypatch.setenv("LOWCODE_PUBLIC_URL", "https://crm.example.com/")
    monkeypatch.setenv("LOWCODE_REDIS_URL", "redis://:secret@127.0.0.1/0")
    config = Config.from_env()
    assert (config.mail_from, config.public_url) == ("CRM <crm@example.com>", "https://crm.example.com")
    assert "secret" not in repr(config)


def test_redis_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailserver, "find_spec", lambda name: None)
    monkeypatch.setenv("LOWCODE_REDIS_URL", "redis://127.0.0.1/0")
    with pytest.raises(Refused, match=r"lowcode-host\[redis\]"):
        Config.from_env()


def test_a_start_ends_with_the_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "LOWCODE_HOME": str(tmp_path), "LOWCODE_SMTP_URL": "mail", "LANG": "en_US.UTF-8"}
    command = [sys.executable, "-m", "lowcode.cli", "run"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1].startswith("LOWCODE_SMTP_URL is not well written.")
    assert "Traceback" not in ended.stderr
