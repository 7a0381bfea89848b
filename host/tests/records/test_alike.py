"""Duplicates: what records are recognised by, kept with them, and what is told of foreign ones."""

from typing import Any

import library
import pytest
from sqlalchemy import delete, select

from lowcode.database.schema import alike_keys, state
from lowcode.declare.fields import Field
from lowcode.identity import throttle
from lowcode.identity.tables import login_attempts
from lowcode.platform import Platform
from lowcode.records import alike, alike_build
from lowcode.running import startup
from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written
from lowcode.web.app import create_app

TEXT = Field(name="name", label="名称", type="text")
PHONE = Field(name="phone", label="电话", type="phone")
EMAIL = Field(name="email", label="邮箱", type="email")


@pytest.mark.parametrize(
    ("declared", "written", "normal"),
    [
        (TEXT, "北京 华信（集团）有限公司", "北京华信集团有限公司"),
        (TEXT, "ＡＣＭＥ, Inc.", "acmeinc"),
        (TEXT, "Straße", "strasse"),
        (TEXT, "张三", "张三"),
        (TEXT, "张", None),
        (TEXT, "···", None),
        (TEXT, None, None),
        (PHONE, "+86 138 0013 8000", "13800138000"),
        (PHONE, "0086-138-0013-8000", "13800138000"),
        (PHONE, "8613800138000", "13800138000"),
        (PHONE, "138-0013-8000", "13800138000"),
        (PHONE, "021-88886666", "2188886666"),
        (PHONE, "+86 21 8888 6666", "2188886666"),
        (PHONE, "86123456", "86123456"),
        (EMAIL, "Li.Lei@Example.COM", "li.lei@example.com"),
    ],
)
def test_values_are_compared_as_people_mean_them(declared: Field, written: str | None, normal: str | None) -> None:
    assert alike.key(declared, written) == normal


def test_a_long_value_keeps_its_beginning_and_what_tells_it_apart() -> None:
    long = "甲" * 300
    found = alike.key(TEXT, long)
    assert found is not None
    assert len(found) == alike.LONGEST
    assert found != alike.key(TEXT, long + "乙")


def kept(platform: Platform, form: str, record_id: int) -> dict[str, str]:
    mine = (alike_keys.c.form == form) & (alike_keys.c.record == record_id)
    with platform.db.read() as connection:
        rows = connection.execute(select(alike_keys.c.kind, alike_keys.c.key).where(mine)).all()
    return {row.kind: row.key for row in rows}


def test_the_keys_follow_every_save_deletion_and_restoration(api: Api) -> None:
    member = library.member(api, name="王 小明", phone="+86 138-0013-8000")
    path = f"/forms/member/records/{member['id']}"
    assert kept(api.platform, "member", member["id"]) == {"person": "王小明", "phone": "13800138000"}
    changed = api.patch(path, {"phone": None, "email": "Wang@x.cn"}, member["version"]).expect(200)
    assert kept(api.platform, "member", member["id"]) == {"person": "王小明", "mail": "wang@x.cn"}
    api.platform.as_system(lambda ctx: ctx.forms.member.update(member["id"], {"name": "王大明"}))
    assert kept(api.platform, "member", member["id"])["person"] == "王大明"
    api.delete(path, changed["version"] + 1).expect(204)
    assert kept(api.platform, "member", member["id"]) == {}
    api.post(f"{path}/restore").expect(200)
    assert kept(api.platform, "member", member["id"]) == {"person": "王大明", "mail": "wang@x.cn"}


def test_a_refused_save_leaves_the_keys_alone(api: Api) -> None:
    member = library.member(api, name="赵六六")
    with nothing_written(api.platform):
        api.patch(f"/forms/member/records/{member['id']}", {"name": "钱七七"}, member["version"] + 1).expect(409)
        api.post("/forms/member/records", {"name": "钱七七", "card": member["card"]}).expect(409)
    assert kept(api.platform, "member", member["id"]) == {"person": "赵六六"}


def ask(api: Api, form: str = "member", record: int | None = None, **values: Any) -> list[dict[str, Any]]:
    query = {} if record is None else {"id": record}
    items: list[dict[str, Any]] = api.post(f"/forms/{form}/duplicates", values, **query).expect(200)["items"]
    return items


def test_forms_that_name_one_kind_are_compared(api: Api) -> None:
    member = library.member(api, name="孙 悟空", phone="13900139000")
    loan = library.loan(api, subject="取经", phone="139 0013 9000")
    found = ask(api, phone="+86 13900139000", name="孙悟空")
    assert [(each["form"], each["id"], each["title"], each["kind"]) for each in found] == [
        ("member", member["id"], "孙 悟空", "person"),
        ("loan", loan["id"], "取经", "phone"),
        ("member", member["id"], "孙 悟空", "phone"),
    ]
    assert found[0]["owner"] == member["keeper"]
    assert [each["form"] for each in ask(api, record=member["id"], phone="13900139000")] == ["loan"]
    assert ask(api, name="孙悟") == []


def test_a_foreign_record_shows_its_form_its_kind_and_its_owner_only(api: Api) -> None:
    owner, other = api.as_user("clerk", name="甲馆员"), api.as_user("clerk")
    library.loan(owner, subject="不可外传", phone="13700137000")
    assert ask(other, "loan", phone="13700137000") == [
        {"form": "loan", "id": None, "title": None, "kind": "phone", "owner": {"id": owner.user_id, "title": "甲馆员"}}
    ]


def test_a_masked_value_confirms_nobody(api: Api) -> None:
    """A clerk reads all members, but the whole phone of his own only: another's number must not lead to its owner."""
    owner, other = api.as_user("clerk"), api.as_user("clerk")
    library.member(owner, name="李四四", phone="13600136000")
    by_phone = ask(other, phone="13600136000")
    assert [(each["id"], each["title"], each["owner"]["id"]) for each in by_phone] == [(None, None, owner.user_id)]
    assert ask(other, name="李四四")[0]["title"] == "李四四"
    assert ask(owner, phone="13600136000")[0]["title"] == "李四四"
    assert ask(owner, email="a@b.cn") == []


def test_only_who_may_write_asks_and_only_for_whole_values_of_those_fields(api: Api) -> None:
    member = library.member(api)
    api.as_user("auditor").post("/forms/member/duplicates", {"name": "张三"}).expect(403)
    api.as_user().post("/forms/member/duplicates", {"name": "张三"}).expect(404)
    assert api.post("/forms/member/duplicates", {"card": member["card"]}).errors.keys() == {"card"}
    assert api.post("/forms/member/duplicates", {"phone": "138****8000"}).errors.keys() == {"phone"}
    clerk = api.as_user("clerk")
    foreign = library.loan(api, phone="13500135000")
    clerk.post("/forms/loan/duplicates", {"phone": "13500135000"}, id=foreign["id"]).expect(404)


def test_questions_are_counted_for_all_workers_and_each_person(api: Api) -> None:
    clerk, other = api.as_user("clerk"), api.as_user("clerk")
    now = api.platform.as_system(lambda ctx: ctx.now)
    times = [now.timestamp()] * (throttle.PER_COMPARISON - 1)
    row = {"subject": f"compare:{clerk.user_id}", "attempts": times, "updated_at": now}
    with api.platform.db.write() as connection:
        connection.execute(login_attempts.insert(), row)
    assert ask(clerk, name="张三三") == []
    worker = Api(api.platform, clerk.user_id, create_app(api.platform))
    refused = worker.post("/forms/member/duplicates", {"name": "张三三"})
    assert refused.expect(429)["code"] == "too_many_requests"
    assert int(refused.headers["Retry-After"]) > 0
    library.member(api, name="张三三")
    assert worker.post("/forms/member/preview", {"name": "张三三"}).expect(200)["warnings"] == {}
    assert ask(other, name="张三三")


def test_a_preview_warns_and_a_save_goes_through(api: Api) -> None:
    first = library.member(api, name="周八八", phone="13400134000")
    draft = {"name": "周八八", "card": "ZZ9999", "phone": "13300133000"}
    with nothing_written(api.platform):
        warnings = api.post("/forms/member/preview", draft).expect(200)["warnings"]
    assert warnings.keys() == {"name"}
    assert "周八八" in warnings["name"][0]
    twin = library.member(api, **draft)
    path = f"/forms/member/records/{twin['id']}"
    assert api.post("/forms/member/preview", {"remark": "x"}, id=twin["id"]).expect(200)["warnings"] == {}
    changed = api.post("/forms/member/preview", {"phone": "13400134000"}, id=twin["id"]).expect(200)["warnings"]
    assert changed.keys() == {"phone"}
    api.patch(path, {"phone": "13400134000"}, twin["version"]).expect(200)
    assert first["id"] != twin["id"]


def page(api: Api, field: str, **values: Any) -> str:
    answer = api._client.post(
        f"/f/member/duplicates/{field}", data=values, headers={**api.credentials, "HX-Request": "true"}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_page_says_it_under_the_field_with_a_link_where_there_is_one(api: Api) -> None:
    owner, other = api.as_user("clerk", name="乙馆员"), api.as_user("clerk")
    member = library.member(owner, name="吴九九", phone="13200132000")
    assert f'href="/f/member/{member["id"]}"' in page(other, "name", name="吴 九九")
    told = page(other, "phone", phone="13200132000")
    assert "乙馆员" in told
    assert "href" not in told
    assert "吴九九" not in told
    assert page(owner, "phone", phone="13200132000", _id=member["id"]).strip() == ""
    assert page(owner, "phone", phone="不是号码").strip() == ""
    form = api._client.get("/f/member/new", headers=api.credentials).text
    assert 'hx-post="/f/member/duplicates/name"' in form


def test_rules_find_all_and_are_told_what_the_person_may_see(api: Api) -> None:
    owner, other = api.as_user("clerk"), api.as_user("clerk")
    loan = library.loan(owner, phone="13100131000")

    def work(ctx: Any) -> list[tuple[int, bool]]:
        with ctx.as_user(other.user_id) as acting:
            return [(each.id, each.is_visible) for each in acting.forms.loan.alike({"phone": "13100131000"})]

    assert api.platform.as_system(work) == [(loan["id"], False)]
    assert api.platform.as_system(lambda ctx: ctx.forms.loan.alike(ctx.forms.loan.get(loan["id"]))) == []


def test_records_from_before_get_their_keys_once(api: Api) -> None:
    members = [library.member(api, name=f"郑十{number}") for number in range(5)]
    gone = library.member(api, name="已删除")
    api.delete(f"/forms/member/records/{gone['id']}", gone["version"]).expect(204)
    before = {each["id"]: kept(api.platform, "member", each["id"]) for each in members}
    with api.platform.db.write() as connection:
        connection.execute(delete(alike_keys))
        stray = {"kind": "old", "key": "没有了", "form": "member", "record": members[0]["id"]}
        connection.execute(alike_keys.insert(), stray)
    built = alike_build.build(api.platform.db, api.platform.plugins, chunk=2)
    assert {"member", "loan"} <= set(built)
    assert {each["id"]: kept(api.platform, "member", each["id"]) for each in members} == before
    assert kept(api.platform, "member", gone["id"]) == {}
    with nothing_written(api.platform):
        assert alike_build.build(api.platform.db, api.platform.plugins) == []
    with api.platform.db.write() as connection:  # a start that was cut short, or another declaration
        connection.execute(delete(state).where(state.c.key == alike_build.mark("member")))
    assert alike_build.build(api.platform.db, api.platform.plugins) == ["member"]


def test_a_start_makes_the_keys_that_are_missing(api: Api) -> None:
    member = library.member(api, name="冯十一", phone="13000130000")
    with api.platform.db.write() as connection:
        connection.execute(delete(alike_keys))
    startup.prepare(api.platform.config, library.MODULES)
    assert kept(api.platform, "member", member["id"]) == {"person": "冯十一", "phone": "13000130000"}
