"""Moves of the rows picked in a list: offered where they ask for an approval, and each row goes its own way."""

import json

import library

from lowcode.testing.client import Api


def page(api: Api, address: str) -> str:
    answer = api._client.get(address, headers=api._headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_list_offers_to_submit_the_picked_rows(api: Api) -> None:
    library.loan(api)
    text = page(api, "/f/loan/all")
    assert 'id="bulk-submit"' in text
    assert 'id="bulk-hand_over"' not in text  # it asks nobody
    library.set_state(api, library.loan(api), "lent")
    reader = page(api.as_user("auditor"), "/f/loan/all")
    assert "bulk-" not in reader
    assert 'name="ids"' not in reader
    question = page(api, "/f/loan/do/submit?ids=1:1&ids=2:1")
    assert "确定对选中的 2 条借阅单进行“提交”吗？" in question
    assert question.count('name="ids"') == 2


def test_each_picked_row_goes_its_own_way(api: Api) -> None:
    api.as_user("head", department="总馆")
    drafts = [library.loan(api) for _serial in range(2)]
    lent = library.set_state(api, library.loan(api), "lent")
    ids = [f"{each['id']}:{each['version']}" for each in (*drafts, lent)]
    answer = api._client.post("/f/loan/do/submit", data={"ids": ids}, headers=api._headers)
    assert answer.status_code == 204
    told = json.loads(answer.headers["HX-Trigger"])["saved"]
    assert told["message"].startswith("“提交”已完成 2 条。有 1 条没有进行：")
    assert told["kind"] == "warn"
    states = [library.read(api, "loan", each["id"])["status"] for each in (*drafts, lent)]
    assert states == ["in_review", "in_review", "lent"]


def test_nothing_picked_is_refused(api: Api) -> None:
    answer = api._client.post("/f/loan/do/submit", data={}, headers=api._headers)
    assert answer.status_code == 422
    assert api._client.post("/f/loan/do/nothing", data={"ids": ["1:1"]}, headers=api._headers).status_code == 404
