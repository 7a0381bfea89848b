"""Lists as files: what is in them, for whom, and in how much memory."""

import csv
import io
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import library
import openpyxl
import pytest
from sqlalchemy import insert, update

from lowcode.records import exporting, pages
from lowcode.testing.client import Api

EVIL = '=HYPERLINK("http://x")'


def download(who: Api, form: str = "member", **query: str) -> Any:
    """Fetch a file: status, bytes, headers."""
    return who._client.get(f"/api/v1/forms/{form}/export", query_string=query, headers=who._headers, buffered=True)


def table(who: Api, form: str = "member", **query: str) -> list[list[str]]:
    answer = download(who, form, format="csv", **query)
    assert answer.status_code == 200, answer.json
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def sheet(who: Api, form: str = "member", **query: str) -> list[tuple[Any, ...]]:
    answer = download(who, form, format="xlsx", **query)
    assert answer.status_code == 200, answer.json
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return list(book.active.iter_rows())


def test_a_file_holds_the_list_and_is_named_after_it(api: Api) -> None:
    library.member(api, name="张三", phone="13812341234")
    answer = download(api, format="csv")
    assert answer.mimetype == "text/csv"
    assert "UTF-8''%E8%AF%BB%E8%80%85-" in answer.headers["Content-Disposition"]
    head, row = table(api)
    assert head[:4] == ["照片", "编号", "姓名", "证件号"]
    assert row[2] == "张三"
    assert len(head) == len(api.platform.forms["member"].declared.lists["all"].columns)
    english = api._client.get(
        "/api/v1/forms/member/export?format=csv", headers={**api._headers, "Accept-Language": "en"}
    )
    assert "Name" in english.data.decode()


def test_filters_search_and_views_are_those_of_the_list(api: Api) -> None:
    for name in ("甲", "乙"):
        library.member(api, name=name, is_active=name == "甲")
    assert [row[2] for row in table(api, sort="name", search="甲")[1:]] == ["甲"]
    assert [row[1] for row in table(api, list="active")[1:]] == ["甲"]
    assert len(table(api, page="2", per_page="1")) == 3, "an export has no pages"
    for query in ({"format": "pdf"}, {"columns": "some"}, {"nonsense": "1"}, {"sort": "phone"}, {"list": "none"}):
        assert download(api, **query).status_code in (422, 404), query


@pytest.mark.parametrize("sample", [2, 200])
@pytest.mark.parametrize("sort", ["id", "-name"])
def test_more_matches_than_a_list_counts_are_written_all(
    api: Api, monkeypatch: pytest.MonkeyPatch, sort: str, sample: int
) -> None:
    monkeypatch.setattr(pages, "MOST_FOUND", 2)
    monkeypatch.setattr(pages, "SAMPLE", sample)
    monkeypatch.setattr(exporting, "CHUNK", 2)
    for serial in range(7):
        library.member(api, name=f"华{'东西'[serial % 3 == 0]}{serial}")
    names = ["华东1", "华东2", "华东4", "华东5"]
    answer = download(api, format="csv", search="华东")
    assert answer.headers["X-Total-Count"] == "4"
    rows = table(api, search="华东", sort=sort)[1:]
    assert [row[2] for row in rows] == (names if sort == "id" else names[::-1])


def test_who_may_export_gets_what_he_may_read(api: Api) -> None:
    head, clerk = api.as_user("head", department="东馆"), api.as_user("clerk", department="西馆")
    library.member(clerk, name="别人的", phone="13812341234")
    assert download(clerk).status_code == 403
    assert download(api.as_user()).status_code == 404
    assert download(api.as_nobody()).status_code == 401
    rows = table(head, columns="all")
    assert "138****1234" in rows[1]
    assert "13812341234" not in str(rows)
    own = library.member(head, name="自己的", phone="13899991234")
    assert "13899991234" in str(table(head, id=str(own["id"])))
    auditor = api.as_user("auditor")
    assert download(auditor, "loan").status_code == 200
    library.loan(clerk)
    assert table(auditor, "loan")[1:] == [], "drafts are hidden from auditors by a rule"
    assert len(table(api, "loan")) == 2


def test_hidden_fields_are_not_exported(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    grants: Any = api.platform.forms["member"].declared.access
    monkeypatch.setitem(grants, "auditor", replace(grants["auditor"], read="all", export=True))
    library.member(api, remark="内部的话")
    assert "内部备注" in table(api, columns="all")[0]
    rows = table(api.as_user("auditor"), columns="all")
    assert "内部备注" not in rows[0]
    assert "内部的话" not in str(rows)
    assert download(api.as_user("auditor"), fields="remark").status_code == 422


def test_texts_are_texts_and_numbers_numbers(api: Api) -> None:
    for title in (EVIL, "@SUM(A1)", "+1", "-2+3", "#N/A", "1e5"):
        library.item(api, title=title, price="123456789.05"[-9:], weight="1.250")
    rows = table(api, "item", sort="id")[1:]
    assert [row[2] for row in rows] == [f"'{EVIL}", "'@SUM(A1)", "'+1", "'-2+3", "#N/A", "1e5"]
    assert {row[5] for row in rows} == {"456789.05"}
    cells = sheet(api, "item", sort="id")[1:]
    assert [row[2].value for row in cells] == [EVIL, "@SUM(A1)", "+1", "-2+3", "#N/A", "1e5"]
    assert {row[2].data_type for row in cells} == {"s"}
    assert {(row[5].data_type, Decimal(str(row[5].value))) for row in cells} == {("n", Decimal("456789.05"))}
    assert cells[0][5].number_format == "#,##0.00"
    assert cells[0][8].is_date


def test_a_workbook_holds_no_character_that_would_break_it(api: Api) -> None:
    """Texts that were stored before such characters were refused."""
    made, form = library.item(api), api.platform.forms["item"]
    for bad in ("\uffff", "\ufffe", "\x1f"):
        with api.platform.db.write() as connection:
            connection.execute(
                update(form.table).where(form.table.c.id == made["id"]).values(title=f"a{bad}b\U0001f600")
            )
        assert sheet(api, "item")[1][2].value == "a\ufffdb\U0001f600"


def test_roles_do_not_lend_each_other_what_is_exported(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One role exports its own loans, another reads all and exports none."""
    grants: Any = api.platform.forms["loan"].declared.access
    monkeypatch.setitem(grants, "clerk", replace(grants["clerk"], export=True))
    monkeypatch.setitem(grants, "auditor", replace(grants["auditor"], export=False))
    both = api.as_user("clerk", "auditor")
    own, _other = library.loan(both), library.loan(api)
    assert both.get("/forms/loan/records").expect(200)["total"] == 2
    assert [row[0] for row in table(both, "loan")[1:]] == [own["number"]]


def test_a_rule_narrows_what_is_exported(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow(form: Any, verb: str, ctx: Any) -> Any:
        return [{"subject": "物理"}] if verb == "export" else []

    monkeypatch.setattr(api.platform.hooks, "row_scope", narrow)
    wanted, _other = library.loan(api, subject="物理"), library.loan(api, subject="化学")
    assert [row[0] for row in table(api, "loan")[1:]] == [wanted["number"]]


def test_lines_are_counted(api: Api) -> None:
    line = {"title": "三脚架", "quantity": "2", "price": "30"}
    library.loan(api, lines=[line, line, line])
    head, row = table(api, "loan", columns="all")
    assert row[head.index("借阅明细")] == "3"
    assert row[head.index("押金合计")] == "180.00"
    assert row[head.index("借阅状态")] == "草稿"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_twenty_thousand_rows_in_bounded_memory(api: Api, kind: str) -> None:
    form, now = api.platform.forms["item"], datetime.now(UTC)
    rows = [
        {"code": f"C{n}", "title": f"藏品 {n}", "subject": "physics", "price": Decimal(n), "version": 1,
         "created_at": now, "updated_at": now, "on_shelf": True, "is_lent": False}
        for n in range(20_000)
    ]  # fmt: skip
    with api.platform.db.write() as connection:
        connection.execute(insert(form.table), rows)
    del rows
    download(api, "item", format=kind, code="C1")
    tracemalloc.start()
    try:
        answer = api._client.get(f"/api/v1/forms/item/export?format={kind}&sort=code", headers=api._headers)
        _now, peak = tracemalloc.get_traced_memory()
        size = len(answer.data)
    finally:
        tracemalloc.stop()
    assert answer.headers["X-Total-Count"] == "20000"
    assert size > 200_000
    assert peak < 30_000_000, f"{peak} bytes at most"
    if kind == "csv":
        codes = [line.split(",")[1] for line in answer.data.decode("utf-8-sig").splitlines()[1:]]
        assert len(set(codes)) == 20_000
