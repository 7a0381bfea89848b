"""The log of the platform's own changes: who changed which person, department, flow or policy, from what to what."""

from typing import Any

import pytest

from lowcode.testing.client import Api


@pytest.fixture
def changed(api: Api) -> dict[str, Any]:
    """Change one of each, as an administrator would."""
    place = api.post("/departments", {"name": "运输部"}).expect(201)
    api.call("DELETE", f"/departments/{place['id']}").expect(204)
    person = api.post("/users", {"username": "kai", "name": "凯", "password": "a-first-password-1"}).expect(201)
    api.patch(f"/users/{person['id']}", {"roles": ["clerk", "admin"], "is_active": False}).expect(200)
    api.put("/password_policy", {"min_length": 9}).expect(200)
    (flow,) = (each for each in api.get("/workflows").expect(200) if each["form"] == "loan")
    address = f"/workflows/{flow['name']}/approvals/{flow['approvals'][0]['name']}"
    kept = api.get(address).expect(200)
    step = {"name": "extra", "label": "复查", "approvers": {"role": "admin"}}
    api.put(address, {"version": kept["version"], "steps": [*kept["steps"], step]}).expect(200)
    return {"person": person["id"], "place": place["id"]}


def log(api: Api, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/audit", per_page=200, **query).expect(200)["items"]
    return found


def test_each_change_is_told_with_its_person(api: Api, changed: dict[str, Any]) -> None:
    flow, policy, edit, made, gone, place = log(api)[:6]
    assert [each["form"] for each in (flow, policy, edit, made, gone, place)] == [
        *("$workflow", "$policy", "$user", "$user", "$department", "$department"),
    ]
    assert edit["record"] == {"id": changed["person"], "title": "凯"}
    assert edit["by"]["id"] == api.user_id
    told = {each["field"]: (each["label"], each["old"], each["new"]) for each in edit["changes"]}
    assert told["roles"] == ("拥有的角色", [], ["admin", "clerk"])
    assert told["is_active"] == ("启用", True, False)
    assert gone["$labels"] == {"form": "部门", "action": "删除"}
    assert gone["record"]["title"] == place["record"]["title"] == "运输部", "gone, and still named here"
    assert policy["changes"] == [{"field": "min_length", "label": "密码最少位数", "old": 8, "new": 9}]
    assert "a-first-password-1" not in str(log(api))


def test_it_is_narrowed_and_paged(api: Api, changed: dict[str, Any]) -> None:
    assert {each["form"] for each in log(api, form="$user")} == {"$user"}
    assert log(api, user=changed["person"]) == []
    everything = log(api)
    assert log(api, user=api.user_id) == [each for each in everything if each["by"] == everything[0]["by"]]
    today = everything[0]["at"][:10]
    assert log(api, **{"from": "2999-01-01"}) == []
    assert log(api, to="2001-01-01") == []
    assert log(api, **{"from": "2001-01-01", "to": "2999-01-01"}) == everything, today
    second = api.get("/audit", page=2, per_page=2).expect(200)
    assert (second["items"], second["total"]) == (everything[2:4], len(everything))


def test_wrong_questions_are_refused(api: Api) -> None:
    for query, fault in (
        ({"form": "loan"}, "form"),
        ({"user": "x"}, "user"),
        ({"from": "1.1."}, "from"),
        ({"x": 1}, "x"),
    ):
        assert set(api.get("/audit", **query).errors) == {fault}
    assert set(api.get("/audit", to="9999-12-31").errors) == {"to"}
    clerk = api.as_user("clerk")
    clerk.get("/audit").expect(403)
    assert clerk._client.get("/audit/log", headers=clerk.credentials).status_code == 403


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("操作日志", "密码最少位数", "平台管理员、馆员", "新增了步骤“复查”", "部门 · 运输部", "审批记录核对")),
        ("en", ("Activity log", "Platform administrator", "Step &#34;复查&#34; added", "Check of the approval trail")),
    ],
)
def test_the_page(api: Api, changed: dict[str, Any], language: str, texts: tuple[str, ...]) -> None:
    headers = {**api.credentials, "Accept-Language": language}
    page = api._client.get("/audit/log", headers=headers).get_data(as_text=True)
    for text in texts:
        assert text in page
    narrowed = api._client.get("/audit/log?form=$policy&from=2001/1/1", headers=headers).get_data(as_text=True)
    assert "运输部" not in narrowed
    assert api._client.get("/audit/log?from=nothing", headers=headers).status_code == 422
