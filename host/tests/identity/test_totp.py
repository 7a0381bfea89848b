"""The second proof at sign-in."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from lowcode.database.schema import audit, idempotency
from lowcode.platform import Platform
from lowcode.testing.client import Answer, Api
from lowcode.testing.databases import PASSWORD

NOON = datetime(2026, 11, 24, 4, 0, 10, tzinfo=UTC)


@pytest.fixture
def person(api: Api) -> Api:
    return api.as_user()


def switch_on(person: Api) -> pyotp.TOTP:
    begun = person.post("/me/totp", {"password": PASSWORD}).expect(200)
    assert set(begun) == {"secret", "uri"}
    assert begun["secret"] in begun["uri"]
    totp = pyotp.TOTP(begun["secret"])
    assert person.post("/me/totp/confirm", {"code": totp.now()}).expect(200) == {"totp": True}
    return totp


def sign_in(person: Api, password: str = PASSWORD, **more: Any) -> Answer:
    body = {"username": person.user_or_fail.username, "password": password, **more}
    return person.as_nobody().post("/login", body)


def test_a_code_is_asked_for_once_it_has_been_confirmed(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert person.get("/me").expect(200)["totp"] is False
        person.post("/me/totp", {"password": PASSWORD}).expect(200)
        sign_in(person).expect(200)  # not confirmed yet
        totp = switch_on(person)
        assert person.get("/me").expect(200)["totp"] is True
        clock.shift(60)
        asked = sign_in(person)
        assert (asked.status, asked.json["code"]) == (401, "totp_required")
        wrong = sign_in(person, code="000000" if totp.now() != "000000" else "000001")
        assert (wrong.status, wrong.json["code"]) == (401, "wrong_credentials")
        sign_in(person, code=totp.now()).expect(200)


def test_a_wrong_password_does_not_tell_that_a_code_would_be_needed(person: Api) -> None:
    totp = switch_on(person)
    assert sign_in(person, "wrong").json["code"] == "wrong_credentials"
    assert sign_in(person, "wrong", code=totp.now()).json["code"] == "wrong_credentials"


def test_a_code_is_good_once(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        totp = switch_on(person)
        assert sign_in(person, code=totp.now()).status == 401  # it confirmed the set-up
        clock.shift(30)
        earlier = totp.now()
        clock.shift(30)
        sign_in(person, code=totp.now()).expect(200)
        assert sign_in(person, code=totp.now()).status == 401
        assert sign_in(person, code=earlier).status == 401  # still within the window, but older than the last
        clock.shift(30)
        sign_in(person, code=f" {totp.now()[:3]} {totp.now()[3:]} ").expect(200)


def test_two_who_use_one_code_at_once_do_not_both_get_in(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        totp = switch_on(person)
        for _round in range(4):
            clock.shift(16 * 60)  # wrong ones count as guesses
            code = totp.now()
            with ThreadPoolExecutor(4) as pool:
                statuses = list(pool.map(lambda _n, code=code: sign_in(person, code=code).status, range(4)))
            assert sorted(statuses) == [200, 401, 401, 401]


def test_clocks_may_be_half_a_minute_apart(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        totp = switch_on(person)
        clock.shift(600)
        assert sign_in(person, code=totp.at(NOON + timedelta(seconds=540))).status == 401
        sign_in(person, code=totp.at(NOON + timedelta(seconds=570))).expect(200)
        sign_in(person, code=totp.at(NOON + timedelta(seconds=630))).expect(200)


def test_guesses_of_codes_are_limited_and_asking_is_none(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        totp = switch_on(person)
        clock.shift(60)
        assert {sign_in(person).status for _ in range(12)} == {401}
        assert [sign_in(person, code="x").status for _ in range(11)] == [401] * 10 + [429]
        assert sign_in(person, code=totp.now()).status == 429
        clock.shift(16 * 60)
        sign_in(person, code=totp.now()).expect(200)


def test_setting_up_and_switching_off_takes_the_password(person: Api) -> None:
    for method in ("POST", "DELETE"):
        refused = person.call(method, "/me/totp", {"password": "wrong"})
        assert (refused.status, list(refused.errors)) == (422, ["password"])
    assert person.post("/me/totp/confirm", {"code": "123456"}).status == 409
    switch_on(person)
    assert person.post("/me/totp", {"password": PASSWORD}).status == 409
    assert person.call("DELETE", "/me/totp", {"password": PASSWORD}).expect(200) == {"totp": False}
    sign_in(person).expect(200)


def test_guesses_of_the_password_are_limited_there_too(person: Api) -> None:
    statuses = [person.post("/me/totp", {"password": "wrong"}).status for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_strangers_do_not_stop_a_person_from_proving(person: Api) -> None:
    """Guesses at signing in fill a counter of their own; so do wrong proofs."""
    assert [sign_in(person, "wrong").status for _ in range(11)] == [401] * 10 + [429]
    switch_on(person)
    assert [person.post("/me/totp", {"password": "wrong"}).status for _ in range(9)] == [422] * 9
    assert person.call("DELETE", "/me/totp", {"password": "wrong"}).status == 422
    for method in ("POST", "DELETE"):
        assert person.call(method, "/me/totp", {"password": PASSWORD}).status == 429
    assert person.post("/me/password", {"old": PASSWORD, "new": "another-password-2"}).status == 429
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16)):
        person.post("/me/password", {"old": PASSWORD, "new": "another-password-2"}).expect(200)


def test_wrong_proofs_do_not_stop_a_person_from_signing_in(person: Api) -> None:
    assert [person.post("/me/totp", {"password": "wrong"}).status for _ in range(11)] == [422] * 10 + [429]
    sign_in(person).expect(200)


def test_the_secret_is_kept_nowhere_else(person: Api, platform: Platform) -> None:
    """A key would keep the answer for a day: here it means nothing, and the second secret is another."""
    first, second = (person.post("/me/totp", {"password": PASSWORD}, key="same").expect(200) for _ in range(2))
    assert first["secret"] != second["secret"]
    with platform.db.read() as connection:
        assert connection.execute(select(idempotency)).all() == []
    assert person.post("/me/totp/confirm", {"code": pyotp.TOTP(first["secret"]).now()}).status == 422
    person.post("/me/totp/confirm", {"code": pyotp.TOTP(second["secret"]).now()}).expect(200)


def test_a_wrong_code_leaves_it_off(person: Api) -> None:
    person.post("/me/totp", {"password": PASSWORD}).expect(200)
    assert list(person.post("/me/totp/confirm", {"code": "abcdef"}).errors) == ["code"]
    assert person.get("/me").expect(200)["totp"] is False


def test_an_administrator_can_only_take_it_away(api: Api, person: Api) -> None:
    switch_on(person)
    address = f"/users/{person.user_id}"
    assert api.get(address).expect(200)["totp"] is True
    assert list(api.patch(address, {"totp": True}).errors) == ["totp"]
    assert api.patch(address, {"totp": False}).expect(200)["totp"] is False
    sign_in(person).expect(200)


def test_no_secret_leaves_the_table_of_people(api: Api, person: Api, platform: Platform) -> None:
    totp = switch_on(person)
    api.patch(f"/users/{person.user_id}", {"totp": False}).expect(200)
    with platform.db.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.form == "$user").order_by(audit.c.id)).all()
    assert [row.changes for row in rows] == [{"totp": [False, True]}, {"totp": [True, False]}]
    assert totp.secret not in str(api.get(f"/users/{person.user_id}").json)


def test_the_page_asks_for_the_code_in_a_second_step(person: Api) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        totp = switch_on(person)
        clock.shift(60)
        client = person.app.test_client()
        page = client.get("/login").text
        assert 'name="code"' not in page
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        form = {
            "username": person.user_or_fail.username,
            "password": PASSWORD,
            "csrf_token": found[1],
            "next": "/tasks",
        }
        asked = client.post("/login", data=form)
        assert (asked.status_code, 'name="code"' in asked.text) == (401, True)
        assert PASSWORD not in asked.text
        wrong = client.post("/login", data=form | {"code": "x"})
        assert (wrong.status_code, 'name="code"' in wrong.text) == (401, True)
        right = client.post("/login", data=form | {"code": totp.now()})
        assert (right.status_code, right.location) == (303, "/tasks")
