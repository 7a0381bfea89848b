"""The process centre's pages, and what a record's page says about its approval."""

import re

import pytest

from lowcode.identity.tables import users
from tests.workflow.browser import MARKUP, Browser
from tests.workflow.office import Office


def test_what_waits_is_listed(office: Office) -> None:
    record = office.submitted(name="去上海")
    page = Browser(office, "lena").get("/tasks")
    assert f'href="/tasks/{office.task("lena")}">去上海</a>' in page
    assert f'href="/f/errand/{record}"' in page
    assert 'aria-label="待办事宜 1"' in page
    assert "部门负责人" in page
    assert "出差" in page
    assert "ann" in page


def test_a_record_out_of_scope_is_named_without_a_link(office: Office) -> None:
    record = office.submitted(amount="1000", name="去上海")
    office.decide("lena")
    page = Browser(office, "tom").get("/tasks")
    assert "去上海" in page
    assert f"/f/errand/{record}" not in page


def test_empty_boxes_say_so(office: Office) -> None:
    browser = Browser(office, "otto")
    for box, sentence in (
        ("todo", "没有等待您审批的事项。"),
        ("done", "您还没有处理过审批。"),
        ("started", "您还没有提交过审批。"),
    ):
        assert sentence in browser.get(f"/tasks?box={box}")
    assert browser.client.get("/").location == "/tasks"


def test_the_heading_names_the_box(office: Office) -> None:
    browser = Browser(office, "otto")
    for box, title in (("todo", "待办事宜"), ("done", "已办"), ("started", "我发起的"), ("copied", "抄送我的")):
        page = browser.get(f"/tasks?box={box}")
        assert f'<h1 class="grow">流程中心 · {title}</h1>' in page
        assert f"<title>{title} · 流程中心" in page


def test_boxes_have_pages(office: Office) -> None:
    for _each in range(3):
        office.submitted()
    browser = Browser(office, "ann")
    first = browser.get("/tasks?box=started&per_page=2")
    assert "共 3 条" in first
    assert "box=started&amp;per_page=2&amp;page=2" in first
    assert browser.get("/tasks?box=started&per_page=2&page=2").count("<tr>") == 2
    browser.get("/tasks?box=mine", 422)


def test_the_document_is_shown_as_it_was_and_without_what_is_masked(office: Office) -> None:
    record = office.submitted(name="去上海", secret="底价", items=[{"what": "机票", "rate": "1.5"}])
    page = Browser(office, "lena").get(f"/tasks/{office.task('lena')}")
    assert "基本信息" in page
    assert "去上海" in page
    assert "机票" in page
    assert "部门负责人" in page
    assert "底价" not in page
    assert "内部说明" not in page
    assert office["ann"].get(f"/forms/errand/records/{record}").expect(200)["secret"] == "底价"


@pytest.mark.parametrize("who", ["ann", "boss", "otto"])
def test_the_task_of_somebody_else_is_not_found(office: Office, who: str) -> None:
    office.submitted()
    task = office.task("lena")
    browser = Browser(office, who)
    browser.get(f"/tasks/{task}", 404)
    browser.get("/tasks")
    form = {"decision": "agree", "csrf_token": browser.token}
    assert browser.client.post(f"/tasks/{task}", data=form, headers=MARKUP).status_code == 404
    assert office.tasks() == [("lena", "open")]


def test_agreeing(office: Office) -> None:
    record = office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    for _click in range(2):
        answer = browser.decide(task, "agree", "好", key="one")
        assert (answer.status_code, "/tasks" in answer.headers["HX-Trigger"]) == (204, True)
    assert office.status(record) == "approved"
    assert "已同意" in browser.get("/tasks?box=done")
    page = browser.get(f"/tasks/{task}")
    assert "这项待办已经处理过" in page
    assert 'id="agree"' not in page


def test_rejecting_needs_an_opinion(office: Office) -> None:
    record = office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    answer = browser.decide(task, "reject")
    assert answer.status_code == 422
    assert re.search(r'id="opinion-fault"[^>]*>请填写驳回的理由。<', answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert 'id="reject"' in answer.text
    assert office.status(record) == "in_review"
    assert browser.decide(task, "reject", "太贵").status_code == 204
    assert office.status(record) == "rejected"


def test_what_is_decided_already_is_answered_with_a_sentence(office: Office) -> None:
    record = office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    assert browser.decide(task, "agree", "好").status_code == 204
    answer = browser.decide(task, "reject", "不")
    assert (answer.status_code, "已经处理过或已撤回" in answer.text) == (409, True)
    assert 'id="reject"' not in answer.text
    assert office.status(record) == "approved"


def test_a_decision_needs_the_token_of_a_page_and_a_known_word(office: Office) -> None:
    office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    assert browser.client.post(f"/tasks/{task}", data={"decision": "agree"}, headers=MARKUP).status_code == 403
    assert browser.decide(task, "perhaps").status_code == 400
    assert office.tasks() == [("lena", "open")]


def test_the_record_tells_of_its_approvals(office: Office) -> None:
    record = office.draft(amount="1000")
    browser = Browser(office, "ann")
    assert "tab=approval" not in browser.get(f"/f/errand/{record}")
    asked = browser.get(f"/f/errand/{record}/do/submit")
    assert "提交后不能修改，将由 部门负责人（lena） → 出纳（tom、tina） 审批。" in asked
    office.act("ann", record, "submit").expect(200)
    office.decide("lena", "reject", "太贵")
    office.act("ann", record, "submit").expect(200)
    assert "tab=approval" in browser.get(f"/f/errand/{record}")
    page = browser.get(f"/f/errand/{record}?tab=approval")
    assert "太贵" in page
    assert "需要全部同意" in page
    assert "未开始" in page
    assert page.index("审批中") < page.index("已驳回")


def test_a_submission_that_nobody_could_decide_is_not_announced(office: Office) -> None:
    office.steps({"name": "gone", "approvers": {"users": "nobody"}})
    office.update(users, users.c.id == office["admin"].user_id, is_active=False)
    record = office.draft()
    asked = Browser(office, "ann").get(f"/f/errand/{record}/do/submit")
    assert "确定对" in asked
    assert "提交后不能修改" not in asked


def test_the_document_outlives_the_record(office: Office) -> None:
    record = office.submitted(name="去上海")
    task = office.task("lena")
    office.decide("lena", "reject", "不去")
    version = office["ann"].get(f"/forms/errand/records/{record}").expect(200)["version"]
    office["ann"].delete(f"/forms/errand/records/{record}", version).expect(204)
    browser = Browser(office, "lena")
    assert "去上海" in browser.get(f"/tasks/{task}")
    assert f"/f/errand/{record}" not in browser.get("/tasks?box=done")


def test_pages_speak_english(office: Office) -> None:
    office.submitted()
    with office.platform.db.write() as connection:
        connection.execute(users.update().where(users.c.id == office.id("lena")).values(language="en"))
    page = Browser(office, "lena").get(f"/tasks/{office.task('lena')}")
    assert "Agree" in page
    assert "Reject" in page
    assert "In review" in page
