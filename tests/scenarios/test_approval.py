"""A quotation's way through its approval in a real browser: submitted, rejected, edited, submitted again, agreed."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.serving import REPOSITORY, Host

pytestmark = NEEDS_CHROMIUM
PASSWORD = "Quiet-Harbour-27"
STAFF = (("head", "张伟", "manager"), ("seller", "李娜", "sales"))


@pytest.fixture
def staffed(tmp_path: Path, wheel: Path) -> Iterator[Host]:
    """A host with a department, its head and a salesperson."""
    host = Host(tmp_path / "home")
    try:
        admin = host.install(wheel)
        department = admin.post("/departments", {"name": "华东销售部"}).json()["id"]
        for username, name, role in STAFF:
            person = {"username": username, "name": name, "password": PASSWORD, "roles": [role]}
            made = admin.post("/users", person | {"department": department, "must_change_password": False})
            assert made.status_code == 201, made.text
            if role == "manager":
                head = {"head": made.json()["id"]}
                assert admin.patch(f"/departments/{department}", head).status_code == 200
        yield host
    finally:
        host.stop()


def test_a_quotation_is_rejected_edited_and_agreed(staffed: Host, browser: Browser) -> None:
    seller = staffed.client("seller", PASSWORD)
    customer = seller.create("customer", name="上海宏图自动化有限公司", source="other")
    line = {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5}
    quotation = seller.create("quotation", name="网关改造报价", customer=customer["id"], lines=[line])
    record = f"{staffed.url}/f/quotation/{quotation['id']}"
    pictures = Path(os.environ.get("LOWCODE_PICTURES", REPOSITORY / "artifacts")) / "approval"
    visitor = Visitor(browser, staffed.url, "zh", 1440, pictures)

    visitor.sign_in("seller", PASSWORD)
    submit(visitor, record)
    switch(visitor, "head")
    reject(visitor)
    switch(visitor, "seller")
    edit_what_was_rejected(visitor, record)
    submit(visitor, record)
    switch(visitor, "head")
    agree(visitor)
    switch(visitor, "seller")
    visitor.page.goto(f"{record}?tab=approval")
    expect(visitor.page.locator(".page-head")).to_contain_text("已通过")
    expect(visitor.page.get_by_role("tabpanel")).to_contain_text("可以")
    visitor.check()

    visitor.context.close()
    assert not visitor.faults, "\n".join(visitor.faults)


def switch(visitor: Visitor, username: str) -> None:
    visitor.page.get_by_role("button", name=visitor.t("用户菜单")).click()
    visitor.button("退出登录").click()
    visitor.page.wait_for_url("**/login*")
    visitor.sign_in(username, PASSWORD)


def submit(visitor: Visitor, record: str) -> None:
    visitor.page.goto(record)
    visitor.button("提交审批").click()
    expect(visitor.dialog()).to_contain_text("提交后不能修改，将由 部门负责人（张伟） 审批。")
    visitor.check()
    visitor.button("确定", visitor.dialog()).click()
    expect(visitor.page.locator("#toasts")).to_contain_text("“提交审批”已完成。")
    expect(visitor.button("编辑")).to_have_count(0)
    visitor.page.get_by_role("tab", name=visitor.t("审批"), exact=True).click()
    expect(visitor.page.get_by_role("tabpanel")).to_contain_text("张伟 待审批")
    visitor.check()


def open_task(visitor: Visitor) -> None:
    link = visitor.page.get_by_role("navigation", name=visitor.t("顶部菜单")).get_by_role("link", name="待办事宜 1")
    link.click()
    visitor.settle()
    visitor.check()
    visitor.row("网关改造报价").get_by_role("link", name=re.compile("^审批 网关改造报价")).click()
    expect(visitor.page.get_by_role("table", name=visitor.t("产品明细"))).to_contain_text("边缘网关")
    visitor.check()


def reject(visitor: Visitor) -> None:
    open_task(visitor)
    visitor.button("驳回").click()
    opinion = visitor.page.get_by_label(visitor.t("意见"), exact=True)
    expect(visitor.page.get_by_role("alert")).to_have_text("请填写驳回的理由。")
    expect(opinion).to_be_focused()
    assert "status of 422" in visitor.faults.pop()  # the browser notes every refusal by itself
    visitor.check()
    opinion.fill("折扣太高")
    visitor.button("驳回").click()
    expect(visitor.page.locator("#toasts")).to_contain_text("已驳回。")
    expect(visitor.page.get_by_text("没有等待您审批的事项。")).to_be_visible()
    visitor.check()


def edit_what_was_rejected(visitor: Visitor, record: str) -> None:
    visitor.page.goto(f"{record}?tab=approval")
    expect(visitor.page.get_by_role("tabpanel")).to_contain_text("折扣太高")
    visitor.button("编辑").click()
    visitor.field("报价单名称").fill("网关改造报价（修订）")
    visitor.button("提交", visitor.dialog()).click()
    expect(visitor.page.get_by_role("heading", name="网关改造报价（修订）")).to_be_visible()


def agree(visitor: Visitor) -> None:
    """Decide without a mouse."""
    open_task(visitor)
    visitor.page.get_by_label(visitor.t("意见"), exact=True).focus()
    visitor.page.keyboard.type("可以")
    visitor.page.keyboard.press("Tab")
    expect(visitor.button("同意")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#toasts")).to_contain_text("已同意。")
    visitor.page.get_by_role("link", name=visitor.t("已办"), exact=True).click()
    expect(visitor.row("网关改造报价（修订）")).to_contain_text("已同意")
    visitor.check()
