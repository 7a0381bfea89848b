"""The sample company: it loads once, and shows leads, opportunities and quotations in every state people meet."""

from collections import Counter
from decimal import Decimal

import pytest

from crm_plugin import sample
from lowcode.database.datacheck import wrong_rollups
from lowcode.errors import Refused
from lowcode.platform import Platform
from lowcode.testing.client import Api


def test_the_sample_company_shows_the_whole_life_of_records(platform: Platform, api: Api) -> None:
    told = platform.as_system(sample.load)
    assert told == (
        "已载入示例公司：10 位用户、60 个产品、200 个客户、120 条线索、150 个销售机会、300 张报价单、80 份合同。"
    )
    quotations = platform.as_system(lambda ctx: ctx.forms.quotation.find())
    states = Counter(each.status for each in quotations)
    assert {state for state, count in states.items() if count >= 10} == {
        *("draft", "in_review", "approved", "rejected", "withdrawn", "sent"),
        *("accepted", "declined", "expired", "voided"),
    }
    leads = Counter(each.status for each in platform.as_system(lambda ctx: ctx.forms.lead.find()))
    assert {state for state, count in leads.items() if count >= 10} == {
        *("unassigned", "pending", "in_progress", "invalid", "converted", "voided"),
    }
    deals = Counter(each.stage for each in platform.as_system(lambda ctx: ctx.forms.opportunity.find()))
    assert {stage for stage, count in deals.items() if count >= 10} == {
        *("prospecting", "analysis", "proposal", "negotiation", "won", "lost", "invalid"),
    }
    assert platform.as_system(lambda ctx: ctx.forms.follow_up.count()) > 200
    versions = [each for each in quotations if each.revision > 1]
    assert len(versions) == states["voided"]
    (decided, *_rest) = (each for each in quotations if each.status == "approved")
    shown = api.get(f"/forms/quotation/records/{decided.id}/approval").expect(200)
    assert shown["outcome"] == "approved"
    _assert_contracts_come_to_all_ends(api)
    assert platform.as_system(wrong_rollups) == []
    with pytest.raises(Refused):
        platform.as_system(sample.load)


def _assert_contracts_come_to_all_ends(api: Api) -> None:
    found = api.get("/forms/contract/records", per_page=200).expect(200)["items"]
    states = {each["status"] for each in found}
    assert states >= {"draft", "in_review", "rejected", "pending_sign", "executing", "completed"}
    for each in found:
        assert Decimal(each["received_amount"]) + Decimal(each["unreceived_amount"]) == Decimal(each["total_amount"])
    assert any(Decimal(each["overdue_amount"] or 0) > 0 for each in found)
    assert any(Decimal(each["invoiced_amount"]) > 0 for each in found)
