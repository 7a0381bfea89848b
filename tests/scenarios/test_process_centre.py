"""The process centre in real browsers: a salesperson, a head, finance, an executive and the administrator."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.scenarios import staff
from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.serving import Host
from tests.scenarios.staff import LINE, Staff, expect_outcome, open_task, opinion, submit, toast

pytestmark = NEEDS_CHROMIUM

HEAD = "部门负责人（张伟）"
BOTH = "部门负责人（张伟） → 高管（陈岩）"


@pytest.mark.parametrize(("language", "width"), [("zh", 1440), ("en", 390)])
def test_rejected_edited_and_agreed(company: Host, browser: Browser, language: str, width: int) -> None:
    """One browser, handed from account to account; a discount of 15 % asks the executive too."""
    with Staff(company, browser, f"process-{language}", language, width) as people:
        title, record = people.quotation(lines=[LINE | {"discount_rate": 15}])
        window = people["seller"]
        step = "{head}（张伟） → {exec}（陈岩）" if language == "zh" else "{head} (张伟) → {exec} (陈岩)"
        told = step.format(head=window.t("部门负责人"), exec=window.t("高管"))
        submit(window, record, told, "张伟")
        staff.switch(window, "head")
        reject(window, title)
        staff.switch(window, "seller")
        title = edit_what_was_rejected(window, record, title)
        submit(window, record, told, "张伟")
        staff.switch(window, "head")
        agree_without_a_mouse(window, title)
        staff.switch(window, "exec")
        staff.agree(window, title, "价格可以接受")
        staff.switch(window, "seller")
        expect_outcome(window, record, "已通过", "折扣太高", "可以", "价格可以接受")
        find_what_one_started(window, title)


def reject(window: Visitor, title: str) -> None:
    """A rejection needs its reason; it is refused beside the opinion."""
    open_task(window, title)
    expect(window.page.get_by_role("table", name=window.t("产品明细"))).to_contain_text("边缘网关")
    window.button("驳回").click()
    expect(window.page.get_by_role("alert")).to_have_text(window.t("请填写驳回的理由。"))
    expect(opinion(window)).to_be_focused()
    assert "status of 422" in window.faults.pop()  # the browser notes every refusal by itself
    window.check()
    opinion(window).fill("折扣太高")
    window.button("驳回").click()
    toast(window, "已驳回。")
    expect(window.page.get_by_text(window.t("没有等待您审批的事项。"))).to_be_visible()
    window.check()


def edit_what_was_rejected(window: Visitor, record: str, title: str) -> str:
    expect_outcome(window, record, "已驳回", "折扣太高")
    window.button("编辑").click()
    window.field("报价单名称").fill(f"{title}（修订）")
    window.button("提交", window.dialog()).click()
    expect(window.page.get_by_role("heading", name=f"{title}（修订）")).to_be_visible()
    return f"{title}（修订）"


def agree_without_a_mouse(window: Visitor, title: str) -> None:
    open_task(window, title)
    opinion(window).focus()
    window.page.keyboard.type("可以")
    window.page.keyboard.press("Tab")
    expect(window.button("同意")).to_be_focused()
    window.page.keyboard.press("Enter")
    toast(window, "已同意。")
    window.page.get_by_role("link", name=window.t("已办"), exact=True).click()
    expect(window.row(title)).to_contain_text(window.t("已同意"))
    window.check()


def find_what_one_started(window: Visitor, title: str) -> None:
    window.menu("流程中心")
    window.page.get_by_role("link", name=re.compile(f"^{window.t('我发起的')}")).click()
    expect(window.row(title)).to_contain_text(window.t("已通过"))
    expect(window.row(window.t("已驳回"))).not_to_contain_text(re.compile(window.t("部门负责人"), re.I))  # it has ended
    window.check()
    window.row(title).get_by_role("link", name=title, exact=True).click()
    expect(window.page.get_by_role("heading", name=title, level=1)).to_be_visible()
    window.check()


def test_withdrawn_handed_on_and_asked_beside(company: Host, browser: Browser) -> None:
    """Withdraw; then the head lets finance decide (转办), who asks the executive first (加签) and a colleague after."""
    with Staff(company, browser, "handing-on") as people:
        title, record = people.quotation()
        seller, head, finance = people["seller"], people["head"], people["finance"]
        submit(seller, record, HEAD, "张伟")
        staff.expect_waiting(head, title, 1)
        withdraw(seller, record)
        staff.expect_waiting(head, title, 0)

        submit(seller, record, HEAD, "张伟", look=False)
        open_task(head, title)
        staff.hand_on(head, "转办", "转给", "刘芳")
        toast(head, "已转办。")
        staff.expect_waiting(head, title, 0)

        open_task(finance, title)
        opinion(finance).fill("请先看毛利")
        staff.hand_on(finance, "加签", "加签给", "陈岩")
        toast(finance, "已加签。")
        staff.expect_waiting(finance, title, 0)
        expect_outcome(seller, record, "审批中", "请先看毛利")
        expect(seller.page.get_by_role("tabpanel")).not_to_contain_text("任一人同意即可")  # both are to agree
        expect(staff.asked(seller, "陈岩")).to_contain_text("前加签")
        expect(staff.asked(seller, "刘芳", "等待前一人")).to_contain_text("转办")

        staff.agree(people["exec"], title, "毛利够", look=False)
        ask_after(finance, title)
        expect(staff_page(seller, record)).to_contain_text("审批中")
        staff.agree(people["head"], title, look=False)
        expect_outcome(seller, record, "已通过", "毛利够")


def withdraw(window: Visitor, record: str) -> None:
    window.page.goto(record)
    window.button("撤回").click()
    expect(window.dialog()).to_be_visible()
    window.check()
    window.button("确定", window.dialog()).click()
    toast(window, "“撤回”已完成。")
    expect_outcome(window, record, "已撤回")
    expect(window.button("编辑")).to_be_visible()


def ask_after(window: Visitor, title: str) -> None:
    """Agree, and ask the head once more after oneself."""
    open_task(window, title, look=False)
    window.button("加签").click()
    window.field("加签位置").select_option(label="在我之后（我同意，再由加签人审批）")
    window.pick("加签给", "张伟")
    window.check()
    window.button("确定", window.dialog()).click()
    toast(window, "已加签。")


def staff_page(window: Visitor, record: str) -> Locator:
    window.page.goto(record)
    return window.page.locator(".page-head")


def test_amount_and_discount_ask_the_executive(company: Host, browser: Browser) -> None:
    """The dialog says so before, the steps to come say so after; on the limits themselves and just below them."""
    cases: tuple[tuple[dict[str, object], str], ...] = (
        ({"discount_rate": "10.01"}, BOTH),
        ({"quantity": 1, "unit_price": "99999.99", "discount_rate": 0}, HEAD),
        ({"quantity": 1, "unit_price": "100000", "discount_rate": 0}, BOTH),
        ({"discount_rate": 10}, HEAD),
    )
    with Staff(company, browser, "conditions") as people:
        window = people["seller"]
        for line, told in cases:
            _title, record = people.quotation(lines=[LINE | line])
            submit(window, record, f"将由 {told} 审批。", "张伟", look=told == BOTH)
            executive = window.page.get_by_role("listitem").filter(has_text="高管")
            expect(executive).to_contain_text("未开始" if told == BOTH else "无需审批")


def test_the_head_above_decides_what_the_head_submits(company: Host, browser: Browser) -> None:
    with Staff(company, browser, "own-request") as people:
        title, record = people.quotation("head", lines=[LINE | {"discount_rate": 15}])
        head = people["head"]
        submit(head, record, "部门负责人（陈岩）", "陈岩")
        expect(head.page.get_by_role("link", name="去审批")).to_have_count(0)
        head.page.goto(f"{head.url}/tasks")
        expect(head.row(title)).to_have_count(0)
        staff.agree(people["exec"], title, "同意", look=False)
        expect_outcome(head, record, "已通过", "同意")


def test_all_must_agree_after_the_flow_was_edited(company: Host, browser: Browser) -> None:
    """The administrator lets finance and the executive decide together (会签); without either it stays in review."""
    with Staff(company, browser, "countersign") as people:
        title, record = people.quotation(lines=[LINE | {"discount_rate": 15}])
        admin, seller, executive, finance = (people[name] for name in ("admin", "seller", "exec", "finance"))
        edit_the_flow(admin)
        submit(seller, record, "部门负责人（张伟） → 高管会签（", "张伟", look=False)
        staff.agree(people["head"], title, look=False)
        seller.page.goto(f"{record}?tab=approval")
        for name in ("陈岩", "刘芳"):
            expect(staff.asked(seller, name)).to_be_visible()
        expect(seller.page.get_by_role("tabpanel")).to_contain_text("需要全部同意")
        seller.check()
        staff.agree(finance, title, "账期可以")
        expect_outcome(seller, record, "审批中", "账期可以")
        staff.agree(executive, title, look=False)
        expect_outcome(seller, record, "已通过")
        bring_the_delivered_flow_back(admin)


def edit_the_flow(window: Visitor) -> None:
    window.menu("流程管理")
    window.check()
    window.page.get_by_role("link", name="编辑 报价审批").click()
    expect(window.page.get_by_role("heading", name="报价审批", level=1)).to_be_visible()
    window.check()
    step = window.page.get_by_role("region", name="第 2 步")
    step.get_by_label("步骤名称").fill("高管会签")
    box = step.get_by_role("combobox", name=re.compile("^角色"))
    box.click()
    box.press_sequentially("财务", delay=20)
    window.page.get_by_role("option", name="财务", exact=True).locator("visible=true").first.click()
    step.get_by_label("多人审批方式").select_option(label="会签")
    picture = window.page.get_by_role("list", name="报价审批")
    expect(picture).to_contain_text("角色：高管、财务")
    expect(picture).to_contain_text("会签")
    window.check()
    window.button("保存").click()
    toast(window, "已保存流程，新提交的记录按新流程审批。")
    expect(window.page.get_by_role("region", name="与默认流程的差异")).to_contain_text("会签")
    expect(window.page.get_by_role("button", name="版本 2")).to_be_visible()
    window.check()


def bring_the_delivered_flow_back(window: Visitor) -> None:
    window.button("恢复默认").click()
    window.check()
    window.button("确定", window.dialog()).click()
    expect(window.page.get_by_text("与应用自带的流程相同。")).to_be_visible()
    expect(window.page.get_by_role("button", name="版本 3")).to_be_visible()
