"""A session is dead within one request after whatever ends it; a hundred of each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import func, select

from lowcode.database.schema import audit
from lowcode.identity import passwords
from lowcode.identity import sessions as service
from lowcode.identity.tables import sessions
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import PASSWORD

HUNDRED = 100


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash quickly: a hundred changes of passwords are not about hashing."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._decoy.cache_clear()
    yield
    passwords._decoy.cache_clear()


def is_alive(person: Api) -> bool:
    return person.get("/me").status == 200


def test_after_signing_out(api: Api) -> None:
    person = api.as_user()
    for _ in range(HUNDRED):
        other = Api(api.platform, person.user_id, api.app)
        assert is_alive(other)
        other.post("/logout").expect(204)
        assert not is_alive(other)
    assert is_alive(person)


def test_after_disabling(api: Api) -> None:
    person = api.as_user()
    for _ in range(HUNDRED):
        other = Api(api.platform, person.user_id, api.app)
        assert is_alive(other)
        api.patch(f"/users/{person.user_id}", {"is_active": False}).expect(200)
        assert not is_alive(other)
        api.patch(f"/users/{person.user_id}", {"is_active": True}).expect(200)
        assert not is_alive(other)


def test_after_a_change_of_roles(api: Api) -> None:
    person, held = api.as_user(), [["admin"], []]
    for round_ in range(HUNDRED):
        other = Api(api.platform, person.user_id, api.app)
        assert is_alive(other)
        api.patch(f"/users/{person.user_id}", {"roles": held[round_ % 2]}).expect(200)
        assert not is_alive(other)


def test_after_a_change_of_the_own_password(api: Api, quick: None) -> None:
    person, old = api.as_user(), PASSWORD
    for round_ in range(HUNDRED):
        here, elsewhere = (Api(api.platform, person.user_id, api.app) for _ in range(2))
        assert is_alive(here)
        assert is_alive(elsewhere)
        new = f"new-password-{round_}"
        answer = here.post("/me/password", {"old": old, "new": new}).expect(200)
        assert not is_alive(here)
        assert not is_alive(elsewhere)
        here._headers = {"Authorization": f"Bearer {answer['token']}"}
        assert is_alive(here)
        old = new


def test_after_a_reset_by_an_administrator(api: Api, quick: None) -> None:
    person = api.as_user()
    for round_ in range(HUNDRED):
        other = Api(api.platform, person.user_id, api.app)
        assert is_alive(other)
        change = {"password": f"new-password-{round_}", "must_change_password": False}
        api.patch(f"/users/{person.user_id}", change).expect(200)
        assert not is_alive(other)


def test_other_processes_see_it_at_once(api: Api, platform: Platform) -> None:
    person = api.as_user()
    elsewhere = Platform(platform.config, ())
    token = person._headers["Authorization"].removeprefix("Bearer ")
    assert service.authenticate(elsewhere.db, token)
    person.post("/logout").expect(204)
    assert service.authenticate(elsewhere.db, token) is None
    elsewhere.db.engine.dispose()


def signed_in(api: Api, person: Api, agent: str) -> Api:
    body = {"username": person.user_or_fail.username, "password": PASSWORD}
    token = api.as_nobody().call("POST", "/login", body, {"User-Agent": agent}).expect(200)["token"]
    other = api.as_nobody()
    other._headers = {"Authorization": f"Bearer {token}"}
    return other


def test_people_see_their_sessions_and_end_them(api: Api) -> None:
    person, stranger = api.as_user(), api.as_user()
    phone, desk = (signed_in(api, person, agent) for agent in ("Phone " * 60, "Desk"))
    found = desk.get("/me/sessions").expect(200)
    assert found["total"] == 3
    listed = {item["agent"]: item for item in found["items"]}
    assert set(listed) == {None, ("Phone " * 60)[:200], "Desk"}
    assert [agent for agent, item in listed.items() if item["current"]] == ["Desk"]
    assert listed["Desk"]["address"] == "127.0.0.1"
    assert all(len(item["id"]) == 16 for item in found["items"])
    of_phone = listed[("Phone " * 60)[:200]]["id"]
    assert stranger.delete(f"/me/sessions/{of_phone}").status == 404
    desk.delete(f"/me/sessions/{of_phone}").expect(204)
    assert not is_alive(phone)
    assert desk.delete(f"/me/sessions/{of_phone}").status == desk.delete("/me/sessions/%").status == 404
    desk.delete("/me/sessions").expect(204)
    assert (is_alive(desk), is_alive(person), is_alive(stranger)) == (True, False, True)


def test_sessions_that_are_over_are_not_listed(api: Api) -> None:
    person = api.as_user()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8)):
        other = Api(api.platform, person.user_id, api.app)
        assert other.get("/me/sessions").expect(200)["total"] == 1


def test_an_administrator_signs_somebody_out_everywhere(api: Api, platform: Platform) -> None:
    person = api.as_user()
    others = [Api(api.platform, person.user_id, api.app) for _ in range(3)]
    assert person.delete(f"/users/{person.user_id}/sessions").status == 403
    api.delete(f"/users/{person.user_id}/sessions").expect(204)
    assert not any(is_alive(each) for each in (person, *others))
    assert api.delete("/users/999/sessions").status == 404
    with platform.db.read() as connection:
        rows: Any = connection.execute(select(audit).where(audit.c.action == "end_sessions")).all()
        left = connection.scalar(select(func.count()).where(sessions.c.user_id == person.user_id))
    assert ([(row.form, row.record, row.user) for row in rows], left) == ([("$user", person.user_id, 1)], 0)
