"""The generic promises of the platform, held by this plugin."""

from lowcode.testing.conformance import Conformance
from lowcode.testing.examples import Examples


def in_force(examples: Examples) -> int:
    """Make a contract, for each has one open change at most."""
    return examples.fitting("contract", {"status": "effective"})


class TestConformance(Conformance):
    modules = ("crm_plugin.plugin",)
    least_cells = 2000
    examples_of = {  # noqa: RUF012
        "contract": {"lines": [{"product_name": "网关", "quantity": 10000000, "unit_price": 1, "tax_rate": 13}]},
        "contract_change": {"contract": in_force},
        "payment": {"amount": "1.00", "plan": None, "split": []},
        "payment_plan": {"plan_amount": "1.00"},
        "invoice": {"amount": "1.00", "invoice_type": "general"},
        "holding_limit": {"max_count": 100000},
        "invoice_title": {"tax_number": "91310000MA1FL0000X"},
        "lead": {"mobile": "13800138000"},
        "order": {"lines": [{"product_name": "网关", "quantity": 10000000, "unit_price": 1, "tax_rate": 13}]},
        "shipment": {"lines": [{"product_name": "网关", "quantity": 1}]},
        "follow_up": {"contact_at": "2026-01-05T02:15:00Z", "next_contact_at": "2099-01-05T02:15:00Z"},
    }
