"""The generic promises, held by the demo plugin."""

from lowcode.testing.conformance import Conformance


class TestDemo(Conformance):
    modules = ("demo_plugin.plugin",)
