"""The promises that hold for every plugin, checked from its declarations alone.

A plugin's whole `tests/test_conformance.py`, beside a `conftest.py` with
`pytest_plugins = ["lowcode.testing.plugin"]`:

    from lowcode.testing.conformance import Conformance


    class TestConformance(Conformance):
        modules = ("my_plugin.plugin",)
        examples_of = {"order": {"reason": "new"}}  # only what rules demand and declarations do not tell
"""

from lowcode.testing.conformance.access import AccessChecks
from lowcode.testing.conformance.actions import ActionChecks
from lowcode.testing.conformance.declarations import DeclarationChecks
from lowcode.testing.conformance.lists import ListChecks
from lowcode.testing.conformance.matrix import MatrixChecks
from lowcode.testing.conformance.records import RecordChecks
from lowcode.testing.conformance.refusals import RefusalChecks
from lowcode.testing.conformance.rules import RuleChecks
from lowcode.testing.conformance.setup import SetupChecks
from lowcode.testing.conformance.versions import VersionChecks
from lowcode.testing.conformance.workflow import WorkflowChecks


class Conformance(
    DeclarationChecks,
    SetupChecks,
    RecordChecks,
    VersionChecks,
    RuleChecks,
    ListChecks,
    RefusalChecks,
    AccessChecks,
    MatrixChecks,
    ActionChecks,
    WorkflowChecks,
):
    """The whole suite. Each check runs on both databases, those of forms once for each form."""


__all__ = ["Conformance"]
