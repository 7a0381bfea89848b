"""Shared by the tests of the host."""

pytest_plugins = ["lowcode.testing.plugin"]
