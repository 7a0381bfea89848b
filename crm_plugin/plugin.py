"""The entry point: it says where the declarations and the rules are, nothing else."""

from crm_plugin import ROOT, ageing, integrations, jobs, panels, pool_panel, sample, statement
from crm_plugin.rules import (
    contact,
    contract,
    contract_change,
    customer,
    follow_up,
    invoice,
    invoice_title,
    lead,
    opportunity,
    order,
    payment,
    payment_plan,
    product,
    quotation,
    shipment,
)
from lowcode.api import Declaration, hookimpl


@hookimpl
def declare() -> Declaration:
    """Name the folder of the YAML files and the module of each form's rules."""
    return Declaration(
        root=ROOT,
        rules={
            "contact": contact,
            "contract": contract,
            "contract_change": contract_change,
            "customer": customer,
            "follow_up": follow_up,
            "invoice": invoice,
            "invoice_title": invoice_title,
            "lead": lead,
            "opportunity": opportunity,
            "order": order,
            "payment": payment,
            "payment_plan": payment_plan,
            "product": product,
            "quotation": quotation,
            "shipment": shipment,
        },
        hooks=(ageing, integrations, jobs, panels, pool_panel, statement),
        sample=sample,
    )
