"""The pages of flows: the list, the picture, the step editor and versions; and the check of the trail."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from lowcode.database.schema import trail
from tests.workflow.browser import MARKUP, Browser
from tests.workflow.office import Office

FLOW = "/flows/errand/review"
API = "/workflows/errand/approvals/review"
EVERYTHING: list[dict[str, Any]] = [
    {"name": "a", "label": "甲", "approvers": {"head_of": "submitter", "levels": 2}, "mode": "sequence"},
    {"name": "b", "label": "乙", "approvers": {"role": ["treasurer", "lead"]}, "mode": "all", "due_hours": 24},
    {"name": "c", "label": "丙", "approvers": {"field": "reviewer"}, "empty": "skip", "own": "drop"},
    {"name": "d", "label": "丁", "approvers": {"chosen": True}, "repeated": "ask"},
    {
        "name": "e",
        "label": "戊",
        "approvers": {"role": ["lead"]},
        "when": [
            {"amount__between": [10, "20.50"], "name__contains": "上海", "reviewer__isnull": False},
            {"items__rate__in": [1, 2], "owner": "$me", "status__in": ["draft", "rejected"], "note__ne": ""},
            {"created_at__gte": "2026-11-24T02:15:00Z", "updated_at__lt": "$now-3", "amount__eq": "7"},
        ],
    },
]


class Form(HTMLParser):
    """What a browser would post of a page: its controls in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: MultiDict[str, str] = MultiDict()
        self.selects: list[tuple[str, bool, list[str], list[str]]] = []
        self.feed(page[page.index('id="flow-form"') if 'id="flow-form"' in page else 0 :].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.values.add(str(found["name"]), found.get("value") or "")
        if tag == "select":
            self.selects.append((str(found["name"]), "multiple" in found, [], []))
        if tag == "option":
            self.selects[-1][2].append(found.get("value") or "")
            if "selected" in found:
                self.selects[-1][3].append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            name, is_multiple, offered, chosen = self.selects[-1]
            for each in chosen or (() if is_multiple else offered[:1]):
                self.values.add(name, each)


def edited(office: Office, *steps: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    version = office["admin"].get(API).expect(200)["version"]
    answer = office["admin"].put(API, {"version": version, "steps": list(steps), **more}).expect(200)
    return list(answer["steps"])


def steps_of(office: Office) -> list[dict[str, Any]]:
    return list(office["admin"].get(API).expect(200)["steps"])


class Editing:
    """The editor as an administrator has it open."""

    def __init__(self, office: Office) -> None:
        self.browser = Browser(office, "admin")
        self.page = self.browser.get(FLOW)
        self.form = Form(self.page).values

    def press(self, do: str) -> str:
        """Press a button that changes the structure; the form goes on with what comes back."""
        answer = self._post(f"{FLOW}/draft", {"do": do})
        assert answer.status_code == 200
        self.page = answer.text
        self.form = Form(answer.text).values
        return answer.text

    def save(self) -> TestResponse:
        """Save, with the token of the page."""
        return self._post(FLOW, {})

    def __setitem__(self, name: str, value: str | list[str]) -> None:
        self.form.setlist(name, [value] if isinstance(value, str) else value)

    def labels(self) -> list[str]:
        return [value for name, value in self.form.items(multi=True) if name.endswith(".label")]

    def _post(self, path: str, more: dict[str, str]) -> TestResponse:
        data = MultiDict(self.form)
        data.setlist("csrf_token", [self.browser.token])
        data.update(more)
        return self.browser.client.post(path, data=data, headers=MARKUP | {"Accept-Language": "zh-CN"})


def test_the_flows_are_listed(office: Office) -> None:
    page = Browser(office, "admin").get("/flows")
    assert f'href="{FLOW}">出差审批</a>' in page
    assert re.search(r"部门负责人</span></li>\s*<li><span[^>]*>出纳", page)
    assert "默认流程" in page
    edited(office, {"name": "x", "label": "甲", "approvers": {"role": "lead"}})
    assert "已修改" in Browser(office, "admin").get("/flows")


@pytest.mark.parametrize("path", ["/flows", FLOW, "/audit", f"{FLOW}/reset", f"{FLOW}/versions/1"])
def test_flows_are_for_administrators(office: Office, path: str) -> None:
    Browser(office, "boss").get(path, 403)


def test_the_picture_tells_the_flow(office: Office) -> None:
    page = Browser(office, "admin").get(FLOW)
    picture = page[page.index('id="picture"') :]
    for text in (
        "1. 部门负责人", "负责人的部门负责人", "2. 出纳", "角色：出纳", "会签", "限 24 小时",
        "金额 大于等于 1,000.00", "明细（任一行）的比例 大于 10", "已通过", "已驳回",
    ):  # fmt: skip
        assert text in picture


def test_what_is_read_and_saved_unchanged_makes_no_difference(office: Office) -> None:
    assert Editing(office).save().status_code == 204
    assert office["admin"].get(API).expect(200)["version"] == 1
    before = edited(office, *EVERYTHING, copy_to={"role": "keeper", "head_of": ["owner"], "levels": 2})
    assert Editing(office).save().status_code == 204
    shown = office["admin"].get(API).expect(200)
    assert shown["steps"] == before
    assert shown["copy_to"] == {"role": "keeper", "head_of": ["owner"], "levels": 2}
    assert shown["version"] == 2
    assert shown["copy_to"] == {"role": "keeper", "head_of": ["owner"], "levels": 2}


def test_a_changed_step_leaves_its_other_parts_as_they_mean(office: Office) -> None:
    edited(office, *EVERYTHING)
    editing = Editing(office)
    editing["steps.5.label"] = "己"
    assert editing.save().status_code == 204
    saved = steps_of(office)
    assert saved[:4] == [{**each, **step} for each, step in zip(saved[:4], EVERYTHING[:4], strict=True)]
    assert saved[4]["label"] == "己"
    assert saved[4]["when"] == [
        {"amount__between": [10, "20.50"], "name__contains": "上海", "reviewer__isnull": False},
        {"items__rate__in": [1, 2], "owner": "$me", "status__in": ["draft", "rejected"], "note__isnull": False},
        {"created_at__gte": "2026-11-24T02:15:00Z", "updated_at__lt": "$now-3", "amount": 7},
    ]


def test_steps_are_added_moved_and_removed(office: Office) -> None:
    editing = Editing(office)
    answer = editing.press("add")
    assert re.search(r'id="f-steps-3-label"[^>]* autofocus', answer)
    editing["steps.3.label"] = "总经理"
    assert editing.labels() == ["部门负责人", "出纳", "总经理"]
    assert "3. 总经理" in editing.press("")
    assert re.search(r'id="up-3"[^>]* autofocus', editing.press("up:3"))
    assert editing.labels() == ["部门负责人", "总经理", "出纳"]
    assert re.search(r'id="down-3"[^>]* autofocus', editing.press("up:3"))
    assert editing.labels() == ["总经理", "部门负责人", "出纳"]
    assert re.search(r'id="up-1"[^>]* autofocus', editing.press("down:1"))
    editing.press("remove:2")
    assert editing.labels() == ["总经理", "部门负责人"]
    assert steps_of(office)[0]["name"] == "lead"  # nothing is stored yet
    assert editing.save().status_code == 204
    assert [(each["name"], each["label"]) for each in steps_of(office)] == [
        ("step_1", "总经理"),
        ("lead", "部门负责人"),
    ]
    office.submitted()
    assert office.asked() == {"lena"}


def test_the_source_of_approvers_changes_what_is_offered(office: Office) -> None:
    editing = Editing(office)
    editing["steps.1.source"] = "role"
    assert '<option value="treasurer">出纳</option>' in editing.press("")
    editing["steps.1.people"] = ["treasurer", "lead"]
    editing["steps.1.mode"] = "all"
    assert editing.save().status_code == 204
    assert steps_of(office)[0]["approvers"] == {"role": ["treasurer", "lead"]}
    editing = Editing(office)
    editing["steps.1.source"] = "users"
    assert 'data-remote="/pick/people?by=username"' in editing.press("")
    editing["steps.1.people"] = [office.username("tom")]
    assert "1. 部门负责人</b><span>tom</span>" in editing.press("")
    assert editing.save().status_code == 204
    assert steps_of(office)[0]["approvers"] == {"users": office.username("tom")}
    editing["version"] = "3"
    editing["steps.1.source"] = "chosen"
    assert "提交时由提交人选择" in editing.press("")
    assert editing.save().status_code == 204
    assert steps_of(office)[0]["approvers"] == {"chosen": True}


def test_administrators_may_decide_a_step(office: Office) -> None:
    edited(office, {"name": "x", "label": "甲", "approvers": {"role": "admin"}})
    assert "角色：平台管理员" in Browser(office, "admin").get(FLOW)
    assert '<option value="admin" selected>平台管理员</option>' in Editing(office).press("")


def test_people_are_offered_by_username(office: Office) -> None:
    browser = Browser(office, "admin")
    found = browser.client.get("/pick/people?by=username&search=tom").get_json()["items"]
    assert found == [{"value": office.username("tom"), "text": "tom", "hint": office.username("tom")}]


def test_conditions_are_added_and_removed(office: Office) -> None:
    editing = Editing(office)
    editing.press("group:1")
    editing["steps.1.when.0.0.field"] = "status"
    assert '<option value="in_review">审批中</option>' in editing.press("")
    editing["steps.1.when.0.0.value"] = "in_review"
    editing.press("test:1:0")
    editing["steps.1.when.0.1.field"] = "amount"
    editing["steps.1.when.0.1.operator"] = "between"
    editing.press("")
    editing["steps.1.when.0.1.value"] = ["5", "1,000"]
    editing.press("group:1")
    editing["steps.1.when.1.0.field"] = "reviewer"
    editing["steps.1.when.1.0.operator"] = "empty"
    picture = editing.press("")
    assert "状态 等于 审批中 且 金额 介于 5.00 到 1,000.00" in picture
    assert "复核人 为空" in picture
    assert editing.save().status_code == 204
    wanted = [{"status": "in_review", "amount__between": [5, 1000]}, {"reviewer__isnull": True}]
    assert steps_of(office)[0]["when"] == wanted
    editing = Editing(office)
    editing.press("drop:1:0:0")
    editing.press("drop:1:1:0")
    assert editing.save().status_code == 204
    assert steps_of(office)[0]["when"] == {"amount__between": [5, 1000]}


def test_copies_are_chosen(office: Office) -> None:
    editing = Editing(office)
    editing["copy.role"] = ["keeper"]
    assert "通过后抄送：角色：档案员" in editing.press("")
    assert editing.save().status_code == 204
    assert office["admin"].get(API).expect(200)["copy_to"] == {"role": "keeper"}


def test_faults_stand_beside_their_controls_and_nothing_typed_is_lost(office: Office) -> None:
    editing = Editing(office)
    editing.press("add")
    editing["steps.1.due_hours"] = "many"
    editing["steps.2.people"] = []
    editing["steps.2.when.0.0.value"] = "much"
    answer = editing.save()
    assert answer.status_code == 422
    page = answer.text
    assert 'id="e-steps-1-due_hours">' in page
    assert re.search(r'id="e-steps-3-label">必填', page)
    assert 'id="e-steps-2-people">' in page
    assert 'id="e-steps-2-when">' in page
    assert re.search(r'id="f-steps-1-due_hours"[^>]*value="many"', page)
    assert 'value="much"' in page
    assert 'data-goto="f-steps-1-due_hours"' in page
    assert office["admin"].get(API).expect(200)["version"] == 1


def test_a_comparison_that_stands_twice_is_refused(office: Office) -> None:
    editing = Editing(office)
    editing.press("test:2:0")
    editing["steps.2.when.0.1.field"] = "amount"
    editing["steps.2.when.0.1.operator"] = "gte"
    editing["steps.2.when.0.1.value"] = "5"
    answer = editing.save()
    assert (answer.status_code, "同一种比较只能出现一次" in answer.text) == (422, True)


def test_a_condition_that_is_not_complete_is_refused(office: Office) -> None:
    editing = Editing(office)
    editing.press("group:1")
    assert "请选择条件的字段" in editing.save().text
    editing["steps.1.when.0.0.field"] = "name"
    assert "请填写条件的值" in editing.save().text
    editing["steps.1.when.0.0.operator"] = "between"
    editing["steps.1.when.0.0.field"] = "amount"
    editing["steps.1.when.0.0.value"] = "5"
    assert "请填写条件的值" in editing.save().text
    assert office["admin"].get(API).expect(200)["version"] == 1


def test_more_than_can_be_is_refused_and_nothing_is_cut_off(office: Office) -> None:
    editing = Editing(office)
    for group in range(51):
        editing[f"steps.1.when.{group}.0.field"] = "amount"
        editing[f"steps.1.when.{group}.0.operator"] = "gt"
        editing[f"steps.1.when.{group}.0.value"] = str(group)
    editing["steps.2.due_hours"] = "8761"
    answer = editing.save()
    assert answer.status_code == 422
    assert 'name="steps.1.when.50.0.field"' in answer.text
    assert re.search(r'id="e-steps-1-when">最多 50 ', answer.text)
    assert re.search(r'id="e-steps-2-due_hours">请填写 1 到 8760 ', answer.text)
    assert office["admin"].get(API).expect(200)["version"] == 1


def test_what_no_browser_posts_is_refused_or_left_out(office: Office) -> None:
    editing = Editing(office)
    editing.press("group:1")
    editing["steps.1.when.0.0.field"] = "owner"
    editing["steps.1.when.0.0.value"] = "9" * 30
    editing["steps.2.when.0.0.field"] = "nothing"
    editing["steps.2.when.1.0.operator"] = "like"
    editing["steps.2.source"] = "nobody"
    editing["steps.2.mode"] = "never"
    editing["copy.users"] = ["a\0b"]
    for do in ("up:9", "drop:1:7:7", "drop:1", "test:1:9", "nothing", "up", ""):
        editing.press(do)
    answer = editing.save()
    assert answer.status_code == 422
    assert {"people", "when", "mode"} <= set(re.findall(r'id="e-steps-2-(\w+)"', answer.text))
    assert office["admin"].get(API).expect(200)["version"] == 1


def test_somebody_who_was_faster_is_not_overwritten(office: Office) -> None:
    editing = Editing(office)
    edited(office, {"name": "x", "label": "别人", "approvers": {"role": "lead"}})
    editing["steps.1.label"] = "我的"
    answer = editing.save()
    assert answer.status_code == 409
    assert "流程刚刚被别人修改过" in answer.text
    assert 'value="我的"' in answer.text
    assert [each["label"] for each in steps_of(office)] == ["别人"]
    again = Form(answer.text).values
    assert again["version"] == "1"  # saving again is refused again


def test_differences_versions_and_the_way_back(office: Office) -> None:
    declared = steps_of(office)
    changed = {**declared[0], "label": "主管", "mode": "all"}
    edited(office, changed, {"name": "x", "label": "甲", "approvers": {"role": "lead"}})
    browser = Browser(office, "admin")
    page = browser.get(FLOW)
    for text in ("删除了步骤“出纳”", "新增了步骤“甲”", "多人审批方式", "<del>或签</del>", "<ins>会签</ins>"):
        assert text in page
    assert "1. 部门负责人" in browser.get(f"{FLOW}/versions/1", **MARKUP)
    browser.get(f"{FLOW}/versions/9", 404)
    asked = browser.get(f"{FLOW}/reset", **MARKUP)
    assert 'name="version" value="2"' in asked
    assert browser.post(f"{FLOW}/reset", {"version": "1"}).status_code == 409
    assert browser.post(f"{FLOW}/reset", {"version": "2"}).status_code == 204
    assert steps_of(office) == declared
    assert "与应用自带的流程相同" in browser.get(FLOW)


def test_initialise_tells_that_it_keeps_an_edited_flow(office: Office) -> None:
    browser = Browser(office, "admin")
    assert "初始化会保留" not in browser.get("/initialise/errands")
    edited(office, {"name": "x", "label": "甲", "approvers": {"role": "lead"}})
    page = browser.get("/initialise/errands")
    assert "初始化会保留您的版本 2" in page
    assert f'href="{FLOW}"' in page
    browser.post("/initialise/errands")
    assert [each["label"] for each in steps_of(office)] == ["甲"]


def test_the_trail_is_checked(office: Office) -> None:
    office.submitted()
    office.decide("lena")
    browser = Browser(office, "admin")
    browser.get("/audit")
    good = browser.post("/audit").text
    assert "记录完整" in good
    assert office["admin"].get("/audit/verify").expect(200)["head"] in good
    assert "记录被重写过" in browser.post("/audit", {"known": "a" * 64}).text
    with office.platform.db.write() as connection:
        connection.execute(update(trail).where(trail.c.seq == 2).values(opinion="改过"))
    bad = browser.post("/audit").text
    assert "从第 2 条起不可信" in bad
    assert "第 2 条记录被修改过。" in bad


def test_the_pages_of_flows_speak_english(office: Office) -> None:
    browser = Browser(office, "admin")
    page = browser.get("/flows", **{"Accept-Language": "en"})
    assert "Approval flows" in page
    assert "As delivered" in browser.get(FLOW, **{"Accept-Language": "en"})
