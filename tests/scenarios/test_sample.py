"""The sample company: it loads once, and shows quotations in every state a salesperson meets."""

from collections import Counter

import pytest

from crm_plugin import sample
from lowcode.errors import Refused
from lowcode.platform import Platform
from lowcode.testing.client import Api


def test_the_sample_company_shows_the_whole_life_of_quotations(platform: Platform, api: Api) -> None:
    told = platform.as_system(sample.load)
    assert told == "已载入示例公司：10 位用户、60 个产品、200 个客户、300 张报价单。"
    quotations = platform.as_system(lambda ctx: ctx.forms.quotation.find())
    states = Counter(each.status for each in quotations)
    assert {state for state, count in states.items() if count >= 10} == {
        *("draft", "in_review", "approved", "rejected", "withdrawn", "sent"),
        *("accepted", "declined", "expired", "voided"),
    }
    versions = [each for each in quotations if each.revision > 1]
    assert len(versions) == states["voided"]
    (decided, *_rest) = (each for each in quotations if each.status == "approved")
    shown = api.get(f"/forms/quotation/records/{decided.id}/approval").expect(200)
    assert shown["outcome"] == "approved"
    with pytest.raises(Refused):
        platform.as_system(sample.load)
