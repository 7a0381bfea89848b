"""Guessing passwords: ten in a quarter of an hour, wherever they arrive; nobody is locked out for good."""

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
import time_machine
from sqlalchemy import select

from lowcode.errors import NotSignedIn
from lowcode.identity import sessions, throttle
from lowcode.identity.tables import users
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import PASSWORD
from lowcode.web.app import create_app

GUESS = """
import sys
from lowcode.config import Config
from lowcode.platform import Platform
from lowcode.web.app import create_app
url, username, number = sys.argv[1:]
client = create_app(Platform(Config(database_url=url), ())).test_client()
for guess in range(int(number)):
    body = {"username": username, "password": f"guess {guess}"}
    print(client.post("/api/v1/login", json=body, environ_base={"REMOTE_ADDR": f"10.0.0.{guess}"}).status_code)
"""
"""Each process stands for a worker, each address for another machine of the attacker."""


def guessing(platform: Platform, username: str, number: int) -> "subprocess.Popen[str]":
    url = platform.db.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", GUESS, url, username, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def answers(process: "subprocess.Popen[str]") -> list[int]:
    output, _errors = process.communicate(timeout=120)
    assert process.returncode == 0
    return [int(line) for line in output.split()]


def login(person: Api, password: str) -> int:
    body = {"username": person.user_or_fail.username, "password": password}
    return person.as_nobody().post("/login", body).status


def test_ten_guesses_in_all_processes_together_and_after_a_restart(api: Api, platform: Platform) -> None:
    person, other = api.as_user(), api.as_user()
    username = person.user_or_fail.username
    workers = [guessing(platform, username, 8) for _ in range(3)]
    counted = Counter(status for worker in workers for status in answers(worker))
    assert counted == {401: 10, 429: 14}
    assert answers(guessing(platform, username, 3)) == [429] * 3  # a process that has just started
    assert login(person, PASSWORD) == 429
    assert login(other, PASSWORD) == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=15, seconds=5)):
        assert login(person, PASSWORD) == 200


def test_an_hour_of_guessing_locks_nobody_out(api: Api) -> None:
    """Ten guesses in each quarter of an hour at most; between two the right password works, as soon as it may."""
    person, start = api.as_user(), datetime.now(UTC)
    for quarter in range(4):
        with time_machine.travel(start + timedelta(minutes=16 * quarter), tick=False):
            assert login(person, PASSWORD) == 200
            assert [login(person, "wrong") for _ in range(12)] == [401] * 10 + [429] * 2


def test_an_unknown_account_takes_as_long_as_a_known_one(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured as the processor time of the thread: other load on the machine does not count."""
    for limit in ("PER_ACCOUNT", "PER_ADDRESS"):
        monkeypatch.setattr(throttle, limit, 10**6)
    disabled = api.as_user()
    api.patch(f"/users/{disabled.user_id}", {"is_active": False}).expect(200)
    names = {"known": api.as_user().user_or_fail.username, "unknown": "nobody"}
    names["disabled"] = disabled.user_or_fail.username
    spent: dict[str, list[float]] = {kind: [] for kind in names}
    for _ in range(25):
        for kind, username in names.items():
            start = time.thread_time()
            with pytest.raises(NotSignedIn) as refusal:
                sessions.sign_in(platform, username, "wrong password", "10.0.0.1")
            spent[kind].append(time.thread_time() - start)
            assert refusal.value.code == "wrong_credentials"
    for kind in ("unknown", "disabled"):
        assert median(spent[kind][1:]) == pytest.approx(median(spent["known"][1:]), rel=0.1), kind


def test_the_database_holds_argon2id_only(api: Api, platform: Platform) -> None:
    person = api.as_user()
    for old, new in ((PASSWORD, "second-password-2"), ("second-password-2", "third-password-3")):
        token = person.post("/me/password", {"old": old, "new": new}).expect(200)["token"]
        person._headers = {"Authorization": f"Bearer {token}"}
    api.post("/users", {"username": "wang", "name": "王", "password": "given-by-staff-1"}).expect(201)
    with platform.db.read() as connection:
        rows = connection.execute(select(users.c.password_hash, users.c.password_history)).all()
    stored = [each for row in rows for each in (row.password_hash, *(row.password_history or ()))]
    assert len(stored) == 5
    assert all(each.startswith("$argon2id$v=19$m=47104,t=1,p=1$") for each in stored)


def test_no_answer_tells_who_exists(api: Api, platform: Platform) -> None:
    person = api.as_user()
    client = create_app(platform).test_client()
    bodies = []
    for username in (person.user_or_fail.username, "nobody"):
        answer = client.post("/api/v1/login", json={"username": username, "password": "wrong password"})
        bodies.append((answer.status_code, answer.json, sorted(answer.headers.keys())))
    assert bodies[0] == bodies[1]
