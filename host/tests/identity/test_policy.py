"""What administrators ask of passwords, through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.database.schema import audit
from lowcode.identity import policy, users
from lowcode.identity.tables import users as people
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import PASSWORD

DEFAULT = {
    "min_length": 8,
    "classes": 2,
    "history": 3,
    "expiry_days": 0,
    "remind_days": 7,
    "force_change": True,
}


def change(person: Api, old: str, new: str) -> Any:
    answer = person.post("/me/password", {"old": old, "new": new})
    if answer.status == 200:
        person._headers = {"Authorization": f"Bearer {answer.json['token']}"}
    return answer


def test_the_policy_can_be_read_and_chosen_by_administrators(api: Api) -> None:
    assert api.get("/password_policy").expect(200) == DEFAULT
    changed = api.put("/password_policy", {"min_length": 12, "force_change": False}).expect(200)
    assert changed == {**DEFAULT, "min_length": 12, "force_change": False}
    assert api.get("/password_policy").expect(200) == changed
    clerk = api.as_user()
    assert clerk.get("/password_policy").status == clerk.put("/password_policy", {}).status == 403


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"min_length": 7}, "min_length"),
        ({"min_length": 65}, "min_length"),
        ({"min_length": True}, "min_length"),
        ({"classes": 5}, "classes"),
        ({"classes": "2"}, "classes"),
        ({"history": 13}, "history"),
        ({"expiry_days": -1}, "expiry_days"),
        ({"expiry_days": 5}, "remind_days"),
        ({"force_change": 1}, "force_change"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_faulty_policy_changes_nothing(api: Api, payload: dict[str, Any], field: str) -> None:
    refused = api.put("/password_policy", {**payload, "history": payload.get("history", 5)})
    assert (refused.status, list(refused.errors)) == (422, [field])
    assert refused.errors[field][0].endswith("。")
    assert api.get("/password_policy").expect(200) == DEFAULT


def test_a_change_of_the_policy_is_in_the_audit(api: Api, platform: Platform) -> None:
    api.put("/password_policy", {"classes": 3, "history": 3}).expect(200)
    api.put("/password_policy", {"classes": 3}).expect(200)
    with platform.db.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.form == "$policy")).all()
    assert [(row.user, row.action, row.changes) for row in rows] == [(1, "edit", {"classes": [2, 3]})]


def test_the_last_passwords_may_not_come_back(api: Api) -> None:
    person = api.as_user()
    change(person, PASSWORD, "second-password-2").expect(200)
    change(person, "second-password-2", "third-password-3").expect(200)
    for used in (PASSWORD, "second-password-2", "third-password-3"):
        assert list(change(person, "third-password-3", used).errors) == ["new"]
    change(person, "third-password-3", "fourth-password-4").expect(200)
    change(person, "fourth-password-4", PASSWORD).expect(200)


def test_without_a_history_only_the_present_password_may_not_stay(api: Api) -> None:
    api.put("/password_policy", {"history": 0}).expect(200)
    person = api.as_user()
    assert change(person, PASSWORD, PASSWORD).status == 422
    change(person, PASSWORD, "second-password-2").expect(200)
    change(person, "second-password-2", PASSWORD).expect(200)


def test_an_old_password_has_to_be_replaced(api: Api) -> None:
    person, login = api.as_user(), {"username": "", "password": PASSWORD}
    login["username"] = person.user_or_fail.username
    api.put("/password_policy", {"expiry_days": 90}).expect(200)
    assert person.get("/me").expect(200)["must_change_password"] is False
    with time_machine.travel(datetime.now(UTC) + timedelta(days=91)):
        answer = api.as_nobody().post("/login", login).expect(200)
        assert answer["must_change_password"] is answer["user"]["must_change_password"] is True
        person._headers = {"Authorization": f"Bearer {answer['token']}"}
        refused = person.get("/forms")
        assert (refused.status, refused.json["code"]) == (403, "must_change_password")
        assert person.get("/me").expect(200)["must_change_password"] is True
        change(person, PASSWORD, "second-password-2").expect(200)
        assert person.get("/me").expect(200)["must_change_password"] is False
        person.get("/forms").expect(200)


def test_the_day_of_expiry_is_told(api: Api, platform: Platform) -> None:
    person = api.as_user()
    assert person.get("/me").expect(200)["password_expires_at"] is None
    api.put("/password_policy", {"expiry_days": 90, "remind_days": 10}).expect(200)
    told = datetime.fromisoformat(person.get("/me").expect(200)["password_expires_at"])
    assert timedelta(days=89) < told - datetime.now(UTC) <= timedelta(days=90)
    with platform.db.read() as connection:
        for days, expected in ((79, False), (81, True), (89, True), (91, False)):
            due = dict(policy.expiring(connection, datetime.now(UTC) + timedelta(days=days)))
            assert (person.user_id in due) is expected


def test_whom_staff_gives_a_password_has_to_replace_it(api: Api) -> None:
    row = {"username": "wang", "name": "王", "password": "given-by-staff-1"}
    made = api.post("/users", row).expect(201)
    assert made["must_change_password"] is True
    wang = api.as_person("wang")
    for method, path in (("GET", "/forms"), ("GET", "/me/sessions"), ("PATCH", "/me"), ("POST", "/me/totp")):
        assert wang.call(method, path, {} if method != "GET" else None).json["code"] == "must_change_password"
    wang.get("/me").expect(200)
    change(wang, "given-by-staff-1", "my-own-password-2").expect(200)
    wang.get("/forms").expect(200)
    reset = api.patch(f"/users/{made['id']}", {"password": "given-by-staff-3"}).expect(200)
    assert reset["must_change_password"] is True
    kept = api.patch(f"/users/{made['id']}", {"password": "given-by-staff-4", "must_change_password": False})
    assert kept.expect(200)["must_change_password"] is False


def test_the_policy_may_trust_first_passwords(api: Api) -> None:
    api.put("/password_policy", {"force_change": False}).expect(200)
    made = api.post("/users", {"username": "wang", "name": "王", "password": "given-by-staff-1"}).expect(201)
    assert made["must_change_password"] is False
    assert api.patch(f"/users/{made['id']}", {"password": "given-by-staff-2"}).json["must_change_password"] is False


def test_an_administrator_proves_who_he_is_like_everybody(api: Api) -> None:
    for change_ in ({"password": "another-password-2"}, {"totp": False}):
        refused = api.patch("/users/1", {"name": "改名", **change_}).expect(422)
        assert list(refused["errors"]) == list(change_)
        assert "个人中心" in refused["detail"]
    assert api.get("/users/1").expect(200)["name"] != "改名"
    api.patch("/users/1", {"name": "改名"}).expect(200)
    other = api.as_user("admin")
    other.patch("/users/1", {"password": "another-password-2", "totp": False}).expect(200)


def test_the_operators_own_choice_never_stops_the_first_start(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    assert users.ensure_admin(db, Config(admin_password="password")) is None
    with db.read() as connection:
        assert users.get(connection, 1)["must_change_password"] is False
    assert "easily guessed" in caplog.text


def test_sample_people_can_work_at_once(platform: Platform) -> None:
    person = platform.as_system(lambda ctx: ctx.users.ensure("sample", "样例", []))
    with platform.db.read() as connection:
        due = connection.scalar(select(people.c.must_change_password).where(people.c.id == person))
    assert due is False
