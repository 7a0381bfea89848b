import json
from decimal import Decimal
from typing import Any

import pytest

from lowcode.errors import Fault
from lowcode.web.bodies import decode

REFUSED = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b"{,}",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":1e999}',
    b'{"a":1e1000000}',
    b'{"a":1e-999999}',
    b'{"a":1,"a":2}',
    b'{"a":{"b":1,"b":2}}',
    b'{"a":"\\ud800"}',
    b'{"\\ud800":1}',
    b'{"a":["\\udfff"]}',
    b'{"a":"\xff"}',
    b"\xff\xfe{\x00}\x00",
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":' + b"[" * 20 + b"]" * 20 + b"}",
    b'{"a":' + b"[" * 100_000,
    b"{'a':1}",
    b'{"a":01}',
    b'{"a":"\n"}',
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":1} x',
]


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_not_strict_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Fault) as refusal:
        decode(body)
    assert refusal.value.status == 400


def test_nul_is_a_fault_of_its_field() -> None:
    for body in (b'{"a":"x\\u0000"}', b'{"a":{"b":["\\u0000"]}}', b'{"a":{"\\u0000":1}}'):
        with pytest.raises(Fault) as refusal:
            decode(body)
        assert (refusal.value.status, list(refusal.value.errors)) == (422, ["a"])


def test_numbers_are_exact() -> None:
    body = {"n": 12345678901234567890, "t": "😀é\u202e", "d": None}
    assert decode(json.dumps(body).encode()) == body
    assert decode(b'{"a":0.10,"b":1e2}') == {"a": Decimal("0.10"), "b": Decimal(100)}
    assert decode(b'{"a":' + b"[" * 19 + b"]" * 19 + b"}")


def test_content_types_and_sizes(app: Any, admin: Any) -> None:
    def post(path: str, data: bytes, content_type: str | None) -> int:
        headers = {"Authorization": f"Bearer {admin.token}"}
        answer = app.test_client().post(path, data=data, content_type=content_type, headers=headers)
        return int(answer.status_code)

    assert post("/api/v1/echo", b"{}", "application/json") == 200
    assert post("/api/v1/echo", b"{}", "application/json; charset=utf-8") == 200
    assert post("/api/v1/echo", b"", None) == 200
    for content_type in ("text/plain", "application/x-www-form-urlencoded", None, "text/json"):
        assert post("/api/v1/echo", b'{"a":1}', content_type) == 415
    large = b'{"a":"' + b"x" * 1_100_000 + b'"}'
    assert post("/api/v1/echo", large, "application/json") == 413
    assert post("/api/v1/upload", large, "application/octet-stream") == 200
    assert post("/api/v1/upload", large * 4, "application/octet-stream") == 413
