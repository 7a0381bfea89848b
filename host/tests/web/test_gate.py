from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from lowcode.config import Config
from lowcode.web.app import create_app
from lowcode.web.gate import check_inventory, policy

PUBLIC = {"/login", "/api/v1/login", "/break/<name>", "/api/v1/break/<name>", "/about", "/static/file.css"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def decoded(app: Flask, cookie: str) -> dict[str, Any]:
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return dict(signer.loads(cookie, max_age=int(timedelta(days=31).total_seconds())))


def test_a_route_without_policy_keeps_the_host_from_starting(app: Flask) -> None:
    bare = Flask("bare", static_folder=None)
    bare.add_url_rule("/open", "open", policy("public")(lambda: ""))
    check_inventory(bare)
    bare.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="/forgotten"):
        check_inventory(bare)


def test_nobody_gets_in_anywhere_but_at_public_routes(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if rule.rule in PUBLIC:
            continue
        path = rule.rule.replace("<int:user_id>", "1").replace("<int:department_id>", "1")
        for method in METHODS:
            answer = client.open(path, method=method)
            to_login = answer.status_code == 303 and answer.location.startswith("/login")
            assert answer.status_code in {401, 403, 405} or to_login, (method, path, answer.status_code)


def test_every_change_needs_the_csrf_token(app: Flask, browser: Any) -> None:
    admin, other = browser().sign_in(), browser().sign_in()
    for rule in app.url_map.iter_rules():
        if rule.rule == "/api/v1/login":
            continue
        path = rule.rule.replace("<int:user_id>", "1").replace("<int:department_id>", "1")
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            for forged in ({}, {"X_CSRF_Token": other.csrf}, {"X_CSRF_Token": "x"}):
                assert admin.open(method, path, **forged).status_code == 403, (method, path)
            for origin in (
                {"Sec_Fetch_Site": "cross-site"},
                {"Sec_Fetch_Site": "same-site"},
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Origin": "http://localhost.evil.example"},
            ):
                answer = admin.open(method, path, X_CSRF_Token=admin.csrf, **origin)
                assert answer.status_code == 403, (method, path, origin)
    assert admin.open("POST", "/save").status_code == 403
    assert admin.open("POST", "/save", {"csrf_token": admin.csrf}).text == "saved"
    own = {"X_CSRF_Token": admin.csrf, "Origin": "http://localhost", "Sec_Fetch_Site": "same-origin"}
    assert admin.open("POST", "/save", **own).text == "saved"


def test_the_login_page_cannot_be_posted_from_elsewhere(app: Flask, platform: Any) -> None:
    form = {"username": "admin", "password": "a good password"}
    assert app.test_client().post("/login", data=form).status_code == 403


def test_other_sites_cannot_sign_a_browser_in(client: Any) -> None:
    body = {"username": "admin", "password": "a good password"}
    assert client.post("/api/v1/login", json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_bearer_needs_no_csrf_and_never_falls_back_to_the_cookie(admin: Any, browser: Any) -> None:
    person = browser().sign_in()
    assert person.open("POST", "/api/v1/echo", json={}, Authorization=f"Bearer {admin.token}").status_code == 200
    assert person.open("POST", "/api/v1/echo", json={}, Authorization="Bearer x").status_code == 401
    assert person.open("GET", "/api/v1/me", Authorization="Basic eDp5").status_code == 401


def test_the_cookie_holds_a_new_session_after_each_login(app: Flask, browser: Any) -> None:
    person = browser()
    person.open("GET", "/login")
    before = decoded(app, person.cookie)
    person.sign_in()
    first = decoded(app, person.cookie)
    assert set(before) == {"csrf_token"}
    assert set(first) == {"sid", "csrf_token"}
    assert before["csrf_token"] != first["csrf_token"]
    old_cookie = person.cookie
    person.sign_in()
    assert decoded(app, person.cookie)["sid"] != first["sid"]
    thief = app.test_client()
    thief.set_cookie("session", old_cookie)
    assert thief.get("/api/v1/me").status_code == 401


def test_a_stolen_cookie_is_dead_after_logout(app: Flask, browser: Any) -> None:
    person = browser().sign_in()
    thief = app.test_client()
    thief.set_cookie("session", person.cookie)
    assert thief.get("/api/v1/me").status_code == 200
    assert person.open("POST", "/api/v1/logout", X_CSRF_Token=person.csrf).status_code == 204
    assert thief.get("/api/v1/me").status_code == 401
    assert person.open("GET", "/").status_code == 303


def test_a_browser_keeps_its_session_over_its_own_password_change(browser: Any) -> None:
    person = browser().sign_in()
    body = {"old": "a good password", "new": "another password"}
    answer = person.open("POST", "/api/v1/me/password", json=body, X_CSRF_Token=person.csrf)
    assert answer.status_code == 200
    assert "token" not in answer.json
    assert person.open("GET", "/").status_code == 200


def test_cookie_flags(app: Flask, platform: Any, client: Any) -> None:
    flags = client.get("/login").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags.split("; "))
    platform.config = Config(database_url=platform.config.database_url, https=True)
    secure = create_app(platform)
    with secure.test_request_context():
        interface = secure.session_interface
        assert interface.get_cookie_name(secure) == "__Host-session"
        assert interface.get_cookie_secure(secure)
        assert interface.get_cookie_domain(secure) is None
        assert interface.get_cookie_path(secure) == "/"


def test_pages_lead_to_the_login_and_back(client: Any, browser: Any) -> None:
    assert client.get("/?a=1&b=%E4%B8%AD").location == "/login?next=/%3Fa%3D1%26b%3D%25E4%25B8%25AD"
    assert client.post("/save").location == "/login?next=/"
    htmx = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/list?page=2"})
    assert (htmx.status_code, htmx.headers["HX-Redirect"]) == (401, "/login?next=/list%3Fpage%3D2")


def test_what_is_typed_survives_the_end_of_the_session(client: Any, browser: Any) -> None:
    answer = client.post("/save", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer.headers
    assert "登录已过期" in answer.text


def test_pages_lead_to_the_password_page_while_it_is_due(admin: Any, browser: Any) -> None:
    row = {"username": "wang", "name": "王", "password": "a good password", "must_change_password": True}
    admin("POST", "/users", row)
    person = browser().sign_in("wang")
    assert person.open("GET", "/").location == "/password"
    assert person.open("GET", "/password").status_code == 200


def test_public_pages_know_the_person_and_assets_ask_nothing(client: Any, browser: Any) -> None:
    person = browser().sign_in()
    assert person.open("GET", "/about").text == "admin"
    assert person.open("GET", "/static/file.css").text == ""
    assert client.get("/about").text == "nobody"


def test_administrators_only(clerk: Any, admin: Any) -> None:
    assert clerk("GET", "/users").status_code == 403
    assert admin("GET", "/users").status_code == 200


def test_nul_never_reaches_a_database(admin: Any) -> None:
    assert admin("GET", "/users?search=%00").status_code == 422
    assert admin("GET", "/users/%00").status_code == 404
    assert admin("POST", "/departments", {"name": "a\0"}).status_code == 422
    assert admin("POST", "/login", {"username": "a\0", "password": "b"}).status_code == 422
