"""Merging a record into another: everything that pointed at the one points at the other, and nothing is lost."""

from typing import Any

import library
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, select

from lowcode.database.datacheck import wrong_rollups
from lowcode.database.schema import alike_keys, merged_records, team_members
from lowcode.errors import Fault
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from tests.records.test_held_files import upload
from tests.workflow.office import at_once


def merge(api: Api, form: str, source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """Merge as the administrator, whom the history names."""

    def work(ctx: Any) -> dict[str, Any]:
        with ctx.as_user(api.user_id) as acting:
            plan: dict[str, Any] = getattr(acting.forms, form).merge(source["id"], target["id"])
            return plan

    return api.platform.as_system(work)


def refusal(api: Api, form: str, source: dict[str, Any], target: dict[str, Any]) -> str:
    with nothing_written(api.platform), pytest.raises(Fault) as refused:
        merge(api, form, source, target)
    return refused.value.code


def history(api: Api, form: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = api.get(f"/forms/{form}/records/{record['id']}/history").expect(200)
    return entries


def test_references_rollups_and_histories_go_along(api: Api) -> None:
    source, target = library.member(api, name="张三"), library.member(api, name="张 三")
    loans = [library.loan(api, member=each["id"]) for each in (source, source, target)]
    gone = library.loan(api, member=source["id"])
    api.delete(f"/forms/loan/records/{gone['id']}", gone["version"]).expect(204)
    plan = merge(api, "member", source, target)
    assert plan["moved"] == [{"form": "loan", "count": 3}]
    for each in loans:
        assert library.read(api, "loan", each["id"])["member"] == {"id": target["id"], "title": "张 三"}
    restored = api.post(f"/forms/loan/records/{gone['id']}/restore").expect(200)
    assert restored["member"]["id"] == target["id"]
    assert library.read(api, "member", target["id"])["loan_count"] == 4
    api.get(f"/forms/member/records/{source['id']}").expect(404)
    told = history(api, "loan", loans[0])[0]
    assert (told["action"], told["label"], told["by"]["id"]) == ("merge", "合并", api.user_id)
    assert [(each["field"], each["old"], each["new"]) for each in told["changes"]] == [
        ("member", source["id"], target["id"])
    ]
    stale = api.patch(f"/forms/loan/records/{loans[0]['id']}", {"subject": "x"}, loans[0]["version"])
    assert stale.expect(409)["code"] == "stale_version"
    assert not wrong(api.platform)


def test_columns_of_line_items_and_references_to_each_other(api: Api) -> None:
    source, target = library.item(api, title="显微镜"), library.item(api, title="显微镜二")
    third = library.item(api, successor=source["id"])
    api.patch(f"/forms/item/records/{target['id']}", {"successor": source["id"]}, target["version"]).expect(200)
    line = {"item": source["id"], "title": "显微镜", "quantity": "1", "price": "5"}
    loan = library.loan(api, lines=[line, {**line, "title": "三脚架", "item": None}])
    merge(api, "item", source, target)
    shown = library.read(api, "loan", loan["id"])
    assert [each["item"] and each["item"]["id"] for each in shown["lines"]] == [target["id"], None]
    assert shown["version"] == loan["version"] + 1
    told = history(api, "loan", loan)[0]["changes"]
    assert [(each["old"], each["new"]) for each in told] == [(source["id"], target["id"])]
    assert library.read(api, "item", target["id"])["successor"] is None
    assert library.read(api, "item", third["id"])["successor"]["id"] == target["id"]


def test_only_empty_fields_are_filled_and_never_the_owner(api: Api) -> None:
    clerk = api.as_user("clerk")
    source = library.member(clerk, name="李四", phone="13800138000", email="li@x.cn", rating="3", birthday="2000-01-02")
    target = library.member(api, name="李 四", phone="13900139000", is_active=False)
    plan = merge(api, "member", source, target)
    now = library.read(api, "member", target["id"])
    assert (now["name"], now["phone"], now["card"]) == ("李 四", "13900139000", target["card"])
    assert (now["email"], now["rating"], now["birthday"]) == ("li@x.cn", "3.0", "2000-01-02")
    assert (now["keeper"]["id"], now["is_active"], now["number"]) == (api.user_id, False, target["number"])
    assert {each["field"]: each["value"] for each in plan["filled"]} == {
        "email": "li@x.cn",
        "rating": "3",
        "birthday": "2000-01-02",
    }
    kept = {each["field"]: (each["value"], each["other"]) for each in plan["kept"]}
    assert kept["phone"] == ("13900139000", "13800138000")
    assert kept["name"] == ("李 四", "李四")
    assert kept["keeper"][0] == now["keeper"]["title"]
    with api.platform.db.read() as connection:
        of_both = alike_keys.c.record.in_([source["id"], target["id"]]) & (alike_keys.c.form == "member")
        keys = set(connection.execute(select(alike_keys.c.record, alike_keys.c.kind, alike_keys.c.key).where(of_both)))
    assert keys == {
        (target["id"], "person", "李四"),
        (target["id"], "phone", "13900139000"),
        (target["id"], "mail", "li@x.cn"),
    }


@pytest.mark.parametrize("limit", [None, 50])
def test_what_the_rules_of_the_target_refuse_stays_empty(api: Api, limit: int | None) -> None:
    source, target = library.loan(api, notice="旧备注"), library.loan(api)
    lines = api.platform.forms["loan"].line_tables["lines"]
    with api.platform.db.write() as connection:
        connection.execute(delete(lines).where(lines.c.record_id == target["id"]))
    if limit:
        api.put("/apps/library/settings", {"deposit_limit": limit, "loan_days": 60}).expect(200)
    plan = merge(api, "loan", source, target)
    assert [each["field"] for each in plan["filled"]] == (["notice"] if limit else ["lines", "notice"])
    now = library.read(api, "loan", target["id"])
    assert [line["title"] for line in now["lines"]] == ([] if limit else ["三脚架"])
    assert now["total_deposit"] == ("0.00" if limit else "60.00")


def test_files_go_along_as_far_as_there_is_room(api: Api) -> None:
    sent = [upload(api, f"{number}.txt", b"x") for number in range(7)]
    cover = upload(api)
    source, target = library.item(api, manuals=sent[:4], cover=cover), library.item(api, manuals=sent[4:])
    plan = merge(api, "item", source, target)
    now = library.read(api, "item", target["id"])
    assert [each["id"] for each in now["manuals"]] == [*sent[4:], *sent[:2]]
    assert now["cover"]["id"] == cover
    assert len(plan["warnings"]) == 1
    for each in (*sent[:2], *sent[4:], cover):
        api.get(f"/files/{each}").expect(200)
    later = api.patch(f"/forms/item/records/{target['id']}", {"manuals": sent[:2]}, now["version"]).expect(200)
    assert [each["id"] for each in later["manuals"]] == sent[:2]


def test_the_team_works_on_with_the_higher_level(api: Api) -> None:
    owner, reader, writer, both = (api.as_user("clerk") for _each in range(4))
    source, target = library.loan(api), library.loan(owner)
    levels = {reader: "read", writer: "write", both: "write", owner: "read"}
    members = [{"user": person.user_id, "level": level} for person, level in levels.items()]
    api.put(f"/forms/loan/records/{source['id']}/team", {"members": members}).expect(200)
    mine = [{"user": both.user_id, "level": "read"}]
    owner.put(f"/forms/loan/records/{target['id']}/team", {"members": mine}).expect(200)
    merge(api, "loan", source, target)
    with api.platform.db.read() as connection:
        of_target = (team_members.c.form == "loan") & (team_members.c.record == target["id"])
        rows = connection.execute(select(team_members.c.user, team_members.c.level).where(of_target)).all()
    expected = {reader.user_id: "read", writer.user_id: "write", both.user_id: "write"}
    assert {row.user: row.level for row in rows} == expected


def test_the_history_of_the_target_holds_that_of_all_its_sources(api: Api) -> None:
    first, second, third = (library.member(api, name=name) for name in ("甲某", "乙某", "丙某"))
    api.patch(f"/forms/member/records/{first['id']}", {"rating": "7"}, first["version"]).expect(200)
    merge(api, "member", first, second)
    merge(api, "member", second, third)
    entries = history(api, "member", third)
    labels = [(each["action"], each["label"]) for each in entries]
    assert labels[:2] == [("merge", "合并"), ("merged", "合并到其他记录（已合并的“乙某”）")]
    assert ("edit", "编辑（已合并的“甲某”）") in labels
    with api.platform.db.read() as connection:
        rows = connection.execute(select(merged_records.c.source, merged_records.c.target)).all()
    assert {(row.source, row.target) for row in rows} == {(first["id"], third["id"]), (second["id"], third["id"])}


def test_a_merged_record_is_not_brought_back(api: Api) -> None:
    source, target = library.member(api, name="源"), library.member(api, name="目标读者")
    gone = library.member(api, name="只是删除")
    api.delete(f"/forms/member/records/{gone['id']}", gone["version"]).expect(204)
    merge(api, "member", source, target)
    can = {each["id"]: each["$can"] for each in api.get("/forms/member/bin").expect(200)["items"]}
    assert can == {source["id"]: [], gone["id"]: ["restore"]}
    with nothing_written(api.platform):
        refused = api.post(f"/forms/member/records/{source['id']}/restore").expect(422)
    assert refused["code"] == "merged"
    assert "目标读者" in refused["detail"]


def test_what_cannot_be_merged_stays_as_it_is(api: Api) -> None:
    source, target = library.member(api), library.member(api)
    assert refusal(api, "member", source, source) == "merge_refused"
    assert refusal(api, "member", source, {"id": 999_999}) == "not_found"
    api.as_user("head")
    loan = library.loan(api, member=source["id"])
    library.act(api, loan, "submit")
    assert refusal(api, "member", source, target) == "in_review"
    other = library.loan(api, member=target["id"])
    assert refusal(api, "loan", other, loan) == "in_review"
    assert refusal(api, "loan", loan, other) == "in_review"
    assert merge(api, "member", target, source)["moved"] == [{"form": "loan", "count": 1}]


def test_of_two_merges_against_each_other_one_wins(api: Api) -> None:
    for _round in range(5):
        one, two = library.member(api), library.member(api)
        loans = [library.loan(api, member=each["id"]) for each in (one, two)]

        def outcome(source: dict[str, Any], target: dict[str, Any]) -> str:
            try:
                merge(api, "member", source, target)
            except Fault as refused:
                return refused.code
            return "done"

        results = at_once([lambda a=one, b=two: outcome(a, b), lambda a=two, b=one: outcome(a, b)])
        assert sorted(results) == ["done", "not_found"]
        left = two if results[0] == "done" else one
        assert library.read(api, "member", left["id"])["loan_count"] == 2
        assert {library.read(api, "loan", each["id"])["member"]["id"] for each in loans} == {left["id"]}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owners=some.lists(some.integers(0, 3), min_size=1, max_size=8),
    pairs=some.lists(some.tuples(some.integers(0, 3), some.integers(0, 3)), min_size=1, max_size=5),
    deleted=some.sets(some.integers(0, 7), max_size=3),
)
def test_any_merges_keep_the_union_of_children(
    api: Api, owners: list[int], pairs: list[tuple[int, int]], deleted: set[int]
) -> None:
    members = [library.member(api) for _each in range(4)]
    loans = [library.loan(api, member=members[owner]["id"]) for owner in owners]
    for index in deleted & set(range(len(loans))):
        api.delete(f"/forms/loan/records/{loans[index]['id']}", loans[index]["version"]).expect(204)
    where = dict(enumerate(range(4)))
    for source, target in pairs:
        if source == target or where[source] != source or where[target] != target:
            assert refusal(api, "member", members[source], members[target]) in {"merge_refused", "not_found"}
            continue
        merge(api, "member", members[source], members[target])
        where = {key: target if value == source else value for key, value in where.items()}
    table = api.platform.forms["loan"].table
    with api.platform.db.read() as connection:
        standing = {row.id: row.member for row in connection.execute(select(table.c.id, table.c.member))}
    expected = {loan["id"]: members[where[owner]]["id"] for loan, owner in zip(loans, owners, strict=True)}
    assert {key: standing[key] for key in expected} == expected
    assert not wrong(api.platform)


def wrong(platform: Platform) -> list[Any]:
    return list(platform.as_system(wrong_rollups))
