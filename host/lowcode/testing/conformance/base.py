"""What the checks share: a platform, with records made as they are needed."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.examples import Examples


class Checks:
    """The plugins under test, and the fixtures of a check."""

    modules: ClassVar[tuple[str, ...]] = ()
    examples_of: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the checks of forms once for each form of the plugins."""
        if "form" in metafunc.fixturenames:
            metafunc.parametrize("form", _form_names(self.modules), indirect=True)

    @pytest.fixture
    def platform(self, databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
        """Start a platform for each check: what others left behind would make lists and comparisons slow."""
        with databases.platform(database_kind, self.modules, tmp_path) as started:
            yield started

    @pytest.fixture
    def examples(self, platform: Platform) -> Examples:
        """Give what makes records."""
        return Examples(Api(platform), self.examples_of)

    @pytest.fixture
    def form(self, request: pytest.FixtureRequest, platform: Platform) -> LiveForm:
        """Give the form under test."""
        return platform.forms[request.param]


@cache
def _form_names(modules: tuple[str, ...]) -> list[str]:
    """Name the forms of plugins, also of those at fault: a check of its own says what is wrong with them."""
    loaded = [plugins.load_module(name) for name in modules]
    return [name for each in loaded if each.declared for name in each.declared.forms]


def records(form: LiveForm) -> str:
    """Give the path of a form's records."""
    return f"/forms/{form.name}/records"


def path(form: LiveForm, record_id: Any) -> str:
    """Give the path of one record."""
    return f"/forms/{form.name}/records/{record_id}"


def need(condition: object, reason: str) -> None:
    """Skip a check that a form gives no occasion for."""
    if not condition:
        pytest.skip(reason)
