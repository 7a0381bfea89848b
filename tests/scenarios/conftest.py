"""Hosts that scenarios share."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import SQLITE, Databases
from tests.scenarios import staff
from tests.scenarios.browsing import launch
from tests.scenarios.serving import REPOSITORY, Client, Host

LEFT_OUT = (".*", "host", "build", "dist", "instance", "artifacts", "benchmarks", "*.egg-info", "__pycache__")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the plugin as it ships, of a copy: two runs of the tests at once must not share a build folder."""
    folder, source = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(*LEFT_OUT))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(source)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


Installed = Callable[[str], AbstractContextManager[Host]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path, databases: Databases) -> Iterator[Installed]:
    """Give hosts that begin with the plugin installed from its store and initialised: once on each kind of database."""
    with ExitStack() as stack:

        @cache
        def original(kind: str) -> Host:
            host = Host(tmp_path_factory.mktemp("installed"), stack.enter_context(databases.empty(kind)))
            try:
                host.install(wheel)
            finally:
                host.stop()
            return host

        @contextmanager
        def copied(kind: str) -> Iterator[Host]:
            home = tmp_path_factory.mktemp("home")
            shutil.copytree(original(kind).home, home, symlinks=True, dirs_exist_ok=True)
            with databases.copied(original(kind).database_url) as url:
                host = Host(home, url)
                try:
                    yield host.start()
                finally:
                    host.stop()

        yield copied


@pytest.fixture(scope="module")
def host(installed: Installed, database_kind: str) -> Iterator[Host]:
    """A host with the plugin installed from its store and initialised, on each database."""
    with installed(database_kind) as host:
        yield host


@pytest.fixture(scope="module")
def company(installed: Installed) -> Iterator[Host]:
    """A host on which the people of `staff` work."""
    with installed(SQLITE) as host:
        staff.found(host)
        yield host


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
