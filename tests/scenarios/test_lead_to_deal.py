"""The customer's chapters 销售线索 to 销售机会管理 in real browsers, with the buttons that the document names."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.scenarios import staff
from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.clicking import choose, press, search, submit
from tests.scenarios.serving import Host
from tests.scenarios.staff import PASSWORD, Staff

pytestmark = NEEDS_CHROMIUM

COMPANY = "杭州云帆新能源有限公司"
POOLED = "宁波东海精密机械有限公司"


@pytest.mark.parametrize(("language", "width"), [("zh", 1440), ("en", 390)])
def test_the_chapters(company: Host, browser: Browser, language: str, width: int) -> None:
    """One seller works a lead to an opportunity and a quotation; the head hands out what lies in the pool."""
    name, pooled = f"{COMPANY}（{language}）", f"{POOLED}（{language}）"
    with Staff(company, browser, f"deal-{language}", language, width) as people:
        seller = people["seller"]
        add_a_lead(seller, name)
        find_and_edit_the_lead(seller, name)
        follow_the_lead(seller, name)
        advance_the_lead(seller, name)
        convert_the_lead(seller, name)
        follow_and_release_a_customer(seller, pooled)
        claim_from_the_pool(seller, pooled)
        find_the_follow_ups(seller, name)
        work_the_opportunity(seller, name)
        staff.switch(seller, "head")
        hand_out_from_the_pool(seller, pooled)
        look_at_the_figures(seller)


def add_a_lead(window: Visitor, name: str) -> None:
    """新增销售线索: 新增 → 客户名称, 联系人, 销售来源 (微信群), 销售状态 → 提交."""
    window.menu("销售线索")
    window.check()
    window.button("新增").click()
    window.field("客户名称").fill(name)
    window.field("联系人").fill("周敏")
    window.field("手机").fill("13912345678")
    choose(window, "销售来源", "微信群")
    choose(window, "销售状态", "待处理")
    window.field("预计金额").fill("86000")
    window.check()
    submit(window)
    window.row(name).wait_for()
    window.check()


def find_and_edit_the_lead(window: Visitor, name: str) -> None:
    """查询、修改销售线索: the list narrows as one types; 编辑 opens the same form."""
    search(window, "没有这样的线索", None)
    search(window, name[2:4], name)
    press(window, window.row(name), "编辑")
    window.field("联系人").fill("周敏敏")
    submit(window)
    expect(window.row(name)).to_contain_text("周敏敏")


def follow_the_lead(window: Visitor, name: str) -> None:
    """跟进销售线索: 线索跟进 opens the form of a follow-up."""
    press(window, window.row(name), "线索跟进")
    fill_follow_up(window, "电话沟通了需求")
    expect(window.row(name)).to_contain_text(window.t("跟进中"))


def advance_the_lead(window: Visitor, name: str) -> None:
    """推进销售线索: 线索推进 offers the stages in a drop-down; 无效 asks for its reason."""
    press(window, window.row(name), "线索推进")
    choose(window, "推进到", "无效")
    window.check()
    window.button("提交", window.dialog()).click()
    expect(
        window.dialog().get_by_role("alert").or_(window.dialog().locator(".fault:not(:empty)")).first
    ).to_be_visible()
    assert "status of 422" in window.faults.pop()  # the browser notes every refusal by itself
    choose(window, "推进到", "跟进中")
    window.page.keyboard.press("Escape")
    expect(window.page.locator("dialog[open]")).to_have_count(0)


def convert_the_lead(window: Visitor, name: str) -> None:
    """转化 shows first what it will make, then makes customer, contact and opportunity at once."""
    window.row(name).get_by_role("link", name=name).first.click()
    window.settle()
    expect(window.page.get_by_role("tab", name=window.t("动态"))).to_be_visible()
    window.button("转化").click()
    window.button("预览", window.dialog()).click()
    expect(window.dialog()).to_contain_text(window.t("将新建"))
    expect(window.dialog()).to_contain_text(name)
    window.check()
    window.button("确定", window.dialog()).click()
    expect(window.page.get_by_role("heading", name=re.compile(re.escape(name)), level=1)).to_be_visible()
    window.settle()
    window.page.get_by_role("tab", name=window.t("动态")).click()
    expect(window.page.get_by_role("tabpanel")).to_contain_text("电话沟通了需求")
    window.check()


def follow_and_release_a_customer(window: Visitor, name: str) -> None:
    """客户跟进, 变更公海客户: a question is asked first, 确定 puts the customer into the pool."""
    window.menu("客户管理")
    window.button("新增").click()
    window.field("客户名称").fill(name)
    submit(window)
    press(window, window.row(name), "客户跟进")
    fill_follow_up(window, "第一次拜访")
    press(window, window.row(name), "变更公海客户")
    expect(window.dialog()).to_contain_text(window.t("确定把这个客户放入公海吗？放入后其他人可以领取。"))
    window.check()
    submit(window)
    expect(window.page.get_by_role("row").filter(has_text=name)).to_have_count(0)


def claim_from_the_pool(window: Visitor, name: str) -> None:
    """领取公海客户: the former owner has to wait, and is told until when."""
    window.menu("公海客户")
    search(window, name[:4], name)
    window.check()
    press(window, window.row(name), "领取公海客户")
    window.button("确定", window.dialog()).click()
    expect(window.page.locator("dialog[open], #toasts").first).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    assert "status of 422" in window.faults.pop()
    window.page.keyboard.press("Escape")
    window.page.reload()


def find_the_follow_ups(window: Visitor, name: str) -> None:
    """查询跟进记录: the page only queries, by 客户名称, 销售负责人 and the days of contact."""
    window.menu("跟进记录")
    expect(window.button("新增")).to_have_count(0)
    search(window, name[:4], "电话沟通了需求")
    window.check()
    window.page.get_by_role("link", name=window.t("日历")).click()
    window.settle()
    window.check()


def work_the_opportunity(window: Visitor, name: str) -> None:
    """新增、查询、推进销售机会 on the list and on the board, and a quotation from it."""
    window.menu("销售机会")
    expect(window.row(name)).to_contain_text(window.t("初步接洽"))
    window.check()
    window.page.get_by_role("link", name=window.t("看板")).click()
    window.settle()
    window.check()
    window.page.get_by_role("button", name=re.compile(rf"^{window.t('移到…')} {re.escape(name)}")).first.click()
    window.page.locator("#move-to").get_by_role("button", name=window.t("需求分析"), exact=True).click()
    window.settle()
    expect(column(window, "需求分析")).to_contain_text(name)
    window.check()
    column(window, "需求分析").get_by_role("link", name=re.compile(re.escape(name))).first.click()
    window.settle()
    window.button("新建报价单").click()
    expect(window.dialog()).to_contain_text(window.t("将新建"))  # it asks for nothing, so the plan is there at once
    window.button("确定", window.dialog()).click()
    expect(window.page.get_by_text(window.t("草稿")).first).to_be_visible()
    window.settle()
    window.check()


def hand_out_from_the_pool(window: Visitor, name: str) -> None:
    """分配公海客户: the dialog lets the head choose the salesperson."""
    window.menu("公海客户")
    search(window, name[:4], name)
    press(window, window.row(name), "分配公海客户")
    window.pick(window.t("销售负责人"), "李娜")
    window.check()
    submit(window)
    expect(window.page.get_by_role("row").filter(has_text=name)).to_have_count(0)
    window.menu("客户管理")
    expect(window.row(name)).to_contain_text("李娜")
    window.check()


def look_at_the_figures(window: Visitor) -> None:
    for panel, figure in (("销售漏斗", "需求分析"), ("销售预测", "李娜")):
        window.menu(panel)
        expect(window.page.get_by_role("main")).to_contain_text(window.t(figure))
        window.check()


def test_rules_of_the_pool_are_tried_before_they_are_saved(company: Host, browser: Browser) -> None:
    """The administrator shortens the rule, sees who would lose whom on a day, and saves exactly that."""
    company.client("seller", PASSWORD).create("customer", name="会被回收的公司", source="other")
    with Staff(company, browser, "pool-rules") as people:
        admin = people["admin"]
        admin.menu("公海规则")
        main = admin.page.get_by_role("main")
        expect(main).to_contain_text("模拟")
        admin.check()
        main.get_by_label(re.compile("^未跟进回收天数")).first.fill("5")
        main.get_by_label(re.compile("^模拟日期")).first.fill("2030-01-01")
        admin.button("查询", main).click()
        admin.settle()
        expect(admin.row("会被回收的公司")).to_contain_text("李娜")
        admin.check()
        admin.button("保存为设置", main).click()
        admin.button("确定", admin.dialog()).click()
        admin.settle()
        saved = company.client().get("/apps/crm/settings").json()
        assert saved["no_follow_days"] == 5


def column(window: Visitor, label: str) -> Locator:
    return window.page.get_by_role("region", name=re.compile(f"^{re.escape(window.t(label))}")).first


def fill_follow_up(window: Visitor, content: str) -> None:
    window.field("跟进内容").fill(content)
    window.check()
    submit(window)
