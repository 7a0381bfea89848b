"""Hosts that scenarios share."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from tests.scenarios import staff
from tests.scenarios.browsing import launch
from tests.scenarios.serving import REPOSITORY, Client, Host

LEFT_OUT = (".*", "host", "build", "dist", "instance", "artifacts", "benchmarks", "*.egg-info", "__pycache__")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the plugin as it ships, of a copy: two runs of the tests at once must not share a build folder."""
    folder, source = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(*LEFT_OUT))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path, databases: Databases, database_kind: str
) -> Iterator[Host]:
    """A host with the plugin installed from its store and initialised, on each database."""
    with databases.empty(database_kind) as url:
        host = Host(tmp_path_factory.mktemp("home"), url)
        try:
            host.install(wheel)
            yield host
        finally:
            host.stop()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Host]:
    """A host on which the people of `staff` work."""
    host = Host(tmp_path_factory.mktemp("home"))
    try:
        host.install(wheel)
        staff.found(host)
        yield host
    finally:
        host.stop()


@pytest.fixture(scope="module")
def admin(host: Host) -> Client:
    return host.client()


@pytest.fixture(scope="module")
def platform(databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The plugin in this very process, for scenarios that look into the database."""
    with databases.platform(database_kind, ["crm_plugin.plugin"], tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture(scope="module")
def api(platform: Platform) -> Api:
    return Api(platform)
