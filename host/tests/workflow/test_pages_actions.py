"""What the pages of the process centre offer besides agreeing and rejecting."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from lowcode.database.schema import approval_tasks
from tests.workflow.browser import MARKUP, Browser
from tests.workflow.office import Office


def test_titles_and_forms_narrow_a_box(office: Office) -> None:
    for name in ("去上海", "去广州"):
        office.submitted(name=name)
    browser = Browser(office, "lena")
    found = browser.get("/tasks?search=上海&form=errand")
    assert "去上海" in found
    assert "去广州" not in found
    assert 'value="上海"' in found
    assert '<option value="errand" selected>出差</option>' in found
    assert "没有符合条件的事项" in browser.get("/tasks?search=成都")
    assert "没有符合条件的事项" in browser.get("/tasks?form=nothing")


def test_what_is_overdue_says_so(office: Office) -> None:
    office.submitted(amount="1000")
    office.decide("lena")
    browser = Browser(office, "tom")
    assert "已逾期" not in browser.get("/tasks")
    past = datetime.now(UTC) - timedelta(hours=1)
    office.update(approval_tasks, approval_tasks.c.user == office.id("tom"), due_at=past)
    assert "已逾期" in browser.get("/tasks")
    assert 'class="late"' in browser.get(f"/tasks/{office.task('tom')}")


def test_the_buttons_of_an_approver(office: Office) -> None:
    office.submitted()
    page = Browser(office, "lena").get(f"/tasks/{office.task('lena')}")
    assert re.findall(r'id="do-(\w+)"', page) == ["return", "transfer", "add_signer", "copy"]


def test_transferring(office: Office) -> None:
    office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    browser.get(f"/tasks/{task}")
    dialog = browser.get(f"/tasks/{task}/do/transfer?opinion=出差中", **MARKUP)
    assert 'data-remote="/pick/people"' in dialog
    assert ">出差中</textarea>" in dialog
    refused = browser.post(f"/tasks/{task}/do/transfer", {"to": ""})
    assert refused.status_code == 422
    assert re.search(r'id="e-to"[^>]*>必填。', refused.text)
    own = browser.post(f"/tasks/{task}/do/transfer", {"to": str(office.id("ann"))})
    assert "提交人和负责人不能审批自己的单据" in own.text
    done = browser.post(f"/tasks/{task}/do/transfer", {"to": str(office.id("boss")), "opinion": "出差中"})
    assert (done.status_code, '"follow": "/tasks"' in done.headers["HX-Trigger"]) == (204, True)
    assert office.asked() == {"boss"}
    page = Browser(office, "boss").get(f"/tasks/{office.task('boss')}")
    assert "lena转给boss办理" in page
    assert "出差中" in page


@pytest.mark.parametrize(("place", "asked"), [("before", {"boss", "kim"}), ("after", {"boss", "kim"})])
def test_adding_approvers(office: Office, place: str, asked: set[str]) -> None:
    record = office.submitted()
    browser, task = Browser(office, "lena"), office.task("lena")
    browser.get(f"/tasks/{task}")
    dialog = browser.get(f"/tasks/{task}/do/add_signer", **MARKUP)
    assert 'name="to" multiple' in dialog
    assert "发起人" not in dialog
    wrong = browser.post(f"/tasks/{task}/do/add_signer", {"to": str(office.id("boss")), "place": ""})
    assert re.search(r'id="e-place"[^>]*>', wrong.text)
    people = [str(office.id(name)) for name in ("boss", "kim")]
    assert browser.post(f"/tasks/{task}/do/add_signer", {"to": people, "place": place}).status_code == 204
    assert office.asked() == asked
    for name in ("boss", "kim"):
        office.decide(name)
    if place == "before":
        assert 'class="muted">前加签' not in browser.get(f"/tasks/{task}")  # they have decided
        office.decide("lena")
    assert office.status(record) == "approved"


def test_returning_to_a_step_and_to_the_submitter(office: Office) -> None:
    record = office.submitted(amount="1000")
    office.decide("lena")
    browser, task = Browser(office, "tom"), office.task("tom")
    browser.get(f"/tasks/{task}")
    dialog = browser.get(f"/tasks/{task}/do/return", **MARKUP)
    assert re.search(r'<option value="lead" selected *>部门负责人', dialog)
    refused = browser.post(f"/tasks/{task}/do/return", {"to": "lead"})
    assert re.search(r'id="e-opinion"[^>]*>必填。', refused.text)
    assert browser.post(f"/tasks/{task}/do/return", {"to": "lead", "opinion": "再看"}).status_code == 204
    assert office.asked() == {"lena"}
    lena, again = Browser(office, "lena"), office.task("lena")
    lena.get(f"/tasks/{again}")
    assert lena.post(f"/tasks/{again}/do/return", {"to": "start", "opinion": "请改"}).status_code == 204
    assert office.status(record) == "rejected"
    assert "已退回" in Browser(office, "ann").get(f"/f/errand/{record}?tab=approval")
    assert "已退回" in lena.get("/tasks?box=done")


def test_copies_are_unread_until_they_are_opened(office: Office) -> None:
    office.submitted(name="去上海")
    browser, task = Browser(office, "lena"), office.task("lena")
    browser.get(f"/tasks/{task}")
    sent = browser.post(f"/tasks/{task}/do/copy", {"to": [str(office.id("otto"))], "opinion": "请知悉"})
    assert (sent.status_code, "follow" in sent.headers["HX-Trigger"]) == (204, False)
    otto = Browser(office, "otto")
    box = otto.get("/tasks?box=copied")
    assert 'aria-label="未读"' in box
    link = re.search(r'href="(/copies/\d+)"', box)
    assert link
    page = otto.get(link[1])
    assert "去上海" in page
    assert 'id="agree"' not in page
    assert 'aria-label="未读"' not in otto.get("/tasks?box=copied")
    Browser(office, "bob").get(link[1], 404)


def test_the_submitter_urges_and_copies(office: Office) -> None:
    record = office.submitted()
    ann = Browser(office, "ann")
    page = ann.get(f"/f/errand/{record}?tab=approval")
    assert f'hx-post="/f/errand/{record}/approval/urge"' in page
    assert "催办" in ann.post(f"/f/errand/{record}/approval/urge").headers["HX-Trigger"].encode().decode(
        "unicode-escape"
    )
    again = ann.post(f"/f/errand/{record}/approval/urge")
    assert (again.status_code, "刚刚已经催办过" in again.text) == (422, True)
    dialog = ann.get(f"/f/errand/{record}/approval/copy", **MARKUP)
    assert 'name="to" multiple' in dialog
    ann.get(f"/f/errand/{record}")
    assert ann.post(f"/f/errand/{record}/approval/copy", {"to": str(office.id("otto"))}).status_code == 204
    assert [each["record"]["id"] for each in office.box("otto", "copied")] == [record]
    assert "抄送：otto" in ann.get(f"/f/errand/{record}?tab=approval")
    assert Browser(office, "bob").post(f"/f/errand/{record}/approval/urge").status_code in {403, 404}


def test_an_administrator_reassigns(office: Office) -> None:
    record = office.submitted()
    task = office.task("lena")
    admin = Browser(office, "admin")
    page = admin.get(f"/f/errand/{record}?tab=approval")
    assert f'hx-get="/tasks/{task}/do/reassign"' in page
    assert "改派" in admin.get(f"/tasks/{task}/do/reassign", **MARKUP)
    admin.get("/tasks")
    assert admin.post(f"/tasks/{task}/do/reassign", {"to": str(office.id("boss"))}).status_code == 204
    assert office.asked() == {"boss"}
    assert "/do/reassign" not in Browser(office, "ann").get(f"/f/errand/{record}?tab=approval")
    boss = Browser(office, "boss")
    boss.get("/tasks")
    refused = boss.post(f"/tasks/{office.task('boss')}/do/reassign", {"to": str(office.id("tina"))})
    assert refused.status_code == 403
    assert office.asked() == {"boss"}


def test_an_administrator_looks_at_a_task_without_deciding(office: Office) -> None:
    office.submitted(name="去上海")
    page = Browser(office, "admin").get(f"/tasks/{office.task('lena')}")
    assert "去上海" in page
    assert 'id="decision"' not in page


@pytest.mark.parametrize("name", ["return", "transfer", "add_signer", "copy", "reassign", "nothing"])
def test_the_dialogs_of_somebody_elses_task_are_not_found(office: Office, name: str) -> None:
    office.submitted()
    Browser(office, "bob").get(f"/tasks/{office.task('lena')}/do/{name}", 404)


def test_what_one_has_submitted_is_shown_as_it_was(office: Office) -> None:
    office.submitted(name="去上海")
    ann = Browser(office, "ann")
    link = re.search(r'href="(/tasks/runs/\d+)">去上海', ann.get("/tasks?box=started"))
    assert link
    page = ann.get(link[1])
    assert "提交时的内容" in page
    assert "催办" in page
    Browser(office, "bob").get(link[1], 404)


def test_the_submitter_picks_approvers(office: Office) -> None:
    office.steps({"name": "pick", "label": "复核", "approvers": {"chosen": True}})
    record = office.draft()
    ann = Browser(office, "ann")
    ann.get("/tasks")
    dialog = ann.client.get(f"/f/errand/{record}/do/submit", headers=MARKUP | {"Accept-Language": "zh-CN"}).text
    assert 'name="approvers.pick" multiple' in dialog
    assert "复核（由您选择）" in dialog
    refused = ann.post(f"/f/errand/{record}/do/submit")
    assert refused.status_code == 422
    assert re.search(r'id="e-approvers-pick"[^>]*>必填。', refused.text)
    assert office.status(record) == "draft"
    done = ann.post(f"/f/errand/{record}/do/submit", {"approvers.pick": [str(office.id("kim"))]})
    assert done.status_code == 204
    assert "等待kim审批。" in done.headers["HX-Trigger"].encode().decode("unicode-escape")
    assert office.asked() == {"kim"}


def test_a_changed_document_warns_the_approver(office: Office) -> None:
    record = office.submitted()
    table = office.platform.forms["errand"].table
    office.update(table, table.c.id == record, note="改过", version=table.c.version + 1)
    browser, task = Browser(office, "lena"), office.task("lena")
    assert "提交之后单据的内容被系统修改过" in browser.get(f"/tasks/{task}")
    assert browser.decide(task, "agree").status_code == 409
