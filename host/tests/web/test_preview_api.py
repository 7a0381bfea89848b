"""Over HTTP a preview writes nothing: not for a batch either, not for another word, and not at the second attempt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import library
import pytest
from sqlalchemy.exc import OperationalError

from lowcode.platform import Platform
from lowcode.records import acting
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.watching import nothing_written
from tests.web.lists import press

MANY = "/forms/loan/actions/extend"


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


@pytest.fixture
def loan(clerk: Api) -> dict[str, Any]:
    return library.set_state(clerk, library.loan(clerk, lent_on="2026-03-01", due_on="2026-03-11"), "lent")


def extend(loan: dict[str, Any]) -> str:
    return f"/forms/loan/records/{loan['id']}/actions/extend"


@pytest.mark.parametrize("word", ["true", "yes", "2", "", "01", ["1", "0"], ["0", "1"]])
def test_another_word_is_no_preview_and_no_action(
    clerk: Api, platform: Platform, loan: dict[str, Any], word: Any
) -> None:
    with nothing_written(platform):
        one = clerk.post(extend(loan), {"days": 5}, preview=word)
        many = clerk.post(MANY, {"ids": [loan["id"]], "days": 5}, preview=word)
    for refused in (one, many):
        assert (refused.status, list(refused.errors)) == (422, ["preview"])


def test_a_batch_has_no_preview(clerk: Api, platform: Platform, loan: dict[str, Any]) -> None:
    with nothing_written(platform):
        refused = clerk.post(MANY, {"ids": [loan["id"]], "days": 5}, preview=1)
    assert (refused.status, refused.json["code"]) == (422, "no_preview")


def test_without_a_preview_it_is_done(clerk: Api, loan: dict[str, Any]) -> None:
    clerk.post(extend(loan), {"days": 5}, preview=0).expect(200)
    assert library.read(clerk, "loan", loan["id"])["due_on"] == "2026-03-16"
    done = clerk.post(MANY, {"ids": [loan["id"]], "days": 5}, preview=0).expect(200)
    assert [each["status"] for each in done] == [200]
    assert library.read(clerk, "loan", loan["id"])["due_on"] == "2026-03-21"


class Deadlock(Exception):
    """As PostgreSQL says that another transaction was in the way."""

    sqlstate = "40P01"


@pytest.fixture
def in_the_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the first attempt at a step fail."""
    attempts: list[str] = []
    act = acting.act

    def failing(*args: Any, **more: Any) -> Any:
        attempts.append(args[3])
        if len(attempts) == 1:
            raise OperationalError("SELECT", {}, Deadlock())
        return act(*args, **more)

    monkeypatch.setattr(acting, "act", failing)
    return attempts


def test_a_preview_is_made_again_when_another_was_in_the_way(
    clerk: Api, platform: Platform, loan: dict[str, Any], in_the_way: list[str]
) -> None:
    with nothing_written(platform):
        answer = clerk.post(extend(loan), {"days": 5}, preview=1).expect(200)
    assert answer["plan"]["filled"][0]["value"] == "2026-03-16"
    assert in_the_way == ["extend", "extend"]


def test_so_is_the_plan_of_a_dialog(
    clerk: Api, platform: Platform, loan: dict[str, Any], in_the_way: list[str]
) -> None:
    with nothing_written(platform):
        answer = press(clerk, f"/f/loan/{loan['id']}/do/extend", days="5")
    assert (answer.status_code, "2026-03-16" in answer.text) == (200, True)
    assert in_the_way == ["extend", "extend"]
