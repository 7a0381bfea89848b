"""Shared by the tests of the plugin's rules."""

import pytest

from crm_plugin import ROOT
from lowcode.declare.load import load_plugin
from lowcode.declare.model import Plugin

pytest_plugins = ["lowcode.testing.plugin"]


@pytest.fixture(scope="session")
def crm() -> Plugin:
    loaded = load_plugin(ROOT)
    assert loaded.plugin is not None
    assert loaded.problems == []
    return loaded.plugin
