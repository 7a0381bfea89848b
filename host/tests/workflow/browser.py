"""A person at the pages."""

import re
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lowcode.testing.databases import PASSWORD
from tests.workflow.office import Office

MARKUP = {"HX-Request": "true"}


class Browser:
    """One person with a cookie and the token of the last page."""

    def __init__(self, office: Office, who: str) -> None:
        self.client: FlaskClient = office[who].app.test_client()
        self.get("/login")
        form = {"username": office.username(who), "password": PASSWORD, "csrf_token": self.token}
        assert self.client.post("/login", data=form).status_code == 303

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, headers={"Accept-Language": "zh-CN"} | headers)
        assert answer.status_code == status, answer.text
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found[1] if found else ""
        return answer.text

    def post(self, path: str, data: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """Post with the token of the last page, as htmx does."""
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, headers=MARKUP | headers)

    def decide(self, task: int, decision: str, opinion: str = "", key: str = "") -> TestResponse:
        self.get(f"/tasks/{task}")
        form = {"decision": decision, "opinion": opinion, "csrf_token": self.token}
        headers = MARKUP | ({"Idempotency-Key": key} if key else {})
        return self.client.post(f"/tasks/{task}", data=form, headers=headers)
