"""The generic promises of the platform, held by this plugin."""

from lowcode.testing.conformance import Conformance


class TestConformance(Conformance):
    modules = ("crm_plugin.plugin",)
    least_cells = 2000
