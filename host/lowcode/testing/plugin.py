"""Fixtures for pytest: `pytest_plugins = ["lowcode.testing.plugin"]` in the top `conftest.py` loads them.

Each test that asks for a database, a `platform` or an `api` runs on SQLite and on PostgreSQL. `--database sqlite`
or `--database postgresql` narrows that. PostgreSQL is the server that TEST_DATABASE_URL names, or one that is started
here; on a machine without it the tests run on SQLite alone, unless LOWCODE_REQUIRE_POSTGRESQL=1.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("lowcode.testing.conformance", "lowcode.testing.client", "lowcode.testing.databases")

from lowcode import i18n  # noqa: E402 (asserts are rewritten when a module is imported)
from lowcode.platform import Platform  # noqa: E402
from lowcode.testing import databases as made  # noqa: E402
from lowcode.testing.client import Api  # noqa: E402
from lowcode.testing.databases import Databases  # noqa: E402
from lowcode.testing.postgresql import fast_folder  # noqa: E402

KINDS = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the choice of databases."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql", "both"),
        default="both",
        help="the databases that tests of a platform run on",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find out which databases there are."""
    try:
        config.stash[KINDS] = made.kinds(config.getoption("--database"))
    except made.NoPostgreSQL as fault:
        raise pytest.UsageError(str(fault)) from None


def pytest_report_header(config: pytest.Config) -> str:
    """Say which databases the tests run on."""
    return f"databases: {', '.join(config.stash[KINDS])}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a database on each of them."""
    if "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", metafunc.config.stash[KINDS], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests together, where several processes share them, that share what is slow to make."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if isinstance(item, pytest.Function) and _shares_fixtures(item):
                parameters = item.callspec.params if hasattr(item, "callspec") else {}
                group = f"{item.path.stem} {parameters.get('database_kind', '')}".strip()
                item.add_marker(pytest.mark.xdist_group(group))


def _shares_fixtures(item: pytest.Function) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(found[-1].scope in {"class", "module", "package"} for found in fixtures)


@pytest.fixture(autouse=True)
def source_language() -> None:
    """Start each test in the source language: a request of the test client leaves its language behind."""
    i18n.language.set(i18n.LANGUAGES[0])


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Give what makes databases."""
    with fast_folder() as folder:
        maker = Databases(folder)
        yield maker
        maker.close()


@pytest.fixture
def database_url(databases: Databases, database_kind: str) -> Iterator[str]:
    """Give the address of a database without tables."""
    with databases.empty(database_kind) as url:
        yield url


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    """Name the entry modules of the plugins to load: none, until a test file defines this fixture."""
    return ()


@pytest.fixture
def platform(
    databases: Databases, database_kind: str, plugin_modules: Sequence[str], tmp_path: Path
) -> Iterator[Platform]:
    """Start a platform whose plugins are migrated and initialised."""
    with databases.platform(database_kind, plugin_modules, tmp_path) as started:
        yield started


@pytest.fixture
def uninitialised_platform(
    databases: Databases, database_kind: str, plugin_modules: Sequence[str], tmp_path: Path
) -> Iterator[Platform]:
    """Start a platform whose plugins have tables and nothing in them."""
    with databases.platform(database_kind, plugin_modules, tmp_path, initialised=False) as started:
        yield started


@pytest.fixture
def api(platform: Platform) -> Api:
    """Call the API as the administrator."""
    return Api(platform)
