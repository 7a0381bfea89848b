import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint, Flask, current_app, g, jsonify, render_template_string, request
from flask.testing import FlaskClient
from jinja2 import DictLoader
from sqlalchemy import Connection

from lowcode.config import Config
from lowcode.database.engine import Database
from lowcode.database.metadata import metadata
from lowcode.identity import sessions, users
from lowcode.web import app as web_app
from lowcode.web.app import create_app
from lowcode.web.bodies import json_body
from lowcode.web.gate import check_inventory, policy, start_browser_session

PASSWORD = "a good password"


@dataclass
class StandIn:
    """As much of a platform as the web side asks for."""

    db: Database
    config: Config
    roles: dict[str, str] = field(default_factory=lambda: {"clerk": "职员"})

    def writing(self, user: Any, work: Callable[[Any], Any], *, version: int | None = None) -> Any:
        def run(connection: Connection) -> Any:
            now = datetime.now(UTC).replace(microsecond=0)
            return work(SimpleNamespace(connection=connection, user=user, now=now, platform=self))

        return self.db.run(run)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[StandIn]:
    url = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{tmp_path / 'test.db'}"
    stand_in = StandIn(Database(url), Config(home=tmp_path, database_url=url, max_file_bytes=3_000_000))
    metadata.drop_all(stand_in.db.engine)
    metadata.create_all(stand_in.db.engine)
    users.ensure_admin(stand_in.db, Config(admin_password=PASSWORD))
    yield stand_in
    stand_in.db.engine.dispose()


def pages() -> Blueprint:
    """Pages of the shapes that the gate tells apart."""
    bp = Blueprint("test_pages", __name__)

    @bp.route("/login", methods=["GET", "POST"])
    @policy("public")
    def login() -> str:
        if request.method == "POST":
            platform = web_app.current_platform()
            token, _user = sessions.sign_in(platform, request.form["username"], request.form["password"], "127.0.0.1")
            start_browser_session(token)
        return render_template_string("{{ csrf_token() }}")

    @bp.get("/")
    @policy("signed_in")
    def home() -> str:
        return render_template_string("{{ csrf_token() }}")

    @bp.post("/save")
    @policy("signed_in")
    def save() -> str:
        return "saved"

    @bp.get("/static/file.css")
    @policy("public")
    def asset() -> str:
        return "" if g.user is None else "somebody"

    @bp.get("/about")
    @policy("public")
    def about() -> str:
        return g.user.username if g.user else "nobody"

    @bp.get("/password")
    @policy("signed_in", while_password_due=True)
    def password() -> str:
        return render_template_string("{{ csrf_token() }}")

    @bp.post("/api/v1/echo")
    @policy("signed_in")
    def echo() -> Any:
        return jsonify(json_body())

    @bp.post("/api/v1/upload")
    @policy("signed_in", upload=True)
    def upload() -> Any:
        return jsonify(len(request.get_data()))

    @bp.get("/api/v1/break/<name>")
    @policy("public")
    def fail(name: str) -> Any:
        raise current_app.config["FAULTS"][name]

    @bp.get("/break/<name>")
    @policy("public")
    def fail_page(name: str) -> Any:
        raise current_app.config["FAULTS"][name]

    return bp


@pytest.fixture
def app(platform: StandIn, monkeypatch: pytest.MonkeyPatch) -> Flask:
    blueprints = tuple(f"lowcode.web.api.{name}" for name in ("session", "me", "users"))
    monkeypatch.setattr(web_app, "BLUEPRINTS", blueprints)
    application = create_app(platform)  # type: ignore[arg-type]
    application.register_blueprint(pages())
    application.jinja_loader = DictLoader({"error.html": "<h1>{{ status }} {{ title }}</h1><p>{{ detail }}</p>"})
    check_inventory(application)
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Api:
    """A program that calls the API with a token."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client(use_cookies=False)
        self.token = ""

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=sent)

    def sign_in(self, username: str = "admin", password: str = PASSWORD) -> "Api":
        answer = self("POST", "/login", {"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json["token"]
        return self


@pytest.fixture
def caller(app: Flask) -> Callable[[], Api]:
    return lambda: Api(app)


@pytest.fixture
def admin(caller: Callable[[], Api]) -> Api:
    return caller().sign_in()


@pytest.fixture
def clerk(admin: Api, caller: Callable[[], Api]) -> Api:
    row = {"username": "li", "name": "李", "password": PASSWORD, "roles": ["clerk"], "must_change_password": False}
    assert admin("POST", "/users", row).status_code == 201
    return caller().sign_in("li")


class Browser:
    """A person's browser: a cookie and the CSRF token of the last page."""

    def __init__(self, app: Flask, scheme: str = "http") -> None:
        self.client = app.test_client()
        self.base = f"{scheme}://localhost"
        self.csrf = ""

    def open(self, method: str, path: str, data: Any = None, json: Any = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, data=data, json=json, headers=sent, base_url=self.base)

    def sign_in(self, username: str = "admin", password: str = PASSWORD) -> "Browser":
        token = self.open("GET", "/login").text
        answer = self.open("POST", "/login", {"username": username, "password": password, "csrf_token": token})
        assert answer.status_code == 200, answer.text
        self.csrf = answer.text
        return self

    @property
    def cookie(self) -> str:
        return next(iter(self.client._cookies.values())).value  # type: ignore[union-attr]


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    return lambda: Browser(app)
