"""A small company at its browsers: who works there, and what people do in the process centre."""

import os
import re
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, expect

from tests.scenarios.browsing import Visitor
from tests.scenarios.serving import PASSWORD as ADMIN_PASSWORD
from tests.scenarios.serving import REPOSITORY, Host

PASSWORD = "Quiet-Harbour-27"
PICTURES = Path(os.environ.get("LOWCODE_PICTURES", REPOSITORY / "artifacts"))
CUSTOMER = "上海宏图自动化有限公司"
LINE: dict[str, Any] = {"product_name": "边缘网关", "quantity": 3, "unit_price": "999.99", "discount_rate": 5}

PEOPLE = {
    "exec": ("陈岩", "总部", "exec"),
    "head": ("张伟", "华东销售部", "manager"),
    "seller": ("李娜", "华东销售部", "sales"),
    "finance": ("刘芳", "财务部", "finance"),
}
"""Name, department and role of everybody but the administrator."""

HEADS = {"总部": "exec", "华东销售部": "head"}

_numbers = count(1)


def found(host: Host) -> None:
    """Make the departments with their heads, the people, and a customer of the seller."""
    admin = host.client()
    places: dict[str, int] = {}
    for department in dict.fromkeys(place for _name, place, _role in PEOPLE.values()):
        made = admin.post("/departments", {"name": department, "parent": places.get("总部")})
        assert made.status_code == 201, made.text
        places[department] = made.json()["id"]
    for username, (name, department, role) in PEOPLE.items():
        person = {"username": username, "name": name, "password": PASSWORD, "roles": [role]}
        made = admin.post("/users", person | {"department": places[department], "must_change_password": False})
        assert made.status_code == 201, made.text
        if HEADS.get(department) == username:
            assert admin.patch(f"/departments/{places[department]}", {"head": made.json()["id"]}).status_code == 200
    host.client("seller", PASSWORD).create("customer", name=CUSTOMER, source="other")


class Staff:
    """Everybody's browser window, each opened when it is first looked at."""

    def __init__(self, host: Host, browser: Browser, case: str, language: str = "zh", width: int = 1440) -> None:
        self.host, self.browser, self.language, self.width = host, browser, language, width
        self.pictures = PICTURES / case
        self.windows: dict[str, Visitor] = {}

    def __enter__(self) -> "Staff":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        for window in self.windows.values():
            window.context.close()
        faults = [f"{name}: {fault}" for name, window in self.windows.items() for fault in window.faults]
        assert kind or not faults, "\n".join(faults)

    def __getitem__(self, username: str) -> Visitor:
        """Give the window of a person who is signed in."""
        if username not in self.windows:
            sign_in(self.window(username), username)
        return self.windows[username]

    def window(self, name: str) -> Visitor:
        """Open a window in which nobody is signed in."""
        self.windows[name] = Visitor(self.browser, self.host.url, self.language, self.width, self.pictures / name)
        return self.windows[name]

    def quotation(self, who: str = "seller", **values: Any) -> tuple[str, str]:
        """Make a draft of a person; give its name and its page."""
        client = self.host.client(who, PASSWORD)
        customer = client.list("customer", search=CUSTOMER)["items"][0]["id"]
        name = f"网关改造报价 {next(_numbers)}"
        made = client.create("quotation", **({"name": name, "customer": customer, "lines": [LINE]} | values))
        return made["name"], f"{self.host.url}/f/quotation/{made['id']}"


def sign_in(window: Visitor, username: str) -> None:
    """Sign in without looking at the page of it again."""
    page = window.page
    page.goto(f"{window.url}/login")
    page.get_by_label(window.t("用户名")).fill(username)
    page.get_by_label(window.t("密码"), exact=True).fill(ADMIN_PASSWORD if username == "admin" else PASSWORD)
    page.get_by_role("button", name=window.t("登录")).click()
    page.get_by_role("button", name=window.t("用户菜单")).wait_for()


def sign_out(window: Visitor) -> None:
    window.page.get_by_role("button", name=window.t("用户菜单")).click()
    window.button("退出登录").click()
    window.page.wait_for_url("**/login*")


def switch(window: Visitor, username: str) -> None:
    """Hand the same browser over to another account."""
    sign_out(window)
    sign_in(window, username)


def toast(window: Visitor, text: str) -> None:
    expect(window.page.locator("#toasts")).to_contain_text(window.t(text))


def submit(window: Visitor, record: str, told: str, waits: str, *, look: bool = True) -> None:
    """Submit a record; the dialog says who will decide, and its approval says who is asked now."""
    window.page.goto(record)
    window.page.get_by_role("button", name=re.compile(f"^{window.t('提交审批')}$", re.I)).click()
    expect(window.dialog()).to_contain_text(told, ignore_case=True)
    if look:
        window.check()
    window.button("确定", window.dialog()).click()
    expect(window.page.locator("#toasts")).to_contain_text(window.t("等待{people}审批。", people=waits))
    expect(window.button("编辑")).to_have_count(0)
    window.page.get_by_role("tab", name=window.t("审批"), exact=True).click()
    for name in waits.split("、"):
        expect(asked(window, name)).to_be_visible()
    if look:
        window.check()


def asked(window: Visitor, name: str, state: str = "待审批") -> Locator:
    """Find the line that says of a person that they are asked."""
    pattern = re.compile(rf"^{name}\s*{window.t(state)}")
    return window.page.locator(".run .people > div").filter(has_text=pattern).first


def expect_waiting(window: Visitor, title: str, times: int) -> None:
    """Look into 待办事宜: so many decisions about a record wait there."""
    window.page.goto(f"{window.url}/tasks")
    expect(window.page.get_by_role("row").filter(has_text=title)).to_have_count(times)


def open_task(window: Visitor, title: str, *, look: bool = True) -> None:
    """Go through 待办事宜 at the top, on a phone through the menu, to the page that asks for a decision."""
    if window.width < 800:
        window.menu("流程中心")
    else:
        window.page.reload()  # the number is that of the moment at which the page was opened
        top = window.page.get_by_role("navigation", name=window.t("顶部菜单"))
        top.get_by_role("link", name=re.compile(rf"^{window.t('待办事宜')} \d+$")).click()
    window.settle()
    if look:
        window.check()
    window.row(title).get_by_role("link", name=f"{window.t('审批')} {title}").click()
    expect(window.page.get_by_role("heading", name=title, level=1)).to_be_visible()
    if look:
        window.check()


def opinion(window: Visitor) -> Locator:
    return window.page.get_by_label(window.t("意见"), exact=True)


def agree(window: Visitor, title: str, text: str = "", *, look: bool = True) -> None:
    open_task(window, title, look=look)
    opinion(window).fill(text)
    window.button("同意").click()
    toast(window, "已同意。")


def hand_on(window: Visitor, label: str, people: str, name: str) -> None:
    """Do what an approver may do besides deciding: name somebody in its dialog, and confirm."""
    window.button(label).click()
    window.pick(window.t(people), name)
    window.check()
    window.button("确定", window.dialog()).click()


def expect_outcome(window: Visitor, record: str, outcome: str, *texts: str) -> None:
    """Look at the record's own page: the state it has come to, and what its approval tells."""
    window.page.goto(f"{record}?tab=approval")
    expect(window.page.locator(".page-head")).to_contain_text(window.t(outcome))
    for text in texts:
        expect(window.page.get_by_role("tabpanel")).to_contain_text(text)
    window.check()
