"""The customer's chapters 销售合同管理 to 开票管理 in real browsers, with the buttons that the document names."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.scenarios import staff
from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.clicking import choose, press, search, submit
from tests.scenarios.serving import Host
from tests.scenarios.staff import CUSTOMER, PASSWORD, Staff, toast

pytestmark = NEEDS_CHROMIUM

CONTRACT = "网关采购合同"
TODAY = date.today()


@pytest.mark.parametrize(("language", "width"), [("zh", 1440)])
def test_the_chapters(company: Host, browser: Browser, language: str, width: int) -> None:
    """A contract is written, approved, ordered from, shipped, paid and invoiced."""
    name = f"{CONTRACT}（{language}）"
    with Staff(company, browser, f"cash-{language}", language, width) as people:
        seller = people["seller"]
        add_a_contract(seller, name)
        find_and_edit_the_contract(seller, name)
        delete_a_contract(seller, company, f"{name}作废稿")
        submit_the_contract(seller, name)
        for who in ("head", "finance"):
            staff.switch(seller, who)
            staff.agree(seller, name, look=who == "head")
        staff.switch(seller, "seller")
        add_an_order(seller, name)
        find_edit_and_delete_orders(seller, name)
        ship_the_order(seller, name)
        add_a_payment(seller, name)
        staff.switch(seller, "finance")
        confirm_the_payment(seller, name)
        staff.switch(seller, "seller")
        add_an_invoice(seller, name)
        staff.switch(seller, "head")
        staff.agree(seller, name, look=False)
        staff.switch(seller, "finance")
        staff.agree(seller, name, look=False)
        issue_the_invoice(seller, name)
        look_at_the_figures(seller)


def add_a_contract(window: Visitor, name: str) -> None:
    """新增销售合同: 基本信息, 付款, 开票信息, 交货信息, 签订日期 and 产品明细; amounts follow as one types."""
    window.menu("销售合同")
    window.check()
    window.button("新增").click()
    window.field("合同名称").fill(name)
    window.pick(window.t("客户名称"), CUSTOMER[:6])
    window.settle()  # what the customer brings along replaces what stands there
    choose(window, "付款方式", "转账")
    window.field("预付比例").fill("30")
    choose(window, "开票类型", "增值税普通发票(普票)")
    window.field("开票名称").fill(CUSTOMER)
    window.field("税号").fill("91310000MA1K35XX0X")
    window.field("开票地址").fill("上海市张江路 1 号")
    window.field("账号").fill("1219 0000 1111")
    window.field("签订日期").fill(TODAY.isoformat())
    window.field("交货日期").fill((TODAY + timedelta(days=30)).isoformat())
    window.field("收货人").fill("周敏")
    window.field("联系电话").fill("13912345678")
    window.field("收货地址").fill("上海市张江路 1 号")
    add_line(window, "边缘网关", "3", "999.99", "5")
    expect(window.dialog()).to_contain_text("2,849.97")
    window.check()
    submit(window)
    window.row(name).wait_for()


def add_line(window: Visitor, product: str, quantity: str, price: str, discount: str) -> None:
    """添加产品, typed by hand."""
    dialog = window.dialog()
    dialog.get_by_role("button", name=re.compile(f"^{re.escape(window.t('添加'))}")).first.click()
    row = dialog.get_by_role("table").get_by_role("row").nth(1)
    row.get_by_label(re.compile(f"^{re.escape(window.t('产品名称'))}")).fill(product)
    row.get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).fill(quantity)
    row.get_by_label(re.compile(f"^{re.escape(window.t('含税单价'))}")).fill(price)
    row.get_by_label(re.compile(f"^{re.escape(window.t('折扣率(%，0=不打折)'))}")).fill(discount)
    row.get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).blur()


def find_and_edit_the_contract(window: Visitor, name: str) -> None:
    """查询、修改销售合同: by 合同号 or 客户名称 in the one box; 编辑 opens the same form."""
    number = window.row(name).get_by_text(re.compile(r"HT\d{8}-\d{4}")).first.inner_text()
    search(window, "没有这样的合同", None)
    search(window, number, name)
    search(window, CUSTOMER[2:6], name)
    press(window, window.row(name), "编辑")
    window.field("交货日期").fill((TODAY + timedelta(days=20)).isoformat())
    submit(window)
    expect(window.row(name)).to_contain_text(str((TODAY + timedelta(days=20)).day))


def delete_a_contract(window: Visitor, host: Host, name: str) -> None:
    """删除销售合同: a question first; the contract is in the recycle bin."""
    client = host.client("seller", PASSWORD)
    customer = client.list("customer", search=CUSTOMER)["items"][0]["id"]
    values = {"name": name, "customer": customer, "payment_method": "cash", "prepay_ratio": "0"}
    values |= {"delivery_date": TODAY.isoformat(), "receiver_name": "周敏", "receiver_phone": "13912345678"}
    values |= {"receiver_address": "上海", "lines": [staff.LINE]}
    client.create("contract", **values)
    window.menu("销售合同")
    press(window, window.row(name), "删除")
    window.button("确定", window.dialog()).click()
    expect(window.page.get_by_role("row").filter(has_text=name)).to_have_count(0)


def submit_the_contract(window: Visitor, name: str) -> None:
    """提交审核销售合同: the row's button; the dialog says who will decide."""
    press(window, window.row(name), "审核")
    expect(window.dialog()).to_contain_text("张伟")
    expect(window.dialog()).to_contain_text("刘芳")
    window.check()
    window.button("确定", window.dialog()).click()
    toast(window, "等待{people}审批。".replace("{people}", "张伟") if window.language == "zh" else "张伟")


def add_an_order(window: Visitor, name: str) -> None:
    """新增销售订单: 合同号 brings customer, receiver and the lines that are left; 保存."""
    window.menu("销售订单")
    window.check()
    window.button("新增").click()
    window.pick(window.t("合同号"), name)
    window.settle()
    expect(window.field("收货人")).to_have_value("周敏")
    row = window.dialog().get_by_role("table").get_by_role("row").nth(1)
    expect(row.get_by_label(re.compile(f"^{re.escape(window.t('产品名称'))}"))).to_have_value("边缘网关")
    row.get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).fill("1")
    row.get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).blur()
    expect(window.dialog()).to_contain_text("949.99")
    window.check()
    submit(window, "保存")
    expect(window.page.locator("main")).to_contain_text("949.99")


def find_edit_and_delete_orders(window: Visitor, name: str) -> None:
    """查询、修改、删除销售订单: two more, of which one goes to the recycle bin."""
    window.menu("销售订单")
    search(window, CUSTOMER[2:6], CUSTOMER)
    press(window, window.row(name), "编辑")
    row = window.dialog().get_by_role("table").get_by_role("row").nth(1)
    row.get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).fill("3")
    submit(window, "保存")
    expect(window.row(name)).to_contain_text("2,849.97")
    press(window, window.row(name), "确认")
    window.button("确定", window.dialog()).click()
    expect(window.row(name)).to_contain_text(window.t("已确认"))


def ship_the_order(window: Visitor, name: str) -> None:
    """物流单管理: 操作 opens the dialog in which shipments are added and looked at."""
    press(window, window.row(name), "操作")
    choose(window, "快递公司", "顺丰")
    window.field("快递单号").fill(f"SF{window.language}0001")
    quantity = window.dialog().get_by_role("table").get_by_label(re.compile(f"^{re.escape(window.t('数量'))}")).first
    quantity.fill("1")
    window.check()
    submit(window, "确定") if window.button("确定", window.dialog()).count() else submit(window)
    window.menu("销售订单")
    expect(window.row(name)).to_contain_text(window.t("部分发货"))
    press(window, window.row(name), "操作")
    expect(window.dialog()).to_contain_text(f"SF{window.language}0001")
    window.check()
    window.page.keyboard.press("Escape")


def add_a_payment(window: Visitor, name: str) -> None:
    """应收账款: one keyword box for 客户名称, 销售名称 and 合同号; 添加付款信息."""
    window.menu("应收账款")
    window.check()
    search(window, "李娜", name)
    search(window, CUSTOMER[2:6], name)
    press(window, window.row(name), "添加付款信息")
    expect(window.dialog()).to_contain_text(window.t("回款计划"))
    expect(window.field("收款金额")).to_have_value("854.99")
    window.field("流水号").fill(f"V-{window.language}")
    window.check()
    submit(window)


def confirm_the_payment(window: Visitor, name: str) -> None:
    """Finance finds what waits to be confirmed and confirms it; the contract's row follows."""
    window.menu("收款记录")
    search(window, f"V-{window.language}", name)
    press(window, window.row(name), "确认")
    window.button("确定", window.dialog()).click()
    expect(window.row(name)).to_contain_text(window.t("已确认"))
    window.menu("应收账款")
    expect(window.row(name)).to_contain_text("854.99")
    expect(window.row(name)).to_contain_text("1,994.98")
    expect(window.row(name)).to_contain_text(window.t("已收"))
    window.check()


def add_an_invoice(window: Visitor, name: str) -> None:
    """开票管理: 编辑 opens the dialog that adds an invoice; then it is submitted."""
    window.menu("开票管理")
    window.check()
    search(window, CUSTOMER[2:6], name)
    press(window, window.row(name), "编辑")
    expect(window.field("开票金额")).to_have_value("2849.97")
    window.field("开票金额").fill("1000")
    window.check()
    submit(window)
    window.menu("开票记录")
    press(window, window.row(name), "提交审批")
    window.button("确定", window.dialog()).click()
    expect(window.row(name)).to_contain_text(window.t("审批中"))


def issue_the_invoice(window: Visitor, name: str) -> None:
    """Finance issues the invoice; the row of the contract says how much is left."""
    window.menu("开票记录")
    press(window, window.row(name), "开具")
    window.field("发票号码").fill(f"NO-{window.language}")
    submit(window)
    window.menu("开票管理")
    expect(window.row(name)).to_contain_text("1,000.00")
    expect(window.row(name)).to_contain_text("1,849.97")
    window.check()


def look_at_the_figures(window: Visitor) -> None:
    for panel in ("账龄分析", "对账单"):
        window.menu(panel)
        window.settle()
        window.check()
