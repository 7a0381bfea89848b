import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select

from lowcode.identity.tables import sessions, users

PASSWORD = "a good password"


def test_signing_in_gives_a_token_that_is_not_stored(caller: Any, platform: Any) -> None:
    answer = caller()("POST", "/login", {"username": "ADMIN", "password": PASSWORD}).json
    assert set(answer) == {"token", "expires_at", "user", "must_change_password"}
    assert answer["user"]["username"] == "admin"
    assert answer["user"]["department"] is None
    assert answer["must_change_password"] is False
    assert answer["expires_at"].endswith("Z")
    assert len(answer["token"]) >= 43
    with platform.db.read() as connection:
        stored = set(connection.scalars(select(sessions.c.token_hash)))
    assert stored == {hashlib.sha256(answer["token"].encode()).hexdigest()}


@pytest.mark.parametrize(
    "body", [{}, {"username": "admin"}, {"username": 1, "password": 2}, {"username": "a", "password": "b", "c": 1}]
)
def test_a_login_without_its_fields_is_at_fault(caller: Any, body: dict[str, Any]) -> None:
    assert caller()("POST", "/login", body).status_code == 422


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(caller: Any) -> None:
    answers = [caller()("POST", "/login", {"username": name, "password": "wrong"}) for name in ("admin", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json == answers[1].json


def test_the_eleventh_guess_waits(caller: Any) -> None:
    guesses = [caller()("POST", "/login", {"username": "admin", "password": "wrong"}) for _ in range(11)]
    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]
    assert 0 < int(guesses[-1].headers["Retry-After"]) <= 901
    assert caller()("POST", "/login", {"username": "admin", "password": PASSWORD}).status_code == 429
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16)):
        caller().sign_in()


def test_right_passwords_are_no_guesses(caller: Any) -> None:
    for _ in range(25):
        caller().sign_in()


def test_me(admin: Any, clerk: Any) -> None:
    me = clerk("GET", "/me").json
    assert (me["username"], me["name"], me["roles"]) == ("li", "李", ["clerk"])


@pytest.mark.parametrize("header", ["Bearer x", "Bearer ", "Basic YWRtaW46YQ==", "bearer", "Bearer \udcff"])
def test_other_authorizations_are_nobody(caller: Any, header: str) -> None:
    if header.isascii():
        assert caller()("GET", "/me", Authorization=header).status_code == 401


def test_logout_kills_the_token(clerk: Any) -> None:
    assert clerk("POST", "/logout").status_code == 204
    assert clerk("GET", "/me").status_code == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": []}, {"password": "another password"}])
def test_an_administrators_change_kills_the_token(admin: Any, clerk: Any, change: dict[str, Any]) -> None:
    user = clerk("GET", "/me").json["id"]
    assert admin("PATCH", f"/users/{user}", change).status_code == 200
    assert clerk("GET", "/me").status_code == 401


def test_other_changes_leave_the_token(admin: Any, clerk: Any) -> None:
    user = clerk("GET", "/me").json["id"]
    admin("PATCH", f"/users/{user}", {"name": "王", "roles": ["clerk"], "is_active": True})
    assert clerk("GET", "/me").json["name"] == "王"


def test_a_disabled_person_cannot_sign_in(admin: Any, clerk: Any, caller: Any) -> None:
    admin("PATCH", f"/users/{clerk('GET', '/me').json['id']}", {"is_active": False})
    assert caller()("POST", "/login", {"username": "li", "password": PASSWORD}).status_code == 401


def test_a_new_password_ends_every_session(clerk: Any, caller: Any) -> None:
    other = caller().sign_in("li")
    answer = clerk("POST", "/me/password", {"old": PASSWORD, "new": "another password"})
    assert answer.status_code == 200
    assert clerk("GET", "/me").status_code == other("GET", "/me").status_code == 401
    clerk.token = answer.json["token"]
    assert clerk("GET", "/me").status_code == 200
    caller().sign_in("li", "another password")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"old": "wrong", "new": "another password"}, "old"),
        ({"old": PASSWORD, "new": PASSWORD}, "new"),
        ({"old": PASSWORD, "new": "short"}, "new"),
        ({"old": PASSWORD}, "new"),
    ],
)
def test_a_refused_password_changes_nothing(clerk: Any, body: dict[str, str], field: str) -> None:
    answer = clerk("POST", "/me/password", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert clerk("GET", "/me").status_code == 200


def test_guesses_of_the_old_password_are_limited(clerk: Any) -> None:
    body = {"old": "wrong", "new": "another password"}
    assert [clerk("POST", "/me/password", body).status_code for _ in range(11)] == [422] * 10 + [429]


def test_a_given_password_has_to_be_replaced_first_where_the_administrator_says_so(admin: Any, caller: Any) -> None:
    row = {"username": "wang", "name": "王", "password": PASSWORD, "roles": ["admin"], "must_change_password": True}
    assert admin("POST", "/users", row).json["must_change_password"] is True
    wang = caller().sign_in("wang")
    assert wang("GET", "/me").json["must_change_password"] is True
    assert wang("GET", "/users").json["code"] == "must_change_password"
    answer = wang("POST", "/me/password", {"old": PASSWORD, "new": "another password"}).json
    assert answer["must_change_password"] is False
    wang.token = answer["token"]
    assert wang("GET", "/users").status_code == 200


def test_sessions_end_after_a_week_unused_and_a_month_at_most(admin: Any) -> None:
    start = datetime.now(UTC)
    for days in (6, 12, 18, 24, 29):
        with time_machine.travel(start + timedelta(days=days)):
            assert admin("GET", "/me").status_code == 200
    with time_machine.travel(start + timedelta(days=30, minutes=1)):
        assert admin("GET", "/me").status_code == 401


def test_a_session_unused_for_a_week_is_over(admin: Any) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, minutes=1)):
        assert admin("GET", "/me").status_code == 401


def test_one_query_finds_out_who_calls(admin: Any, platform: Any, app: Any) -> None:
    statements: list[str] = []
    event.listen(platform.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert admin("POST", "/echo", {}).status_code == 200
    assert len([sql for sql in statements if not sql.startswith("BEGIN")]) == 1


def test_last_seen_is_written_every_five_minutes_at_most(admin: Any, platform: Any) -> None:
    def last_seen() -> Any:
        with platform.db.read() as connection:
            return connection.scalar(select(sessions.c.last_seen_at))

    first = last_seen()
    admin("GET", "/me")
    assert last_seen() == first
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        admin("GET", "/me")
        assert last_seen() > first


def test_the_table_of_users_holds_argon2id_only(admin: Any, clerk: Any, platform: Any) -> None:
    with platform.db.read() as connection:
        hashes = list(connection.scalars(select(users.c.password_hash)))
    assert len(hashes) == 2
    assert all(stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$") for stored in hashes)
