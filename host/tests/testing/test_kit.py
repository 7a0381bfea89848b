"""The kit itself: each test has a database of its own, on both kinds, and PostgreSQL is not left out silently."""

from collections.abc import Sequence
from pathlib import Path

import library
import pytest
from sqlalchemy import inspect

from lowcode.database.engine import Database
from lowcode.platform import Platform
from lowcode.testing import databases, postgresql
from lowcode.testing.client import Api
from lowcode.testing.trying import trying
from lowcode.testing.watching import nothing_written, statements


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_begins_with_nothing(api: Api, _again: int) -> None:
    assert library.item(api)["id"] == 1
    assert api.as_user("clerk").user_id == 2


def test_the_platform_is_migrated_and_initialised(platform: Platform, database_kind: str) -> None:
    assert platform.db.is_sqlite == (database_kind == "sqlite")
    with platform.db.read() as connection:
        assert "library_alembic_version" in inspect(connection).get_table_names()
    with platform.reading(Api(platform).user_or_fail) as ctx:
        assert list(ctx.dictionary("level")) == ["basic", "silver", "gold"]


def test_an_uninitialised_one_has_tables_only(uninitialised_platform: Platform) -> None:
    with uninitialised_platform.reading(Api(uninitialised_platform).user_or_fail) as ctx:
        assert ctx.dictionary("level") == {}


def test_an_empty_database_is_empty(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []
    database.engine.dispose()


def test_people_have_roles_and_departments(api: Api) -> None:
    clerk = api.as_user("clerk", "head", department="总馆", name="王芳")
    me = clerk.get("/me").expect(200)
    assert (me["name"], set(me["roles"]), me["department"]["title"]) == ("王芳", {"clerk", "head"}, "总馆")
    assert api.as_person(me["username"]).user_id == clerk.user_id
    api.as_nobody().get("/me").expect(401)


def test_an_unexpected_answer_is_shown(api: Api) -> None:
    with pytest.raises(AssertionError, match=r"GET /api/v1/forms/nothing answered 404, not \(200,\)"):
        api.get("/forms/nothing").expect(200)


def test_writes_are_noticed_even_when_taken_back(api: Api) -> None:
    with statements(api.platform) as seen, trying(api.platform, api.user_or_fail) as ctx:
        ctx.system.forms.item.create({"code": "a", "title": "a", "subject": "physics", "price": 1})
    assert any("library_item" in statement for statement in seen)
    assert api.get("/forms/item/records").expect(200)["total"] == 0
    with pytest.raises(AssertionError, match="library_item"), nothing_written(api.platform):
        library.item(api)


def test_both_databases_are_meant_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "is_available", lambda: True)
    assert databases.kinds("both") == ["sqlite", "postgresql"]
    assert databases.kinds("sqlite") == ["sqlite"]
    assert databases.kinds("postgresql") == ["postgresql"]


def test_without_postgresql_the_run_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "is_available", lambda: False)
    monkeypatch.delenv("LOWCODE_REQUIRE_POSTGRESQL", raising=False)
    assert databases.kinds("both") == ["sqlite"]
    with pytest.raises(databases.NoPostgreSQL, match="TEST_DATABASE_URL"):
        databases.kinds("postgresql")
    monkeypatch.setenv("LOWCODE_REQUIRE_POSTGRESQL", "1")
    with pytest.raises(databases.NoPostgreSQL):
        databases.kinds("both")
    assert databases.kinds("sqlite") == ["sqlite"]


def test_a_plugin_at_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no_such_plugin"):
        databases.loaded(("no_such_plugin.plugin",))
