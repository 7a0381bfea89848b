"""What a save makes of a payload: defaults, what references bring along, line items, state, history."""

import re
from typing import Any

import library
import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written


def preview(api: Api, payload: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = api.post("/forms/loan/preview", payload, **query).expect(200)
    return answer


def test_a_new_record_has_its_defaults(api: Api) -> None:
    values = preview(api, {})["values"]
    assert values["clerk"] == {"id": api.user_id, "title": "管理员"}
    assert (values["status"], values["is_late"], values["lines"]) == ("draft", False, [])
    assert values["lent_on"] < values["due_on"]
    shown = api.post("/forms/member/preview", {}).expect(200)["values"]
    assert (shown["level"], shown["is_active"], shown["$labels"]["level"]) == ("basic", True, "普通")


def test_a_reference_fills_what_was_left_open(api: Api) -> None:
    member, item = library.member(api, phone="13800138000"), library.item(api, title="烧杯", price="7.50")
    saved = library.loan(api, member=member["id"], lines=[{"item": item["id"]}, {"item": item["id"], "title": "量杯"}])
    assert saved["phone"] == "13800138000"
    assert [(line["title"], line["price"]) for line in saved["lines"]] == [("烧杯", "7.50"), ("量杯", "7.50")]


def test_a_reference_just_picked_replaces_what_stood_there(api: Api) -> None:
    member = library.member(api, phone="13800138000")
    draft = {"member": member["id"], "phone": "021-88886666"}
    assert preview(api, draft)["values"]["phone"] == "021-88886666"
    assert preview(api, draft, changed="member")["values"]["phone"] == "13800138000"


def test_a_reference_that_stands_is_not_judged_again(api: Api) -> None:
    loan = library.loan(api)
    member = library.read(api, "member", loan["member"]["id"])
    api.patch(f"/forms/member/records/{member['id']}", {"is_active": False}, member["version"]).expect(200)
    api.patch(f"/forms/loan/records/{loan['id']}", {"subject": "新"}, loan["version"]).expect(200)
    payload = library.loan_payload(api, member=member["id"])
    assert set(api.post("/forms/loan/records", payload).expect(422)["errors"]) == {"member"}


def test_what_has_to_agree_with_another_field_does(api: Api) -> None:
    earlier, other = library.loan(api), library.member(api)
    payload = library.loan_payload(api, member=other["id"], previous=earlier["id"])
    assert set(api.post("/forms/loan/records", payload).expect(422)["errors"]) == {"previous"}
    library.loan(api, member=earlier["member"]["id"], previous=earlier["id"])


def test_lines_are_changed_added_removed_and_sorted(api: Api) -> None:
    lines = [{"title": name, "price": "1"} for name in ("甲", "乙", "丙")]
    loan = library.loan(api, lines=lines)
    one, _two, three = loan["lines"]
    changed = [{"id": three["id"], "quantity": "5"}, {"title": "丁", "price": "2"}, {"id": one["id"]}]
    edited = api.patch(f"/forms/loan/records/{loan['id']}", {"lines": changed}, loan["version"]).expect(200)
    assert [(line["title"], line["quantity"]) for line in edited["lines"]] == [
        ("丙", "5.000"),
        ("丁", "1.000"),
        ("甲", "1.000"),
    ]
    assert [line["id"] for line in edited["lines"]][::2] == [three["id"], one["id"]]
    assert edited["total_deposit"] == "8.00"
    assert library.read(api, "loan", loan["id"]) == edited


def test_history_names_lines_and_hides_hidden_fields(api: Api) -> None:
    loan = library.loan(api)
    line = loan["lines"][0]
    change = {"lines": [{"id": line["id"], "quantity": "3"}]}
    api.patch(f"/forms/loan/records/{loan['id']}", change, loan["version"]).expect(200)
    edit, creation = api.get(f"/forms/loan/records/{loan['id']}/history").expect(200)
    told = {each["field"]: (each["old"], each["new"]) for each in edit["changes"]}
    assert told[f"lines.{line['id']}.quantity"] == ("2.000", "3.000")
    assert (edit["action"], creation["action"], edit["by"]["title"]) == ("edit", "create", "管理员")
    member = library.member(api)
    changed = api.patch(f"/forms/member/records/{member['id']}", {"remark": "秘密"}, 1)
    changed.expect(200)
    address = f"/forms/member/records/{member['id']}/history"
    assert "remark" in [each["field"] for each in api.get(address).json[0]["changes"]]
    clerk = api.as_user("clerk")
    assert "remark" not in [each["field"] for each in clerk.get(address).json[0]["changes"]]


def test_an_edit_that_changes_nothing_leaves_the_version(api: Api) -> None:
    item = library.item(api)
    same = api.patch(f"/forms/item/records/{item['id']}", {"title": item["title"]}, item["version"]).expect(200)
    assert same == item


def test_what_is_set_once_cannot_be_edited(api: Api) -> None:
    member = library.member(api)
    address = f"/forms/member/records/{member['id']}"
    assert set(api.patch(address, {"card": "ZZ9999"}, 1).expect(422)["errors"]) == {"card"}
    api.patch(address, {"card": member["card"], "name": "李四"}, 1).expect(200)


@pytest.mark.parametrize("state", ["in_review", "approved", "lent"])
def test_a_record_is_locked_in_the_states_that_say_so(api: Api, state: str) -> None:
    loan = library.set_state(api, library.loan(api), state)
    address = f"/forms/loan/records/{loan['id']}"
    assert not {"edit", "delete"} & set(loan["$can"])
    with nothing_written(api.platform):
        assert api.patch(address, {"subject": "x"}, loan["version"]).expect(422)["code"] == "not_editable"
        assert api.delete(address, loan["version"]).expect(422)["code"] == "not_editable"


def test_a_state_may_allow_to_delete_what_it_lets_nobody_edit(api: Api) -> None:
    loan = library.set_state(api, library.loan(api), "returned")
    address = f"/forms/loan/records/{loan['id']}"
    assert {"edit", "delete"} & set(loan["$can"]) == {"delete"}
    refused = api.patch(address, {"subject": "x"}, loan["version"]).expect(422)
    assert (refused["code"], refused["detail"]) == ("not_editable", "“已归还”状态的记录不能修改，可以删除。")
    api.delete(address, loan["version"]).expect(204)
    api.post(f"{address}/restore", {}).expect(200)


def test_a_unique_value_is_free_again_after_deletion_until_restored(api: Api) -> None:
    first = library.item(api, code="only")
    api.delete(f"/forms/item/records/{first['id']}", first["version"]).expect(204)
    library.item(api, code="only")
    with nothing_written(api.platform):
        answer = api.post(f"/forms/item/records/{first['id']}/restore", {})
        assert (answer.status, set(answer.errors)) == (409, {"code"})


def test_rules_may_pass_values_as_they_have_them(api: Api) -> None:
    loan = library.loan(api)

    def work(ctx: Any) -> Any:
        record = ctx.forms.loan.get(loan["id"])
        values = {"due_on": ctx.today, "lent_on": ctx.today, "handled_at": ctx.now}
        line = {"title": "镜头", "price": record.total_deposit, "quantity": record.lines[0].quantity}
        return ctx.forms.loan.update(record, {**values, "lines": [line]})

    changed = api.platform.as_system(work)
    assert changed.due_on == changed.lent_on
    assert (changed.days, str(changed.total_deposit)) == (0, "120.00")


def test_many_records_are_acted_on_each_for_itself(api: Api) -> None:
    clerk = api.as_user("clerk", department="总馆")
    draft, lent = library.loan(clerk), library.set_state(clerk, library.loan(clerk), "lent")
    answer = clerk.post("/forms/loan/actions/extend", {"ids": [draft["id"], lent["id"], 10**9, "x"], "days": 1})
    assert [each["status"] for each in answer.expect(200)] == [422, 200, 404, 404]
    assert library.read(clerk, "loan", draft["id"]) == draft


def test_a_rule_adds_nothing_to_a_field_that_is_at_fault_already(api: Api) -> None:
    late = {"lent_on": "2999-01-01"}
    (by_rule,) = preview(api, late)["errors"]["due_on"]
    (by_host,) = preview(api, {**late, "due_on": "x"})["errors"]["due_on"]
    assert by_rule != by_host


def test_a_form_names_the_button_that_saves(api: Api) -> None:
    def page(form: str, language: str) -> str:
        headers = {**api.credentials, "Accept-Language": language}
        return str(api.app.test_client().get(f"/f/{form}/new", headers=headers).text)

    assert re.search(r'<button type="submit"[^>]*>记下<', page("call", "zh"))
    assert re.search(r'<button type="submit"[^>]*>Note down<', page("call", "en"))
    assert re.search(r'<button type="submit"[^>]*>提交<', page("item", "zh"))
    assert [api.get(f"/forms/{form}").expect(200)["save_label"] for form in ("call", "item")] == ["记下", "提交"]


def test_a_new_record_shows_no_difference_of_what_comes_later(api: Api) -> None:
    member = library.member(api)
    headers = {**api.credentials, "Accept-Language": "zh"}
    new, edit = (
        api.app.test_client().get(f"/f/member/{page}", headers=headers).text for page in ("new", f"{member['id']}/edit")
    )
    assert ["已交罚款" in page for page in (new, edit)] == [True, True]
    assert ["未交罚款" in page for page in (new, edit)] == [False, True]
