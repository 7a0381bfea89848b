"""An administrator builds the company in a real browser; its people change their first passwords and guard accounts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests.scenarios import staff
from tests.scenarios.browsing import NEEDS_CHROMIUM, Visitor
from tests.scenarios.serving import Host
from tests.scenarios.staff import PASSWORD, Staff, toast

pytestmark = NEEDS_CHROMIUM

SELLERS = (("lina", "李娜"), ("wangqiang", "王强"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("home"))
    try:
        host.install(wheel)
        yield host
    finally:
        host.stop()


def test_an_administrator_builds_the_company(host: Host, browser: Browser) -> None:
    with Staff(host, browser, "company") as people:
        admin = people["admin"]
        add_departments(admin)
        first = {username: add_person(admin, username, name, "销售员") for username, name in SELLERS}
        first["zhangwei"] = add_person(admin, "zhangwei", "张伟", "销售经理")
        make_head(admin)
        seller = people.window("lina")
        sign_in_for_the_first_time(seller, "lina", first["lina"])
        add_a_customer(seller)
        look_through_her_eyes(admin)
        hand_over_to(admin, "王强")
        seller.page.goto(f"{host.url}/f/customer/all")
        expect(seller.page).to_have_url(re.compile("/login"))
        successor = people.window("wangqiang")
        sign_in_for_the_first_time(successor, "wangqiang", first["wangqiang"])
        successor.menu("客户管理")
        expect(successor.row(staff.CUSTOMER)).to_contain_text("王强")
        successor.check()


def add_departments(window: Visitor) -> None:
    window.menu("部门管理")
    expect(window.page.get_by_text("还没有部门。")).to_be_visible()
    window.check()
    window.button("新增").click()
    window.field("部门名称").fill("上海宏业科技")
    window.button("提交", window.dialog()).click()
    for name in ("华东销售部", "财务部"):
        window.button("新增下级", window.row("上海宏业科技")).click()
        expect(window.field("上级部门").locator("option:checked")).to_have_text("上海宏业科技")
        window.field("部门名称").fill(name)
        window.check()
        window.button("提交", window.dialog()).click()
        expect(window.row(name)).to_be_visible()


def add_person(window: Visitor, username: str, name: str, role: str) -> str:
    """Add somebody; give the first password that the dialog suggests."""
    window.menu("用户管理")
    window.button("新增").click()
    window.field("用户名").fill(username)
    window.field("姓名").fill(name)
    window.field("部门").select_option(label="　华东销售部")
    window.dialog().get_by_role("checkbox", name=role, exact=True).check()
    password = window.field("初始密码").input_value()
    expect(window.field("首次登录时必须修改密码")).to_be_checked()
    if username == "lina":
        window.check()
    window.button("提交", window.dialog()).click()
    toast(window, f"已新增用户“{name}”。")
    expect(window.row(username)).to_contain_text(role)
    return password


def make_head(window: Visitor) -> None:
    window.check()
    window.menu("部门管理")
    window.button("编辑", window.row("华东销售部")).click()
    window.pick("部门负责人", "张伟")
    window.check()
    window.button("提交", window.dialog()).click()
    expect(window.row("华东销售部")).to_contain_text("张伟")
    expect(window.row("上海宏业科技")).to_contain_text("3")
    window.check()
    window.menu("角色与权限")
    expect(window.page.get_by_role("group").filter(has_text="销售经理").first).to_contain_text("1 人")
    window.check()


def sign_in_for_the_first_time(window: Visitor, username: str, first: str) -> None:
    """Nothing but the change of the password opens, and a bad new one is refused."""
    page = window.page
    page.goto(f"{window.url}/login")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码", exact=True).fill(first)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/password")
    page.goto(f"{window.url}/f/customer/all")
    expect(page).to_have_url(re.compile("/password$"))
    window.check()
    for new, sentence in ((f"{username}-2026", "密码不能含有用户名"), (first, "不能与"), (PASSWORD, "")):
        page.get_by_label("当前密码").fill(first)
        page.get_by_label("新密码", exact=True).fill(new)
        page.get_by_label("再次输入新密码").fill(new)
        page.get_by_role("button", name="提交").click()
        if sentence:
            expect(page.get_by_role("alert")).to_be_visible()
            expect(page.get_by_label("新密码", exact=True)).to_have_accessible_description(re.compile(sentence))
            assert "status of 422" in window.faults.pop()  # the browser notes every refusal by itself
            window.check()
    expect(page.get_by_role("button", name="用户菜单")).to_be_visible()
    expect(page.get_by_role("navigation", name="主菜单")).not_to_contain_text("组织架构")
    window.check()


def add_a_customer(window: Visitor) -> None:
    window.menu("客户管理")
    window.button("新增").click()
    window.field("客户名称").fill(staff.CUSTOMER)
    window.button("提交", window.dialog()).click()
    expect(window.row(staff.CUSTOMER)).to_contain_text("李娜")


def look_through_her_eyes(window: Visitor) -> None:
    """The administrator sees what she sees, and can change nothing."""
    person_menu(window, "李娜", "以此用户身份查看")
    banner = window.page.get_by_text("正在以“李娜”的身份查看（只读），不能修改任何内容。")
    expect(banner).to_be_visible()
    expect(window.page.get_by_role("navigation", name="主菜单")).not_to_contain_text("组织架构")
    window.menu("客户管理")
    expect(window.row(staff.CUSTOMER)).to_be_visible()
    window.check()
    window.page.goto(f"{window.url}/org/users")
    expect(window.page.get_by_role("row")).to_have_count(0)
    assert "status of 403" in window.faults.pop()
    window.page.goto(f"{window.url}/f/customer/all")
    window.button("编辑", window.row(staff.CUSTOMER)).click()
    window.field("客户名称").fill("改了名字")
    window.button("提交", window.dialog()).click()
    toast(window, "您正在以其他用户的身份查看，只能查看不能修改；请先退出查看。")
    window.check()
    window.faults = [fault for fault in window.faults if "403" not in fault]  # the browser notes every refusal
    window.button("取消", window.dialog()).click()
    window.button("确定", window.page.get_by_role("dialog", name="有未保存的修改")).click()
    expect(window.row(staff.CUSTOMER)).to_be_visible()
    window.button("退出查看").click()
    expect(window.page.get_by_role("navigation", name="主菜单")).to_contain_text("组织架构")


def person_menu(window: Visitor, name: str, entry: str) -> None:
    window.menu("用户管理")
    window.button(f"更多 {name}").click()
    window.check()
    window.button(entry).locator("visible=true").click()


def hand_over_to(window: Visitor, name: str) -> None:
    person_menu(window, "李娜", "离职交接")
    expect(window.dialog().get_by_role("table", name="交接内容")).to_contain_text("客户")
    expect(window.field("同时停用此账号")).to_be_checked()
    window.pick("接收人", name)
    window.check()
    window.button("交接", window.dialog()).click()
    toast(window, f"已交接给“{name}”：1 条记录、0 项待办、0 个部门。")
    expect(window.row("李娜")).to_contain_text("已停用")
    window.check()


def test_two_steps_and_many_devices(host: Host, browser: Browser) -> None:
    """A code beside the password; the list of devices; signing out elsewhere, by oneself and by the administrator."""
    person = {"username": "liufang", "name": "刘芳", "password": PASSWORD, "roles": ["finance"]}
    assert host.client().post("/users", person | {"must_change_password": False}).status_code == 201
    with Staff(host, browser, "account") as people:
        own, other = people.window("first"), people.window("second")
        for window in (own, other):
            window.sign_in("liufang", PASSWORD)
        codes = turn_two_steps_on(own)
        staff.sign_out(own)
        sign_in_with_a_code(own, codes)
        end_the_other_device(own, other)
        admin = people["admin"]
        person_menu(admin, "刘芳", "强制下线")
        confirm(admin, "已强制下线。")
        expect_signed_out(own)
        person_menu(admin, "刘芳", "关闭两步验证")
        confirm(admin, "已关闭两步验证。")
        other.sign_in("liufang", PASSWORD)


def turn_two_steps_on(window: Visitor) -> pyotp.TOTP:
    """Set the second step up as a phone would; a wrong password and a wrong code are refused."""
    window.page.get_by_role("button", name="用户菜单").click()
    window.page.get_by_role("link", name="个人中心").click()
    window.settle()
    window.check()
    window.button("开启两步验证").click()
    refused(window, "当前密码", "Wrong-Harbour-28", "下一步")
    window.field("当前密码").fill(PASSWORD)
    window.button("下一步", window.dialog()).click()
    expect(window.page.get_by_role("img", name="两步验证的二维码")).to_be_visible()
    codes = pyotp.TOTP(window.page.get_by_label("密钥").inner_text().replace(" ", ""))
    window.check()
    refused(window, "验证码", "000000" if codes.now() != "000000" else "111111", "开启")
    window.field("验证码").fill(codes.now())
    window.button("开启", window.dialog()).click()
    toast(window, "已开启两步验证，下次登录时需要验证码。")
    expect(window.page.get_by_role("region", name="登录与安全")).to_contain_text("已开启")
    return codes


def refused(window: Visitor, label: str, value: str, button: str) -> None:
    window.field(label).fill(value)
    window.button(button, window.dialog()).click()
    expect(window.field(label)).to_have_attribute("aria-invalid", "true")
    assert "status of 422" in window.faults.pop()  # the browser notes every refusal by itself
    window.check()


def sign_in_with_a_code(window: Visitor, codes: pyotp.TOTP) -> None:
    page = window.page
    for password_only in (True, False):
        page.get_by_label("用户名").fill("liufang")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        if not password_only:
            # that of now has been used; the next one is taken too, as clocks differ
            page.get_by_label("动态验证码").fill(codes.at(datetime.now(UTC) + timedelta(seconds=30)))
        page.get_by_role("button", name="登录").click()
        if password_only:
            expect(page.get_by_label("动态验证码")).to_be_visible()
            assert "status of 401" in window.faults.pop()
            window.check()
    expect(page.get_by_role("button", name="用户菜单")).to_be_visible()


def end_the_other_device(own: Visitor, other: Visitor) -> None:
    own.page.goto(f"{own.url}/me")
    devices = own.page.get_by_role("table", name="已登录的设备")
    expect(devices.get_by_role("row")).to_have_count(3)  # the head, this device and the other
    expect(devices.get_by_role("row").filter(has_text="当前设备")).to_have_count(1)
    own.check()
    own.button("退出其他所有设备").click()
    toast(own, "已退出其他所有设备。")
    expect(devices.get_by_role("row")).to_have_count(2)
    expect_signed_out(other)


def expect_signed_out(window: Visitor) -> None:
    window.page.goto(f"{window.url}/me")
    expect(window.page).to_have_url(re.compile("/login"))


def confirm(window: Visitor, message: str) -> None:
    window.check()
    window.button("确定", window.dialog()).click()
    toast(window, message)
