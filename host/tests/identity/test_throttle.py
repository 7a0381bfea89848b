from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from lowcode.database.engine import Database
from lowcode.errors import TooMany
from lowcode.identity import throttle
from lowcode.identity.tables import login_attempts

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def attempt(db: Database, account: str, address: str, now: datetime = NOW) -> bool:
    try:
        throttle.reserve(db, throttle.limits(account, address), now)
    except TooMany:
        return False
    return True


def test_ten_attempts_for_an_account_then_a_wait(db: Database) -> None:
    assert [attempt(db, "li", f"10.0.0.{n}") for n in range(12)] == [True] * 10 + [False] * 2
    assert attempt(db, "wang", "10.0.0.1")
    with pytest.raises(TooMany) as refusal:
        throttle.reserve(db, throttle.limits("li", "10.0.0.9"), NOW + timedelta(minutes=5))
    assert 595 <= (refusal.value.retry_after or 0) <= 601


def test_a_hundred_attempts_from_an_address(db: Database) -> None:
    assert sum(attempt(db, f"user{n}", "10.0.0.1") for n in range(105)) == 100


def test_the_window_slides_and_refused_attempts_do_not_lengthen_it(db: Database) -> None:
    times = [NOW + timedelta(minutes=minute) for minute in range(45)]
    allowed = [now for now in times if attempt(db, "li", "10.0.0.1", now) or attempt(db, "li", "10.0.0.1", now)]
    for now in times:
        assert sum(now - throttle.WINDOW < other <= now for other in allowed) <= 10
    assert len(allowed) == 30


def test_parallel_guesses_do_not_slip_through(db: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: attempt(db, "li", f"10.0.1.{n}"), range(40)))
    assert sum(results) == 10


def test_what_was_no_guess_is_taken_back(db: Database) -> None:
    for n in range(30):
        now = NOW + timedelta(milliseconds=n)
        counters = throttle.limits("li", "10.0.0.1")
        throttle.reserve(db, counters, now)
        with db.write() as connection:
            throttle.refund(connection, counters, now)


def test_old_counters_are_forgotten(db: Database) -> None:
    attempt(db, "li", "10.0.0.1")
    db.run(lambda connection: throttle.sweep(connection, NOW + timedelta(minutes=16)))
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(login_attempts)) == 0
