"""The demo plugin on both databases."""

from collections.abc import Sequence

import library
import pytest


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES
