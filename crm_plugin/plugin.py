"""The entry point: it says where the declarations and the rules are, nothing else."""

from crm_plugin import ROOT, jobs, panels, pool_panel, sample
from crm_plugin.rules import contact, customer, follow_up, invoice_title, lead, opportunity, product, quotation
from lowcode.api import Declaration, hookimpl


@hookimpl
def declare() -> Declaration:
    """Name the folder of the YAML files and the module of each form's rules."""
    return Declaration(
        root=ROOT,
        rules={
            "contact": contact,
            "customer": customer,
            "follow_up": follow_up,
            "invoice_title": invoice_title,
            "lead": lead,
            "opportunity": opportunity,
            "product": product,
            "quotation": quotation,
        },
        hooks=(jobs, panels, pool_panel),
        sample=sample,
    )
