"""What the checks share: one platform for all of them, with records made as they are needed."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

import pytest

from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.plugins import loading as plugins
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.examples import Examples


class Checks:
    """The plugins under test, and fixtures that live as long as the class."""

    modules: ClassVar[tuple[str, ...]] = ()
    examples_of: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the checks of forms once for each form of the plugins."""
        if "form" in metafunc.fixturenames:
            metafunc.parametrize("form", _form_names(self.modules), indirect=True)

    @pytest.fixture(scope="class")
    @classmethod
    def platform(
        cls, databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Platform]:
        """Start one platform for all checks; each of them counts with what others left behind."""
        home = tmp_path_factory.mktemp("home")
        with databases.platform(database_kind, cls.modules, home) as started:
            yield started

    @pytest.fixture(scope="class")
    @classmethod
    def examples(cls, platform: Platform) -> Examples:
        """Give what makes records."""
        return Examples(Api(platform), cls.examples_of)

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
