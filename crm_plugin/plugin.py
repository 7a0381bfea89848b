"""The entry point: it says where the declarations and the rules are, nothing else."""

from crm_plugin import ROOT, jobs, sample
from crm_plugin.rules import contact, customer, product, quotation
from lowcode.api import Declaration, hookimpl


@hookimpl
def declare() -> Declaration:
    """Name the folder of the YAML files and the module of each form's rules."""
    return Declaration(
        root=ROOT,
        rules={"contact": contact, "customer": customer, "product": product, "quotation": quotation},
        hooks=(jobs,),
        sample=sample,
    )
