"""Conditions read the same wherever they are told: with labels, titles and words, never with ids and codes."""

from typing import Any

import library
import pytest

from lowcode.condition_words import NOT_ASKED, ConditionWords, places
from lowcode.notify.wording import in_language
from lowcode.testing.client import Api


def told(api: Api, where: Any, *, of_flow: bool = False) -> str:
    form = api.platform.forms["loan"]
    with in_language("zh"):  # an earlier test may have left another
        return api.platform.as_system(lambda ctx: ConditionWords(ctx, form, of_flow=of_flow).condition(where))


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"status__ne": "draft"}, "借阅状态 不等于 草稿"),
        ({"due_on__lt": "$today+30"}, "应还日期 早于 今天 +30 天"),
        ({"clerk": "$me", "branch": "$my_department"}, "经办馆员 等于 本人 且 分馆 等于 本人的部门"),
        ([{"is_late": True}, {"fine__between": "5,1000"}], "已逾期 等于 是 或 罚款 介于 5.00 到 1,000.00"),
        ({"lines__price__gte": 1000}, "借阅明细（任一行）的单件押金 大于等于 1,000.00"),
        ({"member": None}, "读者 为空"),
        ({"member__isnull": False}, "读者 不为空"),
        ({"deleted_at__isnull": True, "id": 3}, "删除时间 为空 且 ID 等于 3"),
        ({"status__in": "draft,lent"}, "借阅状态 属于 草稿、借出"),
    ],
)
def test_sentences(api: Api, where: Any, sentence: str) -> None:
    assert told(api, where) == sentence


def test_references_are_named(api: Api) -> None:
    member = library.member(api)
    clerk = api.as_user("clerk", name="小王")
    assert told(api, {"member": member["id"]}) == f"读者 等于 {member['$title']}"
    assert told(api, {"clerk__in": [clerk.user_id, 10**9]}) == f"经办馆员 属于 小王、{10**9}"


def test_in_a_flow_the_person_is_the_submitter(api: Api) -> None:
    assert told(api, {"clerk": "$me"}, of_flow=True) == "经办馆员 等于 提交人"


def test_what_says_nothing_is_not_offered(api: Api) -> None:
    offered = places(api.platform.forms["loan"])
    assert not offered.keys() & NOT_ASKED
    assert {"status", "created_by", "lines__price"} <= offered.keys()
