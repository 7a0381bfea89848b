"""A conversion is all or nothing, once, and neither loses nor doubles anything, however many convert at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lowcode.testing.client import Answer, Api
from tests.scenarios.leading import again, customer, do, lead, standing, upload
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import listed, read

FOLLOW = {"method": "visit", "content": "看过样机"}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def test_a_failure_in_the_middle_changes_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    full = company["admin"].as_user("sales", department="华东销售部", name="客户已满")
    company.people["full"] = full
    made = lead(company, "full", attachments=[upload(company, "full", "需求.pdf")])
    do(company, "full", made, "follow", **FOLLOW).expect(200)
    limit = {"name": "一个也不行", "kind": "own", "user": full.user_id, "max_count": 0}
    company["admin"].post("/forms/holding_limit/records", limit).expect(201)
    before = standing(company)
    refused = do(company, "full", made, "convert")
    assert (refused.status, refused.json["code"]) == (422, "holding_limit")
    assert do(company, "full", made, "convert", opportunity_name="长" * 101).status == 422
    assert standing(company) == before

    def broken(*_arguments: object) -> None:
        raise RuntimeError("The last step fails.")

    other = lead(company)
    before = standing(company)
    monkeypatch.setattr("crm_plugin.converting._close", broken)
    assert do(company, "seller", other, "convert").status == 500
    assert standing(company) == before
    monkeypatch.undo()
    do(company, "seller", other, "convert").expect(200)


def test_of_two_who_convert_at_once_one_wins(company: Company) -> None:
    for _round in range(5):
        made = lead(company)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda who: do(company, who, made, "convert"), ("seller", "head")))  # noqa: B023
        assert sorted(each.status for each in answers) == [200, 409]
        assert [each.json["code"] for each in answers if each.status == 409] == ["already_converted"]
        (client,) = listed(company, "customer", name=made["customer_name"])
        assert len(listed(company, "opportunity", customer=client["id"])) == 1


def at_once(company: Company, records: list[dict[str, Any]], **params: Any) -> list[Answer]:
    """Let the seller convert several leads in the same moment."""
    with ThreadPoolExecutor(len(records)) as pool:
        return list(pool.map(lambda each: do(company, "seller", each, "convert", **params), records))


def test_two_leads_of_one_company_at_once_make_one_customer(company: Company) -> None:
    for number in range(3):
        leads = [lead(company, customer_name=f"常州同名公司 {number}") for _each in range(2)]
        answers = at_once(company, leads)
        assert sorted(each.status == 200 for each in answers) == [False, True]
        (refused,) = (each for each in answers if each.status != 200)
        assert refused.json["code"] == "duplicate"
        (client,) = listed(company, "customer", name=f"常州同名公司 {number}")
        assert (client["contact_count"], client["opportunity_count"]) == (1, 1)
        assert sorted(again(company, each)["status"] for each in leads) == ["converted", "pending"]


def test_two_leads_of_one_person_at_once_share_the_contact(company: Company) -> None:
    for number in range(3):
        known = customer(company, name=f"常州共用联系人 {number}")
        papers = [upload(company, "seller", f"{each}.pdf") for each in range(2)]
        leads = [lead(company, mobile=f"1370001000{number}", attachments=[paper]) for paper in papers]
        assert [each.status for each in at_once(company, leads, customer=known["id"])] == [200, 200]
        now = read(company, "customer", known["id"])
        assert (now["contact_count"], now["opportunity_count"]) == (1, 2)
        assert sorted(each["name"] for each in now["attachments"]) == ["0.pdf", "1.pdf"]


def test_the_same_key_converts_once(company: Company) -> None:
    made = lead(company)
    address = f"/forms/lead/records/{made['id']}/actions/convert"
    first, second = (company["seller"].post(address, {}, key=f"once-{made['id']}") for _each in range(2))
    assert (first.status, second.status, first.json["open"]) == (200, 200, second.json["open"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(st.sampled_from(["甲", "乙", "丙"]), max_size=4),
    files=st.integers(0, 3),
    amount=st.one_of(st.none(), st.decimals(0, 10**9, places=2).map(str)),
    links=st.booleans(),
    wants=st.booleans(),
    undoes=st.booleans(),
)
def test_a_conversion_loses_and_doubles_nothing(
    company: Company, contents: list[str], files: int, amount: str | None, links: bool, wants: bool, undoes: bool
) -> None:
    papers = [upload(company, "seller", f"{number}.pdf") for number in range(files)]
    made = lead(company, expected_amount=amount, attachments=papers)
    for content in contents:
        do(company, "seller", made, "follow", method="call", content=content).expect(200)
    params: dict[str, Any] = {"create_opportunity": wants}
    if links:
        params["customer"] = customer(company, name=f"已有-{made['number']}")["id"]
    do(company, "seller", made, "convert", **params).expect(200)
    if undoes:
        do(company, "admin", made, "undo_conversion").expect(200)
        do(company, "seller", made, "convert", **params).expect(200)
    now = again(company, made)
    client = read(company, "customer", now["customer"]["id"])
    copies = listed(company, "follow_up", customer=client["id"], sort="id")
    assert [each["content"] for each in copies] == contents
    assert [each["content"] for each in listed(company, "follow_up", lead=made["id"], sort="id")] == contents
    kept = [each["name"] for each in client["attachments"]]
    assert set(kept) == {f"{number}.pdf" for number in range(files)}
    assert len(kept) == files * (2 if undoes and links else 1)
    assert [each["name"] for each in now["attachments"]] == [f"{number}.pdf" for number in range(files)]
    assert len(listed(company, "contact", customer=client["id"])) == 1
    chances = listed(company, "opportunity", customer=client["id"])
    expected = [f"{float(amount or 0):.2f}"] if wants else []
    assert [each["expected_amount"] for each in chances] == expected
