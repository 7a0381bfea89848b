"""Lists beyond what the generic suite checks: views, totals, fields, search across references, cursors under change."""

from typing import Any

import library
import pytest
from sqlalchemy import event

from lowcode.testing.client import Api


def ids(api: Api, form: str = "item", **query: Any) -> list[int]:
    return [item["id"] for item in api.get(f"/forms/{form}/records", **query).expect(200)["items"]]


def test_a_view_holds_the_records_of_its_condition(api: Api) -> None:
    late = library.set_state(api, library.loan(api, lent_on="2026-01-01", due_on="2026-01-02"), "lent")
    library.set_state(api, library.loan(api, due_on="2999-01-01"), "lent")
    library.loan(api, lent_on="2026-01-01", due_on="2026-01-02")
    assert ids(api, "loan", list="late") == [late["id"]]


def test_search_looks_into_titles_of_references_and_names_of_people(api: Api) -> None:
    clerk = api.as_user("clerk", name="欧阳娜娜")
    loan = library.loan(clerk, member=library.member(api, name="司马相如")["id"])
    library.loan(api)
    for text in ("司马", "欧阳", loan["number"]):
        assert ids(api, "loan", search=text) == [loan["id"]]
    assert ids(api, "loan", search="诸葛") == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "100%", "a_b", "'", '"', "%%", "a\\b"])
def test_wildcards_are_plain_characters(api: Api, text: str) -> None:
    library.item(api, title="aXb")
    found = library.item(api, title=f"x{text}y")
    assert ids(api, search=text) == [found["id"]]
    assert ids(api, code__contains=text) == []


def test_search_ignores_the_case_of_latin_letters(api: Api) -> None:
    item = library.item(api, title="Mikroskop ÄÖ")
    assert ids(api, search="mIKROSKOP") == [item["id"]]


def test_filters_of_one_request_hold_together(api: Api) -> None:
    cheap, dear = library.item(api, price="5"), library.item(api, price="50")
    library.item(api, price="50", subject="biology")
    assert set(ids(api, price__gte="10", price__lte="50")) > {dear["id"]}
    assert ids(api, price__gte="10", subject="physics") == [dear["id"]]
    assert ids(api, price__between="1,10") == [cheap["id"]]
    assert ids(api, subject__in="biology,painting", price="5") == []
    assert len(ids(api, subject="")) == 3


@pytest.mark.parametrize(
    ("name", "value"), [("price", "abc"), ("bought_on", "2026-02-30"), ("price__between", "1"), ("on_shelf", "maybe")]
)
def test_a_filter_with_a_bad_value_is_named(api: Api, name: str, value: str) -> None:
    assert set(api.get("/forms/item/records", **{name: value}).expect(422)["errors"]) == {name}


def test_only_the_fields_asked_for_are_answered(api: Api) -> None:
    library.item(api)
    (item,) = api.get("/forms/item/records", fields="code,price").expect(200)["items"]
    assert {name for name in item if not name.startswith("$")} == {"id", "version", "code", "price"}


def test_empty_values_come_last_in_both_directions(api: Api) -> None:
    none, one, two = (library.item(api, **each)["id"] for each in ({}, {"weight": "1"}, {"weight": "2"}))
    assert ids(api, sort="weight") == [one, two, none]
    assert ids(api, sort="-weight") == [two, one, none]


def test_several_sort_keys_and_the_id_make_a_total_order(api: Api) -> None:
    made = [library.item(api, price=price, copies=1)["id"] for price in ("2", "1", "2", "1")]
    assert ids(api, sort="price,-copies") == [made[3], made[1], made[2], made[0]]
    assert ids(api, sort="price,id") == [made[1], made[3], made[0], made[2]]


def test_a_cursor_neither_skips_nor_repeats_when_records_come_in_between(api: Api) -> None:
    made = [library.item(api, code=f"c{number}")["id"] for number in range(5)]
    first = api.get("/forms/item/records", sort="code", per_page=2).expect(200)
    library.item(api, code="c")  # before the cursor
    second = api.get("/forms/item/records", sort="code", per_page=9, after=first["next"]).expect(200)
    assert [item["id"] for item in (*first["items"], *second["items"])] == made


def test_a_cursor_of_another_sort_is_refused(api: Api) -> None:
    for number in range(3):
        library.item(api, code=f"c{number}")
    cursor = api.get("/forms/item/records", sort="code", per_page=1).expect(200)["next"]
    answer = api.get("/forms/item/records", sort="price", after=cursor)
    assert set(answer.expect(422)["errors"]) == {"after"}


def test_a_list_takes_as_many_queries_for_many_records_as_for_few(api: Api) -> None:
    def queries() -> int:
        seen: list[str] = []
        note = lambda *arguments: seen.append(arguments[2])  # noqa: E731
        event.listen(api.platform.db.engine, "before_cursor_execute", note)
        api.get("/forms/loan/records", per_page=200).expect(200)
        event.remove(api.platform.db.engine, "before_cursor_execute", note)
        return len(seen)

    library.loan(api)
    few = queries()
    for _each in range(8):
        library.loan(api)
    assert queries() == few <= 12
