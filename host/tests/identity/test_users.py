from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.errors import Conflict, Fault, Invalid
from lowcode.identity import users
from lowcode.identity.keys import shared_key

ROLES = {"clerk": "职员", "boss": "主管"}


def add(db: Database, **values: Any) -> dict[str, Any]:
    row = {"username": "li", "name": "李", "password": "a good password", **values}
    return db.run(lambda c: users.create(c, row, ROLES))


def change(db: Database, user: int, **values: Any) -> dict[str, Any]:
    return db.run(lambda c: users.update_user(c, user, values, ROLES))


def test_a_password_given_by_staff_has_to_be_changed(db: Database) -> None:
    assert add(db)["must_change_password"] is True
    assert add(db, username="wang", must_change_password=False)["must_change_password"] is False


def test_usernames_are_unique_however_they_are_written(db: Database) -> None:
    add(db, username="Li.Na")
    for username in ("li.na", "LI.NA", "Ｌｉ．Ｎａ", " li.na "):
        with pytest.raises(Conflict) as refusal:
            add(db, username=username)
        assert refusal.value.code == "duplicate"


@pytest.mark.parametrize("character", ["\0", "\ud800", "\u2028", "\uffff", "\ufdd0", "\U0002fffe", "\u202e", "\u2066"])
def test_names_hold_nothing_that_shows_them_as_others(db: Database, character: str) -> None:
    for field in ("username", "name"):
        with pytest.raises(Invalid) as refusal:
            add(db, **{field: f"李{character}娜"})
        assert list(refusal.value.errors) == [field]
    add(db, name="مرحبا 李娜 \u200f")  # a mark of direction changes no order that the letters have not


def test_faults_are_collected(db: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        add(db, username="", name=3, roles=["pirate"], is_active="yes", salary=1, language="fr")
    assert set(refusal.value.errors) == {"username", "name", "roles", "is_active", "salary", "language"}
    with pytest.raises(Invalid) as refusal:
        add(db, password="li")
    assert set(refusal.value.errors) == {"password"}


def test_a_role_without_its_plugin_may_stay(db: Database) -> None:
    user = add(db, roles=["clerk"])["id"]
    add(db, username="root", roles=["admin"])
    kept = db.run(lambda c: users.update_user(c, user, {"roles": ["clerk"], "name": "王"}, ()))
    assert kept["roles"] == ["clerk"]


def test_the_last_administrator_stays(db: Database) -> None:
    users.ensure_admin(db, Config(admin_password="a good password"))
    second = add(db, roles=["admin", "clerk"])["id"]
    change(db, second, roles=["clerk"])
    refused: list[dict[str, Any]] = [{"roles": []}, {"is_active": False}]
    for values in refused:
        with pytest.raises(Invalid) as refusal:
            change(db, 1, **values)
        assert refusal.value.code == "last_admin"
    with db.read() as connection:
        assert users.get(connection, 1)["roles"] == ["admin"]


def test_two_administrators_cannot_remove_each_other_at_once(db: Database) -> None:
    pair = [add(db, username=f"a{n}", roles=["admin"])["id"] for n in range(2)]

    def demote(user: int) -> bool:
        try:
            change(db, user, roles=[])
        except Fault:
            return False
        return True

    for _round in range(5):
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(demote, pair)) == [False, True]
        for user in pair:
            change(db, user, roles=["admin"])


def test_the_first_start_makes_one_administrator(db: Database) -> None:
    password = users.ensure_admin(db, Config())
    assert password is not None
    assert len(password) >= 20
    assert users.ensure_admin(db, Config()) is None
    with db.read() as connection:
        admin = users.get(connection, 1)
    assert (admin["username"], admin["roles"], admin["must_change_password"]) == ("admin", ["admin"], False)


def test_a_given_password_is_not_told_again(db: Database) -> None:
    assert users.ensure_admin(db, Config(admin_password="a good password")) is None


def test_lists_are_paged_and_searched_literally(db: Database) -> None:
    for n in range(5):
        add(db, username=f"u{n}", name=f"职员{n}")
    add(db, username="per%cent", name="百分")
    with db.read() as connection:
        page = users.list_users(connection, page=2, per_page=4)
        assert [user["username"] for user in page["items"]] == ["u4", "per%cent"]
        assert page["total"] == 6
        assert users.list_users(connection, "%")["total"] == 1
        assert users.list_users(connection, "职员3")["items"][0]["username"] == "u3"


def test_all_processes_get_the_same_key(db: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _n: shared_key(db, "cookies"), range(8)))
    assert len(keys) == 1
    assert shared_key(db, "other") not in keys
