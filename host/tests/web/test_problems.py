import errno
from typing import Any

import pytest
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from lowcode.errors import Conflict, Refused, TooMany

EXPECTED = {
    "stale": (Conflict("有人先改了。", code="stale_version"), 409, "stale_version"),
    "rule": (Refused("金额过大。", "over_total", {"amount": ["过大"]}), 422, "over_total"),
    "many": (TooMany("太快。", 7), 429, "too_many_requests"),
    "gone": (OperationalError("SELECT secret", {}, Exception("server closed")), 503, "unavailable"),
    "pool": (PoolTimeout("QueuePool limit"), 503, "unavailable"),
    "full": (OSError(errno.ENOSPC, "No space left", "/srv/secret"), 503, "unavailable"),
    "bug": (ZeroDivisionError("secret"), 500, "internal"),
    "http": (NotFound(), 404, "not_found"),
    "large": (RequestEntityTooLarge(), 413, "too_large"),
}


@pytest.fixture(autouse=True)
def faults(app: Any) -> None:
    app.config["FAULTS"] = {name: fault for name, (fault, _status, _code) in EXPECTED.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_fault_is_a_problem(client: Any, name: str) -> None:
    _fault, status, code = EXPECTED[name]
    answer = client.get(f"/api/v1/break/{name}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert set(answer.json) == {"type", "title", "status", "code", "detail", "errors"}
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["detail"].endswith("。")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert ("Retry-After" in answer.headers) == (status in {429, 503})
    page = client.get(f"/break/{name}")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert answer.json["detail"] in page.text


def test_unknown_addresses_and_methods(client: Any) -> None:
    assert client.get("/api/v1/nothing").json["code"] == "not_found"
    wrong = client.put("/api/v1/login")
    assert wrong.json["code"] == "method_not_allowed"
    assert "POST" in wrong.headers["Allow"]
    assert client.get("/nothing").mimetype == "text/html"


def test_headers_are_on_every_answer(client: Any) -> None:
    for path in ("/login", "/nothing", "/api/v1/me", "/api/v1/break/bug"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in headers


def test_a_body_that_the_server_cannot_read_is_malformed(client: Any) -> None:
    """gunicorn raises while the application reads a body in broken chunks."""

    class Broken:
        def read(self, *_size: int) -> bytes:
            raise InvalidChunkSize(b"zz")

        readline = read

    answer = client.open(
        "/api/v1/login",
        method="POST",
        environ_overrides={"wsgi.input": Broken(), "wsgi.input_terminated": True},
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
