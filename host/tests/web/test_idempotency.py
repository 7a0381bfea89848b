from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine


def test_twenty_requests_at_once_make_one_record(app: Any, admin: Any) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", "Idempotency-Key": "same"}

    def post(_n: int) -> tuple[int, bytes]:
        answer = app.test_client().post("/api/v1/departments", json={"name": "甲"}, headers=headers)
        return answer.status_code, answer.data

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(20)))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert admin("GET", "/departments").json["total"] == 1


def test_keys_are_a_persons_own_and_last_a_day(admin: Any, caller: Any) -> None:
    row = {"username": "wang", "name": "王", "password": "a good password", "roles": ["admin"]}
    admin("POST", "/users", {**row, "must_change_password": False})
    other = caller().sign_in("wang")
    first = admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k").json["id"]
    assert other("POST", "/departments", {"name": "甲"}, Idempotency_Key="k").json["id"] != first
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=23)):
        assert admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k").json["id"] == first
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert admin("POST", "/departments", {"name": "甲"}, Idempotency_Key="k").json["id"] != first
