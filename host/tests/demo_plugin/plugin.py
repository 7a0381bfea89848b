"""The entry point: it says where the declarations and the rules are, nothing else."""

from demo_plugin import ROOT, desk, lending, partners
from demo_plugin.rules import item, loan, member
from lowcode.api import Declaration, hookimpl


@hookimpl
def declare() -> Declaration:
    """Name the folder of the YAML files and the modules of the rules."""
    return Declaration(root=ROOT, rules={"item": item, "loan": loan, "member": member}, hooks=(desk, lending, partners))
