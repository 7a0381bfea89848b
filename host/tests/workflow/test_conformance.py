"""The promises of every plugin, kept by errands too: its workflow has every kind of move."""

from lowcode.testing.conformance.workflow import WorkflowChecks


class TestWorkflow(WorkflowChecks):
    modules = ("tests.workflow.errands",)
