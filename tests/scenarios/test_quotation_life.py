"""A quotation's whole life over HTTP: each row of its state table, who may do what, versions, sending, expiry."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from lowcode.database.schema import approvals, notifications
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.scenarios.quoting import LINE, PARAMS, PAST, Company, found

ANSWERS = {"send", "accept", "decline"}
ALLOWED = {
    "draft": {"submit", "revise", "copy"},
    "in_review": {"withdraw", "copy"},
    "approved": {*ANSWERS, "revise", "copy"},
    "rejected": {"submit", "revise", "copy"},
    "withdrawn": {"submit", "revise", "copy"},
    "sent": {*ANSWERS, "revise", "copy"},
    "accepted": {"copy"},
    "declined": {"copy"},
    "expired": {"copy"},
    "converted": {"copy"},
    "voided": {"copy"},
}
BY_THE_SYSTEM = {"expire", "convert", "void"}
EVERYTHING = sorted({"submit", "withdraw", "revise", "copy", *ANSWERS, *BY_THE_SYSTEM})
EDITABLE = {"draft", "rejected", "withdrawn"}
LEADS_TO = {
    "submit": "in_review",
    "withdraw": "withdrawn",
    "send": "sent",
    "accept": "accepted",
    "decline": "declined",
    "revise": "voided",
}


@pytest.fixture(scope="module")
def company(api: Api) -> Company:
    return found(api)


@pytest.mark.parametrize("state", ALLOWED)
def test_each_state_allows_what_the_table_says(company: Company, state: str) -> None:
    for name in EVERYTHING:
        record = company.bring(state)
        if name in ALLOWED[state]:
            assert name in record["$can"]
            answer = company.act("seller", record, name, **PARAMS.get(name, {})).expect(200)
            assert answer["record"]["status"] == LEADS_TO.get(name, state)
            continue
        assert name not in record["$can"]
        with nothing_written(company.platform):
            refused = company.act("seller", record, name, **PARAMS.get(name, {}))
            assert refused.status in (403, 422), (state, name)
            assert refused.json["code"] == ("not_allowed_now" if refused.status == 422 else "forbidden")


@pytest.mark.parametrize("state", ALLOWED)
def test_only_what_is_not_decided_is_edited_and_deleted(company: Company, state: str) -> None:
    record = company.bring(state)
    path = f"/forms/quotation/records/{record['id']}"
    assert ({"edit", "delete"} <= set(record["$can"])) is (state in EDITABLE)
    for person in ("seller", "head", "admin"):
        if state not in EDITABLE:
            with nothing_written(company.platform):
                for answer in (
                    company[person].patch(path, {"remark": "x"}, record["version"]),
                    company[person].delete(path, record["version"]),
                ):
                    assert (answer.status, answer.json["code"]) == (422, "not_editable")
    if state in EDITABLE:
        edited = company["seller"].patch(path, {"remark": "x"}, record["version"]).expect(200)
        company["seller"].delete(path, edited["version"]).expect(204)


@pytest.mark.parametrize("state", ALLOWED)
def test_others_may_look_or_not_even_that(company: Company, state: str) -> None:
    """The manager of another department does not know it; finance and executives read it and move nothing."""
    record = company.bring(state)
    statuses = {"other_head": 404, "other_seller": 404, "service": 404, "finance": 403, "exec": 403}
    with nothing_written(company.platform):
        for who, status in statuses.items():
            for name in EVERYTHING:
                assert company.act(who, record, name, **PARAMS.get(name, {})).status == status, (who, state, name)


@pytest.mark.parametrize("who", ["head", "admin"])
def test_managers_and_administrators_act_for_the_owner(company: Company, who: str) -> None:
    for name in ("submit", "send", "accept", "decline", "revise"):
        record = company.bring("draft" if name == "submit" else "approved")
        answer = company.act(who, record, name, **PARAMS.get(name, {})).expect(200)
        assert answer["record"]["status"] == LEADS_TO[name]
    mine = company.draft()
    company.act(who, mine, "submit").expect(200)
    assert company.act("seller", mine, "withdraw").status == 403  # who submitted withdraws
    company.act(who, mine, "withdraw").expect(200)


def test_a_total_of_nothing_is_not_submitted(company: Company) -> None:
    record = company.draft(lines=[LINE | {"discount_rate": 100}])
    assert "submit" not in record["$can"]
    assert company.act("seller", record, "submit").json["code"] == "not_allowed_now"


def test_sending_by_mail_queues_the_page_once(company: Company) -> None:
    record = company.bring("approved")
    path, before = f"/forms/quotation/records/{record['id']}/actions/send", len(company.mails())
    for _click in range(2):
        company["seller"].post(path, {"to": "wang@example.com"}, key=f"send-{record['id']}").expect(200)
    (mail,) = company.mails()[before:]
    assert (mail.recipient, mail.subject) == ("wang@example.com", f"报价单 {record['number']}：{record['name']}")
    for wanted in ("<!doctype html>", record["number"], "边缘网关", "2,849.97", "上海宏图自动化有限公司"):
        assert wanted in mail.html
    assert "仅供内部审阅" not in mail.html
    shown = company.read(record)
    assert (shown["status"], shown["send_channel"], shown["sent_to"]) == ("sent", "email", "wang@example.com")
    assert shown["sent_at"] is not None
    company.act("seller", record, "send", to="li@example.com").expect(200)
    assert [each.recipient for each in company.mails()[before:]] == ["wang@example.com", "li@example.com"]


def test_a_wrong_address_sends_nothing(company: Company) -> None:
    record = company.bring("approved")
    with nothing_written(company.platform):
        assert "to" in company.act("seller", record, "send", to="wang@").expect(422)["errors"]


def test_what_is_handed_over_is_only_marked_as_sent(company: Company) -> None:
    record, before = company.bring("approved"), len(company.mails())
    shown = company.act("seller", record, "send").expect(200)["record"]
    assert (shown["status"], shown["send_channel"], shown["sent_to"]) == ("sent", "in_person", None)
    assert len(company.mails()) == before


def test_answers_are_stamped_and_told_in_the_history(company: Company) -> None:
    accepted = company.act("seller", company.bring("sent"), "accept").expect(200)["record"]
    assert (accepted["accepted_at"] is not None, accepted["declined_at"]) == (True, None)
    record = company.bring("sent")
    assert "reason" in company.act("seller", record, "decline").expect(422)["errors"]
    declined = company.act("seller", record, "decline", reason="价格太高").expect(200)["record"]
    assert (declined["decline_reason"], declined["declined_at"] is not None) == ("价格太高", True)
    history = company["finance"].get(f"/forms/quotation/records/{record['id']}/history").expect(200)
    newest = history[0]
    assert (newest["action"], newest["label"], newest["by"]["title"]) == ("decline", "客户拒绝", "seller")
    assert {"status", "decline_reason"} <= {change["field"] for change in newest["changes"]}


def test_versions_share_the_number_of_the_first(company: Company) -> None:
    first = company.bring("sent", terms="预付 30%", remark="内部")
    record, seen = first, []
    for _turn in range(2):
        answer = company.act("head", record, "revise").expect(200)
        assert answer["open"]["form"] == "quotation"
        assert company.read(record)["status"] == "voided"
        previous, record = record, company.read(answer["open"])
        seen.append((record["number"], record["revision"], record["parent_quote"]["id"] == previous["id"]))
    assert seen == [(f"{first['number']}-V2", 2, True), (f"{first['number']}-V3", 3, True)]
    kept = ("name", "customer", "terms", "remark", "total_amount", "owner")
    assert {name: record[name] for name in kept} == {name: first[name] for name in kept}
    assert [line["subtotal"] for line in record["lines"]] == [line["subtotal"] for line in first["lines"]]
    assert record["status"] == "draft"


def test_of_revisions_at_the_same_moment_one_wins(company: Company) -> None:
    record, start = company.bring("approved"), Barrier(4)

    def revise(_turn: int) -> int:
        start.wait()
        return company.act("seller", record, "revise").status

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(revise, range(4))) == [200, 422, 422, 422]
    table = company.platform.forms["quotation"].table
    with company.platform.db.read() as connection:
        heirs = select(func.count()).where(table.c.parent_quote == record["id"])
        assert connection.scalar(heirs) == 1


def test_a_copy_has_a_number_and_dates_of_its_own(company: Company) -> None:
    record = company.bring("expired")
    answer = company.act("head", record, "copy").expect(200)
    made = company.read(answer["open"])
    assert re.fullmatch(r"BJ\d{8}-\d{4}", made["number"])
    assert made["number"] != record["number"]
    assert (made["status"], made["revision"], made["parent_quote"]) == ("draft", 1, None)
    assert (made["owner"]["title"], made["valid_until"] > made["quote_date"] > PAST["valid_until"]) == ("head", True)
    assert company.read(record)["status"] == "expired"


def test_the_daily_job_expires_once_and_tells_the_owner(company: Company) -> None:
    record = company.bring("expired")
    with nothing_written(company.platform):
        assert company.expire() == "0 张报价单已到期失效。"
    with company.platform.db.read() as connection:
        told = select(notifications).where(notifications.c.kind == "quotation_expired")
        urls = [row.url for row in connection.execute(told) if row.user == company["seller"].user_id]
    assert urls.count(f"/f/quotation/{record['id']}") == 1


def test_what_is_out_of_date_is_neither_sent_nor_accepted(company: Company) -> None:
    record = company.draft(**PAST)
    company.act("seller", record, "submit").expect(200)
    company.decide("head", record)
    can = company.read(record, "seller")["$can"]
    assert {"decline", "revise"} <= set(can)
    assert {"send", "accept"}.isdisjoint(can)
    assert company.act("seller", record, "accept").json["code"] == "not_allowed_now"


@pytest.mark.parametrize(
    ("line", "needs_exec"),
    [
        ({"discount_rate": "10"}, False),
        ({"discount_rate": "10.01"}, True),
        ({"quantity": 1, "unit_price": "97150.02", "discount_rate": 0}, False),
        ({"quantity": 1, "unit_price": "97150.03", "discount_rate": 0}, True),
        ({"unit_price": "100", "discount_rate": "9", "floor": "91"}, False),
        ({"unit_price": "100", "discount_rate": "9", "floor": "91.01"}, True),
    ],
)
def test_an_executive_decides_on_what_is_cheap_or_dear(
    company: Company, line: dict[str, Any], needs_exec: bool
) -> None:
    values = dict(line)
    floor = values.pop("floor", None)
    if floor is not None:
        product = {"code": f"P{floor}", "name": "网关", "category": "gateway", "unit": "unit", "reference_price": "100"}
        made = company["admin"].post("/forms/product/records", product | {"min_price": floor}).expect(201)
        values["product"] = made["id"]
    record = company.draft(lines=[LINE, LINE | values])
    company.act("seller", record, "submit").expect(200)
    company.decide("head", record)
    assert company.read(record)["status"] == ("in_review" if needs_exec else "approved")
    if needs_exec:
        company.decide("exec", record)
        assert company.read(record)["status"] == "approved"
    shown = {who: company.read(record, who).get("below_floor") for who in ("seller", "head", "finance", "exec")}
    is_below = needs_exec and floor is not None
    assert shown == {"seller": None, "head": None, "finance": is_below, "exec": is_below}


def test_a_floor_that_rises_counts_when_the_quotation_is_submitted(company: Company) -> None:
    product = {"code": "RISES", "name": "网关", "category": "gateway", "unit": "unit", "reference_price": "100"}
    made = company["admin"].post("/forms/product/records", product | {"min_price": "50"}).expect(201)
    record = company.draft(lines=[LINE | {"product": made["id"], "unit_price": "100"}])
    company["admin"].patch(f"/forms/product/records/{made['id']}", {"min_price": "99"}, made["version"]).expect(200)
    company.act("seller", record, "submit").expect(200)
    assert company.read(record)["below_floor"] is True


def test_picked_rows_are_submitted_at_once(company: Company) -> None:
    records = [company.draft() for _serial in range(3)]
    empty = company.draft(lines=[LINE | {"unit_price": 0}])
    ids = [each["id"] for each in (*records, empty)]
    results = company["seller"].post("/forms/quotation/actions/submit", {"ids": ids}).expect(200)
    assert [(each["id"], each["status"]) for each in results] == [
        *((each["id"], 200) for each in records),
        (empty["id"], 422),
    ]
    with company.platform.db.read() as connection:
        runs = select(func.count()).where(approvals.c.form == "quotation", approvals.c.record.in_(ids))
        assert connection.scalar(runs) == 3
