"""People and departments through the API: e-mail, what the list is narrowed by, what may be removed, who did it."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from lowcode.database.schema import audit
from lowcode.platform import Platform
from lowcode.testing.client import Api

WANG = {"username": "wang", "name": "王小明", "password": "given-by-staff-1"}


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return ("tests.workflow.errands",)


def entries(platform: Platform, form: str) -> list[Any]:
    with platform.db.read() as connection:
        found = connection.execute(select(audit).where(audit.c.form == form).order_by(audit.c.id)).all()
    return [(row.user, row.record, row.action, row.changes) for row in found]


def test_people_have_an_e_mail_address(api: Api) -> None:
    made = api.post("/users", WANG | {"email": "wang@example.com"}).expect(201)
    assert made["email"] == "wang@example.com"
    address = f"/users/{made['id']}"
    for wrong in ("wang", "a b@example.com", "wang@example", 3, "x" * 250 + "@example.com", "a@b.com\nBcc: c@d.com"):
        assert list(api.patch(address, {"email": wrong}).errors) == ["email"]
    assert api.patch(address, {"email": " li@example.com "}).expect(200)["email"] == "li@example.com"
    assert api.patch(address, {"email": ""}).expect(200)["email"] is None


def test_people_keep_their_own_address_and_language(api: Api) -> None:
    person = api.as_user()
    changed = person.patch("/me", {"email": "me@example.com", "language": "en"}).expect(200)
    assert (changed["email"], changed["language"]) == ("me@example.com", "en")
    assert person.get("/me").expect(200) == changed
    for field in ("name", "roles", "username", "is_active", "must_change_password", "totp", "department", "password"):
        refused = person.patch("/me", {field: ["admin"]})
        assert (refused.status, list(refused.errors)) == (422, [field])
    assert person.patch("/me", {"email": "no"}).status == 422
    assert person.get("/me").expect(200) == changed


def test_the_list_of_people_is_narrowed(api: Api) -> None:
    clerk = api.as_user("clerk", department="销售部", name="安娜")
    other = api.as_user("clerk", "keeper", department="财务部", name="安全员")
    api.patch(f"/users/{other.user_id}", {"is_active": False}).expect(200)

    def found(**asked: Any) -> list[str]:
        answer = api.get("/users", **asked).expect(200)
        assert answer["total"] == len(answer["items"])
        return [person["name"] for person in answer["items"]]

    assert found(search="安") == ["安娜", "安全员"]
    assert found(search="全员") == ["安全员"]
    assert found(search="DMIN") == ["管理员"]
    assert found(search="%") == found(role="nothing") == []
    assert found(department=clerk.user_or_fail.department_id) == ["安娜"]
    assert found(role="keeper") == ["安全员"]
    assert found(role="clerk", is_active="true") == ["安娜"]
    assert found(is_active="false") == ["安全员"]
    for asked in ({"is_active": "yes"}, {"department": "x"}, {"department": "0"}, {"page": "-1"}):
        assert list(api.get("/users", **asked).errors) == list(asked)


def test_a_department_goes_when_nothing_hangs_on_it(api: Api) -> None:
    top = api.post("/departments", {"name": "总部"}).expect(201)["id"]
    below = api.post("/departments", {"name": "分部", "parent": top}).expect(201)["id"]
    person = api.as_user("clerk")
    api.patch(f"/users/{person.user_id}", {"department": below}).expect(200)
    record = person.post("/forms/errand/records", {"name": "去北京"}).expect(201)["id"]
    sentences = []
    for place in (top, below):
        refused = api.delete(f"/departments/{place}")
        assert (refused.status, refused.json["code"]) == (409, "in_use")
        sentences.append(refused.json["detail"])
    api.patch(f"/users/{person.user_id}", {"department": None}).expect(200)
    refused = api.delete(f"/departments/{below}")
    assert (refused.status, refused.json["code"]) == (409, "in_use")
    sentences.append(refused.json["detail"])
    assert ["下级部门" in sentences[0], "人员" in sentences[1], "出差" in sentences[2]] == [True] * 3
    api.post(f"/users/{person.user_id}/hand_over", {"to": 1}).expect(200)
    api.delete(f"/departments/{below}").expect(204)
    api.delete(f"/departments/{top}").expect(204)
    assert api.delete(f"/departments/{top}").status == 404
    assert api.get("/departments").expect(200)["items"] == []
    assert api.get(f"/forms/errand/records/{record}").status == 200


def test_only_administrators_remove_departments(api: Api) -> None:
    place = api.post("/departments", {"name": "总部"}).expect(201)["id"]
    assert api.as_user().delete(f"/departments/{place}").status == 403


def test_changes_of_people_are_in_the_audit(api: Api, platform: Platform) -> None:
    made = api.post("/users", WANG | {"roles": ["clerk"]}).expect(201)["id"]
    api.patch(f"/users/{made}", {"roles": ["keeper"], "name": "王"}).expect(200)
    api.patch(f"/users/{made}", {"name": "王"}).expect(200)  # nothing changes
    api.patch(f"/users/{made}", {"password": "given-by-staff-2"}).expect(200)
    assert api.patch(f"/users/{made}", {"roles": ["pirate"]}).status == 422
    created, edited, reset = entries(platform, "$user")
    assert created[:3] == (1, made, "create")
    assert created[3] == {
        "username": [None, "wang"],
        "name": [None, "王小明"],
        "roles": [None, ["clerk"]],
        "is_active": [None, True],
        "must_change_password": [None, True],
    }
    assert edited == (1, made, "edit", {"roles": [["clerk"], ["keeper"]], "name": ["王小明", "王"]})
    assert reset == (1, made, "edit", {"password": ["•••", "•••"]})
    assert not any(secret in str(entries(platform, "$user")) for secret in ("argon2", "given-by-staff"))


def test_changes_of_departments_are_in_the_audit(api: Api, platform: Platform) -> None:
    place = api.post("/departments", {"name": "总部"}).expect(201)["id"]
    api.patch(f"/departments/{place}", {"name": "总公司", "head": 1}).expect(200)
    api.patch(f"/departments/{place}", {}).expect(200)
    api.delete(f"/departments/{place}").expect(204)
    head = {"id": 1, "title": "管理员"}
    assert entries(platform, "$department") == [
        (1, place, "create", {"name": [None, "总部"]}),
        (1, place, "edit", {"name": ["总部", "总公司"], "head": [None, head]}),
        (1, place, "delete", {"name": ["总公司", None], "head": [head, None]}),
    ]


def test_ones_own_password_is_in_the_audit_without_itself(api: Api, platform: Platform) -> None:
    person = api.as_user()
    person.post("/me/password", {"old": "Test-12345", "new": "second-password-2"}).expect(200)
    row = (person.user_id, person.user_id, "edit", {"password": ["•••", "•••"]})
    assert entries(platform, "$user") == [row]
