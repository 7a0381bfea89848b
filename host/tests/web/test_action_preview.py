"""Dialogs of actions with a plan show it before anything runs; an address may fill a dialog in advance."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import library
import pytest

from lowcode import i18n
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.testing.watching import nothing_written
from lowcode.web.pages import planning
from tests.web.lists import page, press, words


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


@pytest.fixture
def loan(clerk: Api) -> dict[str, Any]:
    return library.set_state(clerk, library.loan(clerk, lent_on="2026-03-01", due_on="2026-03-11"), "lent")


def address(loan: Mapping[str, Any]) -> str:
    return f"/f/loan/{loan['id']}/do/extend"


def mark(text: str) -> str:
    (found,) = re.findall(r'name="_plan" value="(\w+)"', text)
    return str(found)


def due(api: Api, loan: Mapping[str, Any]) -> str:
    return str(library.read(api, "loan", loan["id"])["due_on"])


def test_the_plan_comes_first_and_writes_nothing(clerk: Api, platform: Platform, loan: dict[str, Any]) -> None:
    dialog = page(clerk, address(loan))
    assert '<div id="plan"></div>' in dialog
    assert words(dialog.partition('type="submit"')[2].partition("</button>")[0].partition(">")[2]) == "预览 确定"
    with nothing_written(platform):
        answer = press(clerk, address(loan), days="5")
    assert (answer.status_code, answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == (
        200,
        "#plan",
        "innerHTML",
    )
    shown = words(answer.text)
    assert "将补填 类型 名称 字段 值 借阅单 实验课 应还日期 2026-03-16" in shown
    assert f'href="/f/loan/{loan["id"]}"' in answer.text
    assert 'tabindex="-1" autofocus' in answer.text
    assert '<div id="form-note" hx-swap-oob="innerHTML"></div>' in answer.text


def test_the_plan_at_hand_is_then_carried_out(clerk: Api, loan: dict[str, Any]) -> None:
    shown = mark(press(clerk, address(loan), days="5").text)
    answer = press(clerk, address(loan), days="5", _plan=shown)
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["saved"]["message"] == "已续借到 2026-03-16。"
    assert due(clerk, loan) == "2026-03-16"


def test_another_input_makes_another_plan(clerk: Api, loan: dict[str, Any]) -> None:
    first = mark(press(clerk, address(loan), days="5").text)
    again = press(clerk, address(loan), days="6", _plan=first)
    assert again.status_code == 200
    assert "2026-03-17" in again.text
    assert mark(again.text) != first
    assert due(clerk, loan) == "2026-03-11"
    assert press(clerk, address(loan), days="6", _plan=mark(again.text)).status_code == 204
    assert due(clerk, loan) == "2026-03-17"


def test_what_the_plan_is_refused_for_stands_beside_its_field(clerk: Api, loan: dict[str, Any]) -> None:
    for days, status, sentence in (("", 422, "必填。"), ("0", 422, "不能小于 1。"), ("60", 422, "最多借 60 天")):
        answer = press(clerk, address(loan), days=days)
        assert (answer.status_code, sentence in answer.text) == (status, True), days
        assert "HX-Retarget" not in answer.headers


def test_a_plan_that_no_longer_holds_is_refused(clerk: Api, loan: dict[str, Any]) -> None:
    shown = mark(press(clerk, address(loan), days="5").text)
    library.set_state(clerk, loan, "returned")
    answer = press(clerk, address(loan), days="5", _plan=shown)
    assert answer.status_code == 422
    assert "现在不能进行“续借”" in answer.text


def test_only_who_may_run_it_sees_the_plan(api: Api, loan: dict[str, Any]) -> None:
    assert press(api.as_user("auditor"), address(loan), days="5").status_code == 403
    assert press(api.as_user("clerk", department="西馆"), address(loan), days="5").status_code == 404


def test_a_dialog_that_asks_nothing_shows_its_plan_at_once(
    clerk: Api, platform: Platform, loan: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'hx-trigger="load, submit"' not in page(clerk, address(loan))
    form = platform.forms["loan"]
    actions = {**form.declared.actions, "extend": replace(form.declared.actions["extend"], params={})}
    monkeypatch.setattr(form, "declared", replace(form.declared, actions=actions))
    assert 'hx-trigger="load, submit"' in page(clerk, address(loan))


def test_a_dialog_without_a_plan_is_as_ever(clerk: Api, loan: dict[str, Any]) -> None:
    dialog = page(clerk, f"/f/loan/{loan['id']}/do/take_back")
    assert 'id="plan"' not in dialog
    assert "预览" not in dialog
    assert press(clerk, f"/f/loan/{loan['id']}/do/take_back", fine="1").status_code == 204


PLAN = {
    "created": [{"form": "member", "title": "新读者", "values": {"level": "gold", "phone": "138", "is_active": True}}],
    "linked": [{"form": "loan", "id": 7, "title": "实验课"}],
    "filled": [{"form": "item", "id": 3, "title": "显微镜", "field": "price", "value": Decimal("1500.5")}],
    "skipped": [{"form": "member", "title": "旧读者", "reason": "已停用。"}],
    "candidates": [{"form": "member", "id": None, "title": None, "kind": "phone", "owner": {"id": 1, "title": "李"}}],
    "moved": [{"form": "loan", "count": 4}],
    "kept": [{"field": "due_on", "value": date(2026, 3, 11), "other": "2026-03-12"}],
    "warnings": ["请核对证件号。"],
}


def test_every_part_of_a_plan_is_put_into_words(api: Api, platform: Platform) -> None:
    with api.app.test_request_context(), platform.reading(api.user_or_fail) as ctx:
        parts = {part.name: part for part in planning.parts(ctx, platform.forms["loan"], PLAN)}
    told = {
        name: (part.label, [[cell.pairs or cell.text for cell in row] for row in part.rows])
        for name, part in parts.items()
    }
    assert told["linked"] == ("将关联", [["借阅单", "实验课"]])
    assert told["filled"] == ("将补填", [["藏品", "显微镜", "估价", "1,500.50"]])
    assert told["skipped"] == ("不带入", [["读者", "旧读者", "已停用。"]])
    assert told["candidates"] == ("可能重复", [["读者", "", "电话", "李"]])
    assert told["moved"] == ("将转移", [["借阅单", "4"]])
    assert told["kept"] == ("保留", [["应还日期", "2026-03-11", "2026-03-12"]])
    label, ((form, title, pairs),) = told["created"]
    assert (label, form, title) == ("将新建", "读者", "新读者")
    assert ("电话", "138") in pairs
    assert ("启用", "是") in pairs
    assert [part.rows[0][1].href for part in parts.values()][:3] == ["", "/f/loan/7", "/f/item/3"]


def test_a_plan_speaks_english(api: Api, platform: Platform) -> None:
    i18n.language.set("en")
    with api.app.test_request_context(), platform.reading(api.user_or_fail) as ctx:
        labels = [part.label for part in planning.parts(ctx, platform.forms["loan"], PLAN)]
    assert labels[:2] == ["Will be created", "Will be linked"]


def test_warnings_are_shown_above(clerk: Api, loan: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning.acting, "act", lambda *_args, **_more: {"plan": {"warnings": ["请核对。<b>"]}})
    text = press(clerk, address(loan), days="5").text
    assert "请核对。&lt;b&gt;" in text
    assert "没有需要改动的内容" not in text
    monkeypatch.setattr(planning.acting, "act", lambda *_args, **_more: {"plan": {}})
    assert "没有需要改动的内容" in press(clerk, address(loan), days="5").text


def test_the_address_fills_a_dialog_in_advance(clerk: Api, loan: dict[str, Any]) -> None:
    text = page(clerk, f"{address(loan)}?days=7")
    assert 'name="days" value="7"' in text
    for wrong in ("?days=many", "?other=1", "?days="):
        assert 'name="days" value=""' in page(clerk, address(loan) + wrong)
    answer = page(clerk, f"/f/loan/{loan['id']}/do/take_back?fine=2.5&complaint=破损<b>")
    assert 'name="fine" value="2.50"' in answer
    assert ">破损<b></textarea>" in answer  # the text of the page, unescaped by the test


def test_the_address_chooses_only_what_the_dialog_offers(clerk: Api) -> None:
    item = library.item(clerk)
    dialog = f"/f/item/{item['id']}/do/move"
    assert re.search('<option value="shelf" selected *>', page(clerk, f"{dialog}?place=shelf"))
    for wrong in ("vault", "nowhere"):
        text = page(clerk, f"{dialog}?place={wrong}")
        assert not re.search(r" selected *>", text)
        assert f'value="{wrong}"' not in text
