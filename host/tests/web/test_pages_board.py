"""Boards: columns with figures over the whole of them, cards that may be moved, and what the server makes of a move."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import library
import pytest
from sqlalchemy import event

from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases
from lowcode.web.pages import board
from tests.web.lists import columns, page, press, words

BOARD = "/f/item/all?view=board"


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


@pytest.fixture
def head(api: Api) -> Api:
    return api.as_user("head", department="总馆")


def test_a_column_for_each_item_with_figures_over_the_whole_of_it(head: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST_CARDS", 2)
    for price in ("0.10", "0.20", "1000"):
        library.item(head, title=f"天平 {price}", place="hall", price=price)
    shown = columns(page(head, BOARD))
    assert list(shown) == ["阅览厅", "开架区", "保险库"]
    assert "3 条" in words(shown["阅览厅"])
    assert "估价 1,000.30" in words(shown["阅览厅"])
    assert shown["阅览厅"].count('class="deal"') == 2
    assert 'href="/f/item/all?place=hall">还有 1 条' in shown["阅览厅"]
    assert "0 条 估价 0.00" in words(shown["开架区"])


def test_a_card_shows_its_fields_and_opens_the_record(head: Api) -> None:
    made = library.item(head, place="shelf", keeper=head.user_id, price="12.50")
    card = columns(page(head, BOARD))["开架区"]
    assert f'href="/f/item/{made["id"]}">显微镜' in card
    assert f"编码 {made['code']} 估价 12.50" in words(card)


def test_records_without_a_value_stand_in_a_column_of_their_own(head: Api) -> None:
    assert "未填写" not in columns(page(head, BOARD))
    library.item(head)
    shown = columns(page(head, BOARD))
    assert list(shown)[-1] == "未填写"
    assert 'data-action=""' in shown["未填写"]


def test_items_out_of_use_have_a_column_while_records_are_in_it(api: Api, head: Api) -> None:
    made = library.item(head, place="shelf")
    api.patch("/dictionaries/place/items/shelf", {"enabled": False}).expect(200)
    shown = columns(page(head, BOARD))
    assert list(shown) == ["阅览厅", "开架区", "保险库"]
    assert 'data-action=""' in shown["开架区"]
    head.post(f"/forms/item/records/{made['id']}/actions/move", {"place": "hall"}).expect(200)
    assert list(columns(page(head, BOARD))) == ["阅览厅", "保险库"]


def test_filters_and_row_filter_hold_for_columns_and_figures(head: Api) -> None:
    library.item(head, title="天平", place="hall", price="5")
    library.item(head, place="hall", price="7")
    narrowed = columns(page(head, f"{BOARD}&search=天平"))["阅览厅"]
    assert "1 条 估价 5.00" in words(narrowed)
    assert "1 条 估价 7.00" in words(columns(page(head, f"{BOARD}&price__gte=6"))["阅览厅"])
    own = page(head, "/f/item/lent?view=board")
    assert 'class="board"' not in own  # a list without a board stays a list
    assert head.as_nobody()._client.get(BOARD).status_code in (302, 303, 401)


def test_a_fault_in_the_filters_is_told_on_the_board(head: Api) -> None:
    text = page(head, f"{BOARD}&price__gte=many")
    assert 'role="alert"' in text
    assert 'class="deal"' not in text


def test_cards_can_be_moved_where_their_actions_lead(api: Api, head: Api) -> None:
    made = library.item(head, place="hall")
    card = columns(page(head, BOARD))["阅览厅"]
    assert 'data-can="shelf vault"' in card
    assert f'id="move-{made["id"]}"' in card
    assert f'aria-label="移到… {made["title"]}"' in card
    api.platform.as_system(lambda ctx: ctx.forms.item.update(made["id"], {"is_lent": True}))
    assert 'data-can="shelf"' in columns(page(head, BOARD))["阅览厅"]  # what is lent cannot be locked away
    reader = columns(page(api.as_user("auditor"), BOARD))["阅览厅"]
    assert "draggable=" not in reader.replace('draggable="false"', "")
    assert "data-move" not in reader


def test_only_what_the_column_alone_says_runs_at_once(head: Api) -> None:
    library.item(head, place="hall")
    shown = columns(page(head, BOARD))
    heads = {label: re.findall(r"<section[^>]*>", markup)[0] for label, markup in shown.items()}
    assert 'data-code="shelf" data-action="move" >' in heads["开架区"]
    assert 'data-code="vault" data-action="lock_away" data-asks>' in heads["保险库"]


def test_a_move_is_the_declared_action(head: Api) -> None:
    made = library.item(head, place="hall")
    answer = press(head, f"/f/item/{made['id']}/do/move", place="shelf")
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["saved"]["message"] == "已换位置。"
    assert library.read(head, "item", made["id"])["place"] == "shelf"


def test_a_refused_move_says_why_and_changes_nothing(api: Api, head: Api) -> None:
    made = library.item(head, place="hall")
    api.platform.as_system(lambda ctx: ctx.forms.item.update(made["id"], {"is_lent": True}))
    answer = press(head, f"/f/item/{made['id']}/do/move", place="shelf")
    assert answer.status_code == 422
    assert "已借出，归还后才能换位置。" in words(re.findall(r'role="alert".*', answer.text, re.S)[0])
    assert library.read(head, "item", made["id"])["place"] == "hall"
    assert press(api.as_user("auditor"), f"/f/item/{made['id']}/do/move", place="shelf").status_code == 403


def test_the_dialog_of_an_action_starts_with_the_column(head: Api) -> None:
    made = library.item(head, place="hall")
    dialog = page(head, f"/f/item/{made['id']}/do/move?place=shelf")
    assert re.search(r'<option value="shelf" *selected', dialog)
    assert 'value="vault"' not in page(head, f"/f/item/{made['id']}/do/move?place=vault")


def test_the_address_keeps_the_way_and_the_filters(head: Api) -> None:
    text = page(head, f"{BOARD}&price__gte=6", HX_Target="records")
    assert text.lstrip().startswith('<div id="records" data-url="/f/item/all?view=board&price__gte=6"')
    whole = page(head, f"{BOARD}&price__gte=6")
    assert '<input type="hidden" name="view" value="board">' in whole
    assert 'href="/f/item/all?view=board">重置' in whole
    ways = re.findall(r'<nav class="bar ways".*?</nav>', whole, re.S)[0]
    assert 'href="/f/item/all?view=board&price__gte=6" aria-current="page"' in ways
    assert 'href="/f/item/all?price__gte=6" >' in ways
    assert words(ways) == "列表 看板 日历"
    assert "app/board.js" in whole
    assert "app/board.js" not in page(head, "/f/item/all")


def test_figures_take_one_query_and_cards_one_for_each_column(head: Api) -> None:
    def statements() -> int:
        seen: list[str] = []
        engine = head.platform.db.engine
        note = lambda _c, _u, statement, *_rest: seen.append(statement)  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        page(head, BOARD)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    library.item(head, place="hall")
    page(head, BOARD)
    few = statements()
    for _serial in range(5):
        library.item(head, place="hall")
    assert statements() == few
    library.item(head, place="shelf")
    assert statements() == few + 1
