"""Dialogs with tables and related records, buttons of rows, and forms whose rows a rule fills."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import library
import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.watching import nothing_written
from tests.web.lists import page, press, words


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


@pytest.fixture
def lent(clerk: Api) -> dict[str, Any]:
    lines = [{"title": "三脚架", "quantity": "2", "price": "30"}, {"title": "镜头", "quantity": "1", "price": "9"}]
    loan = library.loan(clerk, phone="13800138000", lines=lines, lent_on="2026-03-01", due_on="2026-03-11")
    return library.set_state(clerk, loan, "lent")


def values_of(text: str) -> dict[str, str]:
    """Give the controls of a page that are inputs, by name."""
    found = (re.search(r'name="([^"]*)"[^>]* value="([^"]*)"', each) for each in re.findall(r"<input[^>]*>", text))
    return {match[1]: match[2] for match in found if match}


def test_rows_of_the_rule_are_shown_as_soon_as_the_reference_is_picked(
    clerk: Api, lent: dict[str, Any], platform: Platform
) -> None:
    sent = {"member": str(lent["member"]["id"]), "previous": str(lent["id"]), "phone": "", "_changed": "previous"}
    with nothing_written(platform):
        answer = press(clerk, "/f/loan/preview", **sent)
    assert '<div class="lines-wrap" data-next="2" id="f-lines" tabindex="-1" hx-swap-oob="true">' in answer.text
    shown = values_of(answer.text)
    assert (shown["lines.0.title"], shown["lines.1.title"], shown["lines.0.quantity"]) == ("三脚架", "镜头", "2")
    assert [shown[f"lines.{row}.source"] for row in (0, 1)] == [str(line["id"]) for line in lent["lines"]]
    assert '<data data-name="phone" value="13800138000">' in answer.text
    assert "来源行" not in answer.text


def test_rows_that_stand_in_the_form_stay(clerk: Api, lent: dict[str, Any]) -> None:
    sent = {"member": str(lent["member"]["id"]), "previous": str(lent["id"]), "_changed": "previous"}
    answer = press(clerk, "/f/loan/preview", **sent, **{"lines.4.id": "", "lines.4.title": "支架"})
    assert "lines-wrap" not in answer.text
    assert 'id="o-lines-4-deposit"' in answer.text


def test_picking_another_reference_replaces_its_rows(clerk: Api, lent: dict[str, Any]) -> None:
    other = library.loan(clerk, member=lent["member"]["id"], lines=[{"title": "支架", "price": "1"}])
    sent = {
        "member": str(lent["member"]["id"]),
        "previous": str(other["id"]),
        "lines.0.id": "",
        "lines.0.title": "镜头",
        "_made": "lines",
    }
    assert "lines-wrap" not in press(clerk, "/f/loan/preview", **sent, _changed="member").text
    assert "lines-wrap" not in press(clerk, "/f/loan/preview", **sent).text
    answer = press(clerk, "/f/loan/preview", **sent, _changed="previous")
    assert '<input type="hidden" name="_made" value="lines">' in answer.text
    assert values_of(answer.text)["lines.0.title"] == "支架"


def test_a_reference_out_of_sight_fills_no_rows(api: Api, clerk: Api, lent: dict[str, Any]) -> None:
    other = api.as_user("clerk", department="西馆")
    sent = {"member": str(lent["member"]["id"]), "previous": str(lent["id"]), "_changed": "previous"}
    assert "三脚架" not in press(other, "/f/loan/preview", **sent).text
    shown = other.post("/forms/loan/preview", {"previous": lent["id"]}).expect(200)
    assert (shown["values"]["lines"], "previous" in shown["errors"]) == ([], True)


def test_the_address_of_a_new_record_fills_rows_too(clerk: Api, lent: dict[str, Any]) -> None:
    text = page(clerk, f"/f/loan/new?member={lent['member']['id']}&previous={lent['id']}")
    assert values_of(text)["lines.1.title"] == "镜头"
    assert 'data-fill="1"' in re.findall(r'<select[^>]* name="previous"[^>]*>', text)[0]
    assert (
        'data-fill="1"'
        not in re.findall(r'<select[^>]* name="previous"[^>]*>', page(clerk, f"/f/loan/{_draft(clerk)}/edit"))[0]
    )


def _draft(api: Api) -> int:
    return int(library.loan(api)["id"])


def test_a_hidden_column_goes_along_unseen(clerk: Api, lent: dict[str, Any]) -> None:
    sent = {
        "member": str(lent["member"]["id"]),
        "previous": str(lent["id"]),
        "subject": "再借",
        "clerk": str(clerk.user_id),
    }
    sent |= {"lent_on": "2026-03-12", "due_on": "2026-03-20", "lines.0.id": "", "lines.0.title": "镜头"}
    sent |= {"lines.0.quantity": "1", "lines.0.price": "9", "lines.0.source": str(lent["lines"][1]["id"])}
    answer = press(clerk, "/f/loan/new", **sent)
    assert answer.status_code == 204, answer.text
    (made,) = clerk.get("/forms/loan/records", subject="再借").expect(200)["items"]
    saved = library.read(clerk, "loan", made["id"])
    assert saved["lines"][0]["source"] == lent["lines"][1]["id"]
    assert "来源行" not in page(clerk, f"/f/loan/{saved['id']}")
    edited = page(clerk, f"/f/loan/{saved['id']}/edit")
    changes = {"version": saved["version"], "lines": [{"id": saved["lines"][0]["id"], "source": 7, "note": "改"}]}
    clerk.patch(f"/forms/loan/records/{saved['id']}", changes).expect(200)
    history = page(clerk, f"/f/loan/{saved['id']}?tab=history")
    assert ("说明" in history, "来源行" in history) == (True, False)
    assert values_of(edited)["lines.0.source"] == str(lent["lines"][1]["id"])
    assert "来源行" not in edited


def test_a_dialog_starts_with_the_rows_that_are_proposed(clerk: Api, lent: dict[str, Any]) -> None:
    text = page(clerk, f"/f/loan/{lent['id']}/do/settle")
    shown = values_of(text)
    assert (shown["words"], shown["lines.0.quantity"], shown["lines.1.quantity"]) == ("实验课", "2", "1")
    assert [shown[f"lines.{row}.line"] for row in (0, 1)] == [str(line["id"]) for line in lent["lines"]]
    assert "借阅行" not in text
    assert re.search(r'<output[^>]*id="o-lines-0-title"[^>]*>三脚架</output>', text)
    assert 'data-remote="/f/loan/pick/!settle.lines.keeper"' in text
    assert re.search(r"data-add-line hidden", text), "A row without its hidden column cannot be made by hand."
    offered = clerk.open("GET", "/f/loan/pick/!settle.lines.keeper", clerk.credentials).expect(200)
    assert str(clerk.user_id) in [each["value"] for each in offered["items"]]


def test_the_rows_of_a_dialog_are_planned_and_carried_out(clerk: Api, lent: dict[str, Any], platform: Platform) -> None:
    address = f"/f/loan/{lent['id']}/do/settle"
    sent = {"words": "", "lines.1.id": "", "lines.1.line": str(lent["lines"][1]["id"]), "lines.1.quantity": "0.5"}
    with nothing_written(platform):
        planned = press(clerk, address, **sent)
        refused = press(clerk, address, **{**sent, "lines.1.quantity": "x"})
        empty = press(clerk, address, words="")
    assert "镜头 0.500" in planned.text
    assert (refused.status_code, 'id="e-lines-1-quantity"' in refused.text) == (422, True)
    assert "归还清单 第 1 行 数量" in words(refused.text)
    assert (empty.status_code, "至少需要 1 项" in empty.text) == (422, True)
    (mark,) = re.findall(r'name="_plan" value="(\w+)"', planned.text)
    answer = press(clerk, address, **sent, _plan=mark)
    assert json.loads(answer.headers["HX-Trigger"])["saved"]["message"] == "已清点。"
    assert library.read(clerk, "loan", lent["id"])["notice"] == "；镜头 0.500"


def test_only_who_may_act_sees_what_is_proposed(api: Api, clerk: Api, lent: dict[str, Any]) -> None:
    address = f"/forms/loan/records/{lent['id']}/actions/settle"
    assert api.as_user("auditor").get(address).status == 403
    assert api.as_user("clerk", department="西馆").get(address).status == 404
    assert clerk.get(f"/forms/loan/records/{lent['id']}/actions/nothing").status == 404
    assert press_get(api.as_user("auditor"), f"/f/loan/{lent['id']}/do/settle") == 403
    library.set_state(clerk, lent, "returned")
    assert clerk.get(address).expect(422)["code"] == "not_allowed_now"


def press_get(api: Api, address: str) -> int:
    status: int = api._client.get(address, headers=api.credentials).status_code
    return status


def test_a_move_starts_with_what_stands_in_the_record(clerk: Api, lent: dict[str, Any]) -> None:
    clerk.platform.as_system(lambda ctx: ctx.forms.loan.update(lent["id"], {"notice": "旧"}))
    values = clerk.get(f"/forms/loan/records/{lent['id']}/actions/take_back").expect(200)["values"]
    assert values == {"fine": None, "complaint": "旧"}


def test_a_dialog_lists_the_records_that_belong_to_it(clerk: Api, lent: dict[str, Any]) -> None:
    address = f"/f/loan/{lent['id']}/do/settle"
    assert "催还 共 0 条" in words(page(clerk, address))
    call = clerk.post("/forms/call/records", {"loan": lent["id"], "words": "请归还"}).expect(201)
    clerk.post("/forms/call/records", {"loan": _draft(clerk), "words": "另一张"}).expect(201)
    text = page(clerk, address)
    assert "催还 共 1 条" in words(text)
    assert f'href="/f/call/{call["id"]}"' in text
    assert "另一张" not in text


def test_a_list_names_the_buttons_of_its_rows(clerk: Api, lent: dict[str, Any]) -> None:
    text = page(clerk, "/f/loan/late")
    (cell,) = re.findall(r'<td class="row-actions">(.*?)</td>', text, re.S)
    assert words(cell) == "清点 查看"
    assert f'data-dialog="/f/loan/{lent["id"]}/do/settle" aria-describedby="t-{lent["id"]}"' in cell
    assert f'<a class="link" href="/f/loan/{lent["id"]}">查看</a>' in cell
    assert f'id="t-{lent["id"]}"' in text
    library.set_state(clerk, lent, "draft")
    usual = page(clerk, "/f/loan/all")
    assert words(re.findall(r'<td class="row-actions">(.*?)</td>', usual, re.S)[0]) == "查看 编辑 提交 删除"
    english = page(clerk, "/f/loan/late", Accept_Language="en")
    assert "清点" not in english
