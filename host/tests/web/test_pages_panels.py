"""Panels: what their pages ask for and show, what administrators save from them, and their lists as files."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import library
import pytest

from lowcode import panels
from lowcode.errors import Refused
from lowcode.platform import Platform
from lowcode.templates import PANELS, templates
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from tests.web.lists import page, press, words

PATH = "/panels/lending"
PAGE = "/panel/lending"
SETTINGS = "/apps/library/settings"


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


def lend(api: Api, subject: str = "实验课", price: str = "30", due_on: str = "2099-03-09") -> dict[str, Any]:
    line = {"title": "三脚架", "quantity": "2", "price": price}
    return library.loan(api, subject=subject, due_on=due_on, lines=[line])


def use(platform: Platform, folder: Path, text: str) -> None:
    """Let the panel be shown by another template."""
    (folder / PANELS).mkdir()
    (folder / PANELS / "lending.html").write_text(text, "utf-8")
    platform.prepared[PANELS, "library"] = templates(folder, PANELS)


def rows(api: Api, **query: str) -> list[list[str]]:
    answer = api._client.get("/api/v1" + PATH, headers=api.credentials, query_string={"format": "csv", **query})
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8"), answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_a_parameter_starts_with_its_default_else_with_the_setting_of_its_name(api: Api) -> None:
    lend(api, price="300")
    assert api.get(PATH).expect(200)["longest"] == 60
    api.put(SETTINGS, {"loan_days": 45, "deposit_limit": "500"}).expect(200)
    shown = api.get(PATH).expect(200)
    assert (shown["longest"], shown["loans"][0]["grade"], shown["loans"][0]["late"]) == (45, "dear", False)


def test_the_query_string_chooses(api: Api, clerk: Api) -> None:
    lend(api, price="300")
    chosen = api.get(PATH, loan_days="10", deposit_limit="", on="2099-04-01").expect(200)
    assert (chosen["longest"], chosen["loans"][0]["grade"], chosen["loans"][0]["late"]) == (10, "usual", True)
    assert api.get(PATH, clerk=str(clerk.user_id)).expect(200)["loans"] == []
    assert len(api.get(PATH, is_out="false").expect(200)["loans"]) == 1
    assert api.get(PATH, is_out="true").expect(200)["loans"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loan_days", "0"), ("loan_days", "long"), ("loan_days", ""), ("on", "soon"),
        ("on", "9999-12-31"),
        ("on", "0001-01-01"), ("clerk", "99999"),
        ("clerk", "me"), ("is_out", "perhaps"), ("deposit_limit", "-1"), ("unknown", "1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(api: Api, name: str, value: str) -> None:
    answer = api.get(PATH, **{name: value})
    assert (answer.status, answer.json["code"], list(answer.errors)) == (422, "invalid", [name])


def test_figures_of_who_has_left_may_be_asked_for(api: Api, clerk: Api) -> None:
    lend(clerk)
    api.patch(f"/users/{clerk.user_id}", {"is_active": False}).expect(200)
    assert len(api.get(PATH, clerk=str(clerk.user_id)).expect(200)["loans"]) == 1
    assert page(api, f"{PAGE}?clerk={clerk.user_id}")
    refused = api.post("/forms/loan/records", library.loan_payload(api, clerk=clerk.user_id))
    assert (refused.status, list(refused.errors)) == (422, ["clerk"])


def test_figures_obey_the_row_filter(clerk: Api, api: Api) -> None:
    lend(clerk)
    assert len(clerk.get(PATH).expect(200)["loans"]) == 1
    assert clerk.as_user("clerk", department="西馆").get(PATH).expect(200)["loans"] == []
    assert clerk.as_user("auditor").get(PATH).status == 403
    assert "实验课" not in page(clerk.as_user("clerk", department="西馆"), PAGE)


def test_administrators_save_what_was_chosen_and_nobody_else(api: Api, clerk: Api) -> None:
    for other in (clerk, api.as_user("head")):
        assert other.post(f"{PATH}/save", {"loan_days": 30}).status == 403
    before = api.get(SETTINGS).expect(200)
    chosen = {"loan_days": 30, "deposit_limit": "5", "on": "2026-01-01", "is_out": True}
    saved = api.post(f"{PATH}/save", chosen).expect(200)
    assert saved == {**before, "loan_days": 30, "deposit_limit": "5.00"}
    assert saved == api.get(SETTINGS).expect(200)


def test_what_cannot_be_saved_changes_nothing(api: Api) -> None:
    before = api.get(SETTINGS).expect(200)
    for wrong in (
        {"loan_days": 0},
        {"loan_days": 30, "on": "x"},
        {"loan_days": 30, "notice": "x"},
        {"deposit_limit": None},
    ):
        assert api.post(f"{PATH}/save", wrong).status == 422, wrong
    assert api.post("/panels/desk/save", {"loan_days": 3}).status == 403
    assert api.post("/panels/nothing/save", {"loan_days": 3}).status == 404
    assert api.get(SETTINGS).expect(200) == before


def test_what_the_panel_finds_fault_with_is_shown_but_not_saved(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    lend(api)
    before, seen = api.get(SETTINGS).expect(200), {}
    real = panels.data

    def data(ctx: Any, panel: Any, params: Any) -> dict[str, Any]:
        seen.update(params)
        return {**real(ctx, panel, params), "faults": {"loan_days": ["馆里没有这么久的借期。"]}}

    monkeypatch.setattr(panels, "data", data)
    answer = api.post(f"{PATH}/save", {"loan_days": 30, "on": "2026-01-01"})
    assert (answer.status, answer.errors) == (422, {"loan_days": ["馆里没有这么久的借期。"]})
    assert (seen["loan_days"], str(seen["on"]), seen["deposit_limit"]) == (30, "2026-01-01", 100000)
    assert api.get(SETTINGS).expect(200) == before
    api.post(f"{PATH}/save", {"deposit_limit": "5"}).expect(200)  # what was wrong before is not in its way
    shown = api._client.get(PAGE, headers=api.credentials)
    assert (shown.status_code, "实验课" in shown.text) == (200, True)
    assert "最长借期：馆里没有这么久的借期。" in words(shown.text.partition('role="alert">')[2].partition("</ul>")[0])


def test_what_the_panel_refuses_is_not_saved(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_asked: Any) -> None:
        raise Refused("不行。", errors={"loan_days": ["太久。"]})

    before = api.get(SETTINGS).expect(200)
    monkeypatch.setattr(panels, "data", refuse)
    answer = api.post(f"{PATH}/save", {"loan_days": 30})
    assert (answer.status, answer.errors) == (422, {"loan_days": ["太久。"]})
    assert api.get(SETTINGS).expect(200) == before


def test_saving_twice_by_one_key_saves_once(api: Api) -> None:
    first = api.post(f"{PATH}/save", {"loan_days": 30}, key="once").expect(200)
    api.put(SETTINGS, {"loan_days": 40}).expect(200)
    assert api.post(f"{PATH}/save", {"loan_days": 30}, key="once").expect(200) == first
    assert api.get(SETTINGS).expect(200)["loan_days"] == 40


def test_the_page_shows_figures_tables_and_charts(api: Api) -> None:
    made = lend(api, "<b>实验</b>课", price="1500.5", due_on="2099-03-09")
    text = api._client.get(f"{PAGE}?deposit_limit=100", headers=api.credentials).text
    assert "&lt;b&gt;实验&lt;/b&gt;课" in text
    assert f'<a href="/f/loan/{made["id"]}">' in text
    assert '<td class="right" data-label="押金">3,001.00</td>' in text
    assert '<span class="tag red">贵重</span>' in text
    assert "2099-03-09" in text
    chart = text.partition('<figure class="chart">')[2].partition("</figure>")[0]
    assert 'height="' in chart
    assert words(chart.partition("<tbody>")[2]).startswith("2099-03 3,001.00")
    assert " style=" not in text
    assert "<style" not in text


def test_the_bar_keeps_what_was_chosen(api: Api) -> None:
    text = page(api, f"{PAGE}?loan_days=12&is_out=false&clerk={api.user_id}")
    assert 'name="loan_days" value="12"' in text
    assert '<option value="false" selected>否</option>' in text
    assert f'<option value="{api.user_id}" selected>管理员</option>' in text
    assert '<option value="" selected>—</option>' in page(api, PAGE)
    assert "超过它的借阅单会标出。" in text


def test_a_page_that_cannot_be_made_says_why_and_keeps_what_was_typed(api: Api) -> None:
    answer = api._client.get(f"{PAGE}?loan_days=0&on=soon", headers=api.credentials)
    assert answer.status_code == 422
    note = words(answer.text.partition('role="alert">')[2].partition("</ul>")[0])
    assert "最长借期" in note
    assert "日期" in note
    assert 'name="on" value="soon"' in answer.text
    assert 'name="loan_days" value="0"' in answer.text


def test_only_the_figures_are_asked_for_anew(api: Api) -> None:
    headers = {**api.credentials, "HX-Request": "true", "HX-Target": "panel-data"}
    answer = api._client.get(f"{PAGE}?loan_days=12&deposit_limit=", headers=headers)
    assert answer.text.lstrip().startswith('<div id="panel-data">')
    assert answer.headers["HX-Push-Url"] == f"{PAGE}?loan_days=12&deposit_limit="


def test_the_button_saves_exactly_what_is_shown(api: Api) -> None:
    text = page(api, f"{PAGE}?loan_days=12&deposit_limit=2,500")
    (address,) = re.findall(r'id="save-as-settings" hx-get="([^"]+)"', text)
    dialog = page(api, address)
    assert "最长借期、押金上限" in dialog
    held = dict(re.findall(r'<input type="hidden" name="(loan_days|deposit_limit|on)" value="([^"]*)">', dialog))
    assert held == {"loan_days": "12", "deposit_limit": "2500.00"}
    answer = press(api, f"{PAGE}/save", **held)
    assert (answer.status_code, json.loads(answer.headers["HX-Trigger"])["saved"]["message"]) == (204, "已保存设置。")
    saved = api.get(SETTINGS).expect(200)
    assert (saved["loan_days"], saved["deposit_limit"]) == (12, "2500.00")


def test_the_button_is_for_administrators(api: Api, clerk: Api) -> None:
    assert "save-as-settings" not in page(clerk, PAGE)
    for method in ("GET", "POST"):
        answer = clerk._client.open(f"{PAGE}/save", method=method, headers=clerk.credentials)
        assert answer.status_code == 403
    assert press(api, f"{PAGE}/save", loan_days="0").status_code == 422
    assert api.get(SETTINGS).expect(200)["loan_days"] == 60


def test_a_list_is_a_file_with_the_columns_of_the_page(api: Api) -> None:
    lend(api, "=1+1", price="1500.5", due_on="2099-03-09")
    lend(api, "实验课", price="2", due_on="2099-03-08")
    found = rows(api, table="loans")
    assert found[0] == ["借阅单", "押金", "应还日期", "逾期", "等级"]
    assert found[1] == ["实验课", "4.00", "2099-03-08", "否", "普通"]
    assert found[2][0].startswith("'=")
    assert found[2][1] == "3001.00"
    assert rows(api, table="loans", on="2100-01-01")[1][3] == "是"
    (link,) = re.findall(r'id="export-loans" href="([^"]+)"', page(api, f"{PAGE}?loan_days=12"))
    assert "loan_days=12" in link
    assert api._client.get(link, headers=api.credentials).status_code == 200


def test_a_list_that_the_page_has_no_table_for_is_a_file_by_its_keys(api: Api) -> None:
    lend(api, due_on="2099-03-08")
    assert rows(api, table="months") == [["month", "deposits", "count"], ["2099-03", "60.00", "1"]]


@pytest.mark.parametrize(
    ("query", "name"),
    [({"format": "csv"}, "table"), ({"format": "csv", "table": "longest"}, "table"), ({"format": "xlsx"}, "format")],
)
def test_what_is_no_list_is_no_file(api: Api, query: dict[str, str], name: str) -> None:
    answer = api.get(PATH, **query)
    assert (answer.status, list(answer.errors)) == (422, [name])


@pytest.mark.parametrize(
    "template", ["{{ data.nothing }}", "{{ data.loans.append(1) }}", "{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}"]
)
def test_a_faulty_template_is_told_with_its_place(api: Api, platform: Platform, tmp_path: Path, template: str) -> None:
    use(platform, tmp_path, f"<p>\n{template}\n</p>")
    answer = api._client.get(PAGE, headers=api.credentials)
    assert answer.status_code == 422
    assert "panels/lending.html 第 2 行" in answer.text
    assert api.get(PATH).status == 200


def test_a_panel_without_a_template_is_plain(clerk: Api) -> None:
    text = page(clerk, "/panel/desk")
    assert "deposits" in words(text)
    assert 'role="search"' not in text


def test_what_a_parameter_may_be_is_offered(api: Api, clerk: Api) -> None:
    answer = api._client.get(f"{PAGE}/pick/clerk?search=管理", headers=api.credentials)
    assert [each["text"] for each in answer.json["items"]] == ["管理员"]
    assert api._client.get(f"{PAGE}/pick/on", headers=api.credentials).status_code == 404
    stranger = clerk.as_user("auditor")
    assert stranger._client.get(f"{PAGE}/pick/clerk", headers=stranger.credentials).status_code == 403
