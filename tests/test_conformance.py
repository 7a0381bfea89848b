"""The generic promises of the platform, held by this plugin."""

from lowcode.testing.conformance import Conformance


class TestConformance(Conformance):
    modules = ("crm_plugin.plugin",)
    least_cells = 2000
    examples_of = {  # noqa: RUF012
        "holding_limit": {"max_count": 100000},
        "invoice_title": {"tax_number": "91310000MA1FL0000X"},
        "lead": {"mobile": "13800138000"},
        "follow_up": {"contact_at": "2026-01-05T02:15:00Z", "next_contact_at": "2099-01-05T02:15:00Z"},
    }
