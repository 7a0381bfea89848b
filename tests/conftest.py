"""Shared by the tests of the plugin's rules."""

import pytest
from lowcode.declare.load import load_plugin
from lowcode.declare.model import Plugin

from crm_plugin import ROOT


@pytest.fixture(scope="session")
def crm() -> Plugin:
    loaded = load_plugin(ROOT)
    assert loaded.plugin is not None
    assert loaded.problems == []
    return loaded.plugin
