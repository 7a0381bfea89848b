"""An opportunity from its first stage to its end, by the buttons of the people it concerns."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from lowcode.testing.client import Api
from tests.scenarios.quoting import Company, found
from tests.scenarios.selling import act, contact, instant, listed, opportunity, page, read, today

LINES = [
    {"product_name": "网关", "quantity": "3", "unit_price": "0.335"},
    {"product_name": "网关", "quantity": "1", "unit_price": "0.005"},
]


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


def stages(company: Company, record: dict[str, Any]) -> list[tuple[Any, str, Any]]:
    rows = listed(company, "opportunity_stage", opportunity=record["id"], sort="id")
    rows.sort(key=lambda each: each["id"])
    return [(row["from_stage"], row["to_stage"], row["probability"]) for row in rows]


def test_choosing_a_customer_brings_the_contact(company: Company) -> None:
    person = contact(company, "王芳", mobile="13800138001")
    made = opportunity(company)
    assert (made["contact"]["title"], made["contact_phone"]) == ("王芳", "13800138001")
    assert (made["contact"]["id"], made["type"], made["stage"]) == (person, "new", "prospecting")
    assert (made["win_probability"], made["weighted_amount"]) == (10, "100.00")
    other = company["seller"].post("/forms/customer/records", {"name": "另一家客户", "source": "other"}).expect(201)
    base = {"name": "别人的联系人", "customer": other["id"], "expected_close_date": f"{today(company)}"}
    answer = company["seller"].post("/forms/opportunity/records", base | {"contact": person})
    assert set(answer.errors) == {"contact"}


def test_lines_make_the_amount_each_rounded_once(company: Company) -> None:
    made = opportunity(company, lines=LINES, expected_amount="5.00")
    assert [line["subtotal"] for line in made["lines"]] == ["1.01", "0.01"]
    assert (made["expected_amount"], made["weighted_amount"]) == ("1.02", "0.10")


def test_a_new_opportunity_closes_today_at_the_earliest_unless_history_is_loaded(company: Company) -> None:
    yesterday = f"{today(company) - timedelta(days=1)}"
    base = {"name": "旧机会", "customer": company.customer, "expected_close_date": yesterday}
    refused = company["seller"].post("/forms/opportunity/records", base)
    assert (refused.status, set(refused.errors)) == (422, {"expected_close_date"})
    assert opportunity(company, "admin", expected_close_date=yesterday)["expected_close_date"] == yesterday
    for percent in (-1, 101):
        answer = company["seller"].post("/forms/opportunity/records", base | {"win_probability": percent})
        assert "win_probability" in answer.errors


def test_open_stages_are_free_and_each_change_is_logged(company: Company) -> None:
    made = opportunity(company)
    for stage in ("negotiation", "analysis"):
        answer = act(company, "seller", "opportunity", made["id"], "advance", stage=stage).expect(200)
        assert answer["record"]["stage"] == stage
    assert stages(company, made) == [
        (None, "prospecting", 10),
        ("prospecting", "negotiation", 80),
        ("negotiation", "analysis", 30),
    ]
    same = act(company, "seller", "opportunity", made["id"], "advance", stage="analysis")
    assert (same.status, same.json["code"]) == (422, "same_stage")
    for closing in ("won", "lost", "invalid"):
        assert act(company, "seller", "opportunity", made["id"], "advance", stage=closing).status == 422
    assert len(stages(company, made)) == 3
    edited = company["seller"].patch(f"/forms/opportunity/records/{made['id']}", {"stage": "won"}, made["version"] + 2)
    assert set(edited.errors) == {"stage"}


def test_a_probability_set_by_hand_outlives_a_change_of_stage(company: Company) -> None:
    made = opportunity(company, win_probability=55)
    shown = act(company, "seller", "opportunity", made["id"], "advance", stage="proposal").expect(200)["record"]
    assert (shown["win_probability"], shown["weighted_amount"]) == (55, "550.00")


def test_winning_closes_for_good(company: Company) -> None:
    made, closed_at = opportunity(company), instant(days=2)
    future = act(company, "seller", "opportunity", made["id"], "win", closed_at=instant(days=-1))
    assert (future.status, set(future.errors)) == (422, {"closed_at"})
    shown = act(
        company, "seller", "opportunity", made["id"], "win", closed_at=closed_at, expected_amount="900.50"
    ).expect(200)["record"]
    assert (shown["stage"], shown["end_status"], shown["closed_at"]) == ("won", "won", closed_at)
    assert (shown["win_probability"], shown["weighted_amount"]) == (100, "900.50")
    for name, params in (("advance", {"stage": "proposal"}), ("win", {}), ("lose", {"lost_reason": "no_budget"})):
        answer = act(company, "seller", "opportunity", made["id"], name, **params)
        assert (answer.status, answer.json["code"]) == (409, "already_closed"), name
    assert {"advance", "win", "lose", "make_quotation"}.isdisjoint(read(company, "opportunity", made["id"])["$can"])


def test_an_amount_that_lines_make_up_is_not_overruled(company: Company) -> None:
    made = opportunity(company, lines=LINES)
    refused = act(company, "seller", "opportunity", made["id"], "win", expected_amount="900.50")
    assert (refused.status, set(refused.errors)) == (422, {"expected_amount"})
    act(company, "seller", "opportunity", made["id"], "win", expected_amount="1.02").expect(200)


def test_losing_needs_a_reason_and_counts_nothing(company: Company) -> None:
    made = opportunity(company, win_probability=70)
    assert "lost_reason" in act(company, "seller", "opportunity", made["id"], "lose").errors
    wrong = act(company, "seller", "opportunity", made["id"], "lose", lost_reason="duplicate")
    assert set(wrong.errors) == {"lost_reason"}
    shown = act(
        company, "seller", "opportunity", made["id"], "lose", lost_reason="no_budget", stage="invalid", end_remark="无"
    ).expect(200)["record"]
    assert (shown["stage"], shown["end_status"], shown["lost_reason"]) == ("invalid", "invalid", "no_budget")
    assert (shown["win_probability"], shown["weighted_amount"], shown["end_remark"]) == (0, "0.00", "无")
    version = shown["version"]
    edited = company["seller"].patch(f"/forms/opportunity/records/{made['id']}", {"win_probability": 50}, version)
    assert (edited.status, {*edited.errors}) == (422, {"win_probability"})


def test_without_a_result_it_is_lost(company: Company) -> None:
    for params in ({}, {"stage": None}):
        made = opportunity(company)
        shown = act(company, "seller", "opportunity", made["id"], "lose", lost_reason="no_budget", **params).expect(200)
        assert shown["record"]["end_status"] == "lost"


def test_only_managers_and_administrators_reopen(company: Company) -> None:
    made = opportunity(company)
    act(company, "seller", "opportunity", made["id"], "advance", stage="proposal").expect(200)
    act(company, "seller", "opportunity", made["id"], "lose", lost_reason="no_budget").expect(200)
    assert act(company, "seller", "opportunity", made["id"], "reopen").status == 403
    assert act(company, "other_head", "opportunity", made["id"], "reopen").status == 404
    shown = act(company, "head", "opportunity", made["id"], "reopen").expect(200)["record"]
    assert (shown["stage"], shown["win_probability"], shown["closed_at"]) == ("proposal", 60, None)
    assert (shown["lost_reason"], shown["end_status"]) == (None, None)
    assert stages(company, made)[-2:] == [("proposal", "lost", 0), ("lost", "proposal", 60)]
    assert act(company, "head", "opportunity", made["id"], "reopen").status == 422


def test_a_transfer_changes_hands_and_is_told(company: Company) -> None:
    made, other = opportunity(company), company["other_seller"]
    assert act(company, "seller", "opportunity", made["id"], "transfer", owner=company["seller"].user_id).status == 422
    act(company, "seller", "opportunity", made["id"], "transfer", owner=other.user_id).expect(200)
    assert company["seller"].get(f"/forms/opportunity/records/{made['id']}").status == 404
    assert read(company, "opportunity", made["id"], "other_seller")["owner"]["id"] == other.user_id
    bell = other.get("/notifications").expect(200)["items"]
    assert any("车间数据采集" in str(each) for each in bell)


def test_a_quotation_is_made_after_a_look_at_the_plan(company: Company) -> None:
    made = opportunity(company, lines=LINES)
    address = f"/forms/opportunity/records/{made['id']}/actions/make_quotation"
    plan = company["head"].post(address, {}, preview=1).expect(200)["plan"]
    (created,) = plan["created"]
    assert (created["form"], created["values"]["total_amount"]) == ("quotation", "1.02")
    assert listed(company, "quotation", opportunity=made["id"]) == []
    opened = company["head"].post(address, {}).expect(200)["open"]
    shown = read(company, "quotation", opened["id"])
    assert (shown["status"], shown["opportunity"]["id"], shown["owner"]["id"]) == (
        *("draft", made["id"]), company["head"].user_id,
    )  # fmt: skip
    assert (shown["customer"]["id"], shown["contact"], shown["total_amount"]) == (
        *(company.customer, made["contact"]), "1.02",
    )  # fmt: skip
    assert read(company, "opportunity", made["id"])["quotation_count"] == 1
    refused = company["seller"].delete(f"/forms/opportunity/records/{made['id']}", made["version"])
    assert refused.status in (409, 422)


def test_without_lines_the_quotation_has_one_of_the_whole_amount(company: Company) -> None:
    made = opportunity(company, expected_amount="1234.50")
    opened = act(company, "seller", "opportunity", made["id"], "make_quotation").expect(200)["open"]
    (line,) = read(company, "quotation", opened["id"])["lines"]
    assert (line["product_name"], line["quantity"], line["subtotal"]) == ("车间数据采集", "1.000", "1234.50")


def test_a_quotation_is_for_an_opportunity_of_its_customer(company: Company) -> None:
    made = opportunity(company)
    other = company["seller"].post("/forms/customer/records", {"name": "第三家客户", "source": "other"}).expect(201)
    body = {
        "name": "报价",
        "lines": [{"product_name": "网关", "quantity": 1, "unit_price": 1}],
        "opportunity": made["id"],
    }
    wrong = company["seller"].post("/forms/quotation/records", body | {"customer": other["id"]})
    assert "opportunity" in wrong.errors
    filled = company["seller"].post("/forms/quotation/records", body).expect(201)
    assert (filled["customer"]["id"], filled["contact"]) == (company.customer, made["contact"])


def test_an_accepted_quotation_brings_the_opportunity_to_negotiation(company: Company) -> None:
    early, late, lost = (opportunity(company) for _each in range(3))
    act(company, "seller", "opportunity", late["id"], "advance", stage="negotiation").expect(200)
    before = read(company, "opportunity", late["id"])["version"]
    quotations = [company.bring("sent", opportunity=each["id"]) for each in (early, late, lost)]
    act(company, "seller", "opportunity", lost["id"], "lose", lost_reason="no_budget").expect(200)
    for each in quotations:
        company.act("seller", each, "accept").expect(200)
    assert read(company, "opportunity", early["id"])["stage"] == "negotiation"
    assert read(company, "opportunity", late["id"])["version"] == before
    assert read(company, "opportunity", lost["id"])["stage"] == "lost"


def test_merging_customers_takes_opportunities_and_their_quotations_along(company: Company) -> None:
    two = [
        company["seller"].post("/forms/customer/records", {"name": f"重复客户{number}", "source": "other"}).expect(201)
        for number in (1, 2)
    ]
    made = opportunity(company, customer=two[0]["id"])
    quotation = act(company, "seller", "opportunity", made["id"], "make_quotation").expect(200)["open"]
    act(company, "admin", "customer", two[0]["id"], "merge", into=two[1]["id"]).expect(200)
    moved = [read(company, form, each)["customer"]["id"] for form, each in (
        ("opportunity", made["id"]), ("quotation", quotation["id"])
    )]  # fmt: skip
    assert moved == [two[1]["id"]] * 2


def test_dialogs_start_with_what_suits_them(company: Company) -> None:
    """Losing starts with 输单, not with the stage; nothing else starts with what the opportunity holds."""
    file = company["seller"].upload("需求.txt", b"1").expect(201)["id"]
    made = opportunity(company, stage="proposal", next_contact_at=instant(days=5), attachments=[file])
    dialog = {name: page(company, "seller", f"/f/opportunity/{made['id']}/do/{name}") for name in ("lose", "follow")}
    assert '<option value="lost" selected' in dialog["lose"]
    assert 'value="proposal"' not in dialog["lose"]
    assert "需求.txt" not in dialog["follow"]
    (appointment,) = re.findall(r'<input[^>]* id="f-next_contact_at"[^>]*>', dialog["follow"])
    assert not re.search(r'value="[^"]', appointment)
    won = page(company, "seller", f"/f/opportunity/{made['id']}/do/win")
    (amount,) = re.findall(r'<input[^>]* id="f-expected_amount"[^>]*>', won)
    assert not re.search(r'value="[^"]', amount)


def test_of_two_who_end_it_at_once_one_is_told(company: Company) -> None:
    made = opportunity(company)
    calls = [("seller", "win", {}), ("head", "lose", {"lost_reason": "no_budget"})] * 3
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = [
            pool.submit(act, company, who, "opportunity", made["id"], name, **values) for who, name, values in calls
        ]
        statuses = sorted(each.result().status for each in answers)
    assert statuses == [200, *[409] * 5]
    assert [change[1] for change in stages(company, made) if change[1] in {"won", "lost"}] == [
        read(company, "opportunity", made["id"])["stage"]
    ]
