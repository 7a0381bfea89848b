"""A person who calls the API in a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import Any

from flask import Flask
from sqlalchemy import select

from lowcode.identity import sessions
from lowcode.identity.loading import load_user
from lowcode.identity.model import User
from lowcode.identity.tables import users
from lowcode.platform import Platform
from lowcode.testing import applications
from lowcode.testing.databases import ADMIN_ID, add_person

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered: the status, the JSON (None without any) and the headers."""

    status: int
    json: Any
    headers: Mapping[str, str]
    call: str = ""

    def expect(self, *statuses: int) -> Any:
        """Give the JSON when the status is one of these. Raises AssertionError otherwise."""
        assert self.status in statuses, f"{self.call} answered {self.status}, not {statuses}: {self.json}"
        return self.json

    @property
    def errors(self) -> dict[str, list[str]]:
        """The faults of fields in a refusal."""
        found = self.json.get("errors", {}) if isinstance(self.json, dict) else {}
        return dict(found)


class Api:
    """Calls the API with a bearer token; paths are those behind `/api/v1`."""

    _numbers = count(1)

    def __init__(self, platform: Platform, user_id: int | None = ADMIN_ID, app: Flask | None = None) -> None:
        self.platform = platform
        self.app = app or applications.lend(platform)
        self._client = self.app.test_client(use_cookies=False)
        self.user: User | None = None
        self._headers: dict[str, str] = {}
        if user_id is not None:
            with platform.db.write() as connection:
                token = sessions.open_session(connection, user_id, datetime.now(UTC))
                self.user = load_user(connection, user_id)
            self._headers = {"Authorization": f"Bearer {token}"}

    @property
    def user_or_fail(self) -> User:
        """The person. Raises AssertionError for nobody."""
        assert self.user is not None, "Nobody is signed in here."
        return self.user

    @property
    def user_id(self) -> int:
        """The id of the person. Raises AssertionError for nobody."""
        return self.user_or_fail.id

    @property
    def credentials(self) -> Mapping[str, str]:
        """The headers that say who calls, for addresses of pages."""
        return self._headers

    def as_user(self, *roles: str, department: str | None = None, name: str | None = None) -> "Api":
        """Make a person with these roles, in a department that is made when it does not exist, and sign in."""
        number = next(Api._numbers)
        place = self.platform.as_system(lambda ctx: ctx.users.ensure_department(department)) if department else None
        username = f"person{number}"
        return Api(
            self.platform, add_person(self.platform.db, username, name or f"Person {number}", roles, place), self.app
        )

    def as_person(self, username: str) -> "Api":
        """Sign in as somebody who exists."""
        with self.platform.db.read() as connection:
            user_id = connection.scalar(select(users.c.id).where(users.c.username == username))
        assert user_id is not None, f"There is nobody called {username}."
        return Api(self.platform, user_id, self.app)

    def as_nobody(self) -> "Api":
        """Call without signing in."""
        return Api(self.platform, None, self.app)

    def get(self, path: str, **query: Any) -> Answer:
        """Read; keywords are the query string."""
        return self.call("GET", path, query_string=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **query: Any) -> Answer:
        """Create or act; `key` is the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, body, headers, query_string=query)

    def put(self, path: str, body: Any) -> Answer:
        """Replace."""
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any, version: int | None = None) -> Answer:
        """Change what is at `version`."""
        return self.call("PATCH", path, body, _if_match(version))

    def delete(self, path: str, version: int | None = None) -> Answer:
        """Delete what is at `version`."""
        return self.call("DELETE", path, None, _if_match(version))

    def upload(self, name: str, content: bytes) -> Answer:
        """Upload a file."""
        return self.call("POST", "/files", data={"file": (BytesIO(content), name)})

    def raw(self, method: str, path: str, body: bytes) -> Answer:
        """Send bytes as they are, under the name of JSON."""
        return self.call(method, path, data=body, headers={"Content-Type": "application/json"})

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """Send any request."""
        address = path if path.startswith("/api/") or path == "/healthz" else PREFIX + path
        if body is not None:
            options["json"] = body
        return self.open(method, address, {**self._headers, **(headers or {})}, **options)

    def open(self, method: str, address: str, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Send a request to any address, with these headers only."""
        answer = self._client.open(address, method=method, headers=dict(headers or {}), buffered=True, **options)
        is_json = (answer.mimetype or "").endswith("json") and answer.data
        return Answer(answer.status_code, answer.json if is_json else None, dict(answer.headers), f"{method} {address}")


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
