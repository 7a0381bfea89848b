"""A person at a browser: finds things by role and name, in Chinese or English, and notes every fault of a page."""

import gettext
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright

from tests.scenarios.serving import PASSWORD, REPOSITORY

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NEEDS_CHROMIUM = pytest.mark.skipif(
    not Path(CHROMIUM).exists() and os.environ.get("LOWCODE_REQUIRE_BROWSER") != "1",
    reason="there is no Chromium; set CHROMIUM to its path",
)
AXE = REPOSITORY / "host" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CATALOGUES = (
    *sorted((REPOSITORY / "host/lowcode/locale/en/LC_MESSAGES").glob("*.po")),
    *sorted((REPOSITORY / "locale/en/LC_MESSAGES").glob("*.po")),
)


def launch(playwright: Playwright) -> Browser:
    flags = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=flags)


def english() -> gettext.NullTranslations:
    """Read the catalogues as gettext would, independently of the host's own reader."""
    merged = gettext.NullTranslations()
    for file in CATALOGUES:
        buffer = BytesIO()
        write_mo(buffer, read_po(BytesIO(file.read_bytes()), locale="en"))
        buffer.seek(0)
        merged.add_fallback(gettext.GNUTranslations(buffer))
    return merged


class Visitor:
    """One browser window."""

    def __init__(self, browser: Browser, url: str, language: str, width: int, pictures: Path) -> None:
        self.url, self.language, self.width, self.pictures = url, language, width, pictures
        self._english = english()
        locale = {"zh": "zh-CN", "en": "en-US"}[language]
        viewport = {"width": width, "height": 900 if width > 800 else 844}
        self.context = browser.new_context(locale=locale, viewport=viewport)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self._picture = 0

    def t(self, text: str, /, **values: object) -> str:
        """Say a text of the product in the window's language."""
        said = self._english.gettext(text) if self.language == "en" else text
        return said.format(**values) if values else said

    def many(self, text: str) -> str:
        """Say the name of a kind of records as menus do, in the plural where there is one."""
        said = self._english.ngettext(text, text, 2) if self.language == "en" else text
        return self.t(text) if said == text else said

    def sign_in(self, username: str = "admin", password: str = PASSWORD) -> None:
        self.page.goto(f"{self.url}/login")
        self.check()
        self.page.get_by_label(self.t("用户名")).fill(username)
        self.page.get_by_label(self.t("密码"), exact=True).fill(password)
        self.page.get_by_role("button", name=self.t("登录")).click()
        self.page.get_by_role("button", name=re.compile(re.escape(self.t("用户菜单")))).wait_for()

    def menu(self, label: str, navigation: str = "主菜单") -> None:
        """Open an entry of the side menu, which a phone keeps behind a button."""
        name = self.t(navigation)
        if self.width < 800:
            self.page.get_by_role("button", name=self.t("打开菜单")).click()
            name = self.t("主菜单")
        self.page.get_by_role("navigation", name=name).get_by_role("link", name=self.many(label), exact=True).click()
        self.settle()

    def button(self, label: str, inside: Locator | None = None, /, **values: object) -> Locator:
        return (inside or self.page).get_by_role("button", name=self.t(label, **values), exact=True).first

    def dialog(self) -> Locator:
        found = self.page.locator("dialog[open]").get_by_role("form").or_(self.page.locator("dialog[open]"))
        return found.first

    def field(self, label: str, inside: Locator | None = None) -> Locator:
        """Find a control by its label, whatever stands behind the label's text."""
        pattern = re.compile(rf"^{re.escape(self.t(label))}( \*)?$")
        return (inside or self.dialog()).get_by_label(pattern).locator("visible=true").first

    def pick(self, label: str, text: str) -> None:
        """Choose in a box that searches while one types."""
        box = self.dialog().get_by_role("combobox", name=re.compile(rf"^{re.escape(label)}"))
        box.click()
        box.press_sequentially(text, delay=20)
        self.page.get_by_role("option").filter(has_text=text).locator("visible=true").first.click()
        box.blur()  # an open list would cover what stands below it

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=text).first

    def settle(self) -> None:
        self.page.wait_for_load_state("networkidle")

    def check(self) -> None:
        """Look at the page with axe and keep a picture of it."""
        self._picture += 1
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(self.pictures / f"{self.language}-{self.width}-{self._picture:02}.png"))
        self.page.evaluate(AXE.read_text(encoding="utf-8"))  # through the protocol, where the page's own policy is kept
        found: list[dict[str, Any]] = self.page.evaluate("axe.run(document).then(result => result.violations)")
        for violation in found:
            nodes = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
            self.faults.append(f"axe at {self.page.url}: {violation['id']} {violation['help']}: {nodes}")

    def _note_console(self, message: ConsoleMessage) -> None:
        # htmx says so when a newer request replaces an older one, and when a dialog is closed before its answer came
        cancelled = "htmx:sendAbort" in message.text or "htmx:afterRequest" in message.text
        if message.type in {"error", "warning"} and not cancelled:
            self.faults.append(f"console at {self.page.url}: {message.text}")
