"""The customer's path in a real browser: install, restart, dictionary, initialise, product, customer, quotation."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.serving import REPOSITORY, Host

FIRST_LOAD_KB = 200

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def empty_host(tmp_path: Path, wheel: Path) -> Iterator[Host]:
    """A host as `make run` gives it: nothing installed, the plugin in its store."""
    host = Host(tmp_path / "home")
    host.cli("store", "add", str(wheel))
    try:
        yield host.start()
    finally:
        host.stop()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "product.png"
    Image.new("RGB", (320, 200), "orange").save(path)
    return path


WINDOWS = [("zh", 1440), ("en", 390), *([("en", 1440), ("zh", 390)] if "FULL" in os.environ else [])]
"""The other two differ from these by language or width alone; with `FULL=1` all four."""


@pytest.mark.parametrize(("language", "width"), WINDOWS)
def test_the_customers_path(empty_host: Host, browser: Browser, language: str, width: int, picture: Path) -> None:
    pictures = Path(os.environ.get("LOWCODE_PICTURES", REPOSITORY / "artifacts")) / "path"
    visitor = Visitor(browser, empty_host.url, language, width, pictures)
    visitor.sign_in()
    install(visitor)
    add_a_payment_method(visitor)
    initialise_twice(visitor)
    add_a_product(visitor, picture)
    add_a_customer_with_two_contacts(visitor)
    number = add_a_quotation(visitor)
    edit_delete_restore(visitor, number)
    visitor.context.close()
    assert not visitor.faults, "\n".join(visitor.faults)


def install(visitor: Visitor) -> None:
    visitor.menu("应用商店", navigation="顶部菜单")
    with visitor.page.expect_response(lambda response: "search=CRM" in response.url):
        visitor.page.get_by_role("searchbox", name=visitor.t("搜索")).fill("CRM")
    visitor.settle()
    expect(visitor.page.get_by_role("listitem", name=visitor.t("CRM管理"))).to_be_visible()
    visitor.check()
    visitor.button("安装").click()
    visitor.page.get_by_text(visitor.t("安装完成,请重启平台")).wait_for()
    visitor.check()
    visitor.button("重启平台").click()
    expect(visitor.page.locator("#sider")).to_contain_text(visitor.t("客户管理"), timeout=60_000)
    visitor.settle()
    visitor.check()


def add_a_payment_method(visitor: Visitor) -> None:
    visitor.menu("数据字典")
    visitor.check()
    visitor.page.get_by_role("link", name=visitor.t("付款方式"), exact=True).first.click()
    visitor.button("新增").click()
    visitor.field("编码").fill("digital_rmb")
    visitor.field("名称").fill("数字人民币")
    visitor.check()
    visitor.button("提交", visitor.dialog()).click()
    visitor.row("数字人民币").wait_for()
    visitor.check()


def initialise_twice(visitor: Visitor) -> None:
    visitor.menu("数据初始化")
    visitor.check()
    visitor.button("初始化").click()
    done = visitor.t("初始化完成：新增 {items} 个字典选项、{rules} 条单号规则。", items=0, rules=0).partition("0")[0]
    visitor.page.get_by_text(done).first.wait_for()
    visitor.check()
    visitor.button("初始化").click()
    visitor.page.get_by_text(visitor.t("没有需要新增的内容，数据字典、单号和流程都已就绪。")).first.wait_for()
    visitor.menu("数据字典")
    visitor.page.get_by_role("link", name=visitor.t("付款方式"), exact=True).first.click()
    visitor.row("数字人民币").wait_for()
    visitor.row(visitor.t("现金")).wait_for()


def add_a_product(visitor: Visitor, picture: Path) -> None:
    visitor.menu("产品管理")
    visitor.check()
    visitor.button("新增").click()
    visitor.field("产品编码").fill("GW-100")
    visitor.field("产品名称").fill("边缘网关")
    choose(visitor, "产品类别", "主机/网关")
    choose(visitor, "计量单位", "台")
    visitor.field("参考价格(含税)").fill("999.99")
    visitor.dialog().locator("input[type=file]").first.set_input_files(picture)
    expect(visitor.dialog().locator(".file img")).to_be_visible()
    visitor.check()
    visitor.button("提交", visitor.dialog()).click()
    visitor.row("GW-100").wait_for()
    visitor.settle()
    visitor.check()


def choose(visitor: Visitor, label: str, option: str) -> None:
    """Choose a dictionary item, in a plain select or in a searching one."""
    name = re.compile(rf"^{re.escape(visitor.t(label))}")
    box = visitor.dialog().get_by_role("combobox", name=name).locator("visible=true").first
    if box.evaluate("element => element.tagName") == "SELECT":
        box.select_option(label=visitor.t(option))
    else:
        visitor.pick(visitor.t(label), visitor.t(option))


def add_a_customer_with_two_contacts(visitor: Visitor) -> None:
    visitor.menu("客户管理")
    visitor.check()
    visitor.button("新增").click()
    visitor.field("客户名称").fill("上海宏图自动化有限公司")
    visitor.button("提交", visitor.dialog()).click()
    visitor.row("上海宏图自动化有限公司").wait_for()
    visitor.row("上海宏图自动化有限公司").get_by_role("link", name="上海宏图自动化有限公司").first.click()
    visitor.settle()
    for name, mobile in (("王芳", "13800138001"), ("李强", "13800138002")):
        visitor.page.get_by_role("tab", name=re.compile(visitor.t("联系人"))).click()
        visitor.button("新增").click()
        visitor.field("姓名").fill(name)
        visitor.field("手机").fill(mobile)
        visitor.check()
        visitor.button("提交", visitor.dialog()).click()
        visitor.row(name).wait_for()
    visitor.settle()
    visitor.check()


def add_a_quotation(visitor: Visitor) -> str:
    visitor.menu("报价单")
    visitor.button("新增").click()
    expect(visitor.field("报价单名称")).to_be_focused()
    visitor.field("报价单名称").fill("网关改造报价")
    visitor.pick(visitor.t("客户名称"), "宏图")
    expect(visitor.dialog().locator("#f-contact option:checked")).to_have_text("王芳")
    expect(visitor.field("联系电话")).to_have_value("13800138001")
    for line in (1, 2):
        add_a_line(visitor)
        visitor.pick(f"{visitor.t('产品')} {line}", "边缘网关")
        expect(cell(visitor, "产品名称", line)).to_have_value("边缘网关")
        cell(visitor, "数量", line).fill("3")
        cell(visitor, "折扣率(%，0=不打折)", line).fill("5")
        expect(visitor.dialog().locator(f"#o-lines-{line - 1}-subtotal")).to_have_text("2,849.97")
    add_a_line(visitor)
    cell(visitor, "产品名称", 3).fill("现场辅材")
    cell(visitor, "数量", 3).fill("1000")
    cell(visitor, "含税单价", 3).fill("1.33")
    expect(visitor.dialog().locator("#o-total_amount")).to_have_text("7,029.94")
    cell(visitor, "折扣率(%，0=不打折)", 3).fill("5")
    expect(visitor.dialog().locator("#o-total_amount")).to_have_text("6,963.44")
    visitor.check()
    visitor.button("提交", visitor.dialog()).click()
    visitor.row("网关改造报价").wait_for()
    visitor.check()
    number = re.search(r"BJ\d{8}-\d{4}", visitor.row("网关改造报价").inner_text())
    assert number, visitor.row("网关改造报价").inner_text()
    return number[0]


def add_a_line(visitor: Visitor) -> None:
    name = re.compile(rf"^{visitor.t('添加')} ?{visitor.t('产品明细')}$")
    visitor.dialog().get_by_role("button", name=name).click()


def cell(visitor: Visitor, label: str, line: int) -> Locator:
    return visitor.dialog().get_by_label(f"{visitor.t(label)} {line}", exact=True).locator("visible=true").first


def edit_delete_restore(visitor: Visitor, number: str) -> None:
    visitor.button("编辑", visitor.row(number)).click()
    visitor.field("报价单名称").fill("网关改造报价（修订）")
    visitor.button("提交", visitor.dialog()).click()
    visitor.row("网关改造报价（修订）").wait_for()
    visitor.row(number).get_by_role("link", name=visitor.t("查看")).click()
    visitor.settle()
    visitor.check()
    visitor.page.get_by_role("tab", name=visitor.t("变更历史")).click()
    visitor.settle()
    visitor.check()
    visitor.page.get_by_role("link", name=visitor.t("返回列表")).click()
    visitor.button("删除", visitor.row(number)).click()
    visitor.check()
    visitor.button("确定", visitor.dialog()).click()
    expect(visitor.row(number)).to_have_count(0)
    visitor.page.get_by_role("link", name=visitor.t("回收站")).click()
    visitor.row(number).wait_for()
    visitor.check()
    visitor.button("恢复", visitor.row(number)).click()
    expect(visitor.row(number)).to_have_count(0)
    visitor.page.get_by_role("link", name=visitor.t("返回列表")).click()
    visitor.row(number).wait_for()


def test_the_first_load_is_small(empty_host: Host, browser: Browser, tmp_path: Path) -> None:
    """Sign-in page and first page together, as they come over the wire, with nothing in the browser's cache."""
    visitor = Visitor(browser, empty_host.url, "zh", 1440, tmp_path)
    session = visitor.context.new_cdp_session(visitor.page)
    received: list[float] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    visitor.sign_in()
    visitor.settle()
    visitor.context.close()
    assert 50 < sum(received) / 1024 <= FIRST_LOAD_KB
