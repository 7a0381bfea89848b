from typing import Any

PASSWORD = "a good password"


def test_users(admin: Any, clerk: Any) -> None:
    department = admin("POST", "/departments", {"name": "销售部"}).json["id"]
    row = {
        "username": "wang",
        "name": "王",
        "password": PASSWORD,
        "department": department,
        "roles": ["clerk"],
        "is_active": True,
    }
    created = admin("POST", "/users", row)
    assert created.status_code == 201
    assert created.headers["Location"] == f"/api/v1/users/{created.json['id']}"
    assert created.json["department"] == {"id": department, "title": "销售部"}
    assert PASSWORD not in created.text
    assert "argon2" not in created.text
    assert admin("GET", f"/users/{created.json['id']}").json == created.json
    again = admin("POST", "/users", row)
    assert (again.status_code, again.json["code"]) == (409, "duplicate")
    changed = admin("PATCH", f"/users/{created.json['id']}", {"department": None, "name": "王五"})
    assert (changed.json["department"], changed.json["name"]) == (None, "王五")
    assert [user["username"] for user in admin("GET", "/users").json["items"]] == ["admin", "li", "wang"]
    assert admin("PATCH", "/users/99", {}).status_code == 404
    assert admin("PATCH", "/users/99999999999999999999", {}).status_code == 404
    assert admin("GET", "/users?per_page=201").status_code == 422
    assert clerk("GET", "/users").status_code == clerk("POST", "/users", row).status_code == 403


def test_departments(admin: Any, clerk: Any) -> None:
    top = admin("POST", "/departments", {"name": "总部", "head": 1})
    assert top.status_code == 201
    below = admin("POST", "/departments", {"name": "销售部", "parent": top.json["id"]}).json
    ring = admin("PATCH", f"/departments/{top.json['id']}", {"parent": below["id"]})
    assert (ring.status_code, list(ring.json["errors"])) == (422, ["parent"])
    tree = admin("GET", "/departments").json
    assert [(item["name"], item["level"]) for item in tree["items"]] == [("总部", 0), ("销售部", 1)]
    assert clerk("POST", "/departments", {"name": "a"}).status_code == 403


def test_the_last_administrator_is_kept(admin: Any) -> None:
    answer = admin("PATCH", "/users/1", {"roles": []})
    assert (answer.status_code, answer.json["code"]) == (422, "last_admin")
    assert admin("GET", "/me").status_code == 200


def test_the_same_key_answers_the_first_result_again(admin: Any) -> None:
    first = admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k1")
    again = admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k1")
    assert (first.status_code, first.data, first.headers["Location"]) == (
        again.status_code,
        again.data,
        again.headers["Location"],
    )
    assert admin("GET", "/departments").json["total"] == 1
    assert admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k2").json["id"] != first.json["id"]


def test_a_refused_request_leaves_its_key_free(admin: Any) -> None:
    assert admin("POST", "/departments", {"name": ""}, Idempotency_Key="k").status_code == 422
    assert admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k").status_code == 201
    for key in ("x" * 201, " ", ""):
        assert admin("POST", "/departments", {"name": "甲"}, Idempotency_Key=key).status_code in {201, 400}
