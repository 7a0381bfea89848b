"""The activity of a record: what other records tell of it, its changes and its approvals, a page at a time."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import library
import pytest

from lowcode.declare.model import Timeline
from lowcode.forms import LiveForm
from lowcode.platform import Platform
from lowcode.records import timeline
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.watching import queries
from tests.web.lists import page, words


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆", name="李馆员")


def call(api: Api, loan: dict[str, Any], text: str = "请归还", **values: Any) -> dict[str, Any]:
    made: dict[str, Any] = api.post("/forms/call/records", {"loan": loan["id"], "words": text, **values}).expect(201)
    return made


def path(record: dict[str, Any], form: str = "loan") -> str:
    return f"/forms/{form}/records/{record['id']}/timeline"


def items(api: Api, record: dict[str, Any], form: str = "loan", **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(path(record, form), **query).expect(200)["items"]
    return found


def walked(api: Api, record: dict[str, Any], form: str = "loan") -> list[dict[str, Any]]:
    """Read page after page."""
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    while True:
        answer = api.get(path(record, form), **query).expect(200)
        assert 0 < len(answer["items"]) <= timeline.PER_PAGE
        found += answer["items"]
        if answer["next"] is None:
            return found
        query = {"before": answer["next"]}


def text_of(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["label"], each["text"]) for each in item["text"]]


@pytest.fixture
def calls(platform: Platform) -> Iterator[LiveForm]:
    """The form of calls, whose declaration a test may replace."""
    form = platform.forms["call"]
    before = form.declared
    yield form
    form.declared = before


def test_records_that_point_here_tell_of_it(clerk: Api) -> None:
    loan = library.loan(clerk)
    made = call(clerk, loan, at="2026-03-01T02:00:00Z")
    call(clerk, library.loan(clerk), "别的借阅单")
    (found,) = [item for item in items(clerk, loan) if item["kind"] == "record"]
    assert found == {
        "at": "2026-03-01T02:00:00Z",
        "kind": "record",
        "form": "call",
        "id": made["id"],
        "title": "请归还",
        "text": [{"label": "内容", "text": "请归还"}],
        "by": {"id": clerk.user_id, "title": "李馆员"},
    }


def test_changes_and_decisions_are_told_too(api: Api, clerk: Api) -> None:
    loan = library.loan(clerk)
    api.patch(f"/forms/loan/records/{loan['id']}", {"subject": "毕业展"}, loan["version"]).expect(200)
    head = api.as_user("head", department="东馆", name="王馆长")
    clerk.post(f"/forms/loan/records/{loan['id']}/actions/submit", {}).expect(200)
    task = head.get("/tasks").expect(200)["items"][0]["id"]
    head.post(f"/tasks/{task}/agree", {"opinion": "同意外借"}).expect(200)
    found = items(clerk, loan)
    assert {(item["kind"], item["title"]) for item in found} >= {
        ("change", "新增"),
        ("change", "编辑"),
        ("change", "提交"),
        ("approval", "借阅审批"),
    }
    (edit,) = [item for item in found if item["title"] == "编辑"]
    assert ("事由", "实验课 → 毕业展") in text_of(edit)
    assert edit["by"]["title"] == "管理员"
    told = [pair for item in found if item["kind"] == "approval" for pair in text_of(item)]
    assert ("意见", "同意外借") in told
    assert any("王馆长" in sentence for _label, sentence in told)
    assert [item["at"] for item in found] == sorted((item["at"] for item in found), reverse=True)


def test_pages_hold_everything_once_and_in_order(clerk: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of it happens in the same second, so that only the order of ids and sources is left to tell."""
    monkeypatch.setattr(timeline, "PER_PAGE", 3)
    loan = library.loan(clerk)
    moments = ["2026-03-01T02:00:00Z"] * 4 + [None] * 3 + ["2099-01-01T00:00:00Z"]
    made = [call(clerk, loan, at=moment)["id"] for moment in moments]
    found = walked(clerk, loan)
    assert sorted(item["id"] for item in found if item["kind"] == "record") == made
    assert [item["title"] for item in found].count("新增") == 1
    assert [item["at"] for item in found] == sorted((item["at"] for item in found), reverse=True)
    assert found[0]["id"] == made[-1]


def test_days_and_instants_stand_in_one_order(clerk: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PER_PAGE", 2)
    form = platform.forms["loan"]
    monkeypatch.setattr(form, "declared", replace(form.declared, timeline=Timeline(at="lent_on", text=("status",))))
    member = library.member(clerk)
    days = ["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-03"]
    made = [library.loan(clerk, member=member["id"], lent_on=day, due_on="2099-01-01")["id"] for day in days]
    found = walked(clerk, member, "member")
    told = [item for item in found if item["kind"] == "record"]
    assert [item["id"] for item in told] == made[::-1]
    assert [item["at"] for item in told][-1] == "2026-02-28T16:00:00Z"  # the day begins in the business time zone
    assert text_of(told[0]) == [("借阅状态", "草稿")]
    assert [item["at"] for item in found] == sorted((item["at"] for item in found), reverse=True)


def test_the_row_filter_of_what_points_here_holds(api: Api, clerk: Api, platform: Platform, calls: LiveForm) -> None:
    loan = library.set_state(api, library.loan(clerk), "lent")
    call(clerk, loan, "公开")
    call(clerk, loan, "内部")
    auditor = api.as_user("auditor")
    assert [item["title"] for item in items(auditor, loan) if item["kind"] == "record"] == ["内部", "公开"]
    grants: Any = dict(calls.declared.access)
    grants["auditor"] = replace(grants["auditor"], read={"words__startswith": "公"})
    calls.declared = replace(calls.declared, access=grants)
    assert [item["title"] for item in items(auditor, loan) if item["kind"] == "record"] == ["公开"]
    del grants["auditor"]
    calls.declared = replace(calls.declared, access=grants)
    assert {item["kind"] for item in items(auditor, loan)} == {"change"}
    assert "tab-activity" not in page(auditor, f"/f/loan/{loan['id']}")


def test_who_may_not_read_the_record_reads_nothing_of_it(api: Api, clerk: Api) -> None:
    loan = library.loan(clerk)
    stranger = api.as_user("clerk", department="西馆")
    assert stranger.get(path(loan)).status == 404
    answer = stranger._client.get(f"/f/loan/{loan['id']}/timeline", headers=stranger.credentials)
    assert answer.status_code == 404
    assert api.get(path({"id": 999})).status == 404


def test_masked_values_are_masked_and_hidden_fields_are_absent(api: Api, clerk: Api) -> None:
    member = library.member(clerk, phone="13812341234")
    head = api.as_user("head", department="东馆")
    head.patch(f"/forms/member/records/{member['id']}", {"phone": "13912345678", "remark": "常逾期"}, 1).expect(200)

    def told(reader: Api) -> list[tuple[str, str]]:
        return [pair for item in items(reader, member, "member") for pair in text_of(item)]

    assert told(head) == [("电话", "13812341234 → 13912345678"), ("内部备注", "— → 常逾期")]
    assert told(clerk) == [("电话", "13812341234 → 13912345678")]
    assert told(api.as_user("clerk", department="西馆")) == [("电话", "138****1234 → 139****5678")]


def test_deleted_records_tell_no_more(clerk: Api) -> None:
    loan = library.loan(clerk)
    made = call(clerk, loan)
    clerk.delete(f"/forms/call/records/{made['id']}", made["version"]).expect(204)
    assert {item["kind"] for item in items(clerk, loan)} == {"change"}


def test_what_was_merged_is_told_with_the_record_it_went_into(api: Api, platform: Platform) -> None:
    source, target = library.member(api, name="张三"), library.member(api, name="张三丰")
    platform.as_system(lambda ctx: ctx.forms.member.merge(source["id"], target["id"]))
    found = items(api, target, "member")
    assert {item["id"] for item in found} == {source["id"], target["id"]}
    assert any(item["title"].startswith("新增（") and "张三" in item["title"] for item in found)


def test_a_page_takes_as_many_queries_for_many_entries_as_for_few(clerk: Api, platform: Platform) -> None:
    loan = library.loan(clerk)

    def taken() -> int:
        with queries(platform) as seen:
            items(clerk, loan)
        return len(seen)

    call(clerk, loan)
    few = taken()
    members = [library.member(clerk)["id"] for _ in range(5)]
    for member in members:
        call(clerk, loan)
        shown = library.read(clerk, "loan", loan["id"])
        clerk.patch(f"/forms/loan/records/{loan['id']}", {"member": member}, shown["version"]).expect(200)
    assert taken() <= few + 1  # the titles of all the members that changes name


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "[]",
        "null",
        '["x", 0, 1]',
        '["2026-01-01T00:00:00Z", 0, 1e30]',
        '["2026-01-01T00:00:00Z", 0, -1]',
        '["9999-12-31T23:59:59Z", 0, 1]',
        '["0001-01-01T00:00:00Z", 0, 1]',
        '["2026-01-01T00:00:00Z", Infinity, 1]',
    ],
)
def test_a_cursor_that_is_none_is_refused(clerk: Api, cursor: str) -> None:
    written = cursor if cursor == "x" else base64.urlsafe_b64encode(cursor.encode()).decode()
    answer = clerk.get(path(library.loan(clerk)), before=written)
    assert (answer.status, list(answer.errors)) == (422, ["before"])


def test_the_tab_shows_a_page_and_leads_to_the_next(clerk: Api) -> None:
    loan = library.loan(clerk)
    for number in range(31):
        call(clerk, loan, f"第 {number} 次 <b>")
    text = page(clerk, f"/f/loan/{loan['id']}?tab=activity")
    tabs = text.partition('role="tablist"')[2].partition("</div>")[0]
    assert words(tabs.partition(">")[2]).startswith("详细信息 动态 ")
    assert "第 30 次" in text
    assert "第 0 次" not in text
    more = text.partition('id="older" hx-get="')[2].partition('"')[0]
    rest = page(clerk, more)
    assert "第 0 次" in rest
    assert "autofocus" in rest
    assert "更早的动态" not in rest
