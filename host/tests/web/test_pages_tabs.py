"""Lists under a list are its tabs; rows carry the first declared buttons; one dialog serves all picked rows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import library
import pytest

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from tests.web.lists import page, press, words


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def head(api: Api) -> Api:
    return api.as_user("head", department="总馆")


def tabs(text: str) -> str:
    return re.findall(r'<nav class="tabs".*?</nav>', text, re.S)[0]


def test_a_list_shows_the_lists_under_it_as_tabs(head: Api) -> None:
    for address, here in (("/f/item/all", "/f/item/all"), ("/f/item/lent", "/f/item/lent")):
        text = page(head, address)
        assert words(tabs(text)) == "藏品 借出的藏品"
        assert re.findall(r'href="([^"]+)" aria-current="page"', tabs(text)) == [here]
    assert '<nav class="tabs"' not in page(head, "/f/loan/all")
    assert '<nav class="tabs"' not in page(head, "/f/item/bin")


def test_the_menu_puts_neighbours_under_their_common_heading(head: Api) -> None:
    headings = "(?s)<h2>(.*?)</h2>"
    sider = page(head, "/f/item/all").partition('id="sider"')[2].partition("</nav>")[0]
    assert re.findall(headings, sider)[:2] == ["图书馆", "馆藏"]
    assert words(re.split(headings, sider)[4]) == "读者 藏品"


def test_a_tab_keeps_its_own_heading_and_filters_and_the_menu_its_parent(head: Api) -> None:
    text = page(head, "/f/item/lent")
    assert '<h1 class="grow">借出的藏品</h1>' in text
    assert 'action="/f/item/lent" hx-get="/f/item/lent"' in text
    assert "q-subject" in text
    assert "q-keeper" not in text
    assert '<a href="/f/item/all" aria-current="page">' in text.replace("  ", " ")


def test_a_row_has_edit_and_the_first_three_declared_buttons(head: Api) -> None:
    made = library.item(head)
    row = re.findall(rf'<td class="row-actions">.*?edit-{made["id"]}.*?</td>', page(head, "/f/item/all"), re.S)[0]
    assert words(row) == "查看 编辑 换位置 锁入保险库 领为保管人 删除"


def test_picked_rows_are_offered_what_one_dialog_can_ask_for(api: Api, head: Api) -> None:
    assert "bulk-move" not in page(head, "/f/item/all")  # nothing to pick
    made = library.item(head)
    text = page(head, "/f/item/all")
    offered = re.findall('id="bulk-([a-z_]+)"', text)
    assert offered == ["move", "lock_away", "take", "delete"]
    api.platform.as_system(lambda ctx: ctx.forms.item.update(made["id"], {"is_lent": True, "keeper": head.user_id}))
    assert re.findall('id="bulk-([a-z_]+)"', page(head, "/f/item/all")) == ["move", "delete"]
    assert "bulk-" not in page(api.as_user("auditor"), "/f/item/all")
    library.set_state(head, library.loan(head), "lent")
    assert "bulk-extend" not in page(head, "/f/loan/all")  # its plan is for one record


def test_one_dialog_asks_for_all_picked_rows(head: Api) -> None:
    picked = [library.item(head, place="hall") for _serial in range(3)]
    ids = [f"{each['id']}:{each['version']}" for each in picked[:2]]
    dialog = page(head, f"/f/item/do/move?ids={ids[0]}&ids={ids[1]}")
    assert dialog.count('name="ids"') == 2
    assert "确定对选中的 2 条藏品进行“换位置”吗？" in dialog
    assert 'name="place"' in dialog
    answer = press(head, "/f/item/do/move", ids=ids, place="shelf")
    assert json.loads(answer.headers["HX-Trigger"])["saved"] == {"message": "“换位置”已完成 2 条。"}
    places = [library.read(head, "item", each["id"])["place"] for each in picked]
    assert places == ["shelf", "shelf", "hall"]


def test_what_the_dialog_lacks_is_told_beside_its_field(head: Api) -> None:
    made = library.item(head, place="hall")
    answer = press(head, "/f/item/do/move", ids=[f"{made['id']}:1"])
    assert answer.status_code == 422
    assert re.search(r'<div id="e-place"[^>]*>必填。</div>', answer.text)
    assert library.read(head, "item", made["id"])["place"] == "hall"


def test_picked_rows_go_their_own_way(api: Api, head: Api) -> None:
    stays, goes = library.item(head, place="hall"), library.item(head, place="hall")
    api.platform.as_system(lambda ctx: ctx.forms.item.update(stays["id"], {"is_lent": True}))
    answer = press(head, "/f/item/do/move", ids=[f"{stays['id']}:2", f"{goes['id']}:1"], place="shelf")
    told = json.loads(answer.headers["HX-Trigger"])["saved"]
    assert told["message"].startswith("“换位置”已完成 1 条。有 1 条没有进行：“显微镜”已借出")
    assert told["kind"] == "warn"
    refusals = head.post("/forms/item/actions/move", {"ids": [goes["id"]]}).expect(200)
    assert refusals[0]["errors"] == {"place": ["必填。"]}
