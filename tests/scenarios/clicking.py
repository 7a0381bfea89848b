"""What people do with a mouse on lists and in dialogs."""

import re

from playwright.sync_api import Locator, expect

from tests.scenarios.browsing import Visitor


def press(window: Visitor, row: Locator, label: str) -> None:
    """Press a button of a row, which may stand behind 更多."""
    row.wait_for()
    window.settle()
    direct = row.get_by_role("button", name=window.t(label), exact=True)
    direct.or_(row.get_by_role("button", name=re.compile(window.t("更多")))).first.wait_for()
    if not direct.is_visible():
        row.get_by_role("button", name=re.compile(window.t("更多"))).click()
        direct = window.page.get_by_role("button", name=window.t(label), exact=True).locator("visible=true").last
    direct.click()
    expect(window.page.locator("dialog[open]").first).to_be_visible()


def submit(window: Visitor, label: str = "提交") -> None:
    window.button(label, window.dialog()).click()
    expect(window.page.locator("dialog[open]")).to_have_count(0)
    window.settle()


def choose(window: Visitor, label: str, option: str) -> None:
    """Choose a dictionary item, in a plain select or in a searching one."""
    name = re.compile(rf"^{re.escape(window.t(label))}")
    box = window.dialog().get_by_role("combobox", name=name).locator("visible=true").first
    if box.evaluate("element => element.tagName") == "SELECT":
        box.select_option(label=window.t(option))
    else:
        window.pick(window.t(label), window.t(option))


def search(window: Visitor, text: str, found: str | None) -> None:
    """Type into the search box; the list follows by itself."""
    window.page.get_by_role("searchbox", name=window.t("搜索")).fill(text)
    window.settle()
    if found is None:
        expect(window.page.get_by_text(window.t("没有符合条件的记录。请修改或重置查询条件。"))).to_be_visible()
    else:
        window.row(found).wait_for()
