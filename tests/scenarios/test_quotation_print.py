"""The printed quotation: the company's letterhead, what it says of states, and what stays hidden on paper too."""

from pathlib import Path

import pytest

from lowcode.templates import templates
from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_the_page_prints_for_readers_and_says_what_is_only_a_draft(company: Company) -> None:
    settings = {"company_name": "示例网关有限公司", "company_tax_no": "91310000MA1FL0000X"}
    company["admin"].put("/apps/crm/settings", settings).expect(200)
    for state, mark in (("draft", "仅供内部审阅"), ("approved", None), ("voided", "本报价单不再有效")):
        record = company.bring(state)
        text = _page(company["finance"], f"/api/v1/forms/quotation/records/{record['id']}/print/quotation")
        assert "示例网关有限公司" in text
        assert "91310000MA1FL0000X" in text
        assert ('class="mark"' in text) is (mark is not None)
        assert mark is None or mark in text


def test_hidden_and_masked_fields_do_not_print(company: Company, tmp_path: Path) -> None:
    record = company.draft(contact_phone="13812341234")
    address = f"/api/v1/forms/quotation/records/{record['id']}/print/quotation"
    (tmp_path / "prints").mkdir()
    template = "[{{ record.below_floor }}|{{ text(record, 'below_floor') }}|{{ record.contact_phone }}]"
    (tmp_path / "prints" / "quotation.html").write_text(template, "utf-8")
    known = company.platform.prepared.pop(("prints", "crm"), None)
    company.platform.prepared["prints", "crm"] = templates(tmp_path)
    try:
        assert "[None||13812341234]" in _page(company["seller"], address)
        assert "[False|否|138****1234]" in _page(company["finance"], address)
    finally:
        del company.platform.prepared["prints", "crm"]
        if known:
            company.platform.prepared["prints", "crm"] = known


def _page(api: Api, address: str) -> str:
    answer = api._client.get(address, headers=api._headers)
    assert answer.status_code == 200, answer.text
    return answer.text
