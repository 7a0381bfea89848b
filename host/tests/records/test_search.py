"""Search by index gives exactly what Python finds in the texts, through every change; many are counted no further."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import library
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import event, insert, text

from lowcode.conditions import lower
from lowcode.database import autogenerate, derived, migrate
from lowcode.database.engine import Database
from lowcode.database.search import bigrams
from lowcode.declare.fields import Field
from lowcode.platform import Platform
from lowcode.records import pages, searching
from lowcode.testing.client import Api
from lowcode.testing.databases import Databases, loaded

NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
ALPHABET = "华东为海有限公司aAbBzZ09 %_\\/'\"&|!:*()<>-.,+�éÄäßİ😀👩‍🔬𠮷é́"
texts = some.text(ALPHABET, min_size=1, max_size=12).map(str.strip).filter(bool)
asked = some.text(ALPHABET, min_size=1, max_size=6).map(str.strip).filter(bool)


@pytest.fixture(scope="module")
def module_platform(
    databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path_factory.mktemp("home")) as started:
        yield started


def found(api: Api, form: str = "item", **query: Any) -> set[int]:
    answer = api.get(f"/forms/{form}/records", per_page=200, **query).expect(200)
    assert answer["total"] == len(answer["items"])
    return {item["id"] for item in answer["items"]}


def holding(records: dict[int, dict[str, Any]], wanted: str, *names: str) -> set[int]:
    """Look the text up in Python, as the server stores it and is asked for it."""
    return {
        key
        for key, record in records.items()
        if any(lower(wanted) in lower(record[name]) for name in names if record[name] is not None)
    }


def shown(api: Api, form: str = "item") -> dict[int, dict[str, Any]]:
    items = api.get(f"/forms/{form}/records", per_page=200).expect(200)["items"]
    return {item["id"]: item for item in items}


def nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    titles=some.lists(texts, min_size=1, max_size=5), others=some.lists(texts, min_size=5, max_size=5), data=some.data()
)
def test_the_index_finds_what_python_finds(
    module_platform: Platform, titles: list[str], others: list[str], data: some.DataObject
) -> None:
    """After creating, editing, deleting and restoring; with texts that are in the records, and with any."""
    api = Api(module_platform)
    for key, item in shown(api).items():
        api.delete(f"/forms/item/records/{key}", version=item["version"]).expect(204)
    made = [library.item(api, title=title) for title in titles]
    words = [data.draw(asked) for _each in range(4)]
    for title in (*titles, *others):
        start = data.draw(some.integers(0, len(title) - 1))
        words.append(title[start : start + data.draw(some.integers(1, 6))].strip() or title)

    def check() -> None:
        records = shown(api)
        for word in words:
            assert found(api, search=word) == holding(records, nfc(word), "code", "title"), word
            assert found(api, title__contains=word) == holding(records, nfc(word), "title"), word

    check()
    for item, title in zip(made, others, strict=False):
        path = f"/forms/item/records/{item['id']}"
        item |= api.patch(path, {"title": title}, version=item["version"]).expect(200)
    check()
    first = made[0]
    api.delete(f"/forms/item/records/{first['id']}", version=first["version"]).expect(204)
    check()
    api.post(f"/forms/item/records/{first['id']}/restore", {}).expect(200)
    check()


def test_search_follows_the_titles_of_what_records_point_at(api: Api) -> None:
    member = library.member(api, name="华为技术")
    loan = library.loan(api, member=member["id"])
    library.loan(api)
    assert found(api, "loan", search="为技") == {loan["id"]}
    member = library.read(api, "member", member["id"])
    api.patch(f"/forms/member/records/{member['id']}", {"name": "海尔智家"}, version=member["version"]).expect(200)
    assert found(api, "loan", search="为技") == set()
    assert found(api, "loan", search="尔智") == found(api, "loan", search="智") == {loan["id"]}


def test_a_reference_to_the_own_form_is_searched_by_its_title(api: Api) -> None:
    target = library.item(api, title="显微镜二号")
    pointing = library.item(api, title="其他", successor=target["id"])
    assert found(api, search="镜二") == {target["id"], pointing["id"]}


def test_search_follows_the_names_of_people(api: Api) -> None:
    clerk = api.as_user("clerk", name="欧阳锋")
    loan = library.loan(clerk)
    library.loan(api)
    assert found(api, "loan", search="欧阳") == found(api, "loan", search="锋") == {loan["id"]}
    assert found(api, "loan", search="欧阳", list="late") == set()


@pytest.mark.parametrize("few", [0, 1, 1_000])
def test_any_number_of_titles_is_followed(api: Api, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FEW", few)
    members = [library.member(api, name=f"华为{each}部") for each in "一二三"]
    loans = [library.loan(api, member=member["id"])["id"] for member in members]
    other = library.loan(api, subject="参观华为")["id"]
    library.loan(api)
    assert found(api, "loan", search="华为") == {*loans, other}
    assert found(api, "loan", search="二部") == {loans[1]}
    assert found(api, "loan", search="四部") == set()


def test_what_a_person_may_not_know_is_not_searched(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a reference out of sight, nor a title out of sight of what is referred to."""
    clerk = api.as_user("clerk")
    loan = library.loan(clerk, member=library.member(clerk, name="华为技术")["id"])
    assert found(clerk, "loan", search="为技") == {loan["id"]}
    for form, field in (("loan", "member"), ("member", "name")):
        fields = api.platform.forms[form].fields
        with monkeypatch.context() as patch:
            patch.setitem(cast("dict[str, Field]", fields), field, replace(fields[field], visible_to=("head",)))
            assert found(clerk, "loan", search="为技") == set()


def test_rows_written_past_the_host_are_found(api: Api) -> None:
    row = {"version": 1, "created_at": NOW, "updated_at": NOW, "code": "RAW-1", "title": "外面写的"}
    with api.platform.db.write() as connection:
        connection.execute(insert(api.platform.forms["item"].table).values(row))
    assert len(found(api, search="面写")) == 1
    with api.platform.db.write() as connection:
        connection.execute(text("UPDATE library_item SET title = '里面' WHERE code = 'RAW-1'"))
    assert found(api, search="面写") == set()
    with api.platform.db.write() as connection:
        connection.execute(text("DELETE FROM library_item WHERE code = 'RAW-1'"))
    assert found(api, search="里面") == set()


def text_of(api: Api, address: str) -> str:
    answer = api.app.test_client().get(address, headers={**api._headers, "Accept-Language": "zh"})
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize("search", ["%", "华东"])
def test_the_index_is_asked(api: Api, search: str) -> None:
    seen: list[str] = []
    note = lambda *arguments: seen.append(arguments[2])  # noqa: E731
    event.listen(api.platform.db.engine, "before_cursor_execute", note)
    found(api, search=search)
    found(api, title__contains=search)
    event.remove(api.platform.db.engine, "before_cursor_execute", note)
    name = "MATCH" if api.platform.db.is_sqlite else "lowcode_bigrams("
    assert sum(name in statement for statement in seen) >= 2, seen


def test_bigrams_cover_the_text() -> None:
    assert [bigrams(each) for each in ("", "a", "ab", "abc", "abcd", "a\nb", "aa")] == [
        (),
        ("a",),
        ("ab",),
        ("ab", "bc"),
        ("ab", "cd"),
        (),
        ("aa",),
    ]


def test_many_are_counted_no_further_and_the_first_are_right(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_FOUND", 5)
    monkeypatch.setattr(pages, "MOST_COUNTED", 8)
    made = [library.item(api, title="华东" if number % 3 else "华南")["id"] for number in range(12)]
    east = [key for number, key in enumerate(made) if number % 3][::-1]
    for near in (1, 5_000):  # what is near the beginning is not enough, and is
        monkeypatch.setattr(pages, "NEAR", near)
        first = api.get("/forms/item/records", search="华东", sort="-id", per_page=3).expect(200)
        assert ([item["id"] for item in first["items"]], first["total"]) == (east[:3], 5)
        assert first["total_is_exact"] is False
        for rest in ({"page": 2}, {"after": first["next"]}):
            second = api.get("/forms/item/records", search="华东", sort="-id", per_page=3, **rest).expect(200)
            assert [item["id"] for item in second["items"]] == east[3:6]
            assert (second["total"], second["total_is_exact"]) == (5, False)
        by_code = api.get("/forms/item/records", search="华东", sort="code", per_page=200).expect(200)
        assert {item["id"] for item in by_code["items"]} == set(east)
    few = api.get("/forms/item/records", search="华南").expect(200)
    assert (few["total"], few["total_is_exact"]) == (4, True)
    every = api.get("/forms/item/records", per_page=2).expect(200)
    assert (len(every["items"]), every["total"], every["total_is_exact"]) == (2, 8, False)


def test_a_page_tells_that_there_are_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for _each in range(6):
        library.item(api, title="华东")
    monkeypatch.setattr(pages, "MOST_FOUND", 4)
    address = "/f/item/all?search=%E5%8D%8E%E4%B8%9C&per_page=2"
    assert "共 4+ 条" in text_of(api, address)
    assert 'aria-label="第 3 页"' in text_of(api, f"{address}&page=2")
    assert "共 6 条" in text_of(api, "/f/item/all")


def test_a_filled_table_gets_its_index_from_the_next_start(platform: Platform) -> None:
    """As after an upgrade of the host, or when a declaration names other fields to search."""
    api, known = Api(platform), loaded(library.MODULES)
    kept = library.item(api, title="老数据")
    db: Database = platform.db
    with db.write() as connection:
        for name in ("lowcode_search_library_item", "lowcode_search_library_loan"):
            if db.is_sqlite:
                connection.exec_driver_sql(f'DROP TRIGGER "{name}_insert"')
            else:
                connection.exec_driver_sql(f'DROP INDEX "{name}"')
    assert [line.split()[2] for line in autogenerate.drift(db, known)] == [
        "lowcode_search_library_item",
        "lowcode_search_library_loan",
    ]
    assert migrate.pending(db, known) == ["library"]
    migrate.upgrade(db, known)
    assert migrate.pending(db, known) == autogenerate.drift(db, known) == []
    assert found(api, search="数据") == {kept["id"]}
    with db.read() as connection:
        assert derived.missing(connection, platform.tables["library"]) == []
